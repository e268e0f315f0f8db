"""What does every way to encode offer? The same methods, which return the same ids.

An engine turns ordinary text into ids: text without surrogates, in which special tokens are plain text. What
lies around it (surrogates, special tokens, threads over a batch) is the same for all of them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]


class Engine(Protocol):
    """One way to encode. Threads may share an engine."""

    def encode(self, text: str, num_threads: int = 1) -> Ids:
        """Return the ids of a text, (n_tokens,) uint32; an engine with nothing better joins its blocks."""
        return joined(self.encode_blocks(text, num_threads))

    def encode_to_list(self, text: str) -> list[int]:
        """Return the ids of a text."""

    def encode_blocks(self, text: str, num_threads: int = 1) -> Iterator[Ids]:
        """Yield the ids of a text, some at a time and in order, each time (n_tokens,) uint32.

        An engine that threads do not make faster ignores their number.
        """

    def encode_batch(self, texts: Sequence[str], num_threads: int = 1) -> list[list[int]]:
        """Return the ids of each text, in order."""

    def encode_utf8(self, data: bytes, ends: Places, out: Ids | None = None) -> tuple[Ids, Places]:
        """Return the ids of texts whose UTF-8 lies one after the other, and where those of each end.

        `ends` (n_texts,) are the bytes at which the texts end, the last of them at the end of `data`; what is
        returned is (n_tokens,) and (n_texts,). Whoever calls this has made sure that each text is UTF-8. An
        engine with nothing better decodes the texts.

        An engine that can writes the ids to `out`, or to a larger array, and returns the beginning of that,
        whose `base` it is: lent to the next call, it spares asking for memory, which may take a fifth of the
        time.
        """
        texts = [data[start:end].decode("utf-8") for start, end in pairwise([0, *ends.tolist()])]
        ids = list(map(self.encode, texts))
        return np.concatenate([np.empty(0, np.uint32), *ids]), np.cumsum(list(map(len, ids)), dtype=np.int64)

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids that stay the same however the text goes on, and how many characters they cover."""

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text; with a limit, any number above it may be returned once it is passed."""

    def merge_piece(self, piece: bytes) -> list[int]:
        """Return the ids of one piece, of any bytes: those of one token if the piece is one, or the merged.

        Raises `KeyError` for a byte that is not a token.
        """


def missing_byte_error(byte: bytes) -> KeyError:
    """Return the error of every engine for a byte that the vocabulary has no token for.

    >>> missing_byte_error(b"a").args
    ("the byte b'a' is not a token of this vocabulary, so it cannot be encoded",)
    """
    return KeyError(f"the byte {byte!r} is not a token of this vocabulary, so it cannot be encoded")


def joined(parts: Iterator[Ids]) -> Ids:
    """Join arrays into one. The first of them grows in place, so that memory holds no second copy.

    >>> joined(iter([np.array([1, 2], np.uint32), np.array([3], np.uint32)]))
    array([1, 2, 3], dtype=uint32)
    """
    ids = next(parts, np.zeros(0, dtype=np.uint32))
    n_ids = len(ids)
    for part in parts:
        if n_ids + len(part) > len(ids):
            if not ids.flags.owndata:
                ids = ids.copy()
            ids.resize(n_ids + max(len(part), n_ids // 32), refcheck=False)
        ids[n_ids : n_ids + len(part)] = part
        n_ids += len(part)
    if n_ids < len(ids):
        ids.resize(n_ids, refcheck=False)
    return ids
