"""`bpelab explain` and `bpelab vocab` can be read without colour, and say what they cannot do."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from bpelab.bpe import save_encoding, train
from rich.cells import cell_len

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


def train_lines(
    tmp_path: Path, text: str, *more: str, encoding: str = "utf-8", columns: int = 80
) -> list[str]:
    (tmp_path / "corpus.txt").write_text(text, encoding="utf-8")
    arguments = ["explain", "--train", str(tmp_path / "corpus.txt"), *more]
    done = bpelab(*arguments, COLUMNS=str(columns), PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(encoding).splitlines()


def test_explain_train_shows_who_leads_who_wins_and_why(tmp_path: Path) -> None:
    lines = train_lines(tmp_path, "low lower lowest", "--vocab-size", "258")
    assert lines[0] == "16 bytes, 3 distinct pieces, 2 merges"
    first = lines.index("merge 1: l + o → lo  id 256")
    bar = "█" * 26
    assert lines[first + 1 : first + 10] == [
        f"  3 {bar} l + o",
        f"  3 {bar} o + w",
        f"  2 {'█' * 17}          w + e",
        f"  2 {'█' * 17}          ␣ + l",
        "  as frequent as o + w; its ids are smaller: (75, 78) before (78, 86)",
        "  [l o] w",
        "  ␣ [l o] w e r",
        "  lo|w|␣|lo|w|e|r|␣|lo|w|e|s|t",
        "  16 → 13 tokens, 1.23 bytes a token",
    ]
    assert lines[-1] == "… --vocab-size 260 shows more merges"


def test_explain_train_says_when_no_pair_is_left(tmp_path: Path) -> None:
    # After the first merge there is one more, though the first one had no other pair beside it.
    lines = train_lines(tmp_path, "aaaa", "--vocab-size", "300")
    assert lines[0] == "4 bytes, 1 distinct piece, 2 merges"
    assert "  the only pair" in lines
    assert lines[-1] == "No pair is left: every piece is one token."


SCRIPTS = {
    "English": "low lower lowest newest widest " * 3,
    "Korean": "안녕하세요 안녕 안녕히 가세요 " * 3,
    "Arabic": "السلام عليكم السلام " * 3,
    "Thai": "สวัสดี สวัสดีครับ " * 3,
    "emoji": "🙂🙂 👨‍👩‍👧 🇰🇷🇰🇷 é é " * 3,
}


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "ascii"])
@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_explain_train_fits_the_console_in_any_script(
    tmp_path: Path, text: str, columns: int, encoding: str
) -> None:
    lines = train_lines(tmp_path, text, encoding=encoding, columns=columns)
    assert max(map(cell_len, lines)) <= columns
    merges = [i for i, line in enumerate(lines) if line.startswith("merge ")]
    assert len(merges) == 10
    if columns < 80:
        return
    # The pair that merges stands whole, in brackets, in an example.
    for start, end in pairwise([*merges, len(lines)]):
        pair = lines[start].split(": ", 1)[1].rsplit(" → " if " → " in lines[start] else " -> ")[0]
        assert any(f"[{pair.replace(' + ', ' ')}]" in line for line in lines[start:end])


def test_a_line_of_tokens_ends_with_a_token() -> None:
    shown = bpelab("explain", "안녕하세요 안녕하세요", COLUMNS="40").stdout.decode()
    tokens = shown.split("\n\n")[1].splitlines()
    assert len(tokens) > 1
    assert max(map(cell_len, tokens)) <= 40
    assert all(line.endswith("|") for line in tokens[:-1])
    assert all(re.fullmatch(r"(␣?(\\x[0-9a-f]{2})+\|?)+", line) for line in tokens)


def test_explain_shows_an_engine_and_the_beginning_of_a_long_text() -> None:
    shown = bpelab("explain", "--engine", "cached", "--pieces", "2", "one two three four").stdout.decode()
    assert "␣two" in shown
    assert "three" not in shown
    assert shown.endswith("… and 2 more pieces: --pieces 4 shows all\n")
    assert bpelab("explain", "--engine", "arrays", "--train", "x").stderr.decode() == (
        "bpelab: --train shows a training: leave out the text, --file, --engine and --html\n"
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
