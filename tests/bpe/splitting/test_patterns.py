"""The tail rule and the word rule hold for every short text that the patterns can tell apart."""

from itertools import product

import pytest
import regex
from bpelab.bpe.splitting.patterns import (
    CL100K_PATTERN,
    GPT2_PATTERN,
    O200K_PATTERN,
    UNFINISHED_PIECES,
    sections,
    word_pattern,
)
from hypothesis import given, settings
from hypothesis import strategies as st

PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN}
# One of each class that any of the patterns can tell apart: letters that are upper, lower, in both of
# o200k's cases, and of the contractions; a mark; a digit; white space of three kinds; punctuation of three.
REPRESENTATIVES = ["A", "b", "ʰ", "l", "s", "\u0301", "1", " ", "\n", "\t", "'", "!", "/"]
TEXTS = st.text(alphabet="".join(REPRESENTATIVES), max_size=24) | st.text(max_size=24)


def test_the_patterns_are_tiktoken_s(tiktoken_patterns: dict[str, str]) -> None:
    assert tiktoken_patterns == {
        "gpt2": GPT2_PATTERN,
        "cl100k_base": CL100K_PATTERN,
        "o200k_base": O200K_PATTERN,
    }


def unfinished(pattern: str, text: str) -> int:
    """How many pieces of a text's beginnings are not among the whole text's pieces, at most."""
    split = regex.compile(pattern).findall
    pieces = split(text)
    worst = 0
    for end in range(len(text)):
        part = split(text[:end])
        shared = next((i for i, (a, b) in enumerate(zip(part, pieces, strict=False)) if a != b), len(part))
        worst = max(worst, len(part) - shared)
    return worst


@pytest.mark.parametrize("name", PATTERNS)
def test_only_the_last_pieces_of_a_beginning_may_change(name: str) -> None:
    """Of every string of up to 4 representatives; longer ones are for the next test."""
    worst = max(
        unfinished(PATTERNS[name], "".join(chars))
        for length in range(5)
        for chars in product(REPRESENTATIVES, repeat=length)
    )
    assert worst == (UNFINISHED_PIECES if name != "cl100k" else 1)


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=300)
@given(text=TEXTS)
def test_only_the_last_pieces_of_any_beginning_may_change(name: str, text: str) -> None:
    assert unfinished(PATTERNS[name], text) <= UNFINISHED_PIECES


@pytest.mark.parametrize("name", PATTERNS)
def test_pieces_of_words_are_the_pieces_of_the_text(name: str) -> None:
    split, words = regex.compile(PATTERNS[name]).findall, word_pattern(PATTERNS[name])
    assert words is not None
    for length in range(6):
        for chars in product(REPRESENTATIVES, repeat=length):
            text = "".join(chars)
            found = words.findall(text)
            assert "".join(found) == text
            if len(found) > 1:
                assert [piece for word in found for piece in split(word)] == split(text), ascii(text)


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=300)
@given(text=TEXTS)
def test_pieces_of_any_words_are_the_pieces_of_the_text(name: str, text: str) -> None:
    split, words = regex.compile(PATTERNS[name]).findall, word_pattern(PATTERNS[name])
    assert words is not None
    assert [piece for word in words.findall(text) for piece in split(word)] == split(text)


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=300)
@given(text=TEXTS, n_chars=st.integers(1, 9))
def test_pieces_of_sections_are_the_pieces_of_the_text(name: str, text: str, n_chars: int) -> None:
    split = regex.compile(PATTERNS[name]).findall
    parts = list(sections(text, n_chars))
    assert "".join(parts) == text
    assert [piece for part in parts for piece in split(part)] == split(text)


def test_an_unknown_pattern_has_no_word_rule() -> None:
    assert word_pattern(r"\w+|\W+") is None
