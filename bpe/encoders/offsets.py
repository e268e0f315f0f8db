"""Where in the text is each token? In bytes and in characters."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LEFT_OUT = (
    "the pattern leaves the rest out, so that tokens do not lie side by side;"
    " use a pattern that matches every character"
)


class TokenOffsets(NamedTuple):
    """The tokens of a text and where each begins; its end is the next entry.

    ids: (n_tokens,) uint32. byte_starts: (n_tokens + 1,) int64 offsets into the UTF-8 of the text.
    char_starts: (n_tokens + 1,) int64 indices of the character that holds the token's first byte, so
    that tokens which share a character start at the same one.
    """

    ids: npt.NDArray[np.uint32]
    byte_starts: npt.NDArray[np.int64]
    char_starts: npt.NDArray[np.int64]


def token_offsets(data: bytes, ids: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64]) -> TokenOffsets:
    """Locate tokens, of so many bytes each, in the UTF-8 that they make together; O(n_bytes) time and memory.

    Raises `ValueError` where they do not make all of it.

    >>> token_offsets("né".encode(), np.array([0, 7, 7], np.uint32), np.array([1, 1, 1])).char_starts
    array([0, 1, 1, 2])
    """
    byte_starts = np.zeros(len(ids) + 1, dtype=np.int64)
    np.cumsum(lengths, out=byte_starts[1:])
    if byte_starts[-1] != len(data):
        raise ValueError(f"the tokens make {byte_starts[-1]:,} of the text's {len(data):,} bytes: {LEFT_OUT}")
    # chars_to[i]: how many characters begin in the first i bytes
    chars_to = np.zeros(len(data) + 1, dtype=np.int64)
    is_start = (np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80
    np.cumsum(is_start, out=chars_to[1:])
    inside = np.append(~is_start, False)[byte_starts]  # the token begins within a character
    return TokenOffsets(ids, byte_starts, chars_to[byte_starts] - inside)


def text_and_offsets(parts: Sequence[bytes]) -> tuple[str, list[int]]:
    """Return the text of tokens' bytes and, for each token, the first character that has bytes of it.

    Raises `UnicodeDecodeError` where the bytes are not UTF-8 together.

    >>> text_and_offsets(["né".encode()[:2], "né".encode()[2:]])
    ('né', [0, 1])
    """
    n_chars, offsets = 0, []
    for part in parts:
        offsets.append(max(0, n_chars - (part != b"" and _is_continuation(part[0]))))
        n_chars += sum(not _is_continuation(byte) for byte in part)
    return b"".join(parts).decode("utf-8"), offsets


def _is_continuation(byte: int) -> bool:
    return 0x80 <= byte < 0xC0
