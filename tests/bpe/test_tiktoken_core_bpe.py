"""Code that was written for tiktoken's private names gets what tiktoken gives it."""

from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

tiktoken = pytest.importorskip("tiktoken")

SPECIALS = {"<|end|>": 60000, "<|endoftext|>": 50256}
STRETCHES = st.sampled_from(
    ["hello", " world", "  ", " \n", "\n", "\t", "é", "한", "🙂", "<|end|>", "'ll", "12"]
)
BROKEN = st.sampled_from(
    [b"\xff", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc3", b"\x80", b"\xf4\x90\x80\x80"]
)
DATA = st.lists(STRETCHES.map(str.encode) | BROKEN | st.binary(max_size=3), max_size=12).map(b"".join)


@pytest.fixture(
    scope="module",
    params=[GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN, "[a-z]+"],
    ids=["gpt2", "cl100k", "o200k", "letters"],
)
def both(request: pytest.FixtureRequest, gpt2: Encoding) -> tuple[Encoding, Any]:
    parts = {"pat_str": request.param, "mergeable_ranks": dict(gpt2.ranks), "special_tokens": SPECIALS}
    return Encoding("x", **parts), tiktoken.Encoding("x", **parts)


@settings(max_examples=150)
@given(data=DATA)
def test_any_bytes_have_tiktoken_s_ids(both: tuple[Encoding, Any], data: bytes) -> None:
    ours, theirs = both
    expected = theirs._encode_bytes(data)
    assert (
        ours.encode_bytes(data) == ours._encode_bytes(data) == ours._core_bpe._encode_bytes(data) == expected
    )
    assert ours.with_engine("arrays").encode_bytes(data) == expected
    if ours.pattern != "[a-z]+":
        assert ours.decode_bytes(expected) == data


def test_a_broken_end_of_many_bytes_has_tiktoken_s_ids(both: tuple[Encoding, Any]) -> None:
    ours, theirs = both
    for data in (
        b"a" * 3000 + b"\xff",
        b"\xff" * 3000,
        b" \n" * 500 + b"\xe2\x82",
        b"ab " * 999 + b"\xf0\x9f" * 99,
    ):
        assert ours.encode_bytes(data) == theirs._encode_bytes(data)


@given(text=st.lists(STRETCHES, max_size=8).map("".join))
def test_the_core_s_methods_are_tiktoken_s(both: tuple[Encoding, Any], text: str) -> None:
    ours, theirs = both
    mine, core = ours._core_bpe, theirs._core_bpe
    assert mine.encode_ordinary(text) == core.encode_ordinary(text)
    for allowed in (set(), {"<|end|>"}, set(SPECIALS)):
        ids = core.encode(text, allowed)
        assert mine.encode(text, allowed) == ids
        assert np.frombuffer(mine.encode_to_tiktoken_buffer(text, allowed), dtype=np.uint32).tolist() == ids
    assert mine.decode_bytes(ids) == core.decode_bytes(ids)
    if text:
        data = text.encode()
        assert mine.encode_single_piece(data) == core.encode_single_piece(data)
        assert ours._encode_single_piece(text) == theirs._encode_single_piece(text)
    if ours.pattern != "[a-z]+":
        assert ours._encode_only_native_bpe(text) == theirs._encode_only_native_bpe(text)


def test_private_names_hold_what_tiktoken_s_hold(both: tuple[Encoding, Any]) -> None:
    ours, theirs = both
    for name in ("_pat_str", "_mergeable_ranks", "_special_tokens", "max_token_value", "n_vocab"):
        assert getattr(ours, name) == getattr(theirs, name), name
        assert type(getattr(ours, name)) is type(getattr(theirs, name)), name
    mine, core = ours._core_bpe, theirs._core_bpe
    assert mine.token_byte_values() == core.token_byte_values()
    assert mine.encode_single_token(b"hello") == core.encode_single_token(b"hello")
    assert mine.encode_single_token(b"<|end|>") == core.encode_single_token(b"<|end|>")
    assert mine.decode_single_token_bytes(60000) == core.decode_single_token_bytes(60000)
    stable, completions = core.encode_with_unstable("hello fanta", set())
    assert mine.encode_with_unstable("hello fanta", set()) == (stable, sorted(completions))
    for call in (mine.encode_ordinary, lambda text: mine.encode(text, set()), ours._encode_only_native_bpe):
        with pytest.raises(UnicodeEncodeError):
            call("\ud800")


def test_a_token_of_no_bytes_is_accepted_as_by_tiktoken() -> None:
    """The multilingual vocabulary of Whisper has one."""
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"": 256, b"ab": 257}
    parts: dict[str, Any] = {
        "pat_str": GPT2_PATTERN,
        "mergeable_ranks": ranks,
        "special_tokens": {"<end>": 258},
    }
    theirs = tiktoken.Encoding("x", **parts)
    for engine in ("textbook", "cached", "arrays"):
        ours = Encoding("x", **parts, engine=engine)
        n = 200 if engine == "textbook" else 9000  # the definition takes quadratic time
        for text in ("abc ab", "", "a" * n, "ab" * n):
            ids = theirs.encode(text)
            assert ours.encode(text) == ours.encode_to_numpy(text).tolist() == ids
            assert ours.encode_with_offsets(text).byte_starts[-1] == len(text)
        assert ours.decode([256, 97, 256, 258] * 300) == theirs.decode([256, 97, 256, 258] * 300)
        assert ours.encode_single_token(b"") == theirs.encode_single_token(b"") == 256
        assert ours.decode_with_offsets([97, 256, 98]) == ("ab", [0, 1, 1])
