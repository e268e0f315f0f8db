"""The shared rules mean the same for one character in a loop as for all of them in arrays."""

import numpy as np
import pytest
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN
from bpelab.bpe.splitting.regex_splitter import splitter
from bpelab.bpe.splitting.rules_cl100k import cl100k_classes
from bpelab.bpe.splitting.rules_gpt2 import changes_class, gpt2_classes
from bpelab.bpe.splitting.rules_shared import (
    AFTER_TEXT,
    BEFORE_TEXT,
    LINE_BREAK,
    PLAIN_SPACE,
    ends_white_space,
    goes_along,
    starts_by_class,
)
from hypothesis import given
from hypothesis import strategies as st


def with_neighbours(classes: list[int]) -> list[list[int]]:
    """The class of each character, with those of two before it and of one after it."""
    padded = [BEFORE_TEXT, BEFORE_TEXT, *classes, AFTER_TEXT]
    return [padded[i : i + 4] for i in range(len(classes))]


def starts_in_a_loop(classes: list[int]) -> list[bool]:
    starts = []
    for two_before, before, here, after in with_neighbours(classes):
        white_before, white_here, white_after = (kind >= PLAIN_SPACE for kind in (before, here, after))
        stays = goes_along(two_before, before, here, white_before) or (white_before and white_here)
        left_over = ends_white_space(white_before, white_here, white_after) and here != LINE_BREAK
        starts.append((here != before and not stays) or left_over)
    return [*starts, True]


@given(st.lists(st.integers(0, LINE_BREAK), min_size=1, max_size=12))
def test_a_loop_and_arrays_start_pieces_at_the_same_characters(classes: list[int]) -> None:
    assert starts_by_class(np.array(classes, dtype=np.uint8)).tolist() == starts_in_a_loop(classes)


def starts_of_pieces(text: str, pattern: str) -> list[bool]:
    starts = [False] * (len(text) + 1)
    end = 0
    for piece in splitter(pattern)(text):
        starts[end] = True
        end += len(piece)
    return [*starts[:-1], True]


# Without apostrophes, and runs of numbers and line breaks, whose rules look further than one character.
@pytest.mark.parametrize("kept", ["a1!", "a1! ", "a1! \t"])
@given(st.data())
def test_neighbours_alone_decide_where_gpt2_and_cl100k_start_a_piece(kept: str, data: st.DataObject) -> None:
    text = data.draw(st.text(kept, min_size=1, max_size=12).filter(lambda text: "1111" not in text))
    cl100k = cl100k_classes()[list(map(ord, text))].tolist()
    assert starts_in_a_loop(cl100k) == starts_of_pieces(text, CL100K_PATTERN)
    gpt2 = [
        changes_class(before, here, before >= PLAIN_SPACE, here >= PLAIN_SPACE)
        or ends_white_space(before >= PLAIN_SPACE, here >= PLAIN_SPACE, after >= PLAIN_SPACE)
        for _, before, here, after in with_neighbours(gpt2_classes()[list(map(ord, text))].tolist())
    ]
    assert [*gpt2, True] == starts_of_pieces(text, GPT2_PATTERN)
