r"""Which characters are letters? What `\p{L}` means depends on the version of Unicode, here 16.

tiktoken 0.14 uses Unicode 16. The `regex` module follows Unicode as it grows: its newer versions take 17,144
code points for letters that are unassigned to tiktoken, and would split a text with one of them elsewhere. So
such code points are replaced, for splitting only, by one that no version will assign.
"""

import re
import zlib
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

# The properties that patterns ask for. Each code point has one of them; 0 is anything else.
CLASSES = ("", r"\p{Lu}", r"\p{Lt}", r"\p{Ll}", r"\p{Lm}", r"\p{Lo}", r"\p{M}", r"\p{N}", r"\s", r"\p{Cn}")
UPPER, TITLE, LOWER, MODIFIER, OTHER_LETTER, MARK, NUMBER, SPACE, UNASSIGNED = range(1, len(CLASSES))

_NEVER_ASSIGNED = "\U0010ffff"
# Unicode 17 made this lower-case letter one without case; another lower-case letter stands in for it.
_MOVED = {"\u0295": "\u0250"}


@cache
def class_table() -> npt.NDArray[np.uint8]:
    r"""(0x110000,) uint8: the class of each code point, an index into `CLASSES`.

    >>> CLASSES[class_table()[ord("é")]]
    '\\p{Ll}'
    """
    packed = files("bpelab.bpe.data").joinpath("unicode16.classes").read_bytes()
    return np.frombuffer(zlib.decompress(packed), dtype=np.uint8)


def as_unicode16(text: str) -> str:
    r"""Replace each character that Unicode has changed since version 16.

    >>> as_unicode16("a\U00032c82b")  # a Chinese character of Unicode 17
    'a\U0010ffffb'
    """
    if text.isascii():
        return text
    changed = _changed()
    return changed.sub(_stand_in, text) if changed.search(text) else text


def _stand_in(match: re.Match[str]) -> str:
    return _MOVED.get(match.group(), _NEVER_ASSIGNED)


@cache
def _changed() -> re.Pattern[str]:
    """Return the pattern that finds code points that are unassigned or were moved."""
    is_unassigned = np.concatenate([[False], class_table() == UNASSIGNED, [False]])
    edges = np.flatnonzero(is_unassigned[1:] != is_unassigned[:-1]).tolist()
    ranges = [f"\\U{low:08x}-\\U{end - 1:08x}" for low, end in zip(edges[::2], edges[1::2], strict=True)]
    return re.compile(f"[{''.join([*_MOVED, *ranges])}]")


def is_white(char: str) -> bool:
    r"""Tell whether a character is what `\s` matches; `str.isspace` also counts U+001C to U+001F.

    >>> is_white("\u3000"), is_white("\x1c")
    (True, False)
    """
    return char.isspace() and not "\x1c" <= char <= "\x1f"
