r"""Where does GPT-2's pattern start a piece?

    '(?:[sdmt]|ll|ve|re) | ?\p{L}++ | ?\p{N}++ | ?[^\s\p{L}\p{N}]++ |\s++$|\s+(?!\S)|\s

Every character belongs to one alternative's class: letter, number, other, or white space. A piece that is
not white space is a run of one class, with the space before it if there is one. Of a run of white space

- the last character is left for what follows: a space goes with it, another one is a piece by itself;
- what comes before the last one is one piece;
- at the end of the text, where nothing follows, the whole run is one piece.

So, whether a piece starts at a character depends on it and its two neighbours alone:

1. white space after something else starts a piece, always (a space that goes with what follows, too);
2. white space after white space starts a piece where something else follows: it is the last of its run;
3. anything else starts a piece where its class differs from the one before, unless that is a space;
4. the first character starts a piece.

Contractions come first in the pattern, but only where an apostrophe starts a piece, which by 3 is where
nothing of its class and no space comes before it. The letters of the contraction then do not start
a piece (which by 3 the first of them did), and what follows the contraction does. Neither changes where any
other apostrophe starts a piece: what follows a contraction follows a letter, where an apostrophe
starts one anyway.
"""

import numpy as np
import numpy.typing as npt
from bpelab.bpe.splitting.places import Ints, places_where
from bpelab.bpe.splitting.unicode16 import (
    LOWER,
    MODIFIER,
    NUMBER,
    OTHER_LETTER,
    SPACE,
    TITLE,
    UPPER,
    class_table,
)

Starts = npt.NDArray[np.bool_]
Points = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]

OTHER, IS_LETTER, IS_NUMBER, PLAIN_SPACE, OTHER_SPACE = range(5)


def gpt2_classes() -> npt.NDArray[np.uint8]:
    """(0x110000,) uint8: the class of each code point."""
    classes = np.zeros(16, dtype=np.uint8)
    classes[[UPPER, TITLE, LOWER, MODIFIER, OTHER_LETTER]] = IS_LETTER
    classes[NUMBER] = IS_NUMBER
    classes[SPACE] = OTHER_SPACE
    table = classes.take(class_table())
    table[ord(" ")] = PLAIN_SPACE
    return table


def starts_gpt2(classes: npt.NDArray[np.uint8], points: Points) -> Starts:
    """(n_chars + 1,) bool: whether a piece starts at each character, given its class and its code point.

    The last entry, for the end of the text, is true.
    """
    n = len(classes)
    is_white = classes >= PLAIN_SPACE
    here, before = classes[1:], classes[:-1]
    starts = np.empty(n + 1, dtype=np.bool_)
    starts[0] = starts[n] = True  # rule 4
    # Rules 1 and 3 are one, since what comes before white space by rule 1 is no space.
    rest = starts[1:n]
    np.not_equal(here, before, out=rest)
    rest &= before != PLAIN_SPACE
    both_white = is_white[1:] & is_white[:-1]
    rest &= ~both_white
    both_white[:-1] &= ~is_white[2:]
    both_white[-1:] = False
    rest |= both_white  # rule 2
    add_contractions(starts, points)
    return starts


def add_contractions(starts: Starts, points: Points, *, any_case: bool = False) -> None:
    """Where an apostrophe starts a piece, let a contraction be that piece."""
    places = places_where(points == ord("'"))
    places, ends = contractions_at(places[starts[places]], points, any_case=any_case)
    starts[places + 1] = False
    starts[ends] = True


def contractions_at(places: Ints, points: Points, *, any_case: bool) -> tuple[Ints, Ints]:
    """Of some places of apostrophes, give those where a contraction begins, and where it ends."""
    if not len(places):
        return places, places
    n = len(points)
    first = np.where(places + 1 < n, points.take(places + 1, mode="clip"), 0)
    second = np.where(places + 2 < n, points.take(places + 2, mode="clip"), 0)
    if any_case:  # ASCII capitals, and the long s, which folds to s
        first = np.where(first == 0x17F, ord("s"), first | 0x20 * _is_capital(first))
        second = second | 0x20 * _is_capital(second)
    one = (first == ord("s")) | (first == ord("d")) | (first == ord("m")) | (first == ord("t"))
    two = (first == ord("l")) & (second == ord("l"))
    two |= ((first == ord("v")) | (first == ord("r"))) & (second == ord("e"))
    found = places_where(one | two)
    places = places[found]
    return places, places + 2 + two[found]


def _is_capital(points: npt.NDArray[np.int64] | Points) -> npt.NDArray[np.bool_]:
    return (points >= ord("A")) & (points <= ord("Z"))
