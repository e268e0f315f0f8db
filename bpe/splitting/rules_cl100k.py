r"""Where does cl100k's pattern start a piece?

    '(?i:[sdmt]|ll|ve|re) |[^\r\n\p{L}\p{N}]?+\p{L}++ |\p{N}{1,3}+ | ?[^\s\p{L}\p{N}]++[\r\n]*+
    |\s++$|\s*[\r\n]|\s+(?!\S)|\s

As for GPT-2 (see `split_gpt2`), with these differences.

**Letters** take with them any one character before them that is no letter, number or line break and is
not part of an earlier piece. White space other than a line break is always free: of its run the last is
left over. One other character (punctuation, say) is free if it begins a piece and is alone: after
another one, or after a space, it belongs to a piece that has begun before it. So letters do not start a
piece after white space other than a line break, nor after one other character that follows neither its
kind nor a space.

**Numbers** take nothing before them, and a run of them is cut after every third.

**Others** take a space before them, and all line breaks that follow them at once.

**White space** that is left, from the end of such line breaks or the beginning of its run, to the next
character that is not white space: at the end of the text one piece; otherwise up to its last line break
one piece, and the rest as for GPT-2: all but the last character, then the last.
So white space starts a piece

1. after what is not white space, unless it is a line break after an "other";
2. after line breaks that an "other" took;
3. after the last line break of its run, if something follows the run;
4. as the last of its run, if something follows, and it is no line break.
"""

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.runs import positions_in_runs, starts_of_rows
from bpelab.bpe.splitting.places import Ints, places_where
from bpelab.bpe.splitting.rules_gpt2 import (
    IS_LETTER,
    IS_NUMBER,
    OTHER,
    OTHER_SPACE,
    PLAIN_SPACE,
    Points,
    Starts,
    add_contractions,
    gpt2_classes,
)

LINE_BREAK = 5


def cl100k_classes() -> npt.NDArray[np.uint8]:
    """(0x110000,) uint8: the class of each code point."""
    table = gpt2_classes()
    table[[ord("\r"), ord("\n")]] = LINE_BREAK
    return table


def starts_cl100k(classes: npt.NDArray[np.uint8], points: Points) -> Starts:
    """(n_chars + 1,) bool: whether a piece starts at each character, given its class and its code point.

    The last entry, for the end of the text, is true.
    """
    n = len(classes)
    is_white = classes >= PLAIN_SPACE
    here, before = classes[1:], classes[:-1]
    starts = np.empty(n + 1, dtype=np.bool_)
    starts[0] = starts[n] = True
    rest = starts[1:n]
    np.not_equal(here, before, out=rest)
    is_letter = here == IS_LETTER
    rest &= ~(is_letter & ((before == PLAIN_SPACE) | (before == OTHER_SPACE)))
    rest &= ~((here == OTHER) & (before == PLAIN_SPACE))
    # One other character before letters, after neither its kind nor a space.
    alone = (classes[:-1] == OTHER) & is_letter
    alone[1:] &= (classes[:-2] != OTHER) & (classes[:-2] != PLAIN_SPACE)
    rest &= ~alone

    rest &= ~((here == LINE_BREAK) & (before == OTHER))  # rule 1
    both_white = is_white[1:] & is_white[:-1]
    rest &= ~both_white
    both_white &= here != LINE_BREAK
    both_white[:-1] &= ~is_white[2:]
    both_white[-1:] = False
    rest |= both_white  # rule 4
    add_contractions(starts, points, any_case=True)
    add_line_breaks(starts, classes, is_white)
    add_threes(starts, classes)
    return starts


def add_line_breaks(starts: Starts, classes: npt.NDArray[np.uint8], is_white: Starts) -> None:
    """Rules 2 and 3: where a piece starts after line breaks, among white space."""
    breaks = places_where(classes == LINE_BREAK)
    if not len(breaks):
        return
    n = len(classes)
    after_last = breaks[is_last_of_run(breaks, is_white, of_those_that_end=True)] + 1
    starts[after_last] |= is_white[after_last]  # rule 3; what is not white space has its own rules

    # Line breaks in a row are taken by an "other" before the first of them.
    row_starts = np.append(True, breaks[1:] != breaks[:-1] + 1)
    is_taken = (breaks[row_starts] > 0) & (classes[breaks[row_starts] - 1] == OTHER)
    row_ends = breaks[np.append(row_starts[1:], True)] + 1
    after_taken = row_ends[is_taken & (row_ends < n)]
    starts[after_taken] = True  # rule 2


def is_last_of_run(breaks: Ints, is_white: Starts, *, of_those_that_end: bool = False) -> Starts:
    """(n_breaks,) bool: whether each line break is the last one of its run of white space.

    On request only of runs that something follows.
    """
    # How much that is not white space there is up to each character: what changes it ends a run.
    n_solid = np.cumsum(~is_white, dtype=np.int32)
    n_before = n_solid[breaks]
    is_last = np.append(n_before[1:] != n_before[:-1], True)[: len(breaks)]
    if of_those_that_end:
        is_last &= n_before != n_solid[-1]
    return is_last


def add_threes(starts: Starts, classes: npt.NDArray[np.uint8]) -> None:
    """Cut runs of more than three numbers after every third."""
    is_number = classes == IS_NUMBER
    longer = is_number[3:] & is_number[2:-1] & is_number[1:-2] & is_number[:-3]
    if not longer.any():
        return
    places = places_where(is_number)
    in_run = positions_in_runs(starts_of_rows(places), len(places))
    starts[places[in_run % 3 == 0]] = True
