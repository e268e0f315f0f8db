r"""Where does cl100k's pattern start a piece? `splitting.rules_cl100k` has the reasons; here are the loops.

    '(?i:[sdmt]|ll|ve|re) |[^\r\n\p{L}\p{N}]?+\p{L}++ |\p{N}{1,3}+ | ?[^\s\p{L}\p{N}]++[\r\n]*+
    |\s++$|\s*[\r\n]|\s+(?!\S)|\s

`starts_piece` decides by a character and its neighbours. What depends on more than those (the last line break
of some white space, every third number) is added afterwards, where there is a line break or a number.
"""

import numpy as np
from bpelab.bpe.encoders.compiled.characters import CLASS_BITS, LONG_S, NOT_ASCII
from bpelab.bpe.encoders.compiled.machine import U64, Bytes, Verdict, compiled, trailing_zeros, where_equal
from bpelab.bpe.encoders.compiled.memory import BEFORE
from bpelab.bpe.encoders.compiled.split_gpt2 import (
    APOSTROPHE,
    LETTER,
    NUMBER,
    OTHER,
    SPACE,
    WHITE,
    contraction_of,
)
from bpelab.bpe.splitting import rules_shared

BREAK, EDGE = np.uint8(rules_shared.LINE_BREAK), np.uint8(15)
_SMALL = np.uint8(32)  # makes a small letter of a capital
_S = np.uint8(ord("s"))


@compiled
def class_of(char: np.uint8) -> np.uint8:
    """Return the class of a character, given as one byte (see `characters`)."""
    is_letter = np.uint8((char | _SMALL) - np.uint8(97)) < np.uint8(26)
    is_number = np.uint8(char - np.uint8(48)) < np.uint8(10)
    is_break = (char == np.uint8(10)) | (char == np.uint8(13))
    is_white = (np.uint8(char - np.uint8(9)) < np.uint8(5)) & (is_break == False)  # noqa: E712
    is_space = char == np.uint8(32)
    number = is_letter * LETTER | is_number * NUMBER | is_white * WHITE | is_break * BREAK | is_space * SPACE
    return np.uint8(number) if char < NOT_ASCII else np.uint8(char & CLASS_BITS)


@compiled
def starts_piece(before_that: np.uint8, before: np.uint8, here: np.uint8, after: np.uint8) -> Verdict:
    """Tell by the classes of a character and its neighbours whether a piece starts at it."""
    goes_with_space = (before == SPACE) & ((here == LETTER) | (here == OTHER))
    goes_with_white = (before == WHITE) & (here == LETTER)
    goes_with_other = (before == OTHER) & (
        (here == BREAK) | ((here == LETTER) & (before_that != OTHER) & (before_that != SPACE))
    )
    both_white = (here >= SPACE) & (before >= SPACE)
    goes_on = (here == before) | goes_with_space | goes_with_white | goes_with_other | both_white
    is_last_white = both_white & (here != BREAK) & (after < SPACE)
    return (goes_on == False) | is_last_white  # noqa: E712, which means the same for an array


@compiled
def mark_cl100k(chars: Bytes, n: np.uint64, classes: Bytes, flags: Bytes) -> None:
    """Write 1 where a piece starts and 0 elsewhere, for n characters; `classes` is room for theirs."""
    own = classes[BEFORE:]
    for i in range(n):
        own[i] = class_of(chars[i])
    own[n] = WHITE  # white space at the end of a text is one piece
    before_that, before, after = classes[BEFORE - 2 :], classes[BEFORE - 1 :], classes[BEFORE + 1 :]
    before_that[U64(0)] = before_that[U64(1)] = EDGE
    for i in range(n):
        flags[i] = np.uint8(starts_piece(before_that[i], before[i], own[i], after[i]))
    flags[U64(0)] = np.uint8(1)
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(chars, group, APOSTROPHE)
        while bits != U64(0):
            place = group + trailing_zeros(bits)
            bits &= bits - U64(1)
            if place < n and flags[place] == np.uint8(1):
                size = contraction_of_any_case(chars, place, n)
                if size > U64(0):
                    flags[place + U64(1)] = np.uint8(0)
                    flags[place + size] = np.uint8(1)
    add_line_breaks(own, n, flags)
    add_threes(before, own, n, NUMBER, flags)


@compiled
def contraction_of_any_case(chars: Bytes, place: np.uint64, n: np.uint64) -> np.uint64:
    """Return how many characters the contraction at an apostrophe has; 0 for no contraction."""
    first = chars[place + U64(1)] | _SMALL if place + U64(1) < n else np.uint8(0)
    second = chars[place + U64(2)] | _SMALL if place + U64(2) < n else np.uint8(0)
    if first >= NOT_ASCII and first & LONG_S != np.uint8(0):
        first = _S
    return contraction_of(first, second)


@compiled
def add_line_breaks(classes: Bytes, n: np.uint64, flags: Bytes) -> None:
    """Start a piece at white space after the last line break of its run, and after those an "other" took."""
    after = classes[U64(1) :]
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(classes, group, BREAK)
        if bits != U64(0):
            bits &= where_equal(after, group, SPACE) | where_equal(after, group, WHITE)
        while bits != U64(0):
            place = group + trailing_zeros(bits) + U64(1)
            bits &= bits - U64(1)
            if place < n:
                end = end_of_white(classes, place, n, SPACE, WHITE)
                first = place - U64(1)
                while first > U64(0) and classes[first - U64(1)] == BREAK:
                    first -= U64(1)
                is_taken = first > U64(0) and classes[first - U64(1)] == OTHER
                if is_taken or (end < n and classes[end] != BREAK):
                    flags[place] = np.uint8(1)


@compiled
def end_of_white(
    classes: Bytes, place: np.uint64, n: np.uint64, space: np.uint8, white: np.uint8
) -> np.uint64:
    """Return where white space without line breaks ends, 64 characters at a time."""
    while place < n:
        n_white = trailing_zeros(~(where_equal(classes, place, space) | where_equal(classes, place, white)))
        place += n_white
        if n_white < U64(64):
            break
    return min(place, n)


@compiled
def add_threes(before: Bytes, classes: Bytes, n: np.uint64, number: np.uint8, flags: Bytes) -> None:
    """Cut runs of more than three numbers after every third."""
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(classes, group, number) & ~where_equal(before, group, number)
        for k in range(U64(1), U64(4)):
            bits &= where_equal(classes, group + k, number)
        while bits != U64(0):
            place = group + trailing_zeros(bits)
            bits &= bits - U64(1)
            end = place + U64(3)
            while end < n and classes[end] == number:
                flags[end] = np.uint8((end - place) % U64(3) == U64(0))
                end += U64(1)
