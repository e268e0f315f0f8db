"""JSON is read without losing anything, and what is wrong with it names the file."""

import json
from typing import Any

import pytest
from bpelab.bpe.foundation.reading import parse_json
from hypothesis import given
from hypothesis import strategies as st

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_json_is_read_as_it_is(value: Any, ensure_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii)
    assert parse_json(text.encode("utf-8"), "x.json") == value


def test_a_pair_of_surrogate_escapes_is_a_character_and_an_escaped_backslash_is_not() -> None:
    assert parse_json(rb'["\ud83d\ude42", "\\ud83d"]', "x.json") == ["🙂", "\\ud83d"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"^x\.json, line 1: not JSON, or cut short, at column 1"),
        (b'{"a":\n1', r"^x\.json, line 2: not JSON, or cut short, at column 2"),
        (b'{"a":\n{"b": 1, "c": 2,\n"b": 3}}', r"^x\.json, line 3: the key 'b' appears twice in an object"),
        (b"[1, -Infinity]", r"^x\.json: -Infinity is not JSON"),
        (b"[" * 100_000, r"^x\.json: nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, r"^x\.json: nested too deeply"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, r"^x\.json: nested too deeply"),
        (b"[-" + b"7" * 5000 + b"]", r"^x\.json: a number has thousands of digits"),
        (rb'["\udc00"]', r"^x\.json: half a surrogate pair"),
        (rb'[{"\uD800x": 1}]', r"^x\.json: half a surrogate pair"),
        (b"[1]\n\xff", r"^x\.json, line 2: not UTF-8 at byte 4 of the file"),
        (b"\xef\xbb\xbf[]", r"^x\.json, line 1: the file begins with a byte order mark"),
    ],
)
def test_input_that_is_not_json_or_would_be_lost_is_refused_by_file(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_json(data, "x.json")
