"""How is a set of characters represented, and how are two of them combined?

A set keeps the form in which it was asked for: a property stays a property, since its name stays right when
Unicode grows.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Range = tuple[int, int]  # the first and the last code point
LAST = 0x10FFFF


@dataclass(frozen=True)
class Chars:
    """Characters by their code points: sorted ranges that do not touch."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Property:
    r"""A property of characters, `\p{...}`, under the name that `regex` uses."""

    name: str


@dataclass(frozen=True)
class Not:
    """All other characters."""

    inner: "CharSet"


@dataclass(frozen=True)
class Union:
    """The characters of all the parts."""

    parts: tuple["CharSet", ...]


@dataclass(frozen=True)
class Combined:
    """Two sets and the operator between them."""

    operator: Literal["&&", "--", "~~"]
    left: "CharSet"
    right: "CharSet"


CharSet = Chars | Property | Not | Union | Combined

EVERYTHING = Chars(((0, LAST),))
NOTHING = Chars(())
DIGITS = Property("gc=Nd")
SPACE = Property("White_Space=Yes")
WORD = Union(
    tuple(map(Property, ("Alphabetic=Yes", "gc=M", "gc=Nd", "gc=Pc", "Join_Control=Yes"))),
)


def chars(text: str) -> Chars:
    """Return the set of the characters of a text, which need not be sorted.

    >>> chars("cab")
    Chars(ranges=((97, 99),))
    """
    return Chars(_joined([(ord(char), ord(char)) for char in text]))


def _joined(ranges: Sequence[Range]) -> tuple[Range, ...]:
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def negate(inner: CharSet) -> CharSet:
    """Return the set of all other characters."""
    if isinstance(inner, Not):
        return inner.inner
    if not isinstance(inner, Chars):
        return Not(inner)
    ends = [-1, *(end for pair in inner.ranges for end in pair), LAST + 1]
    gaps = [(last + 1, first - 1) for last, first in zip(ends[::2], ends[1::2], strict=True)]
    return Chars(tuple((first, last) for first, last in gaps if first <= last))


def unite(parts: Sequence[CharSet]) -> CharSet:
    """Return the set of the characters of all the parts."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Union) else (part,))]
    # `regex` is wrong about a property next to a negated one: [^\P{L}\p{L}] matches anything there.
    outside = [part.inner for part in flat if isinstance(part, Not) and isinstance(part.inner, Property)]
    if outside and any(isinstance(part, Property) for part in flat):
        rest = unite([part for part in flat if not (isinstance(part, Not) and part.inner in outside)])
        common: CharSet = EVERYTHING
        for inner in outside:
            common = inner if common == EVERYTHING else combine("&&", common, inner)
        return Not(combine("--", common, rest))
    known = _joined([pair for part in flat if isinstance(part, Chars) for pair in part.ranges])
    others = list(dict.fromkeys(part for part in flat if not isinstance(part, Chars)))
    if not others:
        return Chars(known)
    listed: list[CharSet] = [Chars(known)] if known else []
    return Union((*listed, *others)) if known or len(others) > 1 else others[0]


def combine(operator: Literal["&&", "--", "~~"], left: CharSet, right: CharSet) -> CharSet:
    """Return the set that an operator makes of two sets."""
    if not (isinstance(left, Chars) and isinstance(right, Chars)):
        return Combined(operator, left, right)
    if operator == "--":
        return combine("&&", left, negate(right))
    both = negate(unite([negate(left), negate(right)]))
    return both if operator == "&&" else combine("--", unite([left, right]), both)


def points(held: Chars) -> Iterator[int]:
    """Yield the code points of a set."""
    return (point for first, last in held.ranges for point in range(first, last + 1))


def holds(held: Chars, point: int) -> bool:
    """Tell whether a set holds a code point."""
    i = bisect(held.ranges, (point, LAST + 1))
    return i > 0 and point <= held.ranges[i - 1][1]
