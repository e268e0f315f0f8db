"""The verbs fit together in a pipe, and a mistake ends in one line."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import bpelab as bpelab_package
import pytest
from bpelab import cli
from bpelab.benchmarks.harness import suite
from bpelab.bpe import list_encoding_names
from bpelab.bpe.files import public_files
from bpelab.cli.verbs import app, run

PROGRAM = Path(sys.executable).parent / "bpelab"


def bpelab(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"BPELAB_DATA": "none", "COLUMNS": "120"}
    return subprocess.run(
        [PROGRAM, *arguments], input=stdin, capture_output=True, check=False, env=environment
    )


@pytest.mark.parametrize("json_option", [[], ["--json"]])
def test_decode_reads_what_encode_prints(json_option: list[str]) -> None:
    text = "안녕, world <|endoftext|>\r\n\n".encode()
    ids = bpelab("encode", *json_option, stdin=text).stdout
    assert bpelab("decode", *json_option, stdin=ids).stdout == text


def test_special_tokens_are_plain_text_unless_asked() -> None:
    assert bpelab("encode", stdin=b"<|endoftext|>").stdout == b"27 91 437 1659 5239 91 29\n"
    assert bpelab("encode", "--special", "--json", "-", stdin=b"<|endoftext|>").stdout == b"[50256]\n"


def test_what_is_typed_is_the_text_and_the_ids() -> None:
    assert bpelab("encode", "Hello, world").stdout == b"15496 11 995\n"
    assert bpelab("decode", "15496", "11", "995").stdout == b"Hello, world"
    assert bpelab("decode", "--json", "[15496, 11, 995]").stdout == b"Hello, world"
    assert bpelab("encode", "").stdout == b"\n"


def test_a_file_is_read_where_it_is_named_as_one(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Hello, world")
    (tmp_path / "ids").write_text("15496 11 995")
    assert bpelab("encode", "--file", str(tmp_path / "text")).stdout == b"15496 11 995\n"
    assert bpelab("decode", "--file", str(tmp_path / "ids")).stdout == b"Hello, world"
    assert (
        b"gpt2: 12 characters, 12 bytes, 3 pieces, 3 tokens"
        in bpelab("explain", "--file", str(tmp_path / "text")).stdout
    )


def test_a_text_that_is_the_name_of_a_file_is_text_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Hello, world")
    done = bpelab("encode", str(tmp_path / "text"))
    assert bpelab("decode", stdin=done.stdout).stdout.decode() == str(tmp_path / "text")
    assert done.stderr.decode().endswith(f"is taken as text; --file {tmp_path / 'text'} reads the file\n")


def test_a_text_that_is_not_utf8_is_refused_wherever_it_comes_from() -> None:
    for done in (bpelab("encode", "a\udcff"), bpelab("encode", stdin=b"a\xff")):
        assert done.returncode == 2
        assert b"not UTF-8 at byte 1" in done.stderr


@pytest.mark.parametrize("verb", ["encode", "decode", "explain", "count", "truncate --max-tokens 2"])
def test_without_a_text_a_terminal_is_told_what_to_type_and_not_waited_for(verb: str) -> None:
    ours, theirs = os.openpty()
    done = subprocess.run(
        [PROGRAM, *verb.split()], stdin=theirs, capture_output=True, timeout=60, check=False
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 2
    assert done.stderr.startswith(f"bpelab: there is no text: try bpelab {verb} ".encode())


def test_half_a_character_is_decoded_to_its_bytes() -> None:
    assert bpelab("decode", stdin=b"8582").stdout == b"\xf0\x9f"


def test_count_counts_and_adds_up(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello world")
    (tmp_path / "b").write_text("hello")
    assert bpelab("count", stdin=b"hello world").stdout == b"2\n"
    names = [str(tmp_path / "a"), str(tmp_path / "b")]
    lines = bpelab("count", *names).stdout.decode().splitlines()
    assert [line.split() for line in lines] == [["2", names[0]], ["1", names[1]], ["3", "total"]]
    assert json.loads(bpelab("count", "--json", *names).stdout) == {names[0]: 2, names[1]: 1}


def test_tiktoken_cache_says_what_it_wrote(tmp_path: Path) -> None:
    paths = bpelab("tiktoken-cache", str(tmp_path / "new" / "cache")).stdout.decode().splitlines()
    assert sorted(paths) == sorted(map(str, (tmp_path / "new" / "cache").iterdir()))
    assert len(paths) == 3


def test_parity_says_what_it_compared(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello world")
    (tmp_path / "b.txt").write_text("hello")
    (tmp_path / "c.bin").write_bytes(b"\0\xff")
    for named in ([str(tmp_path), "-"], ["--corpus", str(tmp_path), "--corpus", "-"]):
        result = bpelab("parity", *named, stdin=b"hello")
        assert result.returncode == 0
        assert result.stdout.decode().splitlines() == [
            f"{tmp_path}: 2 texts, 16 bytes, 3 tokens",
            "-: 1 text, 5 bytes, 1 token",
            "equal to tiktoken's gpt2: 3 texts, 21 bytes, 4 tokens",
        ]
    assert f"left out: 1 binary file ({tmp_path / 'c.bin'})" in result.stderr.decode()


def test_parity_writes_json() -> None:
    result = bpelab("parity", "--fuzz", "100", "--seed", "5", "--json")
    assert result.returncode == 0
    values = json.loads(result.stdout)
    assert values["equal"] is True
    assert (values["encoding"], values["n_texts"], values["difference"]) == ("gpt2", 101, None)
    assert result.stderr == b""


def test_parity_shows_a_difference_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a tiktoken whose "cat" has been exchanged for "the"."""
    from bpelab import bpe
    from bpelab.bpe.parity import reference

    ranks = dict(bpe.get_encoding("gpt2").ranks)
    ranks[b" the"], ranks[b" cat"] = ranks[b" cat"], ranks[b" the"]
    other = bpe.Encoding(
        "x", pat_str=bpe.get_encoding("gpt2").pattern, mergeable_ranks=ranks, special_tokens={}
    )
    monkeypatch.setattr(reference, "load_tiktoken", lambda *_: other)
    monkeypatch.setattr(cli, "end_on_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["bpelab", "parity", "--fuzz", "20000", "--seed", "1"])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 1
    shown = capsys.readouterr().out
    assert "DIFFERENT: random string" in shown
    assert "shrunk to ' the'\n  bpelab    ids    262\n  tiktoken  ids    3797\n" in shown
    assert "bpelab    ids    262" in shown
    assert "tiktoken  ids    3797" in shown


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["encode", "--encoding", "gpt-two"], b"", "no encoding is named 'gpt-two'"),
        (["decode"], b"99999999", "no token has the id 99999999"),
        (["decode"], b"99999999999", "99999999999 is not a token id"),
        (["decode"], b"one two", "'one' is not a token id"),
        (["decode", "--json"], b"[1", "not JSON at line 1, column 3"),
        (["decode", "--json"], b'{"a": 1}', "expected a JSON list of token ids"),
        (["count", "/no/such/file"], b"", "/no/such/file: No such file or directory"),
        (["count"], b"ab\xff", "standard input: not UTF-8 at byte 2"),
        (["encode", "a", "--file", "b"], b"", "there is a text and a --file"),
        (["count", "--such"], b"", "No such option: --such"),
        (["parity", "--fuzz", "-1"], b"", "--fuzz"),
        (["parity", "--fuzz", "1", "-"], b"", "--fuzz, --kind and FILES exclude each other"),
        (["parity", "EMPTY"], b"", "there is no file of text in EMPTY"),
        (["decode"], b"9" * 5000, "is not a token id"),
        (["decode", "--json"], b"[" * 100_000, "expected a JSON list of token ids"),
        (["decode", "--json"], b"[" + b"9" * 5000 + b"]", "expected a JSON list of token ids"),
        (["count", "-", "-"], b"a", "- is named twice"),
        (["encode", "--path", "x"], b"", "gpt2 is in the package and takes no file"),
        (["vocab", "--beside", "gpt2", "--text", "/dev/null"], b"", "/dev/null is empty"),
        (["convert", "gpt2", "x.json", "--special", "x=" + "9" * 5000], b"", "it must be TEXT=ID"),
        (["explain", "low", "--html", ""], b"", "Is a directory"),
        (["explain", "low", "--html", "EMPTY"], b"", "EMPTY: Is a directory"),
        (["convert", "gpt2", "x" * 5000 + ".json"], b"", "File name too long"),
        (["count", "a\nb"], b"", r"a\nb: No such file or directory"),
        (["report", "/dev/null"], b"", "this is not complete JSON"),
        (["verb"], b"", "No such command 'verb'"),
        (["tiktoken-cache", "/dev/null/x"], b"", "/dev/null/x: Not a directory"),
    ],
)
def test_a_mistake_ends_in_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    stdin: bytes,
    message: str,
) -> None:
    """In this process, which saves half a second each; other tests make mistakes in one of their own."""
    monkeypatch.chdir(tmp_path)
    Path("EMPTY").mkdir()
    monkeypatch.setattr(cli, "end_on_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["bpelab", *arguments])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bpelab: ")
    assert message in line


VERBS = [command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_s_help_has_an_example_and_no_types_of_python(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run([verb, "--help"])
    shown = capsys.readouterr().out
    assert "Example: bpelab " in shown
    assert not re.search(r"<(str|int|float|bool|path|Path|list)\b|range>", shown)
    run([verb, "-h"])
    assert capsys.readouterr().out == shown


def test_help_lists_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    for verb, choices in {
        "bench": [*suite.QUESTIONS, *suite.PASSES],
        "encode": [*list_encoding_names(), "compiled"],
        "fetch": public_files.FILES,
    }.items():
        run([verb, "--help"])
        shown = capsys.readouterr().out
        assert [choice for choice in choices if choice not in shown] == []
    run(["--help"])
    shown = capsys.readouterr().out
    variables = ["BPELAB_CACHE_DIR", "BPELAB_DATA", "BPELAB_ENGINE", "TIKTOKEN_CACHE_DIR", "NUMBA_CACHE_DIR"]
    assert [name for name in variables if name not in shown] == []


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--version"])
    assert capsys.readouterr().out == f"bpelab {bpelab_package.__version__}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("tr", ["train", "truncate"]),
        ("encode --en", ["--encoding", "--engine"]),
        ("count --engine ", ["auto", "textbook", "cached", "arrays", "compiled"]),
    ],
)
def test_a_shell_completes_verbs_options_and_choices(typed: str, offered: list[str]) -> None:
    line = f"bpelab {typed}"
    environment = os.environ | {"_BPELAB_COMPLETE": "complete_bash", "COMP_WORDS": line}
    environment["COMP_CWORD"] = str(line.count(" "))
    done = subprocess.run([PROGRAM], capture_output=True, check=True, env=environment)
    assert sorted(done.stdout.decode().split()) == sorted(offered)
    for program in ([PROGRAM], [sys.executable, "-m", "bpelab"]):
        script = subprocess.run([*program, "--show-completion", "bash"], capture_output=True, check=True)
        assert b"_bpelab_completion bpelab" in script.stdout


def test_no_verb_shows_the_help() -> None:
    result = bpelab()
    assert result.returncode == 0
    assert b"tiktoken-cache" in result.stdout


def test_a_reader_that_stops_early_causes_no_error() -> None:
    script = f"yes hello | head -c 3000000 | '{PROGRAM}' encode | head -c 10"
    result = subprocess.run(["sh", "-c", script], capture_output=True, check=False)
    assert result.stdout == b"31373 198 "
    assert result.stderr == b""


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("encode >&-", "standard output is closed"),
        ("decode >&-", "standard output is closed"),
        ("encode <&-", "standard input is closed"),
        pytest.param(
            "encode > /dev/full",
            "No space left on device",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here"),
        ),
    ],
)
def test_a_closed_or_full_standard_stream_is_reported(command: str, message: str) -> None:
    script = f"echo 5 | '{PROGRAM}' {command}"
    result = subprocess.run(["sh", "-c", script], capture_output=True, check=False)
    assert result.returncode == 2
    assert result.stderr.decode().startswith(f"bpelab: {message}")
    assert len(result.stderr.splitlines()) == 1


def test_a_mistake_is_not_written_among_the_results_where_standard_error_is_closed() -> None:
    result = subprocess.run(
        ["sh", "-c", f"'{PROGRAM}' encode --file no-such 2>&-"], capture_output=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, b"")
