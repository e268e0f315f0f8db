r"""Where does o200k's pattern start a piece?

    [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |\p{N}{1,3} | ?[^\s\p{L}\p{N}]+[\r\n/]* |\s*[\r\n]+|\s+(?!\S)|\s+

As for cl100k (`rules_cl100k`), with these differences. Letters and marks together are called word
characters: *upper* (Lu, Lt), *lower* (Ll), and *both* (Lm, Lo, M), which fit either half of a word.

**Words.** A word is some upper and both, then some lower and both. So within a run of word characters a
piece starts at an upper

1. if the nearest character before it that is not both is lower: that lower began the second half;
2. if a both is right before it, and only uppers follow to the end of the run. There is no second half then,
   and the first alternative gives characters back until it can end in a both. (If a lower follows the
   uppers, they are the first half of its word; if a both does, that both is where the word ends.)

The second alternative is left with runs that are all uppers, which it takes whole.

**Contractions** belong to the word before them, so an apostrophe after a word character may begin one; what
follows the contraction starts a piece. But a contraction is not a word: right after it, an apostrophe begins
no second contraction and is the one character before a new word.

**Marks** count as others, too: two others, or a space and an other, have begun a piece of others, which takes
in all marks and others that follow. A single other belongs to the word of the mark after it.

**Others** take all line breaks and slashes that follow, if they begin with a line break (slashes before
it are others anyway).

**White space** is cut after its last line break also at the end of the text.

The characters of a contraction, and those that others take in, are given the class TAKEN: they never start a
piece, and what follows them always does.
"""

import numpy as np
from bpelab.bpe.foundation.runs import Ints, every_other, spread_over_runs, starts_of_rows
from bpelab.bpe.splitting.places import places_where
from bpelab.bpe.splitting.rules_shared import (
    IS_LETTER,
    IS_NUMBER,
    LINE_BREAK,
    OTHER,
    OTHER_SPACE,
    PLAIN_SPACE,
    TAKEN,
    Classes,
    Points,
    Starts,
    add_after_line_breaks,
    add_threes,
    contractions_at,
    starts_by_class,
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

# The classes of this pattern, and below them the shared ones: all word characters are letters there.
_OTHER, _MARK, _UPPER, _LOWER, _BOTH, _NUMBER, _PLAIN_SPACE, _OTHER_SPACE, _LINE_BREAK, _TAKEN = range(10)
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
    classes = classes.copy()
    _take_line_breaks(classes, points)
    _take_marks(classes, points)
    _take_contractions(classes, points)
    kinds = _KINDS.take(classes)
    starts = starts_by_class(kinds)
    starts[:-1] &= kinds != TAKEN
    add_after_line_breaks(starts, kinds, at_end_of_text=True)
    add_threes(starts, kinds)
    _add_words(starts, classes)
    return starts


def _take_marks(classes: Classes, points: Points) -> None:
    """Turn marks that a piece of others takes in into others, which then take the line breaks after them.

    One by one and in order, since each may decide about the next. Few texts have a mark right after
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
    """Take the characters of each contraction after a word; of several in a row, every second is none."""
    places = places_where(points == ord("'"))
    places = places[places > 0]
    before = classes[places - 1]
    places = places[(before >= _MARK) & (before <= _BOTH)]
    places, ends = contractions_at(places, points, any_case=True)
    if not len(places):
        return
    chosen = every_other(ends[:-1] == places[1:])
    places, ends = places[chosen], ends[chosen]
    classes[places] = _TAKEN
    classes[places + 1] = _TAKEN
    classes[ends - 1] = _TAKEN


def _take_line_breaks(classes: Classes, points: Points) -> None:
    """In each row of line breaks and slashes, take everything from the first line break after an other on."""
    places = places_where((classes == _LINE_BREAK) | ((points == ord("/")) & (classes == _OTHER)))
    if not len(places):
        return
    begins = (classes[places] == _LINE_BREAK) & (places > 0) & (classes[places - 1] == _OTHER)
    # How many have begun up to each place, less those before its row: above 0 from the first one on.
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
