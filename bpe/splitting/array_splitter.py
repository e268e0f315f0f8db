"""Where does a piece start? Everywhere at once, by comparing each character with its neighbours."""

from collections.abc import Callable
from functools import cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.places import Ints, places_where
from bpelab.bpe.splitting.rules_cl100k import cl100k_classes, starts_cl100k
from bpelab.bpe.splitting.rules_gpt2 import gpt2_classes, starts_gpt2
from bpelab.bpe.splitting.rules_o200k import o200k_classes, starts_o200k
from bpelab.bpe.splitting.rules_shared import Classes, Points, Starts

Split = Callable[[str], tuple[bytes, Ints]]
# From the class and the code point of each character to whether a piece starts there.
Rule = Callable[[Classes, Points], Starts]

_RULES: dict[str, tuple[Callable[[], Classes], Rule]] = {
    GPT2_PATTERN: (gpt2_classes, starts_gpt2),
    CL100K_PATTERN: (cl100k_classes, starts_cl100k),
    O200K_PATTERN: (o200k_classes, starts_o200k),
}


def array_splitter(pattern: str) -> Split | None:
    r"""Return the function that splits a text by array programs; None for a pattern without written rules.

    It returns the UTF-8 of the text and the (n_pieces + 1,) int64 byte offsets at which pieces start.

    >>> from bpelab.bpe.splitting.patterns import GPT2_PATTERN
    >>> array_splitter(GPT2_PATTERN)("é's 12")
    (b"\xc3\xa9's 12", array([0, 2, 4, 7]))
    """
    if pattern not in _RULES:
        return None
    _, rule = _RULES[pattern]

    def split(text: str) -> tuple[bytes, Ints]:
        if not text:
            return b"", np.zeros(1, dtype=np.int64)
        data = text.encode("utf-8")
        if len(data) == len(text):  # ASCII, where a character is a byte
            points: Points = np.frombuffer(data, dtype=np.uint8)
            return data, places_where(rule(_ascii_classes(data, pattern), points))
        points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        classes = _table(pattern).take(points, mode="clip")
        starts = places_where(rule(classes, points))
        # (n_chars + 1,): the bytes before each character
        n_bytes = np.zeros(len(points) + 1, dtype=np.int32 if len(data) < 1 << 31 else np.int64)
        np.cumsum(_utf8_length(points), out=n_bytes[1:])
        return data, n_bytes.take(starts).astype(np.int64, copy=False)

    return split


def regex_splitter(split_text: Callable[[str], list[str]]) -> Split:
    """Return the same kind of function for any pattern, made from one that lists the pieces of a text.

    >>> regex_splitter(str.split)("one two")
    (b'onetwo', array([0, 3, 6]))
    """

    def split(text: str) -> tuple[bytes, Ints]:
        pieces = [piece.encode("utf-8") for piece in split_text(text)]
        return b"".join(pieces), np.fromiter(accumulate(map(len, pieces), initial=0), dtype=np.int64)

    return split


def _utf8_length(points: Points) -> npt.NDArray[np.uint8]:
    lengths = (points >= 0x80).view(np.uint8) + (points >= 0x800).view(np.uint8)
    lengths += (points >= 0x10000).view(np.uint8)
    lengths += 1
    return lengths


@cache
def _table(pattern: str) -> Classes:
    """(0x110000,) uint8: the pattern's class of each code point."""
    classes_of, _ = _RULES[pattern]
    return classes_of()


@cache
def _pair_table(pattern: str) -> npt.NDArray[np.uint16]:
    """(0x8000,) uint16: the classes of two ASCII characters, looked up by both bytes as one number."""
    ascii_classes = _table(pattern)[:128].astype(np.uint16)
    table = np.zeros((128, 256), dtype=np.uint16)
    table[:, :128] = ascii_classes[:, None] << 8 | ascii_classes
    return table.reshape(-1)


def _ascii_classes(data: bytes, pattern: str) -> Classes:
    """(n,) uint8: the class of each character, looked up for two at a time.

    This is twice as fast as `bytes.translate`, which also keeps other threads waiting.
    """
    pairs = np.frombuffer(data + bytes(len(data) % 2), dtype="<u2")
    classes = _pair_table(pattern).take(pairs, mode="clip").view(np.uint8)
    return classes[: len(data)]
