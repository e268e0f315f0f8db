r"""Where does o200k's pattern start a piece?

    [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |\p{N}{1,3} | ?[^\s\p{L}\p{N}]+[\r\n/]* |\s*[\r\n]+|\s+(?!\S)|\s+

As for cl100k (see `split_cl100k`), with these differences. Letters and marks together are called word
characters: *upper* (Lu, Lt), *lower* (Ll), and *both* (Lm, Lo, M), which fit either half of a word.

**Words.** A word is some upper and both, then some lower and both. So within a run of word characters a
piece starts at an upper

1. if of what is before it the nearest that is not both is lower: that lower began the second half;
2. if a both is right before it, and from it only uppers follow to the end of the run. There is no second
   half then, and the first alternative gives characters back until it can end in a both. (If a lower
   follows the uppers, they are the first half of its word; if a both does, that is the last one.)

The second alternative is left with runs of uppers alone, which it takes whole.

**Contractions** belong to the word before them, so that an apostrophe after a word character may begin
one; what follows it starts a piece. But a contraction is no word: one that follows it right away is none, and
the apostrophe is the one character before a new word.

**Marks** count as others, too: two others, or a space and an other, have begun a piece of others, which takes
in all marks and others that follow. A single other takes part in the word of the mark after it.

**Others** take all line breaks and slashes that follow, if they begin with a line break (slashes before
it are others anyway).

**White space** is cut after its last line break also at the end of the text.

The characters of a contraction, and those that others take in, are given a class of their own below: they
never start a piece, and what follows them always does.
"""

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.runs import positions_in_runs, spread_over_runs, starts_of_rows
from bpelab.bpe.splitting.places import Ints, places_where
from bpelab.bpe.splitting.rules_cl100k import LINE_BREAK, add_threes, is_last_of_run
from bpelab.bpe.splitting.rules_gpt2 import (
    IS_LETTER,
    IS_NUMBER,
    OTHER,
    OTHER_SPACE,
    PLAIN_SPACE,
    Points,
    Starts,
    contractions_at,
)
from bpelab.bpe.splitting.unicode16 import (
    LOWER,
    MARK,
    MODIFIER,
    NUMBER,
    OTHER_LETTER,
    SPACE,
    TITLE,
    UPPER,
    class_table,
)

Classes = npt.NDArray[np.uint8]

# The classes of this pattern, and below what the others call them: word characters are letters there.
_OTHER, _MARK, _UPPER, _LOWER, _BOTH, _NUMBER, _PLAIN_SPACE, _OTHER_SPACE, _LINE_BREAK, _TAKEN = range(10)
TAKEN = LINE_BREAK + 1
_KINDS = np.array(
    [OTHER, *[IS_LETTER] * 4, IS_NUMBER, PLAIN_SPACE, OTHER_SPACE, LINE_BREAK, TAKEN], dtype=np.uint8
)


def o200k_classes() -> Classes:
    """(0x110000,) uint8: the class of each code point."""
    classes = np.zeros(16, dtype=np.uint8)
    classes[[UPPER, TITLE]] = _UPPER
    classes[LOWER] = _LOWER
    classes[[MODIFIER, OTHER_LETTER]] = _BOTH
    classes[MARK] = _MARK
    classes[NUMBER] = _NUMBER
    classes[SPACE] = _OTHER_SPACE
    table = classes.take(class_table())
    table[ord(" ")] = _PLAIN_SPACE
    table[[ord("\r"), ord("\n")]] = _LINE_BREAK
    return table


def starts_o200k(classes: Classes, points: Points) -> Starts:
    """(n_chars + 1,) bool: whether a piece starts at each character, given its class and its code point.

    The last entry, for the end of the text, is true.
    """
    n = len(classes)
    classes = classes.copy()
    _take_line_breaks(classes, points)
    _take_marks(classes, points)
    _take_contractions(classes, points)
    kinds = _KINDS.take(classes)
    is_white = (kinds >= PLAIN_SPACE) & (kinds <= LINE_BREAK)
    here, before = kinds[1:], kinds[:-1]
    starts = np.empty(n + 1, dtype=np.bool_)
    starts[0] = starts[n] = True
    rest = starts[1:n]
    np.not_equal(here, before, out=rest)
    is_letter = here == IS_LETTER
    rest &= ~(is_letter & ((before == PLAIN_SPACE) | (before == OTHER_SPACE)))
    rest &= ~((here == OTHER) & (before == PLAIN_SPACE))
    alone = (before == OTHER) & is_letter
    alone[1:] &= (kinds[:-2] != OTHER) & (kinds[:-2] != PLAIN_SPACE)
    rest &= ~alone
    both_white = is_white[1:] & is_white[:-1]
    rest &= ~both_white
    both_white &= here != LINE_BREAK
    both_white[:-1] &= ~is_white[2:]
    both_white[-1:] = False
    rest |= both_white
    rest &= here != TAKEN
    breaks = places_where(kinds == LINE_BREAK)
    after = breaks[is_last_of_run(breaks, is_white)] + 1
    after = after[after < n]
    starts[after] |= is_white[after]
    add_threes(starts, kinds)
    _add_words(starts, classes)
    return starts


def _take_marks(classes: Classes, points: Points) -> None:
    """Make others of the marks that a piece of others takes in, and let those take what follows them.

    One by one and in order, since each may decide about the next; hardly any text has a mark right after
    punctuation.
    """
    n = len(classes)
    marks = places_where((classes[1:] == _MARK) & (classes[:-1] == _OTHER)) + 1
    for place in marks.tolist():
        if classes[place - 1] != _OTHER or place < 2 or classes[place - 2] not in (_OTHER, _PLAIN_SPACE):
            continue
        end = place
        while end < n and classes[end] == _MARK:
            classes[end] = _OTHER
            end += 1
        if end < n and classes[end] == _LINE_BREAK:
            while end < n and (classes[end] == _LINE_BREAK or points[end] == ord("/")):
                classes[end] = _TAKEN
                end += 1


def _take_contractions(classes: Classes, points: Points) -> None:
    places = places_where(points == ord("'"))
    places = places[places > 0]
    before = classes[places - 1]
    places = places[(before >= _MARK) & (before <= _BOTH)]
    places, ends = contractions_at(places, points, any_case=True)
    if not len(places):
        return
    follows = np.append(False, ends[:-1] == places[1:])
    in_row = positions_in_runs(places_where(~follows), len(places))
    places, ends = places[in_row % 2 == 0], ends[in_row % 2 == 0]
    classes[places] = _TAKEN
    classes[places + 1] = _TAKEN
    classes[ends - 1] = _TAKEN


def _take_line_breaks(classes: Classes, points: Points) -> None:
    """Of each row of line breaks and slashes, take what follows the first line break after an other."""
    places = places_where((classes == _LINE_BREAK) | ((points == ord("/")) & (classes == _OTHER)))
    if not len(places):
        return
    begins = (classes[places] == _LINE_BREAK) & (places > 0) & (classes[places - 1] == _OTHER)
    # How many have begun up to each place, less those before its row: not 0 from the first on.
    row_starts = starts_of_rows(places)
    n_begun = np.cumsum(begins)
    before_row = spread_over_runs((n_begun - begins)[row_starts], row_starts, len(places))
    classes[places[n_begun > before_row]] = _TAKEN


def _add_words(starts: Starts, classes: Classes) -> None:
    """Rules 1 and 2: where a piece starts at an upper within a run of word characters."""
    is_upper = classes[1:] == _UPPER
    before = classes[:-1]
    starts[1:-1] |= is_upper & (before == _LOWER)
    after_both = places_where(is_upper & ((before == _BOTH) | (before == _MARK))) + 1
    if not len(after_both):
        return
    n = len(classes)
    not_both = places_where((classes != _BOTH) & (classes != _MARK))
    nearest: Ints = np.searchsorted(not_both, after_both) - 1
    is_second_half = (nearest >= 0) & (classes[not_both[nearest]] == _LOWER)
    not_upper = np.append(places_where(classes != _UPPER), n)
    run_ends = not_upper[np.searchsorted(not_upper, after_both)]
    next_class = np.append(classes, np.uint8(_OTHER))[run_ends]
    is_tail = (next_class < _MARK) | (next_class > _BOTH)
    starts[after_both[is_second_half | is_tail]] = True
