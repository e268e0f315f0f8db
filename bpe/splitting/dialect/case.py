"""Which characters differ by case only? As in Unicode's simple case folding, which tiktoken uses.

`(?i)k` is also the Kelvin sign; `(?i)i` is not the dotless i that `regex` would add.
"""

import zlib
from functools import cache
from importlib.resources import files

import regex
from bpelab.bpe.splitting.dialect.charsets import Chars, CharSet, chars, holds, points, unite
from bpelab.bpe.splitting.dialect.written_sets import written


@cache
def case_orbits() -> dict[str, str]:
    r"""Map each character that has cases to all characters that simple case folding makes equal to it.

    >>> ascii(case_orbits()["k"])
    "'Kk\\u212a'"
    """
    packed = files("bpelab.bpe.data").joinpath("unicode16.cases").read_bytes()
    orbits = zlib.decompress(packed).decode("utf-8").split("\n")
    return {char: orbit for orbit in orbits for char in orbit}


def fold(inner: CharSet) -> CharSet:
    """Add what differs from a character of the set by case only. The set is characters or a property."""
    orbits = case_orbits()
    if isinstance(inner, Chars):
        n_chars = sum(last - first + 1 for first, last in inner.ranges)
        among = map(chr, points(inner)) if n_chars < len(orbits) else orbits
        held = [char for char in among if char in orbits and holds(inner, ord(char))]
    else:
        held = regex.findall(written(inner, exact=True), "".join(orbits), regex.V1)
    added = {other for char in held for other in orbits[char]}.difference(held)
    return unite([inner, chars("".join(added))])
