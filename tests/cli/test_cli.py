"""The verbs fit together in a pipe, and a mistake ends in one line."""

import subprocess
import sys
from pathlib import Path

import pytest


def bpelab(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = Path(sys.executable).parent / "bpelab"
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, check=False)


def test_what_encode_prints_decode_reads() -> None:
    text = "안녕, world\n".encode()
    ids = bpelab("encode", stdin=text).stdout
    assert bpelab("decode", stdin=ids).stdout == text


def test_count_counts() -> None:
    assert bpelab("count", stdin=b"hello world").stdout == b"2\n"


def test_parity_says_what_it_compared(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello world")
    result = bpelab("parity", "--corpus", str(tmp_path / "a.txt"))
    assert result.returncode == 0
    assert b"1 texts, 11 bytes, 2 tokens" in result.stdout
    assert b"equal" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["encode", "--encoding", "gpt-two"], b""),
        (["decode"], b"99999999"),
        (["decode"], b"one two"),
        (["count", "/no/such/file"], b""),
        (["count"], b"\xff"),
    ],
)
def test_a_mistake_ends_in_one_line_and_exit_code_2(arguments: list[str], stdin: bytes) -> None:
    result = bpelab(*arguments, stdin=stdin)
    assert result.returncode == 2
    assert result.stderr.startswith(b"bpelab: ")
    assert len(result.stderr.splitlines()) == 1
