"""Every verb that reads directories reads the same files of them, and says what it has left out."""

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bpelab.bpe import get_encoding
from bpelab.cli.verbs import run

GPT2 = get_encoding("gpt2")
WORDS = "the cat sat on the mat "
READERS = {
    "count": "count {}",
    "train": "train {} --vocab-size 257 -o made.json --quiet",
    "tokenize": "tokenize {} -o tokens --quiet",
    "parity": "parity {} --quiet",
    "explain": "explain --train {} --vocab-size 257",
}
every_reader = pytest.mark.parametrize("command", READERS.values(), ids=READERS)
Call = Callable[[str], tuple[str, str]]


@pytest.fixture
def call(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a verb in a folder of its own, in which `corpus` has two texts, and return what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BPELAB_DATA", str(tmp_path))
    for name in ["corpus/a.txt", "corpus/sub/b.txt"]:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(WORDS)

    def call(command: str) -> tuple[str, str]:
        run(command.split())
        said = capsysbinary.readouterr()
        return said.out.decode(), said.err.decode()

    return call


def with_what_is_left_out() -> None:
    Path("corpus", ".git").mkdir()
    Path("corpus", ".git", "HEAD").write_text(WORDS)
    Path("corpus", "sub", ".hidden").write_bytes(b"\xff")
    Path("corpus", "image.txt").write_bytes(b"\x89PNG\0\xff")


@every_reader
def test_hidden_and_binary_files_change_nothing_and_are_counted(call: Call, command: str) -> None:
    if command.startswith("parity"):
        pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    plain = call(command.format("corpus"))
    with_what_is_left_out()
    shown, said = call(command.format("corpus"))
    assert plain == (shown, "")
    assert said == f"bpelab: left out: 2 hidden, 1 binary file ({Path('corpus', 'image.txt')})\n"


@every_reader
def test_a_binary_file_that_is_named_is_read(call: Call, command: str) -> None:
    if command.startswith("parity"):
        pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    Path("corpus", ".named").write_bytes(b"the cat\0 the cat")
    shown, said = call(command.format("corpus/.named"))
    assert shown
    assert said == ""


@every_reader
def test_text_that_is_not_utf8_is_refused_with_its_byte_or_replaced(call: Call, command: str) -> None:
    Path("corpus", "latin.txt").write_bytes("the cat, caf\u00e9".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.txt: not UTF-8 at byte 12"):
        call(command.format("corpus"))
    if not command.startswith("explain"):
        call(f"{command.format('corpus')} --errors replace")


@every_reader
def test_a_directory_without_text_is_refused(call: Call, command: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(ValueError, match=r"there is no file of text in empty$"):
        call(command.format("empty"))
    Path("empty", "a").write_bytes(b"\0")
    with pytest.raises(ValueError, match=r"no file of text in empty; left out: 1 binary file \(empty.a\)$"):
        call(command.format("empty"))


def test_count_takes_files_directories_and_a_limit(call: Call) -> None:
    Path("short").write_text("the cat")
    names = [str(Path("corpus", "a.txt")), str(Path("corpus", "sub", "b.txt"))]
    assert json.loads(call("count --json short corpus")[0]) == {"short": 2, names[0]: 7, names[1]: 7}
    assert [line.split() for line in call("count corpus")[0].splitlines()] == [
        ["7", names[0]], ["7", names[1]], ["14", "total"]
    ]  # fmt: skip
    assert call("count short --limit 2") == ("2\n", "")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("count short --limit 1", "more than 1\n"),
        ("count short --limit 0", "more than 0\n"),
        ("count short corpus/a.txt --limit 5 --json", '{"short": 2, "corpus/a.txt": null}\n'),
        (
            "count short corpus/a.txt --limit 5",
            "           2 short\n more than 5 corpus/a.txt\n more than 7 total\n",
        ),
    ],
)
def test_a_text_over_the_limit_is_not_counted_to_its_end_and_the_exit_code_is_1(
    call: Call, capsysbinary: pytest.CaptureFixture[bytes], command: str, shown: str
) -> None:
    Path("short").write_text("the cat")
    assert run(command.split()) == 1
    assert capsysbinary.readouterr().out.decode() == shown


def test_an_empty_name_is_not_the_directory_we_are_in(call: Call) -> None:
    for command in (["count", ""], ["parity", ""]):
        with pytest.raises(ValueError, match="a file has an empty name"):
            run(command)


def test_what_is_written_has_a_name(call: Call) -> None:
    with pytest.raises(ValueError, match="-o has an empty name"):
        run(["tokenize", "corpus", "-o", ""])


@pytest.mark.skipif(os.name != "posix", reason="there is no /dev/stdin")
@pytest.mark.parametrize("command", ["tokenize - -o tokens", "train - --vocab-size 257 -o made.json"])
def test_minus_is_standard_input(call: Call, command: str, tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "bpelab"
    made = subprocess.run([program, *command.split()], input=WORDS.encode(), capture_output=True)
    assert made.stdout.decode().split()[0] == ("257" if "train" in command else "8"), made.stderr


@pytest.mark.parametrize("scheme", ["file://", "local://"])
def test_a_url_of_a_folder_here_is_that_folder(call: Call, scheme: str, tmp_path: Path) -> None:
    for command in (
        f"tokenize {scheme}{tmp_path}/corpus -o corpus/out",
        f"tokenize corpus -o {scheme}{tmp_path}/corpus/out",
        f"train {scheme}{tmp_path}/corpus --vocab-size 257 -o corpus/made.json",
    ):
        with pytest.raises(ValueError, match="where it would be read as well"):
            call(command)
    assert "merge 1" in call(f"explain --train {scheme}{tmp_path}/corpus --vocab-size 257")[0]
    call(f"tokenize corpus -o {scheme}{tmp_path}/out")
    assert Path("out", "manifest.json").exists()


@pytest.mark.parametrize("names", ["a.txt a.txt", ". a.txt", ". .", "- -"])
def test_a_file_is_not_counted_twice(call: Call, names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("corpus")
    with pytest.raises(ValueError, match="is named twice"):
        call(f"count {names}")


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such names")
def test_names_of_files_neither_make_lines_nor_reach_the_terminal_as_they_are(call: Call) -> None:
    for name in ("a\nb", "\x1b[2J", "녕"):
        Path("corpus", name).write_text("the cat")
    Path("corpus", "\x1b]0;x").write_bytes(b"\0")
    shown, said = call("count corpus")
    assert [line.split()[1] for line in shown.splitlines()] == [
        r"corpus/\x1b[2J", r"corpus/a\nb", "corpus/a.txt", "corpus/녕", "corpus/sub/b.txt", "total"
    ]  # fmt: skip
    assert said == "bpelab: left out: 1 binary file (corpus/\\x1b]0;x)\n"


def test_a_file_called_minus_is_not_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("corpus/sub")
    Path("-").write_text("the cat")
    assert call("count .")[0].split()[:2] == ["2", "-"]
    assert call("count ./-")[0] == "2\n"
    assert call("parity ./- --quiet")[0].startswith("./-: 1 text, 7 bytes, 2 tokens\n")


def test_truncate_writes_the_beginning_that_has_so_many_tokens(call: Call) -> None:
    Path("text").write_bytes("한국어 the cat\r\n".encode())
    assert call("truncate --max-tokens 0 --file text") == ("", "")
    assert call("truncate --max-tokens 1 --file text") == ("", ""), "half a character is left out"
    assert call("truncate --max-tokens 99 --file text") == ("한국어 the cat\r\n", "")
    assert call("truncate --max-tokens 2 one,two,three") == ("one,", "")


# ---- records, compressed files, patterns ----

RECORDS = b'{"content": "the cat", "n": 1}\n{"content": "sat", "n": 2}\n'


@pytest.fixture
def records(call: Call) -> None:
    Path("data").mkdir()
    Path("data", "a.jsonl").write_bytes(RECORDS)
    Path("data", "b.ndjson.gz").write_bytes(gzip.compress(RECORDS))


FORMATS = {
    "count": "count {} --json",
    "train": "train {} --vocab-size 257 -o made.json --quiet",
    "parity": "parity {} --quiet",
}


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("verb", FORMATS)
def test_every_verb_has_the_options_of_a_corpus(call: Call, verb: str) -> None:
    if verb == "parity":
        pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    command = FORMATS[verb]
    with pytest.raises(
        ValueError, match=r'a\.jsonl, line 1: no "text" in the record at byte 0: it has "content"'
    ):
        call(command.format("data"))
    shown, said = call(command.format("data/*.* --column content"))
    assert said == ""
    expected = {
        "count": '{"data/a.jsonl": 3, "data/b.ndjson.gz": 3}',
        "train": "257 tokens: made.json",
        "parity": "data/*.*: 4 texts, 20 bytes, 6 tokens",
    }
    assert shown.startswith(expected[verb])
    Path("data", "a.jsonl").write_bytes(RECORDS + b"nonsense\n")
    shown, said = call(command.format("data --column content --errors skip"))
    assert said == (
        "bpelab: skipped 1 document that cannot be read; the first:"
        " data/a.jsonl, line 3: not JSON at byte 58: Expecting value\n"
    )


@pytest.mark.usefixtures("records")
def test_a_file_of_records_is_text_on_request(call: Call) -> None:
    assert json.loads(call("count --json data --format text")[0]) == {
        "data/a.jsonl": len(GPT2.encode(RECORDS.decode())),
        "data/b.ndjson.gz": len(GPT2.encode(RECORDS.decode())),
    }
    assert call("count data/a.jsonl --format text --documents line")[0].strip() == str(
        sum(len(GPT2.encode(line)) for line in RECORDS.decode().splitlines())
    )


@pytest.mark.usefixtures("records")
def test_records_come_through_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(RECORDS)))
    assert call("count - --format jsonl --column content") == ("3\n", "")


def test_one_text_is_read_compressed_and_at_a_url(call: Call) -> None:
    fsspec = pytest.importorskip("fsspec", reason="pip install 'bpelab[corpora]'")
    Path("a.txt.gz").write_bytes(gzip.compress(b"the cat sat"))
    fsspec.filesystem("memory").pipe_file("/cli/a.txt.gz", Path("a.txt.gz").read_bytes())
    for name in ("a.txt.gz", "memory://cli/a.txt.gz"):
        assert call(f"encode --file {name}")[0] == "1169 3797 3332\n"
        assert call(f"truncate --max-tokens 2 --file {name}")[0] == "the cat"
        assert call(f"count {name}")[0] == "3\n"


def test_tokens_that_would_be_lost_with_the_process_are_refused(call: Call) -> None:
    Path("a.txt").write_text("the cat sat")
    with pytest.raises(ValueError, match="memory://out would be lost with this process: name a directory"):
        call("tokenize a.txt -o memory://out")


@every_reader
def test_a_pattern_that_nothing_matches_is_refused(call: Call, command: str) -> None:
    with pytest.raises(FileNotFoundError, match="no file has a name of this pattern"):
        call(command.format("corpus/*.csv"))
