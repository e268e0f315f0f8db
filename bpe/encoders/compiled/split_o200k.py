r"""Where does o200k's pattern start a piece? `splitting.rules_o200k` has the reasons; here are the loops.

    [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |\p{N}{1,3} | ?[^\s\p{L}\p{N}]+[\r\n/]* |\s*[\r\n]+|\s+(?!\S)|\s+

First the characters that belong to the piece before them get a class of their own, TAKEN: line breaks and
slashes after punctuation, marks after more than one "other", and contractions after words. Then
`starts_piece` decides by a character and its neighbours, and what depends on more is added: white space
after the last line break, every third number, and capitals within a word."""

import numpy as np
from bpelab.bpe.encoders.compiled.characters import CLASS_BITS, NOT_ASCII
from bpelab.bpe.encoders.compiled.machine import U64, Bytes, Verdict, compiled, trailing_zeros, where_equal
from bpelab.bpe.encoders.compiled.memory import BEFORE
from bpelab.bpe.encoders.compiled.split_cl100k import EDGE, add_threes, contraction_of_any_case, end_of_white
from bpelab.bpe.encoders.compiled.split_gpt2 import APOSTROPHE

# Not 0: of "is it 0" and "is it one of 1 to 4" LLVM makes one subtraction with a carry, which it cannot do
# for many characters at once: the rule would take forty times as long.
FIRST_CLASS = 1
OTHER, MARK, UPPER, LOWER, BOTH, NUMBER, SPACE, WHITE, BREAK, TAKEN = (
    np.uint8(number) for number in range(FIRST_CLASS, FIRST_CLASS + 10)
)
_SLASH = np.uint8(ord("/"))


@compiled
def class_of(char: np.uint8) -> np.uint8:
    """Return the class of a character, given as one byte (see `characters`)."""
    is_upper = np.uint8(char - np.uint8(65)) < np.uint8(26)
    is_lower = np.uint8(char - np.uint8(97)) < np.uint8(26)
    is_number = np.uint8(char - np.uint8(48)) < np.uint8(10)
    is_break = (char == np.uint8(10)) | (char == np.uint8(13))
    is_white = (np.uint8(char - np.uint8(9)) < np.uint8(5)) & (is_break == False)  # noqa: E712
    is_space = char == np.uint8(32)
    letter = is_upper * UPPER | is_lower * LOWER
    number = letter | is_number * NUMBER | is_white * WHITE | is_break * BREAK | is_space * SPACE
    return max(np.uint8(number), OTHER) if char < NOT_ASCII else np.uint8(char & CLASS_BITS)


@compiled
def is_word(kind: np.uint8) -> Verdict:
    """Tell whether a class is one of the word characters."""
    return (kind >= MARK) & (kind <= BOTH)


@compiled
def is_white(kind: np.uint8) -> Verdict:
    """Tell whether a class is white space that nothing took."""
    return (kind >= SPACE) & (kind <= BREAK)


@compiled
def starts_piece(before_that: np.uint8, before: np.uint8, here: np.uint8, after: np.uint8) -> Verdict:
    """Tell by the classes of a character and its neighbours whether a piece starts at it.

    Within a word only before a capital that follows a small letter; `add_capitals` knows the other places.
    """
    word, both_white = is_word(here), is_white(here) & is_white(before)
    within_word = word & is_word(before) & ((here != UPPER) | (before != LOWER))
    goes_with_space = (before == SPACE) & (word | (here == OTHER))
    goes_with_white = (before == WHITE) & word
    goes_with_other = (before == OTHER) & word & (before_that != OTHER) & (before_that != SPACE)
    same = (here == before) | (here == TAKEN) | within_word
    goes_on = same | goes_with_space | goes_with_white | goes_with_other | both_white
    is_last_white = both_white & (here != BREAK) & (is_white(after) == False)  # noqa: E712
    return (goes_on == False) | is_last_white  # noqa: E712, which means the same for an array


@compiled
def mark_o200k(chars: Bytes, n: np.uint64, classes: Bytes, flags: Bytes) -> None:
    """Write 1 where a piece starts and 0 elsewhere, for n characters; `classes` is room for theirs."""
    own = classes[BEFORE:]
    for i in range(n):
        own[i] = class_of(chars[i])
    own[n] = WHITE  # white space at the end of a text is one piece
    before_that, before, after = classes[BEFORE - 2 :], classes[BEFORE - 1 :], classes[BEFORE + 1 :]
    before_that[U64(0)] = before_that[U64(1)] = EDGE
    take_line_breaks(chars, n, before, own)
    take_marks(chars, n, own)
    take_contractions(chars, n, own)
    for i in range(n):
        flags[i] = np.uint8(starts_piece(before_that[i], before[i], own[i], after[i]))
    flags[U64(0)] = np.uint8(1)
    add_line_breaks(own, n, flags)
    add_threes(before, own, n, NUMBER, flags)
    add_capitals(own, n, BOTH, flags)
    add_capitals(own, n, MARK, flags)


@compiled
def take_breaks_and_slashes(chars: Bytes, place: np.uint64, n: np.uint64, classes: Bytes) -> None:
    """Take all line breaks and slashes from here on."""
    while place < n and (classes[place] == BREAK or chars[place] == _SLASH):
        classes[place] = TAKEN
        place += U64(1)


@compiled
def take_line_breaks(chars: Bytes, n: np.uint64, before: Bytes, classes: Bytes) -> None:
    """Take line breaks after an "other", and all line breaks and slashes that follow them."""
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(classes, group, BREAK) & where_equal(before, group, OTHER)
        while bits != U64(0):
            place = group + trailing_zeros(bits)
            bits &= bits - U64(1)
            if place < n and classes[place] == BREAK:
                take_breaks_and_slashes(chars, place, n, classes)


@compiled
def take_marks(chars: Bytes, n: np.uint64, classes: Bytes) -> None:
    """Make others of the marks that a piece of others takes in, and let those take what follows them."""
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(classes, group, MARK)
        while bits != U64(0):
            place = group + trailing_zeros(bits)
            bits &= bits - U64(1)
            if not U64(2) <= place < n or classes[place] != MARK or classes[place - U64(1)] != OTHER:
                continue
            if classes[place - U64(2)] == OTHER or classes[place - U64(2)] == SPACE:
                while place < n and classes[place] == MARK:
                    classes[place] = OTHER
                    place += U64(1)
                if place < n and classes[place] == BREAK:
                    take_breaks_and_slashes(chars, place, n, classes)


@compiled
def take_contractions(chars: Bytes, n: np.uint64, classes: Bytes) -> None:
    """Take contractions after a word; one right after another has no word before it, and does not count."""
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(chars, group, APOSTROPHE)
        while bits != U64(0):
            place = group + trailing_zeros(bits)
            bits &= bits - U64(1)
            if U64(0) < place < n and is_word(classes[place - U64(1)]):
                for i in range(contraction_of_any_case(chars, place, n)):
                    classes[place + i] = TAKEN


@compiled
def add_line_breaks(classes: Bytes, n: np.uint64, flags: Bytes) -> None:
    """Start a piece at white space after the last line break of its run."""
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
                if end == n or classes[end] != BREAK:
                    flags[place] = np.uint8(1)


@compiled
def add_capitals(classes: Bytes, n: np.uint64, kind: np.uint8, flags: Bytes) -> None:
    """Start a piece at a capital right after a BOTH or a MARK, where that ends the word before it.

    It does where the nearest character of another kind before it is a small letter, and where no word
    character follows the capitals.
    """
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(classes, group, kind)
        while bits != U64(0):
            place = group + trailing_zeros(bits) + U64(1)
            bits &= bits - U64(1)
            if place < n and classes[place] == UPPER:
                first = place - U64(1)
                while first > U64(0) and (classes[first] == BOTH or classes[first] == MARK):
                    first -= U64(1)
                end = place
                while end < n and classes[end] == UPPER:
                    end += U64(1)
                if classes[first] == LOWER or end == n or not is_word(classes[end]):
                    flags[place] = np.uint8(1)
