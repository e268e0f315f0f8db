"""Parts of a text have the pieces of the whole, and are as long as they may be."""

import pytest
from bpelab.bpe.splitting.cuts import CUTTABLE_PATTERNS, cut_text, last_cut
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(alphabet="ab1  \n.,。'!", max_size=40) | st.text(max_size=24)


@pytest.mark.parametrize("pattern", sorted(CUTTABLE_PATTERNS))
@given(text=TEXTS, n_chars=st.integers(1, 12))
def test_the_parts_have_the_pieces_of_the_text(pattern: str, text: str, n_chars: int) -> None:
    split = splitter(pattern)
    assert [piece for part in cut_text(text, n_chars) for piece in split(part)] == split(text)


@given(text=TEXTS, n_chars=st.integers(1, 12))
def test_a_part_ends_at_the_last_cut_within_the_limit(text: str, n_chars: int) -> None:
    *parts, rest = cut_text(text, n_chars)
    assert "".join([*parts, rest]) == text
    start = 0
    for part in parts:
        assert 0 < len(part) <= n_chars
        # One more character tells whether the text may be cut after the limit itself.
        assert last_cut(text[start : start + n_chars + 1]) == len(part)
        start += len(part)
    assert len(rest) <= n_chars or not last_cut(rest[: n_chars + 1])
