"""JSON is read without losing anything, and what is wrong with it names the file."""

import json
from typing import Any

import pytest
from bpelab.bpe.foundation.reading import decode_utf8, parse_json, refuse_gaps, require_lines
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


LINES = st.lists(st.sampled_from([b"", b"IQ== 0", b"a b"]), max_size=6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (b"IQ== 0\r\n", "a Windows line end"),
        (b"a\r", "a Windows line end"),
        (b"a", "the file ends within a line"),
    ],
)
@given(before=LINES)
def test_a_wrong_line_end_is_named_with_its_line(wrong: bytes, message: str, before: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in before)
    if data:
        require_lines(data, "x")
    with pytest.raises(ValueError, match=f"^x, line {len(before) + 1}: {message}"):
        require_lines(data + wrong, "x")


@given(before=LINES)
def test_bytes_that_are_not_utf8_are_named_with_their_line_and_place(before: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in before)
    with pytest.raises(ValueError, match=f"^x, line {len(before) + 1}: not UTF-8 at byte {len(data) + 2} "):
        decode_utf8(data + b"ab\xff\n", "x")


@given(ids=st.sets(st.integers(0, 20), min_size=1))
def test_the_first_rank_that_is_missing_is_named(ids: set[int]) -> None:
    missing = min(set(range(22)) - ids)
    if missing == len(ids):
        refuse_gaps("x", sorted(ids))
    else:
        with pytest.raises(ValueError, match=f"no token has the rank {missing}$"):
            refuse_gaps("x", sorted(ids))
