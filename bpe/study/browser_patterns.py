r"""How is each pattern written for a browser, and what does each of its alternatives stand for?

The patterns are those of `splitting.patterns`, one alternative a line, without the syntax that JavaScript
lacks. Possessive and greedy repetition cut alike here: no alternative continues, after a possessive part,
with anything that part could have given back. Case is ignored letter by letter; beyond ASCII only U+017F,
the long s, is any of these letters.
"""

from typing import NamedTuple

from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN


class Alternative(NamedTuple):
    """One of the ways in which a pattern makes a piece."""

    kind: str  # what `split.js` has words for
    javascript: str


_CONTRACTIONS = "'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])"
_SUFFIX = f"(?:{_CONTRACTIONS})?"
_BEFORE = r"[^\r\n\p{L}\p{N}]?"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LAST_LEFT = Alternative("spaces", r"\s+(?!\S)")
_END = Alternative("end", r"\s+$")
_SPACE = Alternative("space", r"\s")

JAVASCRIPT_PATTERNS = {
    GPT2_PATTERN: (
        Alternative("contraction", "'(?:[sdmt]|ll|ve|re)"),
        Alternative("letters", r" ?\p{L}+"),
        Alternative("digits", r" ?\p{N}+"),
        Alternative("signs", r" ?[^\s\p{L}\p{N}]+"),
        _END,
        _LAST_LEFT,
        _SPACE,
    ),
    CL100K_PATTERN: (
        Alternative("contraction", _CONTRACTIONS),
        Alternative("letters", rf"{_BEFORE}\p{{L}}+"),
        Alternative("threeDigits", r"\p{N}{1,3}"),
        Alternative("signs", r" ?[^\s\p{L}\p{N}]+[\r\n]*"),
        _END,
        Alternative("lineBreaks", r"\s*[\r\n]"),
        _LAST_LEFT,
        _SPACE,
    ),
    O200K_PATTERN: (
        Alternative("word", rf"{_BEFORE}{_UPPER}*{_LOWER}+{_SUFFIX}"),
        Alternative("capitals", rf"{_BEFORE}{_UPPER}+{_LOWER}*{_SUFFIX}"),
        Alternative("threeDigits", r"\p{N}{1,3}"),
        Alternative("signs", r" ?[^\s\p{L}\p{N}]+[\r\n\/]*"),
        Alternative("lineBreaks", r"\s*[\r\n]+"),
        _LAST_LEFT,
        Alternative("space", r"\s+"),
    ),
}


def alternatives(pattern: str) -> list[str]:
    r"""Return the alternatives of a pattern, as it is written.

    >>> alternatives(r"'(?:s|t)|[^|]+|\|")
    ["'(?:s|t)", '[^|]+', '\\|']
    """
    found, start, depth, in_class, escaped = [], 0, 0, False, False
    for place, char in enumerate(pattern):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif in_class or char == "[":
            in_class = char != "]"
        elif char == "|" and not depth:
            found.append(pattern[start:place])
            start = place + 1
        else:
            depth += (char == "(") - (char == ")")
    return [*found, pattern[start:]]
