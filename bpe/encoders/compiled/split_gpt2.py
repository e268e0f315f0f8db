r"""Where does GPT-2's pattern start a piece? `splitting.rules_gpt2` has the reasons; here are the loops.

    '(?:[sdmt]|ll|ve|re) | ?\p{L}++ | ?\p{N}++ | ?[^\s\p{L}\p{N}]++ |\s++$|\s+(?!\S)|\s

`starts_piece` is the pattern: it holds for single characters as for whole arrays of them.
"""

import numpy as np
from bpelab.bpe.encoders.compiled.characters import CLASS_BITS, NOT_ASCII
from bpelab.bpe.encoders.compiled.machine import U64, Bytes, Verdict, compiled, trailing_zeros, where_equal
from bpelab.bpe.encoders.compiled.memory import BEFORE
from bpelab.bpe.splitting import rules_shared

# The classes of `splitting.rules_shared`, as the loops compare them with bytes.
OTHER, LETTER, NUMBER, SPACE, WHITE = map(
    np.uint8,
    (
        rules_shared.OTHER,
        rules_shared.IS_LETTER,
        rules_shared.IS_NUMBER,
        rules_shared.PLAIN_SPACE,
        rules_shared.OTHER_SPACE,
    ),
)
APOSTROPHE = np.uint8(ord("'"))
_S, _T, _D, _M, _L, _V, _R, _E = (np.uint8(ord(letter)) for letter in "stdmlvre")


@compiled
def class_of(char: np.uint8) -> np.uint8:
    """Return the class of a character, given as one byte (see `characters`)."""
    is_letter = np.uint8((char | np.uint8(32)) - np.uint8(97)) < np.uint8(26)
    is_number = np.uint8(char - np.uint8(48)) < np.uint8(10)
    is_white = np.uint8(char - np.uint8(9)) < np.uint8(5)
    is_space = char == np.uint8(32)
    number = is_letter * LETTER | is_number * NUMBER | is_white * WHITE | is_space * SPACE
    return np.uint8(number) if char < NOT_ASCII else np.uint8(char & CLASS_BITS)


@compiled
def starts_piece(before: np.uint8, here: np.uint8, after: np.uint8) -> Verdict:
    """Tell by the classes of a character and its neighbours whether a piece starts at it."""
    differs = (here != before) & (before != SPACE) & ((here < SPACE) | (before < SPACE))
    is_last_white = (here >= SPACE) & (before >= SPACE) & (after < SPACE)
    return differs | is_last_white


@compiled
def mark_gpt2(chars: Bytes, n: np.uint64, classes: Bytes, flags: Bytes) -> None:
    """Write 1 where a piece starts and 0 elsewhere, for n characters; `classes` is room for theirs."""
    own = classes[BEFORE:]
    for i in range(n):
        own[i] = class_of(chars[i])
    own[n] = WHITE  # white space at the end of a text is one piece
    before, after = classes[BEFORE - 1 :], classes[BEFORE + 1 :]
    for i in range(n):
        flags[i] = np.uint8(starts_piece(before[i], own[i], after[i]))
    flags[U64(0)] = np.uint8(1)
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(chars, group, APOSTROPHE)
        while bits != U64(0):
            place = group + trailing_zeros(bits)
            bits &= bits - U64(1)
            if place < n and flags[place] == np.uint8(1):
                size = contraction(chars, place, n)
                if size > U64(0):
                    flags[place + U64(1)] = np.uint8(0)
                    flags[place + size] = np.uint8(1)


@compiled
def contraction(chars: Bytes, place: np.uint64, n: np.uint64) -> np.uint64:
    """Return how many characters the contraction at an apostrophe has; 0 for no contraction."""
    first = chars[place + U64(1)] if place + U64(1) < n else np.uint8(0)
    second = chars[place + U64(2)] if place + U64(2) < n else np.uint8(0)
    return contraction_of(first, second)


@compiled
def contraction_of(first: np.uint8, second: np.uint8) -> np.uint64:
    """Return how many characters an apostrophe and these two are, as far as they are a contraction; or 0."""
    if first in (_S, _T, _D, _M):
        return U64(2)
    if (first == _L and second == _L) or (second == _E and first in (_V, _R)):
        return U64(3)
    return U64(0)
