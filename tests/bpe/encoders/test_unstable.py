"""The completions of a text's end are the genuine tiktoken's."""

from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.encoders import unstable

TEXTS = [
    "",
    "hello",
    "hello fanta",
    "unbeliev",
    "x\n\n",
    "a  ",
    "안녕",
    "가\x1c",
    "1 23",
    "don'",
    "é",
    "\t\u3000",
    "q🙂",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_unstable_end_may_go_on_as_in_tiktoken(gpt2: Encoding, tiktoken_gpt2: Any, text: str) -> None:
    stable, completions = gpt2.encode_with_unstable(text)
    their_stable, their_completions = tiktoken_gpt2.encode_with_unstable(text)
    assert stable == their_stable
    assert completions == sorted(their_completions)
    for completion in completions:
        assert gpt2.decode_bytes([*stable, *completion]).startswith(text.encode())


@pytest.mark.parametrize("text", ["hello<|endoftext|>", "<|endoftext|>x", "<|endoftext|> \n "])
def test_special_tokens_are_stable(gpt2: Encoding, tiktoken_gpt2: Any, text: str) -> None:
    stable, completions = gpt2.encode_with_unstable(text, allowed_special="all")
    theirs = tiktoken_gpt2.encode_with_unstable(text, allowed_special="all")
    assert (stable, completions) == (theirs[0], sorted(theirs[1]))


def test_bad_text_raises_what_tiktoken_raises(gpt2: Encoding) -> None:
    with pytest.raises(UnicodeEncodeError):
        gpt2.encode_with_unstable("\ud800")
    with pytest.raises(ValueError, match="special token"):
        gpt2.encode_with_unstable("<|endoftext|>")


def test_more_completions_than_memory_can_hold_are_refused(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unstable, "MOST_IDS", 5000)
    gpt2.encode_with_unstable("hello fanta")
    with pytest.raises(ValueError, match=r"ends in 300 bytes that may still change, .* more than 5,000 ids"):
        gpt2.encode_with_unstable("a" * 300)


def test_only_the_end_of_a_long_piece_is_looked_at(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    text = "z" * 5000  # no token begins with more than a few of them
    stable, completions = gpt2.encode_with_unstable(text)
    theirs = tiktoken_gpt2.encode_with_unstable(text)
    assert (stable, completions) == (theirs[0], sorted(theirs[1]))
