"""The explaining classes learn, encode and print what tiktoken's do."""

from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.tiktoken import _educational as ours
from hypothesis import given
from hypothesis import strategies as st

theirs = pytest.importorskip("tiktoken._educational", reason="pip install 'bpelab[peers]'")
words = st.text("ab é", max_size=60)


@given(text=words, n_merges=st.integers(0, 12))
def test_training_learns_the_same_ranks(text: str, n_merges: int) -> None:
    def learnt(module: Any) -> dict[bytes, int] | None:
        try:
            return module.bpe_train(text, 256 + n_merges, GPT2_PATTERN, visualise=None)
        except ValueError:  # too few pairs
            return None

    expected = learnt(theirs)
    # Where two pairs make the same bytes, tiktoken counts the token twice, and two tokens get one rank.
    if expected is None or len(set(expected.values())) == len(expected):
        assert learnt(ours) == expected


def test_two_pairs_that_make_the_same_bytes_are_one_token() -> None:
    ranks = ours.bpe_train("abc abc xabxab bcy bcy bcy", 262, r"\S+", visualise=None)
    assert sorted(ranks.values()) == list(range(262))


def test_too_few_pairs_or_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="it makes 257 tokens, not 300"):
        ours.bpe_train("abab"[:2], 300, GPT2_PATTERN, visualise=None)
    with pytest.raises(ValueError, match="vocab_size=255: it must be at least 256"):
        ours.bpe_train("ab", 255, GPT2_PATTERN)


@pytest.mark.parametrize("visualise", ["colour", "color", "simple", None])
def test_encoding_prints_the_same_merges(
    gpt2: Encoding, capsys: pytest.CaptureFixture[str], visualise: str | None
) -> None:
    text = "hello wörld, 🙂 ab"
    enc = ours.SimpleBytePairEncoding.from_tiktoken(gpt2)
    reference = theirs.SimpleBytePairEncoding.from_tiktoken(gpt2)
    assert enc.encode(text, visualise) == reference.encode(text, visualise) == gpt2.encode(text)
    half = capsys.readouterr().out
    enc.encode(text, visualise)
    assert capsys.readouterr().out * 2 == half
    assert bool(half) == bool(visualise)


def test_what_is_encoded_is_decoded(gpt2: Encoding) -> None:
    enc = ours.SimpleBytePairEncoding.from_tiktoken("gpt2")
    ids = enc.encode("hello 🙂", visualise=None)
    assert (enc.decode(ids), enc.decode_bytes(ids)) == ("hello 🙂", "hello 🙂".encode())
    assert enc.decode_tokens_bytes(ids) == gpt2.decode_tokens_bytes(ids)
    assert enc.decode(ids[:-1]) == gpt2.decode(ids[:-1])
    with pytest.raises(KeyError):
        enc.decode([-1])


def test_the_simple_training_shows_hello_world(capsys: pytest.CaptureFixture[str]) -> None:
    enc = ours.train_simple_encoding()
    printed = capsys.readouterr().out
    assert printed.count("The most common pair is") == 600 - 256
    assert "hello world" in printed
    assert enc.decode(enc.encode("hello world", visualise=None)) == "hello world"


@pytest.mark.parametrize("visualise", ["colour", "simple"])
def test_training_shows_the_corpus_as_it_is_merged(
    capsys: pytest.CaptureFixture[str], visualise: str
) -> None:
    ours.bpe_train("ab ab", 257, GPT2_PATTERN, visualise)
    shown = {"simple": "[b'ab']\n[b' ', b'ab']\n", "colour": "\x1b[48;5;167mab\x1b[48;5;185m "}
    printed = capsys.readouterr().out
    assert "The most common pair is b'a' + b'b': b'ab' is token 257." in printed
    assert shown[visualise] in printed
