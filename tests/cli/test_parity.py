"""`bpelab parity` checks functions, programs, files, peers and trainers, and says why they differ."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bpelab import cli
from bpelab.bpe import save_encoding, train
from bpelab.bpe.parity import reference
from bpelab.bpe.parity.battery import Battery

MINE = """
from bpelab.bpe import get_encoding, train
gpt2 = get_encoding("gpt2")

def right(text):
    return gpt2.encode_ordinary(text)

def wrong(text):
    return gpt2.encode_ordinary(text.replace("\\r\\n", "\\n"))

def right_trainer(texts, vocab_size):
    return list(train(texts, vocab_size=vocab_size).ranks)

def raw_trainer(texts, vocab_size):
    return list(train(texts, vocab_size=vocab_size, byte_order="raw").ranks)

def bad_trainer(texts, vocab_size):
    return [b"qx"]
"""
PROGRAM = """
import json, sys
from of_someone import wrong
for line in sys.stdin:
    print(json.dumps(wrong(json.loads(line))), flush=True)
"""


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in a folder with a tokenizer of someone's; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    sys.modules.pop("of_someone", None)  # that of the test before
    monkeypatch.setenv("BPELAB_DATA", str(tmp_path))
    (tmp_path / "of_someone.py").write_text(MINE)
    (tmp_path / "program.py").write_text(PROGRAM)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bpelab", "parity", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        shown = capsys.readouterr()
        return int(exit_.value.code or 0), shown.out, shown.err

    return call


def test_a_function_that_is_right_is_equal(said: Callable[..., tuple[int, str, str]]) -> None:
    status, shown, _ = said("--encoding", "of_someone:right", "--kind", "digits", "--kind", "emoji")
    assert status == 0
    lines = shown.splitlines()
    assert [line.split()[0] for line in lines] == ["digits", "emoji", "equal"]
    assert "(seed 0, " in lines[-1]


def test_a_function_that_is_wrong_is_shown_shrunk_with_the_reason(
    said: Callable[..., tuple[int, str, str]],
) -> None:
    status, shown, _ = said("--encoding", "of_someone:wrong", "--kind", "digits", "--kind", "newlines")
    assert status == 1
    assert "newlines" in shown
    assert r"DIFFERENT: '\r\n'" in shown
    assert (
        "shrunk to '\\r\\n'\n  of_someone:wrong ids    198\n  tiktoken         ids    201 198\n"
        "  of_someone:wrong tokens b'\\n'\n  tiktoken         tokens b'\\r' b'\\n'\n"
        "why: of_someone:wrong turns \\r\\n and \\r into \\n before encoding it"
    ) in shown


def test_json_has_the_difference_and_the_reason(said: Callable[..., tuple[int, str, str]]) -> None:
    status, shown, _ = said("--encoding", "of_someone:wrong", "--kind", "newlines", "--json", "--seed", "3")
    values = json.loads(shown)
    assert (status, values["equal"], values["seed"], values["checked"]) == (1, False, 3, "of_someone:wrong")
    assert values["difference"]["reason"]["kind"] == "bytes"
    assert values["difference"]["our_shrunk_tokens"] == ["0a"]
    assert list(values["corpora"]) == ["newlines"]


def test_a_program_is_checked_over_a_pipe(said: Callable[..., tuple[int, str, str]]) -> None:
    command = shlex.join([sys.executable, "program.py"]) if sys.platform != "win32" else "python program.py"
    status, shown, _ = said("--command", command, "--kind", "newlines", "--time-limit", "60")
    assert status == 1
    assert "shrunk to '\\r\\n'" in shown
    status, _, _ = said("--command", command, "--kind", "emoji", "--time-limit", "60")
    assert status == 0
    (Path.cwd() / "program.py").write_text("print('Loading the vocabulary')")
    status, _, told = said("--command", command, "--kind", "digits", "--time-limit", "60")
    assert status == 2
    assert "it answered 'Loading the vocabulary', where a JSON list of ids was expected" in told


def test_one_s_own_vocabulary_is_compared_with_the_textbook_where_tiktoken_is_absent(
    said: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ImportError("no tiktoken")

    monkeypatch.setattr(reference, "as_tiktoken", missing)
    save_encoding("mine.json", train(["low lower lowest 12 \r\n"], vocab_size=262))
    status, shown, _ = said("--encoding", "mine.json", "--kind", "newlines")
    assert status == 0
    assert "equal to bpelab's textbook with the tables of mine.json (tiktoken is not installed)" in shown


def test_the_textbook_is_spared_pieces_for_which_it_would_take_minutes(
    said: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bpelab.cli.parity.TEXTBOOK_PIECE", 50)
    status, shown, _ = said("--engine", "textbook", "--kind", "long-pieces", "--json")
    n_texts = sum(1 for _ in Battery(longest=50).texts("long-pieces"))
    assert (status, json.loads(shown)["n_texts"]) == (0, n_texts)


def test_a_tokenizer_json_and_a_peer_are_checked(said: Callable[..., tuple[int, str, str]]) -> None:
    pytest.importorskip("tokenizers")
    save_encoding("mine.json", train(["low lower lowest 12 \r\n"], vocab_size=262))
    status, shown, _ = said("--tokenizer-json", "mine.json", "--kind", "newlines")
    assert (status, "tiktoken with the tables of mine.json" in shown) == (0, True)
    status, shown, _ = said("--tokenizer-json", "mine.json", "--against", "gpt2", "--kind", "newlines")
    assert status == 1
    status, shown, _ = said("--peer", "tokenizers", "--against", "mine.json", "--kind", "newlines")
    assert status == 0


def test_a_trainer_is_told_whose_ties_it_follows(said: Callable[..., tuple[int, str, str]]) -> None:
    status, shown, _ = said("--trainer", "of_someone:right_trainer", "--vocab-size", "300")
    assert (status, "equal to bpelab's merges" in shown) == (0, True)
    assert "ties go as with Hugging Face and bpelab" in shown
    status, shown, _ = said("--trainer", "of_someone:raw_trainer", "--vocab-size", "300")
    assert status == 1
    assert "ties go as with rustbpe and bpeasy" in shown
    assert "the first merge that differs from bpelab's is a tie that goes to another pair, merge 9:" in shown
    assert shown.count("which occurs 97 times") == 2
    status, shown, _ = said("--trainer", "of_someone:bad_trainer", "--json")
    values = json.loads(shown)
    assert (status, values["equal"], values["mistake"]["number"]) == (1, False, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--encoding of_someone:encode", "of_someone has no 'encode'"),
        ("--encoding nowhere:encode", "there is no module 'nowhere'"),
        ("--encoding gpt2 --peer tokie", "each say what to check"),
        ("--peer tokie --trainer a:b", "each say what to check"),
        ("--kind digits --fuzz 3", "leave all but one of them out"),
        ("--kind numbers", "there is no kind 'numbers'; there are: contractions"),
        ("--peer nobody", "no peer is named 'nobody'"),
        ("--command no-such-program", "no-such-program"),
        ("--command ''", "the command is empty"),
        ("--encoding of_someone:right --engine arrays", "--engine chooses how bpelab encodes"),
        ("--tokenizer-json none.json", "none.json: No such file"),
        ("--trainer of_someone:right_trainer --kind digits", "leave out --fuzz and --kind"),
        ("--vocab-size 256", "--vocab-size"),
    ],
)
def test_mistakes_are_told(said: Callable[..., tuple[int, str, str]], arguments: str, message: str) -> None:
    status, _, told = said(*shlex.split(arguments))
    assert status == 2
    assert message in told
