r"""Where does cl100k's pattern start a piece?

    '(?i:[sdmt]|ll|ve|re) |[^\r\n\p{L}\p{N}]?+\p{L}++ |\p{N}{1,3}+ | ?[^\s\p{L}\p{N}]++[\r\n]*+
    |\s++$|\s*[\r\n]|\s+(?!\S)|\s

As for GPT-2 (`rules_gpt2`), with these differences.

**Letters** take with them any one character before them that is not a letter, a number or a line break and
is not part of an earlier piece (`rules_shared.goes_along` says when it is free). So letters do not start a
piece after white space other than a line break, nor after one other character that follows neither its kind
nor a space.

**Numbers** take nothing before them, and a run of them is cut after every third.

**Others** take a space before them, and all line breaks that follow them at once.

**White space** that is left, from the end of such line breaks or the beginning of its run to the next
character that is not white space, is one piece at the end of the text. Elsewhere it is one piece up to its
last line break; the rest is cut as for GPT-2: all but the last character, then the last.
So white space starts a piece

1. after what is not white space, unless it is a line break after an other;
2. after line breaks that an other took;
3. after the last line break of its run, if something follows the run;
4. as the last of its run, if something follows, and it is not a line break.
"""

from bpelab.bpe.splitting.rules_gpt2 import gpt2_classes
from bpelab.bpe.splitting.rules_shared import (
    LINE_BREAK,
    Classes,
    Points,
    Starts,
    add_after_line_breaks,
    add_contractions,
    add_threes,
    starts_by_class,
)


def cl100k_classes() -> Classes:
    """(0x110000,) uint8: the class of each code point."""
    table = gpt2_classes()
    table[[ord("\r"), ord("\n")]] = LINE_BREAK
    return table


def starts_cl100k(classes: Classes, points: Points) -> Starts:
    """(n_chars + 1,) bool: whether a piece starts at each character, given its class and its code point.

    The last entry, for the end of the text, is true.
    """
    starts = starts_by_class(classes)
    add_contractions(starts, points, any_case=True)
    add_after_line_breaks(starts, classes, at_end_of_text=False)
    add_threes(starts, classes)
    return starts
