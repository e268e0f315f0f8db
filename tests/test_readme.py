"""What README and docs show runs, what they link to exists, and the Korean README is the same document."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")
DOCS = sorted((ROOT / "docs").glob("*.md"))
# Addresses of files in the repository, in full, so that they also work on a package index's page.
OWN_ADDRESS = re.compile(
    r"https://(?:github\.com/bpelab/bpelab/blob|raw\.githubusercontent\.com/bpelab/bpelab)/main/([^)#]+)"
)


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def without_comments(code: str) -> list[str]:
    return [line.split("  #")[0].rstrip() for line in code.splitlines()]


def shell_commands(text: str) -> list[list[str]]:
    lines = [line for block in code_blocks(text, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("bpelab ")]


def run_blocks(text: str, page: str) -> None:
    blocks = code_blocks(text, "python")
    if any("bpelab.dataset" in block or "bpelab.embeddings" in block for block in blocks):
        pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
    for block in blocks:
        exec(compile(block, page, "exec"), {})


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_every_python_block_of_the_readme_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_blocks((ROOT / name).read_text(encoding="utf-8"), name)


@pytest.mark.parametrize("command", shell_commands(README), ids=" ".join)
def test_every_command_of_the_readme_succeeds(command: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    if "parity" in command:
        pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_names_the_two_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    made = re.findall(r"^make ([a-z]+)", "\n".join(code_blocks(README, "sh")), re.MULTILINE)
    assert made == ["report", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in made)


def test_the_korean_readme_has_the_sections_of_the_english_one() -> None:
    levels = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in (README, KOREAN)]
    assert levels[0] == levels[1]
    assert all(re.search("[가-힣]", title) for title in re.findall(r"^## (.*)", KOREAN, re.MULTILINE))


@pytest.mark.parametrize("language", ["python", "sh"])
def test_the_korean_readme_has_the_code_of_the_english_one(language: str) -> None:
    english, korean = (
        [line for block in code_blocks(text, language) for line in without_comments(block)]
        for text in (README, KOREAN)
    )
    assert english == korean


def test_the_korean_readme_has_the_figures_of_the_english_one() -> None:
    # Those between the markers come from the record, and another test compares them.
    english, korean = (
        re.findall(
            r"\d[\d.,]*\d|\d",
            re.sub(r"```.*?```|<!-- headline: begin.*?headline: end -->", "", text, flags=re.DOTALL),
        )
        for text in (README, KOREAN)
    )
    assert sorted(english) == sorted(korean)


def test_the_korean_readme_links_to_what_the_english_one_links_to() -> None:
    own = [sorted(OWN_ADDRESS.findall(text)) for text in (README, KOREAN)]
    assert [name for name in own[0] if name != "README.ko.md"] == [
        name for name in own[1] if name != "README.md"
    ]
    assert all((ROOT / name).exists() for name in own[0] + own[1])
    assert not re.search(r"\]\((?!https://)", README + KOREAN), "a relative link is dead on an index's page"


def test_the_pages_made_from_the_source_are_up_to_date() -> None:
    program = [sys.executable, "scripts/build_docs.py", "--check"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_the_examples_of_the_docs_run_and_their_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / link).exists(), link
    run_blocks(text, page.name)
