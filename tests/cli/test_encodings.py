"""An encoding is named in the same ways to every verb: by its name, by a model, or by its file."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding, save_encoding, train
from bpelab.bpe.encoders.choice import ENGINES
from bpelab.bpe.files import names
from bpelab.cli.mistakes import told
from bpelab.cli.verbs import run
from bpelab.dataset.token_files import read_token_file

TEXT = "the cat sat on the mat, and the cat saw the hat\n" * 9


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with one encoding in every form of file, and no published file in reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "cache"))

    def unreachable(*_: object, **__: object) -> Path:
        raise OSError("no network")

    monkeypatch.setattr(names, "download", unreachable)
    # What another test has loaded must not answer here, where no file is in reach.
    in_package, build = names._get_known, names._build
    monkeypatch.setattr(
        names, "_get_known", lambda name: in_package(name) if name == "gpt2" else build(name, None)
    )
    encoding = train(TEXT, vocab_size=270)
    for name in ("my.json", "my.tiktoken", "vocab.bpe", "merges.txt"):
        save_encoding(tmp_path / name, encoding)
    (tmp_path / "text").write_text(TEXT)
    return tmp_path


@pytest.fixture
def said(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        run(arguments)
        return capsysbinary.readouterr().out.decode()

    return call


FILES = ["my.json", "my.tiktoken", "vocab.bpe", "merges.txt"]


@pytest.mark.parametrize("file", FILES)
def test_every_verb_takes_the_file_of_an_encoding(said: Callable[..., str], file: str) -> None:
    chosen = ("--encoding", file)
    ids = train(TEXT, vocab_size=270).encode_ordinary(TEXT)
    assert json.loads(said("encode", "--file", "text", "--json", *chosen)) == ids
    assert said("decode", *map(str, ids), *chosen) == TEXT
    assert said("count", "text", *chosen) == f"{len(ids)}\n"
    assert said("truncate", TEXT, "--max-tokens", "1", *chosen) == "the"
    assert "270 ids" in said("vocab", *chosen)
    assert f"{len(ids)} tokens" in said("explain", "--file", "text", *chosen)
    shown = said("parity", "text", *chosen)
    assert (
        f"equal to tiktoken with the tables of {file}: 1 text, {len(TEXT)} bytes, {len(ids)} tokens" in shown
    )
    run(["explain", "cat", "--html", "page.html", *chosen])
    assert Path("page.html").stat().st_size > 1000
    assert f"{len(ids)} tokens" in said("tokenize", "text", "-o", "out", "--no-end-of-text", *chosen)
    assert "bytes a token" in said("vocab", "--beside", file, "--text", "text")
    assert "270 tokens" in said("train", "text", "--vocab-size", "270", "--extend", file, "-o", "again.json")


def test_ranks_alone_are_read_with_gpt2_s_pattern_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(["encode", "the cat", "--encoding", "my.tiktoken"])
    assert "my.tiktoken holds neither a pattern nor special tokens: it is used with gpt2's" in (
        capsys.readouterr().err
    )


def test_a_published_file_is_known_by_its_hash_and_refused_where_it_only_has_the_name(
    said: Callable[..., str], data: Path
) -> None:
    published = data / "encodings" / "cl100k_base.tiktoken"
    if not published.is_file():
        pytest.skip(f"{published} is not here")
    expected = get_encoding("cl100k_base", path=published).encode("Hello, 안녕")
    Path("renamed.tiktoken").write_bytes(published.read_bytes())
    for name in (str(published), "renamed.tiktoken"):
        assert json.loads(said("encode", "Hello, 안녕", "--json", "--encoding", name)) == expected
    Path("cl100k_base.tiktoken").write_bytes(published.read_bytes()[:-1])
    with pytest.raises(ValueError, match="its SHA-256 is"):
        run(["encode", "Hello", "--encoding", "cl100k_base.tiktoken"])


def test_a_model_chooses_its_encoding(said: Callable[..., str]) -> None:
    assert said("encode", "Hello", "--model", "gpt-2") == "15496\n"
    with pytest.raises(ValueError, match="gpt-4o is a model, not an encoding; its encoding is o200k_base"):
        run(["encode", "Hello", "--encoding", "gpt-4o"])
    with pytest.raises(ValueError, match="leave out --encoding and --path, or --model"):
        run(["encode", "Hello", "--model", "gpt-2", "--encoding", "gpt2"])


def test_an_engine_is_passed_on_where_one_is_chosen(
    said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def get(name: str, **options: Any) -> Encoding:
        asked.append(options)
        return get_encoding(name)

    monkeypatch.setattr("bpelab.bpe.get_encoding", get)
    for command in (
        ["encode", "a"],
        ["count", "text"],
        ["truncate", "a", "--max-tokens", "1"],
        ["tokenize", "text", "-o", "out"],
        ["parity", "text"],
    ):
        run([*command, "--engine", "textbook"])
        run(command)
    assert asked == [{"engine": "textbook"}, {}] * 5


@pytest.mark.parametrize("engine", ["auto", *ENGINES])
def test_every_verb_that_encodes_gives_the_same_with_every_engine(
    said: Callable[..., str], engine: str
) -> None:
    if engine == "compiled":
        pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")
    expected = get_encoding("gpt2").with_engine("textbook").encode_ordinary(TEXT)
    chosen = ("--engine", engine)
    assert said("encode", TEXT, "--json", *chosen) == f"{expected}\n"
    assert said("count", "text", *chosen) == f"{len(expected)}\n"
    assert said("count", "text", "--limit", "9", *chosen) == "more than 9\n"
    assert said("truncate", TEXT, "--max-tokens", "3", *chosen) == "the cat sat"
    assert said("tokenize", "text", "-o", "out", *chosen).startswith(
        f"{len(expected) + 1} tokens, 1 document"
    )
    assert read_token_file("out/tokens-000000.bin").ids.tolist() == [*expected, 50256]
    pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    assert f"equal to tiktoken's gpt2: 1 text, {len(TEXT)} bytes" in said("parity", "text", *chosen)


# ---- mistakes, in the words of the command line ----

OFFLINE = "cl100k_base needs cl100k_base.tiktoken.*: name the file itself instead"
MISTAKES = {
    "encode a --encoding cl100k_base": OFFLINE,
    "decode 1 --encoding cl100k_base": OFFLINE,
    "count text --model gpt-4": OFFLINE,
    "explain a --encoding cl100k_base": OFFLINE,
    "explain --html page.html --beside cl100k_base": OFFLINE,
    "vocab --beside cl100k_base --text text": OFFLINE,
    "parity text --encoding cl100k_base": OFFLINE,
    "convert cl100k_base x.json": OFFLINE,
    "tokenize text -o out --encoding cl100k_base": OFFLINE,
    "train text --vocab-size 300 -o x.json --extend cl100k_base": OFFLINE,
    "encode a --model gpt-0": r"the model 'gpt-0' \(did .*\); use the encoding's own name, by --encoding",
    "encode a --encoding gpt-two": "no encoding is named 'gpt-two'; there are: gpt2",
    "encode a --encoding cl100k-base": r"no encoding is named 'cl100k-base' \(did you mean 'cl100k_base'\?\)",
    "encode a --model gpt4o": r"the model 'gpt4o' \(did you mean 'gpt-4o'\?\)",
    "encode a --engine compile": r"Invalid value for '--engine': 'compile' is not one of 'auto'",
    "count text --limit -1": "Invalid value for '--limit': .*0.*[.] See 'bpelab count --help'.$",
    "truncate a": "Missing option '--max-tokens'",
    "truncate a --max-tokens -1": "Invalid value for '--max-tokens': .*0",
    "truncate a --max-tokens 1 --encoding cl100k_base": OFFLINE,
    "train text --vocab-size 300 -o x.json --pattern cl100k": r"--pattern cl100k: .*mean 'cl100k_base'\?",
    "train text --vocab-size 300 -o x.json --extend gpt-4o": "gpt-4o is a model.*its encoding is o200k_base$",
    "convert gpt-2 x.json": r"no encoding is named 'gpt-2' \(did you mean 'gpt2'\?\)",
    "convert my.tiktoken x.json --pattern gpt": r"--pattern gpt: no encoding has this name \(did you mean",
    "convert my.json my.txt2": "my.txt2: the name of the file does not tell its format",
    "compile gpt-2": r"'gpt-2' names no pattern .*\(did you mean 'gpt2'\?\)",
    "bench --only encode_warmm": r"--only 'encode_warmm' \(did you mean 'encode_warm'\?\): the questions are",
    "bench --passes 0": "Invalid value for '--passes'",
    "report": "which records",
    "report text": "text: ",
    "report --compare text text": "text: ",
    "tiktoken-cache text": "text: ",
    "encode a --encoding text": "text: the name of the file does not tell its format",
    "encode a --encoding nfc.json": "nfc.json: .*NFC changes the text before it is split$",
    "train bad --vocab-size 300 -o x.json": "bad: not UTF-8 at byte 1.*--errors replace puts",
    "train text --vocab-size 9 -o x.json": "--vocab-size is 9",
    "train text --vocab-size 300 -o x.json --pattern gpt2 --extend my.json": "--pattern",
    "tokenize bad -o out": "bad: not UTF-8 at byte 1.*--errors replace",
    "tokenize text -o out --encoding my.json": "pass --no-end-of-text$",
    "tokenize text -o out --shard-bytes 0": "--shard-bytes is 0",
    "convert my.tiktoken x.json": "my.tiktoken: a .tiktoken file contains no pattern",
    "fetch the-verdict": "the-verdict could not be downloaded.*name it by --source FILE",
    "fetch verdict": r"no file is called 'verdict' \(did you mean 'the-verdict'\?\)",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_no_argument_of_python_reaches_the_terminal(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpelab.bpe.files import public_files

    monkeypatch.setattr(public_files, "download", names.download)
    Path("bad").write_bytes(b"a\xff")
    content = json.loads(Path("my.json").read_text())
    Path("nfc.json").write_text(json.dumps(content | {"normalizer": {"type": "NFC"}}))
    with pytest.raises(Exception) as caught:
        run(command.split())
    message = told(caught.value)
    assert message is not None
    assert re.search(MISTAKES[command], message), message
    assert "Value error" not in message
    assert not re.search(r"\b[a-z_]+=|\b[a-z_]+\((?!\d)", message), message
