"""How does byte-level BPE turn text into ids? The definition, to be read first.

No cache, no array, no cleverness: the other ways to encode are tested against this one.
"""

from collections.abc import Mapping
from itertools import pairwise

import regex
from bpelab.bpe.unicode16 import as_unicode16


def split(text: str, pattern: str) -> list[str]:
    """Cut `text` into pre-tokens (pieces), which merges never cross.

    >>> split("Hello, world's end", r"'s| ?\\p{L}+| ?[^\\s\\p{L}]+")
    ['Hello', ',', ' world', "'s", ' end']
    """
    known = as_unicode16(text)  # the same characters but for a few that Unicode has added since
    return [text[slice(*match.span())] for match in regex.finditer(pattern, known)]


def merge_piece(piece: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Merge one piece: while a pair of neighbours is a token, join the lowest-ranked, leftmost pair.

    Quadratic in the length of the piece. Raises `KeyError` for a byte that is no token.

    >>> ranks = {b"a": 0, b"b": 1, b"ab": 2, b"aba": 3}
    >>> merge_piece(b"abab", ranks)
    [2, 2]
    """
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while True:
        pairs = [
            (ranks[left + right], i)
            for i, (left, right) in enumerate(pairwise(parts))
            if left + right in ranks
        ]
        if not pairs:
            return [ranks[part] for part in parts]
        _, i = min(pairs)  # the lowest rank; among equals, the leftmost
        parts[i : i + 2] = [parts[i] + parts[i + 1]]


def encode_ordinary(text: str, pattern: str, ranks: Mapping[bytes, int]) -> list[int]:
    """Split `text`, then merge each piece that is not a token by itself.

    A piece that is a token as it stands takes that token's id, as in tiktoken.

    >>> encode_ordinary("ab ab", " ?[a-z]+", {b" ": 0, b"a": 1, b"b": 2, b"ab": 3})
    [3, 0, 3]
    """
    ids: list[int] = []
    for piece in split(text, pattern):
        data = piece.encode("utf-8")
        ids += [ranks[data]] if data in ranks else merge_piece(data, ranks)
    return ids
