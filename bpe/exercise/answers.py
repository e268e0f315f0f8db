"""What is the right answer? Each function of the exercise, by the textbook."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from bpelab.bpe import textbook
from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR, printable
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

Pair = tuple[int, int]


def split(text: str) -> list[str]:
    """Cut a text into pieces by GPT-2's pattern."""
    return textbook.split(text, GPT2_PATTERN)


def count_pairs(pieces: Sequence[Sequence[int]]) -> dict[Pair, int]:
    """Count how often two symbols are neighbours.

    >>> count_pairs([[1, 1, 1], [1, 2]])
    {(1, 1): 2, (1, 2): 1}
    """
    return dict(Counter(pair for piece in pieces for pair in pairwise(piece)))


def merge(symbols: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Replace a pair by a new symbol, from the left.

    >>> merge([1, 1, 1, 2], (1, 1), 9)
    [9, 1, 2]
    """
    merged: list[int] = []
    i = 0
    while i < len(symbols):
        is_pair = tuple(symbols[i : i + 2]) == pair
        merged.append(new if is_pair else symbols[i])
        i += 2 if is_pair else 1
    return merged


def train(texts: Sequence[str], n_tokens: int) -> dict[bytes, int]:
    """Learn ranks from texts, of which those of the single bytes are the bytes themselves."""
    return textbook.train(Counter(piece.encode() for text in texts for piece in split(text)), n_tokens)


def decode(ids: Sequence[int], tokens: Mapping[int, bytes]) -> str:
    """Join the tokens and read them as UTF-8."""
    return b"".join(tokens[token_id] for token_id in ids).decode("utf-8", errors="replace")


def from_printable(text: str) -> bytes:
    """Return the bytes that GPT-2's files write as `text`.

    >>> from_printable("Ġthe")
    b' the'
    """
    return bytes(BYTE_OF_CHAR[char] for char in text)


def encoded_pieces(
    text: str, ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]
) -> list[tuple[str, list[int]]]:
    """Encode a text; return its pieces and special tokens, each with its ids.

    >>> encoded_pieces("ab<|x|>b", {b"a": 0, b"b": 1, b"ab": 2}, {"<|x|>": 3})
    [('ab', [2]), ('<|x|>', [3]), ('b', [1])]
    """
    alternatives = "|".join(map(re.escape, special_tokens)) or "(?!)"
    found: list[tuple[str, list[int]]] = []
    for part in re.split(f"({alternatives})", text):
        if part in special_tokens:
            found.append((part, [special_tokens[part]]))
        else:
            found += [(piece, textbook.merge_piece(piece.encode(), ranks)) for piece in split(part)]
    return found


def encode(text: str, ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]) -> list[int]:
    """Encode a text, in which special tokens take their own ids."""
    return [token_id for _, ids in encoded_pieces(text, ranks, special_tokens) for token_id in ids]


RIGHT: Mapping[str, Callable[..., Any]] = {
    "split": split,
    "count_pairs": count_pairs,
    "merge": merge,
    "train": train,
    "encode_piece": textbook.merge_piece,
    "decode": decode,
    "printable": printable,
    "from_printable": from_printable,
    "encode": encode,
}
