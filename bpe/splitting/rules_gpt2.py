r"""Where does GPT-2's pattern start a piece?

    '(?:[sdmt]|ll|ve|re) | ?\p{L}++ | ?\p{N}++ | ?[^\s\p{L}\p{N}]++ |\s++$|\s+(?!\S)|\s

Every character belongs to one alternative's class: letter, number, other, or white space. A piece that is
not white space is a run of one class, with the space before it if there is one. Of a run of white space

- the last character is left for what follows: a space goes with it, any other is a piece by itself;
- the characters before the last one are one piece;
- at the end of the text, where nothing follows, the whole run is one piece.

So whether a piece starts at a character depends on it and its two neighbours alone:

1. white space after something else always starts a piece (also the space that goes with what follows);
2. white space after white space starts a piece where something else follows: it is the last of its run;
3. anything else starts a piece where its class differs from the one before, unless that is a space;
4. the first character starts a piece.

Contractions come first in the pattern, but only where an apostrophe starts a piece: by rule 3, where neither
its own class nor a space comes before it. The letters of the contraction then do not start a piece (by rule 3
the first of them did), and what follows the contraction does. Neither changes where any other apostrophe
starts a piece: what follows a contraction follows a letter, where an apostrophe starts a piece anyway.
"""

import numpy as np
from bpelab.bpe.splitting.rules_shared import (
    IS_LETTER,
    IS_NUMBER,
    OTHER_SPACE,
    PLAIN_SPACE,
    Class,
    Classes,
    Points,
    Starts,
    Truth,
    add_contractions,
    ends_white_space,
    with_neighbours,
)
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


def gpt2_classes() -> Classes:
    """(0x110000,) uint8: the class of each code point."""
    classes = np.zeros(16, dtype=np.uint8)
    classes[[UPPER, TITLE, LOWER, MODIFIER, OTHER_LETTER]] = IS_LETTER
    classes[NUMBER] = IS_NUMBER
    classes[SPACE] = OTHER_SPACE
    table = classes.take(class_table())
    table[ord(" ")] = PLAIN_SPACE
    return table


def changes_class(before: Class, here: Class, white_before: Truth, white_here: Truth) -> Truth:
    """Tell whether a character starts a piece by rule 1, 3 or 4; for one character or an array of them.

    Rules 1 and 3 are one, since what comes before white space in rule 1 is not a space.
    """
    return ((here != before) & (before != PLAIN_SPACE)) > (white_before & white_here)


def starts_gpt2(classes: Classes, points: Points) -> Starts:
    """(n_chars + 1,) bool: whether a piece starts at each character, given its class and its code point.

    The last entry, for the end of the text, is true.
    """
    padded = with_neighbours(classes)
    before, here = padded[1:-2], padded[2:-1]
    white = padded >= PLAIN_SPACE
    white_before, white_here, white_after = white[1:-2], white[2:-1], white[3:]
    starts = np.empty(len(classes) + 1, dtype=np.bool_)
    starts[-1] = True
    starts[:-1] = changes_class(before, here, white_before, white_here)
    starts[:-1] |= ends_white_space(white_before, white_here, white_after)
    add_contractions(starts, points)
    return starts
