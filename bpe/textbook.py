"""How does byte-level BPE turn text into ids, and learn to? This is the definition: read it first.

No cache, no array, no cleverness: the other ways to encode and to train are tested against this one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from bpelab.bpe.splitting.regex_splitter import splitter_of


def split(text: str, pattern: str) -> list[str]:
    """Cut `text` into pieces, which merges never cross.

    >>> split("Hello, world's end", r"'s| ?\\p{L}+| ?[^\\s\\p{L}]+")
    ['Hello', ',', ' world', "'s", ' end']
    """
    return [text[start:end] for start, end in splitter_of(pattern).spans(text)]


def mergeable_pairs(parts: Sequence[bytes], ranks: Mapping[bytes, int]) -> list[tuple[int, int]]:
    """List the neighbours that make a token together, as (rank of that token, place of the left one).

    >>> mergeable_pairs([b"ab", b"a", b"b"], {b"ab": 3, b"aba": 4})
    [(4, 0), (3, 1)]
    """
    joined = (left + right for left, right in pairwise(parts))
    return [(ranks[token], i) for i, token in enumerate(joined) if token in ranks]


def merge_piece(piece: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Merge one piece: while a pair of neighbours is a token, join the lowest-ranked, leftmost pair.

    Quadratic in the length of the piece. Raises `KeyError` for a byte that is not a token.

    >>> ranks = {b"a": 0, b"b": 1, b"ab": 2, b"aba": 3}
    >>> merge_piece(b"abab", ranks)
    [2, 2]
    """
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while pairs := mergeable_pairs(parts, ranks):
        _, i = min(pairs)  # the lowest rank; among equals, the leftmost
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [ranks[part] for part in parts]


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


def train(
    piece_counts: Mapping[bytes, int], n_tokens: int, byte_order: bytes = bytes(range(256))
) -> dict[bytes, int]:
    """Learn up to `n_tokens` ranks: encode all pieces, make a token of the most frequent pair, repeat.

    `piece_counts` says how often each piece occurs in the corpus. Of pairs that occur equally often the
    one with the smallest ids wins. A pair counts wherever two tokens are neighbours, so that three equal
    tokens in a row count as two pairs. When no pair is left, there are fewer tokens.

    >>> ranks = train({b"aaabdaaabac": 1}, 256 + 3)
    >>> list(ranks)[256:]
    [b'aa', b'ab', b'aaab']
    """
    ranks = {bytes([byte]): rank for rank, byte in enumerate(byte_order)}
    while len(ranks) < n_tokens:
        pair_counts: Counter[tuple[int, int]] = Counter()
        for piece, count in piece_counts.items():
            for pair in pairwise(merge_piece(piece, ranks)):
                pair_counts[pair] += count
        if not pair_counts:
            break
        left, right = min(pair_counts, key=lambda pair: (-pair_counts[pair], pair))
        tokens = list(ranks)
        ranks[tokens[left] + tokens[right]] = len(ranks)
    return ranks
