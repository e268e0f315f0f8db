"""The completions of a text's end are the genuine tiktoken's."""

from typing import Any

import pytest
from bpelab.bpe import Encoding

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
