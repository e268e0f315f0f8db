"""What the README says is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_the_round_trip_runs(name: str) -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    exec(compile(code[1], name, "exec"), {})


def test_the_korean_readme_names_files_that_are_there() -> None:
    korean = (ROOT / "README.ko.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https:)([^)#]+)[^)]*\)", korean)
    assert links
    assert all((ROOT / link).exists() for link in links)


def test_the_pages_made_from_the_source_are_up_to_date() -> None:
    program = [sys.executable, "scripts/build_docs.py", "--check"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_examples_of_the_docs_run_and_their_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / link).exists(), link
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    if any("bpelab.dataset" in block for block in code):
        pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
    for block in code:
        exec(compile(block, page.name, "exec"), {})
