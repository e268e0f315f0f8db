"""Does a pattern match all of any text? Then nothing is left over between its matches."""

from functools import cache

import numpy as np
import regex
from bpelab.bpe.splitting.dialect.charsets import LAST, NOTHING, CharSet, combine, negate, unite
from bpelab.bpe.splitting.dialect.measures import least_chars
from bpelab.bpe.splitting.dialect.parser import parse
from bpelab.bpe.splitting.dialect.tree import Atomic, Char, Choice, Group, Node, Repeat, Sequence
from bpelab.bpe.splitting.dialect.written_sets import written


@cache
def matches_everything(pattern: str) -> bool:
    r"""Tell whether a pattern surely matches one character or more at every place of any text.

    The answer is no where it would depend on more than the character at the place. Raises `ValueError` for a
    pattern that `translate` refuses.

    >>> matches_everything(r" ?\p{L}+|[^\s\p{L}]+|\s+(?!\S)|\s+"), matches_everything(r"\p{L}+|\s+(?!\S)")
    (True, False)
    """
    tree = parse(pattern)
    if least_chars(tree) == 0:
        return False
    others = written(negate(_surely_matched(tree)), exact=True)
    everything = np.arange(LAST + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return regex.search(others, everything, regex.V1) is None


def _surely_matched(node: Node) -> CharSet:
    """Return characters at which a part of a pattern matches, whatever follows them."""
    match node:
        case Char(held=held):
            return held
        case Choice(options):
            return unite(list(map(_surely_matched, options)))
        case Group(inner) | Atomic(inner) | Repeat(inner, 1):
            return _surely_matched(inner)
        case Sequence(parts):
            needed = [i for i, part in enumerate(parts) if not _may_be_nothing(part)]
            if len(needed) == 1:
                found = _surely_matched(parts[needed[0]])
                # What may be nothing gives back what it took, for the needed part, unless it is atomic.
                for part in parts[: needed[0]]:
                    if isinstance(part, Atomic):
                        found = combine("--", found, _first_chars(part.inner))
                return found
    return NOTHING


def _may_be_nothing(node: Node) -> bool:
    """Tell whether a part matches nothing wherever it does not match something."""
    match node:
        case Repeat(_, 0):
            return True
        case Atomic(inner) | Group(inner):
            return _may_be_nothing(inner)
    return False


def _first_chars(node: Node) -> CharSet:
    """Return all characters with which what a part matches may begin, or more."""
    match node:
        case Repeat(Char(held=held)):
            return held
    return negate(NOTHING)
