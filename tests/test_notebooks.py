"""The notebooks run from top to bottom, and show what is committed in them."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.files.public_texts import fetch_text

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def runner() -> Any:
    spec = importlib.util.spec_from_file_location("run_notebooks", ROOT / "scripts" / "run_notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_is_committed(
    runner: Any, path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content = path.read_text(encoding="utf-8")
    if "torch" in content:
        pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
    if "the-verdict" in content:  # in a cache of its own, so that nothing is downloaded
        story = tmp_path / "story"
        story.write_text(request.getfixturevalue("verdict"), encoding="utf-8", newline="")
        monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
        fetch_text("the-verdict", story)
    n_cells = 0
    for cell, outputs in runner.run(path):
        n_cells += 1
        assert cell["execution_count"] == n_cells
        if "timing" not in cell["metadata"].get("tags", []):  # these differ from run to run
            assert outputs == cell["outputs"], "run scripts/run_notebooks.py, and look at what changed"
    assert n_cells


def test_a_cell_shows_what_it_prints_and_its_last_value(runner: Any) -> None:
    outputs = runner.outputs_of("print('one')\n1 + 1", {}, "cell", 3)
    assert [output.get("text") or output["data"] for output in outputs] == [["one\n"], {"text/plain": ["2"]}]
    assert runner.outputs_of("x = 1", {}, "cell", 1) == []
    with pytest.raises(ZeroDivisionError):
        runner.outputs_of("1 / 0", {}, "cell", 1)
