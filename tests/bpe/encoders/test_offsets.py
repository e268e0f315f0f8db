"""A token starts at the character that holds its first byte, wherever tokens cut a text's bytes."""

from itertools import pairwise

import numpy as np
import pytest
from bpelab.bpe.encoders.offsets import text_and_offsets, token_offsets
from hypothesis import given
from hypothesis import strategies as st

# Characters of one to four bytes, among them some whose later bytes are the lowest and the highest ones.
TEXTS = st.text(alphabet="aé한🙂\u0080\u00bf\u0800\u2000\uffff\U00010000\U0010ffff", max_size=8) | st.text(
    max_size=8
)


@given(text=TEXTS, cuts=st.sets(st.integers(0, 30)))
def test_offsets_are_those_of_the_characters(text: str, cuts: set[int]) -> None:
    data = text.encode()
    character_of_byte = [i for i, char in enumerate(text) for _ in char.encode()]
    starts = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    parts = [data[start:end] for start, end in pairwise(starts)]
    expected = [character_of_byte[start] for start in starts[:-1]]
    assert text_and_offsets(parts) == (text, expected)
    found = token_offsets(data, np.zeros(len(parts), np.uint32), np.array(list(map(len, parts)), np.int64))
    assert found.byte_starts.tolist() == starts
    assert found.char_starts.tolist() == [*expected, len(text)]


@given(st.integers(0, 9), st.integers(0, 9))
def test_tokens_that_make_more_or_fewer_bytes_than_the_text_are_refused(n_bytes: int, length: int) -> None:
    ids, lengths = np.zeros(1, np.uint32), np.array([length])
    if n_bytes != length:
        with pytest.raises(ValueError, match=f"the tokens make {length} of the text's {n_bytes} bytes"):
            token_offsets(b"a" * n_bytes, ids, lengths)
    else:
        assert token_offsets(b"a" * n_bytes, ids, lengths).byte_starts.tolist() == [0, length]
