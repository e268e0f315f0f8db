"""How does a piece become a number that no other piece has?

A piece of up to 7 bytes is one 64-bit word: its bytes, and its length in the lowest byte. A piece of up to
15 or 31 bytes is two or four such words, with the length in the last. So equal keys are equal pieces, and a
piece is compared in one or two machine instructions instead of byte by byte.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.splitting.places import Ints, places_where

Words = npt.NDArray[np.uint64]

# The three tiers: keys of one, two and four words, and the longest piece that each can hold.
KEY_WORDS = (1, 2, 4)
KEY_BYTES = tuple(8 * n_words - 1 for n_words in KEY_WORDS)
MAX_KEY_BYTES = KEY_BYTES[-1]


def as_words(data: bytes) -> Words:
    """View bytes as aligned 64-bit words, with room for a key that begins at the last byte.

    A copy: (len(data) // 8 + 6,) uint64, little-endian, zero beyond the data.
    """
    return np.frombuffer(data + bytes(48 - len(data) % 8), dtype="<u8")


def load_words(words: Words, starts: Ints, n_words: int) -> list[Words]:
    """Return the `8 * n_words` bytes at each start, as `n_words` arrays of (n,) uint64.

    Each is put together from the two aligned words that it lies across.

    >>> load_words(as_words(b"0123456789"), np.array([1]), 1)[0].tobytes()
    b'12345678'
    """
    place = starts >> 3
    shift = (starts.view(np.uint64) & np.uint64(7)) << np.uint64(3)
    rest = np.uint64(64) - shift  # a shift by 64, where the start is aligned, gives 0
    loaded = []
    low = words.take(place, mode="clip")
    for j in range(1, n_words + 1):
        high = words[j:].take(place, mode="clip")
        low >>= shift
        low |= np.left_shift(high, rest, out=high) if j == n_words else high << rest
        loaded.append(low)
        low = high
    return loaded


# By the length of a piece, the last for 8 and more: how far its bytes are shifted to leave the others
# out, and what is written below them. A longer piece is shifted away whole, and gets the key 0.
_SHIFTS = np.array([*range(64, 0, -8), 64], dtype=np.uint64)
_LENGTHS = np.array([*range(8), 0], dtype=np.uint64)


def keys_of_one_word(words: Words, starts: Ints, lengths: Ints) -> Words:
    """Pack pieces of at most 7 bytes, (n,) uint64; a longer one gets 0, which is not the key of any piece.

    >>> data = b"the category"
    >>> keys = keys_of_one_word(as_words(data), np.array([0, 4]), np.array([3, 8]))
    >>> keys[:1].tobytes(), int(keys[1])
    (b'\\x03\\x00\\x00\\x00\\x00the', 0)
    """
    (keys,) = load_words(words, starts, 1)
    keys <<= _SHIFTS.take(lengths, mode="clip")
    keys |= _LENGTHS.take(lengths, mode="clip")
    return keys


def keys_of_words(words: Words, starts: Ints, lengths: Ints, n_words: int) -> list[Words]:
    """Pack pieces of at most `8 * n_words - 1` bytes into `n_words` arrays of (n,) uint64.

    For two and four words the pieces have more than 7 and more than 15 bytes.
    """
    if n_words == 1:
        return [keys_of_one_word(words, starts, lengths)]
    keys = load_words(words, starts, n_words)
    for j in range(n_words // 2, n_words):
        left = np.minimum(np.maximum(lengths - 8 * j, 0), 8).view(np.uint64)  # bytes of the piece in word j
        keys[j] <<= np.uint64(64) - (left << np.uint64(3))
    keys[-1] |= lengths.view(np.uint64)
    return keys


def by_tier(lengths: Ints, first_tier: int = 0) -> Iterator[tuple[int, Ints]]:
    """Yield each tier of keys that some pieces belong to: its number, and (n,) int64 which pieces.

    >>> [(tier, places.tolist()) for tier, places in by_tier(np.array([3, 20, 7, 90]))]
    [(0, [0, 2]), (2, [1])]
    """
    for tier in range(first_tier, len(KEY_BYTES)):
        shorter = KEY_BYTES[tier - 1] if tier else 0
        places = places_where((lengths > shorter) & (lengths <= KEY_BYTES[tier]))
        if len(places):
            yield tier, places


class Pieces(NamedTuple):
    """Some pieces of a block of UTF-8."""

    data: bytes
    words: Words  # the data, see `as_words`
    starts: Ints  # (n_pieces,) byte offsets into the data
    lengths: Ints  # (n_pieces,) in bytes

    def take(self, places: Ints) -> "Pieces":
        """Return some of the pieces."""
        return self._replace(starts=self.starts.take(places), lengths=self.lengths.take(places))

    def content(self, place: int) -> bytes:
        """Return the bytes of one piece."""
        start = int(self.starts[place])
        return self.data[start : start + int(self.lengths[place])]
