r"""Which characters does a class such as `[\p{L}&&[^\p{Han}]]` hold? As tiktoken reads it, of Unicode 16.

Without regard to case a set holds what Unicode's simple case folding makes equal: `(?i)k` is also the
Kelvin sign, and not the dotless i that `regex` would add to `(?i)i`.

`regex` follows a later Unicode. So a set is written twice: plainly, for texts without a character that
Unicode has added since 16, or where another may stand in for it (nearly all), and with those characters taken
out of each property, for the others.
"""

import re
import zlib
from bisect import bisect
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import regex
from bpelab.bpe.splitting.unicode16 import UNASSIGNED, class_table

Range = tuple[int, int]  # the first and the last code point
LAST = 0x10FFFF


@dataclass(frozen=True)
class Chars:
    """Characters by their code points: sorted ranges that do not touch."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Property:
    r"""What Unicode says of characters: `\p{...}`, in words that `regex` knows."""

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
    """Two sets and what stands between them."""

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
_CATEGORIES = (
    "C=Other Cc=Control=cntrl Cf=Format Cn=Unassigned Co=Private_Use L=Letter LC=Cased_Letter"
    " Ll=Lowercase_Letter Lm=Modifier_Letter Lo=Other_Letter Lt=Titlecase_Letter Lu=Uppercase_Letter"
    " M=Mark=Combining_Mark Mc=Spacing_Mark Me=Enclosing_Mark Mn=Nonspacing_Mark N=Number"
    " Nd=Decimal_Number=digit Nl=Letter_Number No=Other_Number P=Punctuation=punct"
    " Pc=Connector_Punctuation Pd=Dash_Punctuation Pe=Close_Punctuation Pf=Final_Punctuation"
    " Pi=Initial_Punctuation Po=Other_Punctuation Ps=Open_Punctuation S=Symbol Sc=Currency_Symbol"
    " Sk=Modifier_Symbol Sm=Math_Symbol So=Other_Symbol Z=Separator Zl=Line_Separator"
    " Zp=Paragraph_Separator Zs=Space_Separator"
)
# Those that are in Unicode 16 what they are in the versions since, but for characters added.
_BINARY = (
    "ASCII_Hex_Digit=ahex Alphabetic=alpha Bidi_Control=bidic Bidi_Mirrored=bidim Case_Ignorable=ci"
    " Cased Changes_When_Casefolded=cwcf Changes_When_Lowercased=cwl Dash"
    " Default_Ignorable_Code_Point=di Deprecated=dep Emoji Emoji_Component=ecomp Emoji_Modifier=emod"
    " Emoji_Modifier_Base=ebase Emoji_Presentation=epres Extender=ext Grapheme_Base=grbase"
    " Grapheme_Extend=grext Grapheme_Link=grlink Hex_Digit=hex Hyphen ID_Continue=idc ID_Start=ids"
    " Ideographic=ideo Join_Control=joinc Logical_Order_Exception=loe Lowercase=lower Math"
    " Noncharacter_Code_Point=nchar Pattern_White_Space=patws Prepended_Concatenation_Mark=pcm"
    " Quotation_Mark=qmark Radical Regional_Indicator=ri Sentence_Terminal=sterm Soft_Dotted=sd"
    " Terminal_Punctuation=term Unified_Ideograph=uideo Uppercase=upper Variation_Selector=vs"
    " White_Space=wspace=space XID_Continue=xidc XID_Start=xids"
)
# Of these tiktoken knows the names, and nothing by them.
_NO_SCRIPTS = ("zzzz", "unknown", "hrkt", "katakanaorhiragana")
# U+0295 lost its case in Unicode 17.
_MOVED = 0x295
_STANDS_IN = 0x250
_LOST = {"gc=Ll", "gc=LC", "Lowercase=Yes", "Cased=Yes"}
_GAINED = {"gc=Lo"}
_UNASSIGNED_TOO = {"gc=C", "gc=Cn"}


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
    # What `regex` makes of a property beside the negation of one is wrong: [^\P{L}\p{L}] matches anything.
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
    """Return what an operator makes of two sets."""
    if not (isinstance(left, Chars) and isinstance(right, Chars)):
        return Combined(operator, left, right)
    if operator == "--":
        return combine("&&", left, negate(right))
    both = negate(unite([negate(left), negate(right)]))
    return both if operator == "&&" else combine("--", unite([left, right]), both)


def _points(held: Chars) -> Iterator[int]:
    return (point for first, last in held.ranges for point in range(first, last + 1))


def _holds(held: Chars, point: int) -> bool:
    i = bisect(held.ranges, (point, LAST + 1))
    return i > 0 and point <= held.ranges[i - 1][1]


# ---- case ----


@cache
def case_orbits() -> dict[str, str]:
    r"""Map each character that has cases to all the characters that simple case folding makes equal to it.

    >>> ascii(case_orbits()["k"])
    "'Kk\\u212a'"
    """
    packed = files("bpelab.bpe.data").joinpath("unicode16.cases").read_bytes()
    orbits = zlib.decompress(packed).decode("utf-8").split("\n")
    return {char: orbit for orbit in orbits for char in orbit}


def fold(inner: CharSet) -> CharSet:
    """Add what differs from a character of the set by case only. The set is characters, or a property."""
    orbits = case_orbits()
    if isinstance(inner, Chars):
        n_chars = sum(last - first + 1 for first, last in inner.ranges)
        among = map(chr, _points(inner)) if n_chars < len(orbits) else orbits
        held = [char for char in among if char in orbits and _holds(inner, ord(char))]
    else:
        held = regex.findall(written(inner, exact=True), "".join(orbits), regex.V1)
    added = {other for char in held for other in orbits[char]}.difference(held)
    return unite([inner, chars("".join(added))])


# ---- properties ----


def _names(listed: str) -> dict[str, str]:
    return {_plain(name): names.split("=")[0] for names in listed.split() for name in names.split("=")}


def _plain(name: str) -> str:
    """Return a name as it is compared: by its ASCII letters and digits, without case and a leading "is"."""
    plain = name[2:] if name[:2].lower() == "is" else name
    return "".join(char for char in plain.lower() if char.isascii() and char not in " _-")


_CATEGORY_OF = _names(_CATEGORIES)
_BINARY_OF = _names(_BINARY)


@cache
def property_set(name: str) -> CharSet:
    r"""Return the set that stands in `\p{...}`; `ValueError` for one that is unknown here or to tiktoken.

    >>> property_set("Lu"), property_set("script=greek")
    (Property(name='gc=Lu'), Property(name='Script=greek'))
    """
    for sign in ("!=", ":", "="):
        if sign in name:
            kind, value = map(_plain, name.split(sign, 1))
            found = _by_value(kind, value)
            return negate(found) if sign == "!=" else found
    plain = _plain(name)
    if plain in _BINARY_OF and plain not in ("cf", "lc", "sc"):  # which are categories
        return Property(f"{_BINARY_OF[plain]}=Yes")
    return _by_value("gc" if plain in _CATEGORY_OF or plain in _SPECIAL else "sc", plain)


_SPECIAL: dict[str, CharSet] = {
    "any": EVERYTHING,
    "ascii": Chars(((0, 0x7F),)),
    "assigned": Not(Property("gc=Cn")),
}


def _by_value(kind: str, value: str) -> CharSet:
    if kind in ("gc", "generalcategory"):
        if value in _SPECIAL:
            return _SPECIAL[value]
        if value in _CATEGORY_OF:
            return Property(f"gc={_CATEGORY_OF[value]}")
    elif kind in ("sc", "script") and value.isalnum() and value not in _NO_SCRIPTS:
        with suppress(regex.error):
            regex.compile(rf"\p{{Script={value}}}")
            return Property(f"Script={value}")
    raise ValueError("it is no category, script or yes-or-no property that means the same here and there")


# ---- writing a set for `regex` ----


def written(held: CharSet, *, exact: bool) -> str:
    r"""Return the set in the words of version 1 of `regex`, as one item of a pattern.

    The plain form is right for texts that `is_plain`; the exact one is slower and right for all.

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
    """Return a character so that it is nothing but itself, in a class and outside."""
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
    """Find the code points that `regex` knows and Unicode 16 did not."""
    unassigned = "".join(map(chr, _points(Chars(_unassigned()))))
    return chars("".join(regex.findall(r"\P{Cn}", unassigned))).ranges


@cache
def _not_plain() -> "re.Pattern[str]":
    return re.compile(f"[{chr(_MOVED)}{''.join(f'{chr(a)}-{chr(b)}' for a, b in _added_since())}]")


def is_plain(text: str) -> bool:
    """Tell whether `regex` sees every character of a text as Unicode 16 does."""
    return text.isascii() or _not_plain().search(text) is None


def has_stand_ins(held: CharSet) -> bool:
    """Tell whether the set holds what `as_unicode16` replaces just where it holds what stands there then."""
    match held:
        case Chars(ranges):
            n_inside = sum(_holds(held, low) for low, _ in _unassigned())
            if n_inside not in (0, len(_unassigned())) or _holds(held, _MOVED) != _holds(held, _STANDS_IN):
                return False
            edges = [edge for first, last in ranges for edge in (first, last + 1) if edge <= LAST]
            unassigned = Chars(_unassigned())
            return not any(_holds(unassigned, edge - 1) and _holds(unassigned, edge) for edge in edges)
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
