"""The array splitters cut where the patterns cut, for everything the patterns can tell apart."""

import os
from itertools import pairwise, product
from pathlib import Path

import pytest
from bpelab.bpe.splitting.array_splitter import array_splitter
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import given, settings
from hypothesis import strategies as st

from .representatives import ALPHABET, PATTERNS, REPRESENTATIVES

# Strings up to this length are cut alone, and those that are two longer within one text. Longer ones than the
# default's may be tried by setting BPELAB_SPLIT_LENGTH; 6 and 7 were, alone, when the rules were written.
LENGTH = int(os.environ.get("BPELAB_SPLIT_LENGTH", "4"))
TEXTS = st.text(alphabet=ALPHABET, max_size=40) | st.text(max_size=40)


def pieces(pattern: str, text: str) -> list[str]:
    split = array_splitter(pattern)
    assert split is not None
    data, starts = split(text)
    assert data == text.encode()
    assert starts[0] == 0
    assert starts[-1] == len(data)
    return [data[start:end].decode() for start, end in pairwise(starts)]


@pytest.mark.parametrize("name", PATTERNS)
def test_every_short_string_is_cut_as_the_pattern_cuts_it(name: str) -> None:
    split = splitter(PATTERNS[name])
    for length in range(LENGTH + 1):
        for chars in product(REPRESENTATIVES[name], repeat=length):
            text = "".join(chars)
            assert pieces(PATTERNS[name], text) == split(text), ascii(text)


def every_string_in_one(chars: list[str], length: int) -> str:
    """Return a text in which every string of these characters and that length stands once.

    This is a de Bruijn sequence: the Lyndon words whose lengths divide that length, in order.
    """
    text: list[int] = []
    word = [-1]
    while word:
        word[-1] += 1
        if length % len(word) == 0:
            text += word
        word = (word * length)[:length]
        while word and word[-1] == len(chars) - 1:
            word.pop()
    return "".join(chars[i] for i in text + text[: length - 1])


def test_every_string_stands_in_the_one_text() -> None:
    text = every_string_in_one(["a", "b", "c"], 3)
    assert sorted(text[i : i + 3] for i in range(len(text) - 2)) == sorted(
        map("".join, product("abc", repeat=3))
    )


@pytest.mark.parametrize("name", PATTERNS)
def test_every_string_within_a_text_is_cut_as_the_pattern_cuts_it(name: str) -> None:
    text = every_string_in_one(REPRESENTATIVES[name], LENGTH + 2)
    assert pieces(PATTERNS[name], text) == splitter(PATTERNS[name])(text)


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=1000)
@given(text=TEXTS)
def test_any_string_is_cut_as_the_pattern_cuts_it(name: str, text: str) -> None:
    assert pieces(PATTERNS[name], text) == splitter(PATTERNS[name])(text)


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("corpus", ["the-verdict", "tinyshakespeare", "udhr-multilingual"])
def test_corpora_are_cut_as_the_pattern_cuts_them(data: Path, name: str, corpus: str) -> None:
    text = (data / "text" / f"{corpus}.txt").read_text(encoding="utf-8")
    assert pieces(PATTERNS[name], text) == splitter(PATTERNS[name])(text)


def test_an_unknown_pattern_has_no_array_splitter() -> None:
    assert array_splitter(r"\w+|\W+") is None
