"""`bpelab explain` and `bpelab vocab` can be read without colour, and say what they cannot do."""

import os
import subprocess
import sys
from pathlib import Path

from bpelab.bpe import save_encoding, train

PROGRAM = Path(sys.executable).parent / "bpelab"


def bpelab(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env=os.environ | {"COLUMNS": "160", "PYTHONIOENCODING": "utf-8"} | environment,
    )


def test_explain_shows_tokens_and_steps_without_colour() -> None:
    shown = bpelab("explain", "low 안").stdout.decode()
    assert "low|␣\\xec|\\x95|\\x88" in shown
    assert "\x1b" not in shown
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "gpt2: 5 characters, 7 bytes, 2 pieces, 4 tokens" in lines
    assert "3 \\x95 │ ␣안 243 95" in lines
    assert "안 (U+C548) goes across tokens 2 to 4: ec | 95 | 88" in lines
    assert "1 l [o w] ow 322, lo 5439 the lowest rank of 2" in lines
    assert "2 [l ow] low 9319 the only pair that makes a token" in lines


def test_explain_colours_where_it_is_asked_to() -> None:
    assert "\x1b[" in bpelab("explain", "low", FORCE_COLOR="1").stdout.decode()


def test_explain_reads_standard_input() -> None:
    assert "2 tokens" in bpelab("explain", "-", stdin=b"low\n").stdout.decode()


def test_explain_train_shows_the_first_merges(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("low lower lowest")
    shown = bpelab("explain", "--train", str(tmp_path / "corpus.txt"), "--vocab-size", "258").stdout.decode()
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "16 bytes, 3 distinct pieces, 2 merges" in lines
    assert any(
        line.startswith("256 l + o lo 3 as frequent as the next; its ids are smaller") for line in lines
    )


def test_explain_writes_a_page(tmp_path: Path) -> None:
    result = bpelab("explain", "<low>", "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert result.returncode == 0
    assert page.startswith("<!doctype html>")
    assert '"text": "\\u003clow>"' in page


def test_explain_puts_several_encodings_on_a_page(tmp_path: Path) -> None:
    page, own = tmp_path / "page.html", tmp_path / "own.json"
    save_encoding(own, train(["low lower"], vocab_size=257))
    result = bpelab("explain", "--html", str(page), "--beside", "r50k_base", "--beside", str(own))
    for name in ("gpt2", "r50k_base", "own"):
        assert f'{{"name": "{name}"' in page.read_text(encoding="utf-8"), result.stderr.decode()


def test_explain_refuses_beside_without_a_page() -> None:
    shown = bpelab("explain", "low", "--beside", "gpt2").stderr.decode()
    assert shown == "bpelab: --beside puts another encoding on the page: add --html FILE\n"


def test_explain_refuses_an_empty_text() -> None:
    result = bpelab("explain")
    assert result.returncode == 2
    assert result.stderr.decode() == (
        'bpelab: the text is empty: there is nothing to explain in it; try bpelab explain "Hello"\n'
    )


def test_vocab_shows_how_a_token_was_built() -> None:
    shown = bpelab("vocab", "--find", " the").stdout.decode()
    assert "␣the  id 262, bytes 20 74 68 65, Latin" in shown
    assert "├── ␣t 256" in shown
    assert "byte 68" in shown


def test_vocab_counts_by_script_and_length() -> None:
    lines = [" ".join(line.split()) for line in bpelab("vocab").stdout.decode().splitlines()]
    assert "gpt2: 50,257 ids, 1 of them special" in lines
    assert any(line.startswith("parts of characters 344") for line in lines)
    assert any(line.startswith("1 256") for line in lines)


def test_vocab_compares_two_encodings(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello world")
    shown = bpelab("vocab", "--beside", "r50k_base", "--text", str(tmp_path / "a")).stdout.decode()
    assert any(line.split()[1:6] == ["11", "2", "2", "5.50", "5.50"] for line in shown.splitlines())
    refused = bpelab("vocab", "--unreachable", "--find", "a")
    assert (
        refused.stderr.decode()
        == "bpelab: --find, --unreachable and --beside exclude each other: leave all but one out\n"
    )
