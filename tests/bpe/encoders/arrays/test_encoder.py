"""The array way gives the ids of the textbook, at any size of its tables and blocks."""

import random
import tracemalloc
from itertools import islice
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding, textbook
from bpelab.bpe.encoders import choice
from bpelab.bpe.encoders.arrays import blocks, long_piece, rounds
from bpelab.bpe.encoders.arrays.encoder import ArrayEncoder
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

from ..texts import TEXTS


@pytest.mark.parametrize(
    "pattern", [GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN], ids=["gpt2", "cl100k", "o200k"]
)
@settings(max_examples=60)
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=5),
    block=st.integers(1, 30),
    max_pieces=st.integers(0, 12),
    few=st.integers(0, 4),
)
def test_tiny_tables_and_blocks_change_nothing(
    ranks: dict[bytes, int], pattern: str, texts: list[str], block: int, max_pieces: int, few: int
) -> None:
    arrays = ArrayEncoder(ranks, pattern, max_pieces=max_pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_CHARS", block)
        patch.setattr(rounds, "FEW_PIECES", few)
        for text in texts * 2:  # the second time the pieces are known, or forgotten
            text = text.encode("utf-8", "replace").decode("utf-8")
            ids = textbook.encode_ordinary(text, pattern, ranks)
            assert [int(token) for part in arrays.encode_blocks(text) for token in part] == ids
            assert arrays.count(text) == len(ids)


@settings(max_examples=60)
@given(text=TEXTS)
def test_both_sides_of_the_switch_give_the_same_ids(gpt2: Encoding, text: str) -> None:
    special = text + "<|endoftext|>" + text
    answers = []
    for limit in (0, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(choice, "SHORT_CHARS", limit)
            answers.append(
                (
                    gpt2.encode_ordinary(text),
                    gpt2.encode(special, allowed_special="all"),
                    gpt2.encode_ordinary_batch([text, special]),
                    gpt2.count(special),
                    gpt2.count(text, limit=5),
                    [
                        array.tolist()
                        for array in gpt2.encode_with_offsets(
                            special.replace("\ud800", "").encode("utf-8", "replace").decode(),
                            disallowed_special=(),
                        )
                    ],
                )
            )
    assert answers[0] == answers[1]


@pytest.mark.parametrize("kind", ["a", "random", "한"])
def test_a_piece_of_many_blocks_has_the_memory_of_one(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    gpt2 = get_encoding("gpt2", engine="arrays")
    monkeypatch.setattr(long_piece, "BLOCK_BYTES", 1 << 15)
    monkeypatch.setattr(blocks, "BLOCK_CHARS", 1 << 16)
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=600_000)
    text = "".join(letters) if kind == "random" else kind * (600_000 // len(kind.encode()))
    gpt2.encode_ordinary("a" * 10_000)
    tracemalloc.start()
    try:
        ids = gpt2.encode_to_numpy(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert gpt2.decode(ids) == text
    assert peak < 30 * len(text.encode())


def test_a_missing_byte_is_named() -> None:
    ranks = {b"a": 0, b"b": 1, b"ab": 2}
    arrays = ArrayEncoder(ranks, r"\S+", max_pieces=10)
    with pytest.raises(KeyError, match="the byte b'c' is not a token"):
        list(arrays.encode_blocks("abc"))
    with pytest.raises(KeyError, match="the byte b'c' is not a token"):
        list(arrays.encode_blocks("ab" * 2000 + "c"))


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_threads_give_one_text_s_ids_in_order(gpt2: Encoding, tiktoken_gpt2: Any, num_threads: int) -> None:
    text = "".join(islice(fuzz_texts(4), 20_000)).encode("utf-8", "replace").decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_CHARS", 5000)
        ids = gpt2.encode_to_numpy(text, disallowed_special=(), num_threads=num_threads)
    assert ids.tolist() == tiktoken_gpt2.encode_ordinary(text)


def test_a_byte_that_is_no_token_spoils_nothing() -> None:
    ranks = {b"a": 0, b"b": 1, b"ab": 2, b" ": 3}
    arrays = ArrayEncoder(ranks, r"\S+|\s", max_pieces=10)
    for _ in range(2):
        with pytest.raises(KeyError, match="the byte b'c' is not a token"):
            list(arrays.encode_blocks("aab bba " + "abb" * 20 + " c " + "abba" * 90))
        (ids,) = arrays.encode_blocks("aab bba " + "abb" * 20)
        assert ids.tolist() == [0, 2, 3, 1, 1, 0, 3] + [2, 1] * 20


def test_pieces_of_any_pattern_come_in_blocks(gpt2: Encoding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_CHARS", 1000)
    enc = Encoding("x", pat_str=r"\S+|\s+", mergeable_ranks=gpt2.ranks, special_tokens={})
    text = "Hello,  world. 안녕 " * 2000 + "long" * 300 + " end"
    parts = [part.tolist() for part in enc.with_engine("arrays")._parts.engine.encode_blocks(text)]
    assert len(parts) > 40
    assert [token for part in parts for token in part] == textbook.encode_ordinary(
        text, enc.pattern, enc.ranks
    )


def test_long_random_texts_have_tiktoken_s_ids(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    source = fuzz_texts(11)
    for _ in range(30):
        text = "".join(islice(source, 2000))
        assert gpt2.encode_ordinary(text) == tiktoken_gpt2.encode_ordinary(text)
