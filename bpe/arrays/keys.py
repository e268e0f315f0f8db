"""How does a piece become a number that no other piece has?

A piece of up to 7 bytes is one 64-bit word: its bytes, and its length in the lowest byte. One of up to
15 or 31 bytes is two or four such words, the length in the last. So equal keys are equal pieces, and a
piece is compared in one or two machine instructions instead of byte by byte.
"""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

# Keys of one, two and four words, and the longest piece that each can hold.
KEY_WORDS = (1, 2, 4)
KEY_BYTES = (7, 15, 31)
MAX_KEY_BYTES = KEY_BYTES[-1]


def as_words(data: bytes) -> Words:
    """View bytes as aligned 64-bit words, with room for a key that begins at the last byte.

    A copy: (len(data) // 8 + 6,) uint64, little-endian, zero beyond the data.
    """
    return np.frombuffer(data + bytes(48 - len(data) % 8), dtype="<u8")


def load_words(words: Words, starts: Ints) -> Words:
    """Give the 8 bytes at each start: (n,) uint64, each put together from the two words it lies across.

    >>> load_words(as_words(b"0123456789"), np.array([1])).tobytes()
    b'12345678'
    """
    place = starts >> 3
    shift = (starts.view(np.uint64) & 7) << 3
    low = words.take(place, mode="clip")
    low >>= shift
    high = words[1:].take(place, mode="clip")
    np.subtract(64, shift, out=shift)
    high <<= shift  # by 64 where the start is aligned, which gives 0
    low |= high
    return low


def keys_of_one_word(words: Words, starts: Ints, lengths: Ints) -> Words:
    """Pack pieces of at most 7 bytes, (n,) uint64; a longer one gets a number that is no piece's key.

    >>> data = b"the cat"
    >>> keys_of_one_word(as_words(data), np.array([0, 4]), np.array([3, 3])).tobytes()
    b'\\x03\\x00\\x00\\x00\\x00the\\x03\\x00\\x00\\x00\\x00cat'
    """
    bounded = np.minimum(lengths, 8).view(np.uint64)
    keys = load_words(words, starts)
    keys <<= 64 - (bounded << 3)
    keys |= bounded
    return keys


def keys_of_words(words: Words, starts: Ints, lengths: Ints, n_words: int) -> list[Words]:
    """Pack pieces of at most `8 * n_words - 1` bytes into `n_words` arrays of (n,) uint64."""
    if n_words == 1:
        return [keys_of_one_word(words, starts, lengths)]
    keys = []
    for j in range(n_words):
        left = np.clip(lengths - 8 * j, 0, 8).view(np.uint64)  # bytes of the piece in word j
        word = load_words(words, starts + 8 * j)
        word <<= 64 - (left << 3)
        keys.append(word)
    keys[-1] |= lengths.view(np.uint64)
    return keys
