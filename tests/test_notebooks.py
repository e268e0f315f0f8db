"""The notebooks run from top to bottom, and show what is committed in them."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.files.public_files import fetch_file

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


def without_versions(outputs: list[dict[str, Any]]) -> str:
    """Leave out what the versions of `regex` and tiktoken decide: how many texts they can be compared on."""
    return re.sub(r"\d+|tiktoken|bpelab", "", json.dumps(outputs))


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
        fetch_file("the-verdict", story)
    n_cells = 0
    for cell, outputs in runner.run(path):
        n_cells += 1
        assert cell["execution_count"] == n_cells
        tags = cell["metadata"].get("tags", [])
        # Times differ from run to run, and without Numba a cell says how to install it.
        if "timing" not in tags and not ("compiled" in tags and importlib.util.find_spec("numba") is None):
            ours, theirs = (
                without_versions(some) if "versions" in tags else some for some in (outputs, cell["outputs"])
            )
            assert ours == theirs, "run scripts/run_notebooks.py, and look at what changed"
    assert n_cells


# A notebook whose code says something in a language says it in Korean there; all others show the same.
IN_KOREAN = ('language = "ko"', 'language = "en"')
TRANSLATIONS = sorted((ROOT / "notebooks").glob("*.ko.ipynb"))


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_a_translation_has_the_same_code_and_shows_the_same(path: Path) -> None:
    translated, original = (
        json.loads(some.read_text(encoding="utf-8"))["cells"]
        for some in (path, path.with_name(path.name.replace(".ko.", ".")))
    )
    speaks_korean = any(IN_KOREAN[0] in "".join(cell["source"]) for cell in translated)
    assert [cell["cell_type"] for cell in translated] == [cell["cell_type"] for cell in original]
    for cell, same in zip(translated, original, strict=True):
        if cell["cell_type"] == "code":
            assert "".join(cell["source"]).replace(*IN_KOREAN) == "".join(same["source"])
            assert speaks_korean or cell == same
        else:
            assert cell["source"] != same["source"]
            assert any("가" <= character <= "힣" for character in "".join(cell["source"]))


def test_without_numba_the_notebook_on_engines_goes_on(runner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    cells = list(runner.run(ROOT / "notebooks" / "four_ways_to_encode.ipynb"))
    said = [outputs for cell, outputs in cells if "compiled" in cell["metadata"].get("tags", [])]
    assert len(said) == 1
    assert said[0][0]["text"] == ["engine is 'compiled', which needs Numba: pip install 'bpelab[compiled]'\n"]
    assert "compiled" not in "".join(cells[-1][1][0]["text"])


def test_a_cell_shows_what_it_prints_and_its_last_value(runner: Any) -> None:
    outputs = runner.outputs_of("print('one')\n1 + 1", {}, "cell", 3)
    assert [output.get("text") or output["data"] for output in outputs] == [["one\n"], {"text/plain": ["2"]}]
    assert runner.outputs_of("x = 1", {}, "cell", 1) == []
    with pytest.raises(ZeroDivisionError):
        runner.outputs_of("1 / 0", {}, "cell", 1)
