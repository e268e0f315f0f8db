"""Offsets, truncation and counting: what tiktoken does not have, against their definitions."""

from itertools import pairwise
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.encoders.arrays import blocks
from bpelab.bpe.encoders.arrays.encoder import ArrayEncoder
from bpelab.bpe.encoders.arrays.keys import Pieces
from bpelab.bpe.encoders.arrays.store import PieceStore
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(max_size=60) | st.text(alphabet="a 's\n한🙂é1", max_size=60)


@given(text=TEXTS)
def test_offsets_find_each_token_in_the_text(gpt2: Encoding, text: str) -> None:
    ids, byte_starts, char_starts = gpt2.encode_with_offsets(text, disallowed_special=())
    data = text.encode("utf-8")
    assert ids.tolist() == gpt2.encode_ordinary(text)
    spans = list(pairwise(byte_starts))
    assert [data[start:end] for start, end in spans] == gpt2.decode_tokens_bytes(ids)
    for byte_start, char_start in zip(byte_starts, char_starts, strict=True):
        assert (
            len(text[:char_start].encode())
            <= byte_start
            < max(byte_start + 1, len(text[: char_start + 1].encode()))
        )
    assert char_starts[:-1].tolist() == gpt2.decode_with_offsets(ids)[1]


def test_offsets_count_special_tokens_in(gpt2: Encoding) -> None:
    offsets = gpt2.encode_with_offsets("é<|endoftext|>b", allowed_special="all")
    assert offsets.byte_starts.tolist() == [0, 2, 15, 16]
    assert offsets.char_starts.tolist() == [0, 1, 14, 15]


BYTES = {bytes([byte]): byte for byte in range(256)}


@pytest.mark.parametrize("n_times", [1, 5000], ids=["short", "long"])
def test_offsets_are_refused_where_the_pattern_leaves_text_out(n_times: int) -> None:
    letters = Encoding("letters", pat_str="[a-z]+", mergeable_ranks=BYTES, special_tokens={})
    with pytest.raises(ValueError, match=r"the pattern leaves the rest out"):
        letters.encode_with_offsets("ab, cd" * n_times)
    with pytest.raises(ValueError, match=r"the pattern leaves the rest out"):
        letters.truncate("ab, cd" * n_times, 3)


def test_a_special_token_may_have_the_highest_id_there_is() -> None:
    enc = Encoding("x", pat_str=".", mergeable_ranks=BYTES, special_tokens={"<end>": 2**32 - 1, "<5>": 256})
    offsets = enc.encode_with_offsets("ab<end>c<5>", allowed_special="all")
    assert offsets.ids.tolist() == [97, 98, 2**32 - 1, 99, 256]
    assert offsets.byte_starts.tolist() == [0, 1, 2, 7, 8, 11]


@given(text=TEXTS, max_tokens=st.integers(0, 80))
def test_a_truncated_text_is_a_beginning_within_the_limit(gpt2: Encoding, text: str, max_tokens: int) -> None:
    beginning = gpt2.truncate(text, max_tokens)
    assert text.startswith(beginning)
    assert gpt2.count(beginning) <= max_tokens
    if gpt2.count(text) <= max_tokens:
        assert beginning == text
    elif max_tokens:
        # No more than one character's tokens are given up.
        n_lost = max_tokens - gpt2.count(beginning)
        assert n_lost < max(gpt2.count(char) for char in text) + 1


def test_truncating_never_splits_a_character(gpt2: Encoding) -> None:
    assert [gpt2.truncate("a한b", n) for n in range(5)] == ["", "a", "a", "a한", "a한b"]


def test_a_beginning_that_has_more_tokens_by_itself_ends_earlier() -> None:
    ranks = {bytes([byte]): byte for byte in b"'re"} | {b"'r": 200}
    enc = Encoding("x", pat_str="'re|'|[a-z]+", mergeable_ranks=ranks, special_tokens={})
    assert enc.decode_tokens_bytes(enc.encode("'re")) == [b"'r", b"e"]
    assert enc.count("'r") == 2
    assert enc.truncate("'re", 1) == ""


def test_a_long_text_is_encoded_no_further_than_its_beginning(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_CHARS", 10_000)
    text = "Hello, world. 안녕 " * 100_000
    n_bytes = 0

    def counted(self: ArrayEncoder, pieces: Pieces, store: PieceStore) -> Any:
        nonlocal n_bytes
        n_bytes += len(pieces.data)
        return look_up(self, pieces, store)

    look_up = ArrayEncoder.look_up
    monkeypatch.setattr(ArrayEncoder, "look_up", counted)
    for max_tokens in (1, 1000, 20_000):
        n_bytes = 0
        beginning = gpt2.truncate(text, max_tokens)
        assert gpt2.count(beginning) == max_tokens
        assert n_bytes < 4 * len(beginning.encode()) + 40_000


def test_a_text_that_its_pattern_leaves_out_is_not_truncated_to_something_else() -> None:
    letters = Encoding("letters", pat_str="[a-z]+", mergeable_ranks=BYTES, special_tokens={})
    assert letters.truncate("ab, cd", 2) == "ab"
    for text, max_tokens in (("ab, cd", 3), ("ab!", 9), ("!ab", 1), ("!", 5)):
        if text != "!":
            with pytest.raises(ValueError, match="do not make the text's beginning: the pattern leaves"):
                letters.truncate(text, max_tokens)


def test_a_negative_number_of_tokens_is_refused(gpt2: Encoding) -> None:
    with pytest.raises(ValueError, match="max_tokens is -1"):
        gpt2.truncate("hello", -1)


@given(text=TEXTS, limit=st.integers(0, 60))
def test_counting_stops_at_the_limit(gpt2: Encoding, text: str, limit: int) -> None:
    n_tokens = len(gpt2.encode_ordinary(text))
    assert gpt2.count(text) == n_tokens
    assert gpt2.count(text, limit=limit) == (n_tokens if n_tokens <= limit else None)
