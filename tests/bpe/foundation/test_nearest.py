"""A misspelt name is answered with the nearest known one, and only where one is near."""

import pytest
from bpelab.bpe import list_encoding_names
from bpelab.bpe.files.models import MODEL_TO_ENCODING
from bpelab.bpe.foundation.nearest import did_you_mean
from hypothesis import given
from hypothesis import strategies as st

NAMES = [*list_encoding_names(), *MODEL_TO_ENCODING]


@given(st.sampled_from(NAMES), st.data())
def test_a_name_with_one_letter_wrong_is_answered_with_a_name_that_is_near(
    name: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    wrong = name[:place] + data.draw(st.sampled_from(["", "x", "-", name[place] * 2])) + name[place + 1 :]
    assert " (did you mean '" in did_you_mean(wrong, NAMES) or len(wrong) < 3


@pytest.mark.parametrize("name", ["", "zzzzzz", "안녕", "\x00", "Q" * 10**6])
def test_where_no_name_is_near_none_is_named(name: str) -> None:
    assert did_you_mean(name, NAMES) == ""


def test_capital_letters_are_no_difference() -> None:
    assert did_you_mean("GPT2", ["gpt2"]) == " (did you mean 'gpt2'?)"
