"""`bpelab check` says what is next and what is wrong, at 80 columns, in the reader's language."""

import os
import subprocess
import sys
from pathlib import Path
from unicodedata import east_asian_width

import pytest

PROGRAM = Path(sys.executable).parent / "bpelab"
WRONG = "def split(text):\n    return text.split()\n"


def bpelab(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    languages = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "en_US.UTF-8"}
    return subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=os.environ | languages | {"COLUMNS": "80", "PYTHONUTF8": "1"} | environment,
    )


def test_check_new_writes_a_file_that_is_all_to_do(tmp_path: Path) -> None:
    path = tmp_path / "my bpe.py"
    written = bpelab("check", "--new", path)
    assert (written.returncode, written.stderr) == (0, "")
    assert f"bpelab check '{path}'" in written.stdout
    result = bpelab("check", path)
    assert result.returncode == 1
    assert "next: write split\n" in result.stdout


def test_check_new_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "my_bpe.py"
    path.write_text("mine")
    result = bpelab("check", "--new", path)
    assert (result.returncode, path.read_text()) == (2, "mine")
    assert result.stderr == f"bpelab: {path} exists already, and is not replaced: choose another name\n"


def test_check_explains_the_first_mistake(tmp_path: Path) -> None:
    path = tmp_path / "my_bpe.py"
    path.write_text(WRONG)
    result = bpelab("check", path)
    assert result.returncode == 1
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert "called    split('Hello world')" in lines
    assert "returned  ['Hello', 'world']" in lines
    assert "expected  ['Hello', ' world']" in lines
    assert "White space is lost." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [((), {"LANG": "ko_KR.UTF-8"}), ((), {"LC_ALL": "ko_KR"}), (("--lang", "ko"), {"LC_ALL": "en_US"})],
)
def test_check_speaks_korean_where_the_reader_does(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    path = tmp_path / "my_bpe.py"
    path.write_text(WRONG)
    assert "공백이 사라졌습니다." in bpelab("check", path, *arguments, **environment).stdout


@pytest.mark.parametrize("language", ["en", "ko"])
def test_check_keeps_to_80_columns(tmp_path: Path, language: str) -> None:
    path = tmp_path / "my_bpe.py"
    path.write_text(WRONG)
    shown = bpelab("check", path, "--lang", language).stdout
    for line in shown.splitlines():
        assert sum(1 + (east_asian_width(char) in "WF") for char in line) <= 80
    assert "printable, from_printable" in shown  # no row is broken


def test_check_refuses_what_is_not_there(tmp_path: Path) -> None:
    result = bpelab("check", tmp_path / "none.py")
    assert (result.returncode, result.stdout) == (2, "")
    assert "none.py: No such file" in result.stderr
    assert bpelab("check", tmp_path, "--lang", "de").returncode == 2
    assert bpelab("check", tmp_path).returncode == 2
