"""What the README says is so."""

import re
from pathlib import Path

import pytest
from bpelab.benchmarks.harness import readme

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_the_round_trip_runs(name: str) -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    exec(compile(code[1], name, "exec"), {})


def test_the_tables_are_those_of_the_committed_records() -> None:
    assert readme.spliced(README) == README
    names = [*readme.TABLES, *readme.RATES]
    assert all(README.count(f"<!-- {name}: {end} -->") == 1 for name in names for end in ("begin", "end"))


def test_the_korean_readme_names_files_that_are_there() -> None:
    korean = (ROOT / "README.ko.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https:)([^)#]+)[^)]*\)", korean)
    assert links
    assert all((ROOT / link).exists() for link in links)


def test_every_source_file_is_in_the_file_map() -> None:
    named = set(re.findall(r"`((?:bpe|cli|dataset|embeddings|tokenizers)/[a-z0-9_/]*(?:\.py)?)`", README))
    folders = ("bpe", "tokenizers", "dataset", "embeddings")
    files = {path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).glob("*.py")}
    assert {file for file in files if not file.endswith("__init__.py")} <= named
    assert all((ROOT / name).exists() for name in named)
