"""A whole number is an integer of any library, and nothing that only looks like one."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from bpelab.bpe.foundation.arguments import as_whole, require_text, require_whole
from hypothesis import given
from hypothesis import strategies as st


@given(number=st.integers(0, 127), kind=st.sampled_from([int, np.uint8, np.int32, np.uint64, np.array]))
def test_an_integer_of_any_library_becomes_an_int(number: int, kind: Any) -> None:
    whole = as_whole(kind(number))
    assert whole == number and type(whole) is int


@pytest.mark.parametrize(
    "value", [True, np.True_, 4.0, np.float32(4), Decimal(4), "4", None, [4], np.array([4])]
)
def test_what_is_no_integer_is_none(value: Any) -> None:
    assert as_whole(value) is None
    with pytest.raises(TypeError, match="n must be a whole number, not "):
        require_whole("n", value)


@given(number=st.integers(-3, 3), lowest=st.none() | st.integers(-2, 2))
def test_a_number_below_the_lowest_is_refused(number: int, lowest: int | None) -> None:
    if lowest is None or number >= lowest:
        assert require_whole("n", number, lowest) == number
    else:
        with pytest.raises(ValueError, match=f"^n is {number}; it must be {lowest} or more$"):
            require_whole("n", number, lowest)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"a", r"^the text must be a str, not bytes; decode them first, as data\.decode\('utf-8'\)$"),
        (bytearray(b"a"), "not bytearray; decode them first"),
        (1, "^the text must be a str, not int$"),
    ],
)
def test_a_text_that_is_none_is_named_by_its_type(value: object, message: str) -> None:
    require_text("")
    with pytest.raises(TypeError, match=message):
        require_text(value)
