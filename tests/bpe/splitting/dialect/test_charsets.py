"""A class, a property or an escape holds the characters that it holds to tiktoken."""

import numpy as np
import pytest
from bpelab.bpe.splitting.regex_splitter import Splitter
from bpelab.bpe.splitting.unicode16 import class_table

BYTES = {bytes([byte]): byte for byte in range(256)}
# Up to the first Chinese characters all, then those where something may begin or end.
EDGES = np.flatnonzero(np.diff(class_table(), prepend=0)).tolist()
POINTS = {*range(0x3400), *range(0, 0x110000, 97), *(edge + step for edge in EDGES for step in (-1, 0, 1))}
EVERYTHING = "".join(map(chr, sorted(POINTS - set(range(0xD800, 0xE000)))))


SETS = [
    r"\w",
    r"\W",
    r"\d",
    r"\D",
    r"\s",
    r"\S",
    r"\h",
    r".",
    r"\N",
    r"\O",
    r"\p{L}",
    r"\P{L}",
    r"\p{Cn}",
    r"\p{Ll}",
    r"\p{Lo}",
    r"\p{lc}",
    r"\p{Han}",
    r"\p{isGreek}",
    r"\p{sc=Cyrl}",
    r"\P{any}",
    r"\p{graph}",
    r"\p{print}",
    r"\p{^cntrl}",
    r"\p{lower}",
    r"\p{Emoji}",
    r"\p{Cased}",
    r"\p{XIDC}",
    r"(?i)k",
    r"(?i)[a-z]",
    r"(?i)[^a-z]",
    r"(?i)\p{Lu}",
    r"(?i)\P{Lu}",
    r"(?i)[\p{Lu}--[a-z]]",
    r"(?i)[[:^lower:]]",
    r"[\P{alnum}\P{L}]",
    r"[\p{L}~~\p{Greek}]",
    r"[\p{L}&&]",
    r"[^\p{L}--\p{Han}]",
    r"[\x{2e80}-\x{1ffff}\p{Lo}]",
    r"[^\S\s\p{Ll}]",
    r"[\S\s\p{Ll}]",
    r"[^\P{Greek}\p{Grek}]",
    r"[^\P{L}\P{N}\p{Lu}a]",
    r"[\P{L}\P{Lu}\p{Lu}a]",
]


@pytest.mark.parametrize("pattern", SETS)
def test_a_set_holds_the_same_characters(pattern: str) -> None:
    import tiktoken

    theirs = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=BYTES, special_tokens={})
    ours = "".join(Splitter(pattern).split(EVERYTHING))
    assert ours.encode() == theirs.decode_bytes(theirs.encode_ordinary(EVERYTHING))
