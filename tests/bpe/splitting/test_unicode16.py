"""The letters are tiktoken's, whatever version of Unicode `regex` has."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import regex
from bpelab.bpe import Encoding, textbook
from bpelab.bpe.splitting.unicode16 import CLASSES, as_unicode16, class_table

EVERYTHING = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
# Everything that the patterns ask of a character.
PROPERTIES = [*CLASSES[1:-1], r"\p{L}", r"[^\s\p{L}\p{N}]", "(?i:s)", "(?i:[tdmlvre])"]


@cache
def known() -> str:
    """Every character, as it is given to `regex`; once for all tests, for it takes a second."""
    return as_unicode16(EVERYTHING)


@cache
def tiktoken_points(pattern: str) -> set[str]:
    """The characters that tiktoken's regular expressions match: its encoding drops all others."""
    import tiktoken

    ranks = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return set(encoding.decode(encoding.encode_ordinary(EVERYTHING)))


@pytest.mark.parametrize("pattern", PROPERTIES)
def test_properties_are_tiktoken_s(pattern: str) -> None:
    ours = {EVERYTHING[match.start()] for match in regex.finditer(pattern, known())}
    assert ours == tiktoken_points(pattern)


def test_the_table_has_tiktoken_s_properties() -> None:
    for number, pattern in enumerate(CLASSES[1:], 1):
        points = {chr(point) for point in np.flatnonzero(class_table() == number).tolist()}
        assert points == tiktoken_points(pattern), pattern


@pytest.mark.parametrize("text", ["\U00032c82's", "\U000323b0b'll", "\ua7ce're", "1\u088f's", "a\u0295B"])
def test_letters_that_unicode_17_added_are_not_letters(gpt2: Encoding, tiktoken_gpt2: Any, text: str) -> None:
    assert gpt2.encode_ordinary(text) == tiktoken_gpt2.encode_ordinary(text)
    assert textbook.encode_ordinary(text, gpt2.pattern, gpt2.ranks) == gpt2.encode_ordinary(text)
