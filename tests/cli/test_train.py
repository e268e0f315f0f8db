"""A corpus becomes an encoding in a file, and a file of one form one of another."""

import subprocess
import sys
from pathlib import Path

import pytest
from bpelab.bpe import train
from bpelab.bpe.files.save_load import load_encoding, save_encoding

TEXT = "the cat sat on the mat, and the cat saw the hat\n" * 3


def bpelab(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "bpelab"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text(TEXT)
    return tmp_path / "corpus"


def test_training_and_every_conversion_keep_the_ids(corpus: Path, tmp_path: Path) -> None:
    first = tmp_path / "my.tiktoken"
    options = ["--vocab-size", "270", "--special", "<|end|>", "-o", first]
    assert bpelab("train", corpus, *options).stdout == f"270 tokens: {first}\n"
    steps = ["tokenizer.json", "vocab.bpe", "other.json", "merges.txt", "last.tiktoken"]
    said = ["--pattern", "gpt2", "--special", "<|end|>=269"]
    source = first
    for name in steps:
        result = bpelab("convert", source, tmp_path / name, *said)
        assert result.returncode == 0, result.stderr
        source, said = tmp_path / name, []
    assert source.read_bytes() == first.read_bytes()
    assert "--special '<|end|>=269'" in result.stderr
    expected = train(TEXT, vocab_size=270, special_tokens=["<|end|>"])
    found = load_encoding(tmp_path / "merges.txt")
    assert found.ranks == expected.ranks
    assert (found.special_tokens, found.pattern) == (expected.special_tokens, expected.pattern)


def test_a_training_that_stops_early_says_so(corpus: Path, tmp_path: Path) -> None:
    result = bpelab("train", corpus, "--vocab-size", "9999", "-o", tmp_path / "t.json")
    assert result.returncode == 0
    assert "of 9,999 tokens: no pair is left" in result.stderr


def test_an_encoding_is_extended(corpus: Path, tmp_path: Path) -> None:
    options = ["--vocab-size", "50300", "--extend", "gpt2", "--quiet", "-o", tmp_path / "more.json"]
    (corpus / "b.txt").write_text("zyxxyz zyxxyzzyxxyz " * 50)
    result = bpelab("train", corpus, *options)
    assert "stopped at" in result.stderr
    assert load_encoding(tmp_path / "more.json").encode("the zyxxyz zyxxyzzyxxyz") != []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", ".", "--vocab-size", "300", "-o", "x.foo"],
            "the name of the file does not tell its format",
        ),
        (["train", ".", "--vocab-size", "300", "-o", "encoder.json"], "name the other half, vocab.bpe"),
        (["train", "no-such", "--vocab-size", "300", "-o", "x.json"], "no-such: No such file or directory"),
        (["train", "BAD", "--vocab-size", "300", "-o", "x.json"], "BAD: not UTF-8 at byte 1"),
        (["train", "BAD", "--vocab-size", "99", "-o", "x.json"], "--vocab-size is 99: it must be from 256"),
        (["train", "BAD", "--vocab-size", "300", "-o", "no/x.json"], "no/x.json: No such file or directory"),
        (["train", "BAD", "--vocab-size", "300", "-o", "dir.json"], "dir.json: Is a directory"),
        (
            ["train", "BAD", "--vocab-size", "300", "-o", "x.json", "--pattern", r"\w+"],
            "may not mean the same",
        ),
        (["train", "BAD", "--vocab-size", "300", "-o", "vocab.bpe", "--byte-order", "raw"], "a GPT-2 pair"),
        (["convert", "x.tiktoken", "x.json"], "x.tiktoken: a .tiktoken file contains no pattern"),
        (["convert", "gpt2", "x.json", "--special", "<|end|>"], "it must be TEXT=ID"),
        (
            ["convert", "gpt2", "x.json", "--special", "<|end|>=60000"],
            "gpt2 already has its pattern and special tokens",
        ),
        (
            ["convert", "gpt2", "x.json", "--pattern", "cl100k_base"],
            "gpt2 already has its pattern and special tokens",
        ),
    ],
)
def test_a_mistake_ends_in_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("BAD").write_bytes(b"a\xff")  # what is wrong with the output is found before this is read
    Path("dir.json").mkdir()
    result = bpelab(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_encoding_that_a_gpt2_pair_cannot_hold_is_refused(tmp_path: Path) -> None:
    encoding = train(TEXT, vocab_size=270, byte_order="raw")
    with pytest.raises(ValueError, match=r"a GPT-2 pair numbers the single bytes in GPT-2's order"):
        save_encoding(tmp_path / "vocab.bpe", encoding)
    assert list(tmp_path.iterdir()) == []
