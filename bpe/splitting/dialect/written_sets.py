r"""How is a set of characters written for `regex`, so that it holds what it holds in Unicode 16?

`regex` follows a later Unicode. So a set is written in two ways: plainly, for texts without a character that
Unicode has added since 16, or where another may stand in for it (nearly all texts), and exactly, with those
characters taken out of each property, for the others.
"""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
import regex
from bpelab.bpe.splitting.dialect.charsets import (
    LAST,
    Chars,
    CharSet,
    Combined,
    Not,
    Property,
    Range,
    Union,
    chars,
    holds,
    points,
)
from bpelab.bpe.splitting.unicode16 import UNASSIGNED, class_table

# U+0295 lost its case in Unicode 17.
_MOVED = 0x295
_STANDS_IN = 0x250
_LOST = {"gc=Ll", "gc=LC", "Lowercase=Yes", "Cased=Yes"}
_GAINED = {"gc=Lo"}
_UNASSIGNED_TOO = {"gc=C", "gc=Cn"}


def written(held: CharSet, *, exact: bool) -> str:
    r"""Return the set in the syntax of version 1 of `regex`, as one item of a pattern.

    The plain form is right for texts for which `is_plain` is true; the exact form is slower and always right.

    >>> from bpelab.bpe.splitting.dialect.charsets import combine
    >>> from bpelab.bpe.splitting.dialect.properties import property_set
    >>> written(combine("--", property_set("L"), chars("a")), exact=False)
    '[\\p{gc=L}--[a]]'
    """
    match held:
        case Chars(()):
            return r"[^\x00-\U0010ffff]"
        case Chars(ranges):
            return f"[{_written_ranges(ranges)}]"
        case Property(name):
            return _corrected(name) if exact else rf"\p{{{name}}}"
        case Not(Union(parts)):
            return f"[^{_written_parts(parts, exact)}]"
        case Not(inner):
            return f"[^{written(inner, exact=exact)}]"
        case Union(parts):
            return f"[{_written_parts(parts, exact)}]"
        case Combined(operator, left, right):
            return f"[{written(left, exact=exact)}{operator}{written(right, exact=exact)}]"


def _written_parts(parts: Sequence[CharSet], exact: bool) -> str:
    return "".join(
        _written_ranges(part.ranges) if isinstance(part, Chars) else written(part, exact=exact)
        for part in parts
    )


def _written_ranges(ranges: Sequence[Range]) -> str:
    return "".join(
        written_char(chr(first)) + (f"-{written_char(chr(last))}" if last > first else "")
        for first, last in ranges
    )


def written_char(char: str) -> str:
    """Return a character so that it stands for itself, in a class and outside."""
    if char.isascii() and char.isalnum():
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\U{ord(char):08x}"


def _corrected(name: str) -> str:
    taken_out = [*_added_since(), *([(_MOVED, _MOVED)] if name in _GAINED else [])]
    put_in = [
        *(_added_since() if name in _UNASSIGNED_TOO else []),
        *([(_MOVED, _MOVED)] if name in _LOST else []),
    ]
    corrected = rf"[\p{{{name}}}--[{_written_ranges(taken_out)}]]" if taken_out else rf"\p{{{name}}}"
    return f"[{corrected}{_written_ranges(put_in)}]" if put_in else corrected


@cache
def _added_since() -> tuple[Range, ...]:
    """Return the code points that `regex` knows and Unicode 16 does not."""
    unassigned = "".join(map(chr, points(Chars(_unassigned()))))
    return chars("".join(regex.findall(r"\P{Cn}", unassigned))).ranges


@cache
def _not_plain() -> "re.Pattern[str]":
    return re.compile(f"[{chr(_MOVED)}{''.join(f'{chr(a)}-{chr(b)}' for a, b in _added_since())}]")


def is_plain(text: str) -> bool:
    """Tell whether `regex` sees every character of a text as Unicode 16 does."""
    return text.isascii() or _not_plain().search(text) is None


def has_stand_ins(held: CharSet) -> bool:
    """Tell whether the set treats a character that `as_unicode16` replaces as it treats the replacement."""
    match held:
        case Chars(ranges):
            n_inside = sum(holds(held, low) for low, _ in _unassigned())
            if n_inside not in (0, len(_unassigned())) or holds(held, _MOVED) != holds(held, _STANDS_IN):
                return False
            edges = [edge for first, last in ranges for edge in (first, last + 1) if edge <= LAST]
            unassigned = Chars(_unassigned())
            return not any(holds(unassigned, edge - 1) and holds(unassigned, edge) for edge in edges)
        case Property():
            return True
        case Not(inner):
            return has_stand_ins(inner)
        case Union(parts):
            return all(map(has_stand_ins, parts))
        case Combined(_, left, right):
            return has_stand_ins(left) and has_stand_ins(right)


@cache
def _unassigned() -> tuple[Range, ...]:
    is_unassigned = np.concatenate([[False], class_table() == UNASSIGNED, [False]])
    edges = np.flatnonzero(is_unassigned[1:] != is_unassigned[:-1]).tolist()
    return tuple((low, end - 1) for low, end in zip(edges[::2], edges[1::2], strict=True))
