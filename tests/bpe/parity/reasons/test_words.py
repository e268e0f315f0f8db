"""What a reason says is taken from the place of the difference, and from the pattern's own classes."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from bpelab.bpe import textbook
from bpelab.bpe.parity.reasons.order import _first_step
from bpelab.bpe.parity.reasons.split import _of_class, crossing_token, cut_of
from hypothesis import given
from hypothesis import strategies as st

CUTS = st.sets(st.integers(1, 9))
NEITHER = "neither letter, number nor white space"


@given(token_cuts=CUTS, piece_cuts=CUTS)
def test_the_first_token_across_two_pieces_is_named_with_them(
    token_cuts: set[int], piece_cuts: set[int]
) -> None:
    text = bytes(range(10))
    tokens, pieces = (
        [text[start:end] for start, end in pairwise([0, *sorted(cuts), 10])]
        for cuts in (token_cuts, piece_cuts)
    )
    crossing = crossing_token(tokens, pieces)
    if piece_cuts <= token_cuts:
        assert crossing is None
    else:
        first = min(piece_cuts - token_cuts)
        (token,) = [token for token in tokens if token[0] < first <= token[-1]]
        (left,), (right,) = ([piece for piece in pieces if at in piece] for at in (first - 1, first))
        assert crossing == (token, left, right)


@pytest.mark.parametrize(
    ("char", "what", "kind", "words", "is_likely"),
    [
        (
            "\u0378",
            "a letter",
            "unicode",
            "U+0378 (which has no name here) for a letter, and Unicode 16",
            True,
        ),
        ("é", NEITHER, "unicode", "not take U+00E9 (LATIN SMALL LETTER E WITH ACUTE) for a letter,", True),
        ("٣", NEITHER, "unicode", "does not take U+0663 (ARABIC-INDIC DIGIT THREE) for a number,", True),
        ("\xa0", NEITHER, "split", "and the pattern for white space", True),
        ("\u0301", "a letter", "split", "and the pattern for a mark", True),
        ("é", "white space", "split", "for white space, and the pattern for a letter", True),
        ("é", "a digit or number", "split", "and the pattern for a letter", False),
        ("٣", "a letter", "split", "and the pattern for a number", False),
        ("☃", "a letter", "split", "and the pattern for none of its classes", False),
        ("\u3000", "a letter", "split", "and the pattern for white space", False),
    ],
)
def test_a_character_taken_for_something_else_is_named_with_both(
    char: str, what: str, kind: str, words: str, is_likely: bool
) -> None:
    other = _of_class("theirs", char, what)
    assert (other.kind, other.is_likely) == (kind, is_likely)
    assert words in other.words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            [b"a", b"b", b"cd"],
            "at b'a' b'b' b'c' b'd', the pair b'a' + b'b' has the lowest rank, 4, and merges;",
        ),
        ([b"ab", b"cd"], "at b'ab' b'c' b'd', the pair b'ab' + b'c' has the lowest rank, 5, and merges;"),
        ([b"abcd"], "theirs merges on to b'abcd'"),
    ],
)
def test_the_first_merge_that_is_missing_is_named(found: list[bytes], words: str) -> None:
    tokens = [b"a", b"b", b"c", b"d", b"ab", b"abc", b"cd"]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    case: Any = SimpleNamespace(name="theirs", tables=SimpleNamespace(ranks=ranks))
    assert words in _first_step(case, b"abcd", found)


@given(piece=st.text("a1", min_size=2, max_size=8), data=st.data())
def test_a_piece_that_was_cut_in_two_is_told_by_its_parts_unless_it_is_a_word(
    piece: str, data: st.DataObject
) -> None:
    tokens = [b"a", b"1", b"a1", b"1a", b"11", b"a1a"]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    cut, content = data.draw(st.integers(1, len(piece) - 1)), piece.encode()
    found = textbook.merge_piece(content[:cut], ranks) + textbook.merge_piece(content[cut:], ranks)
    parts = cut_of(content, [tokens[rank] for rank in found], ranks)
    if piece.isalpha():
        assert parts is None
    else:
        assert parts is not None and b"".join(parts) == content
        assert [rank for part in parts for rank in textbook.merge_piece(part, ranks)] == found
    assert cut_of(content, [b"a"], ranks) is None
