r"""Which rules do OpenAI's patterns share? Where a piece starts, told from a character and its neighbours.

Every character has one class, and a rule compares the classes of neighbours. The rules are expressions that
mean the same for one character, as a loop has it, and for arrays of them, which NumPy compares all at once:
they compare, and join with & and |. `a > b` is "a and not b", since True is 1 and False is 0.

**White space.** Of a run of white space the last character is left over for what follows, unless it is a line
break. A plain space goes with what follows; another one may be a piece by itself. What comes before it in the
run is one piece (cl100k and o200k cut it after its last line break). At the end of the text nothing follows,
and the last character stays with the others.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.runs import Ints, positions_in_runs, spread_over_runs, starts_of_rows
from bpelab.bpe.splitting.places import places_where

Classes = npt.NDArray[np.uint8]
Starts = npt.NDArray[np.bool_]
Points = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
# One class, or an array of them; and the truth of a comparison, or an array of truths.
Class = TypeVar("Class", int, Classes)
Truth = Any

# White space is what is at least PLAIN_SPACE. TAKEN is for what an earlier piece has taken in against the
# rules below: it never starts a piece, and what follows it always does.
OTHER, IS_LETTER, IS_NUMBER, TAKEN, PLAIN_SPACE, OTHER_SPACE, LINE_BREAK = range(7)
# The classes of the neighbours that the first and the last character lack.
BEFORE_TEXT, AFTER_TEXT = TAKEN, OTHER_SPACE


# ---- for one character or an array of them ----


def ends_white_space(white_before: Truth, white_here: Truth, white_after: Truth) -> Truth:
    """Tell whether a character is the last of two or more of white space, and left over for what follows."""
    return (white_before & white_here) > white_after


def goes_along(two_before: Class, before: Class, here: Class, white_before: Truth) -> Truth:
    """Tell whether cl100k and o200k put a character into the piece of the one before, of another class.

    Letters take any one character before them that is free. White space other than a line break always is,
    since it is left over. One other character is free if it begins a piece and is alone: after its own kind
    or a space it belongs to a piece that has begun before it. Others take a space before them, and the line
    breaks after them. Numbers take nothing.
    """
    is_free_space = white_before & (before != LINE_BREAK)
    is_free_other = (before == OTHER) > ((two_before == OTHER) | (two_before == PLAIN_SPACE))
    letter = (here == IS_LETTER) & (is_free_space | is_free_other)
    other = (here == OTHER) & (before == PLAIN_SPACE)
    line_break = (here == LINE_BREAK) & (before == OTHER)
    return letter | other | line_break


# ---- for arrays ----


def with_neighbours(classes: Classes) -> Classes:
    """(n_chars + 3,) uint8: the classes, with two more before the first and one after the last."""
    padded = np.empty(len(classes) + 3, dtype=np.uint8)
    padded[:2], padded[2:-1], padded[-1] = BEFORE_TEXT, classes, AFTER_TEXT
    return padded


def starts_by_class(classes: Classes) -> Starts:
    """(n_chars + 1,) bool: where cl100k and o200k start a piece, as far as neighbours tell.

    The last entry, for the end of the text, is true.
    """
    padded = with_neighbours(classes)
    two_before, before, here = padded[:-3], padded[1:-2], padded[2:-1]
    white = padded >= PLAIN_SPACE
    white_before, white_here, white_after = white[1:-2], white[2:-1], white[3:]
    stays = goes_along(two_before, before, here, white_before)
    stays |= white_before & white_here
    starts = np.empty(len(classes) + 1, dtype=np.bool_)
    starts[-1] = True
    np.greater(here != before, stays, out=starts[:-1])
    starts[:-1] |= ends_white_space(white_before, white_here, white_after) & (here != LINE_BREAK)
    return starts


def add_after_line_breaks(starts: Starts, classes: Classes, *, at_end_of_text: bool) -> None:
    """Start a piece at white space after line breaks that an other has taken, and after the last of a run.

    After the last one of the run that ends the text only if told to.
    """
    breaks = places_where(classes == LINE_BREAK)
    following = classes.take(breaks + 1, mode="clip")  # the last character follows itself
    ends = places_where((following >= PLAIN_SPACE) & (following < LINE_BREAK))
    if not len(ends):
        return
    # Whether there is anything but white space before the next line break, or the end of the text.
    is_last = np.minimum.reduceat(classes, breaks) < PLAIN_SPACE
    is_last[-1] |= at_end_of_text
    rows = starts_of_rows(breaks)
    firsts = breaks[rows]
    is_taken = (firsts > 0) & (classes[firsts - 1] == OTHER)
    starts[breaks[ends] + 1] |= (is_last | spread_over_runs(is_taken, rows, len(breaks)))[ends]


def add_threes(starts: Starts, classes: Classes) -> None:
    """Cut runs of more than three numbers after every third."""
    is_number = classes == IS_NUMBER
    longer = is_number[3:] & is_number[2:-1] & is_number[1:-2] & is_number[:-3]
    if not longer.any():
        return
    places = places_where(is_number)
    in_run = positions_in_runs(starts_of_rows(places), len(places))
    starts[places[in_run % 3 == 0]] = True


def add_contractions(starts: Starts, points: Points, *, any_case: bool = False) -> None:
    """Where an apostrophe starts a piece, let a contraction be that piece."""
    places = places_where(points == ord("'"))
    places, ends = contractions_at(places[starts[places]], points, any_case=any_case)
    starts[places + 1] = False
    starts[ends] = True


def contractions_at(places: Ints, points: Points, *, any_case: bool) -> tuple[Ints, Ints]:
    """Return at which of some apostrophes a contraction begins, and where it ends."""
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
