"""A text is cut into sections at the last word that begins within reach of each multiple of their size."""

import numpy as np
import pytest
from bpelab.bpe.encoders.compiled import encoder
from bpelab.bpe.encoders.compiled.encoder import cut_at_words
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text("ab1!~  \n\té", max_size=60).map(str.encode)


def begins_word(text: bytes, place: int) -> bool:
    return text[place] == ord(" ") and ord("!") <= text[place - 1] <= ord("~")


@given(text=TEXTS, n_bytes=st.integers(1, 12), within=st.integers(0, 20))
def test_sections_end_at_the_last_place_within_reach(text: bytes, n_bytes: int, within: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "CUT_WITHIN", within)
        start, *ends = cut_at_words(np.frombuffer(text, np.uint8), n_bytes)
    expected = [0]
    for place in range(n_bytes, len(text), n_bytes):
        reach = range(max(expected[-1] + 1, place - within), place + 1)
        expected += [end for end in reach if begins_word(text, end)][-1:]
    assert [start, *ends] == [*expected, len(text)]


def test_sections_of_any_size_are_cut_after_their_first_word() -> None:
    text = np.frombuffer(b"word " * 20_000, np.uint8)
    assert cut_at_words(text, 40_000) == [0, 39_999, 79_999, 100_000]
