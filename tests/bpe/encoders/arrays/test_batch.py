"""Texts of a batch are cut and encoded as if each stood alone, whatever stands before and after them."""

from itertools import pairwise, product

import numpy as np
import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.encoders.arrays.batch import groups_of_texts, split_texts
from bpelab.bpe.encoders.arrays.blocks import BlockSplitter
from bpelab.bpe.encoders.arrays.encoder import ArrayEncoder
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN, "other": r"\S+|\s+"}
# One of each class that the patterns can tell apart.
CHARS = [
    "a",
    "s",
    "l",
    "B",
    "ǅ",
    "ʰ",
    "あ",
    "1",
    "½",
    "'",
    "!",
    "/",
    " ",
    "\t",
    "\n",
    "\r",
    "\u3000",
    "\u0301",
]
CHARS += ["\x1c", "\u0085", "🙂"]
TEXTS = st.text(alphabet="".join(CHARS), max_size=8) | st.text(
    alphabet=st.characters(exclude_categories=["Cs"]), max_size=8
)


def assert_cut_as_if_alone(texts: list[str], splitter: BlockSplitter) -> None:
    data, starts, lengths, text_ends = split_texts(texts, splitter)
    found = [data[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    assert text_ends[-1] == len(found)
    for text, (first, last) in zip(texts, pairwise([0, *text_ends.tolist()]), strict=True):
        alone = splitter.whole(text)
        expected = [alone.data[start:end] for start, end in pairwise(alone.piece_starts.tolist())]
        assert found[first:last] == expected, texts


@pytest.fixture(params=PATTERNS.values(), ids=PATTERNS.keys())
def splitter(request: pytest.FixtureRequest) -> BlockSplitter:
    return BlockSplitter(request.param)


@settings(max_examples=150)
@given(texts=st.lists(TEXTS, min_size=1, max_size=8))
@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_texts_are_cut_as_if_each_stood_alone(pattern: str, texts: list[str]) -> None:
    assert_cut_as_if_alone(texts, BlockSplitter(pattern))


def test_every_short_ending_and_beginning_is_cut_as_if_alone(splitter: BlockSplitter) -> None:
    """Every text of up to two characters of each class, and every one of four that may end in white space."""
    texts = ["".join(chars) for n in range(3) for chars in product(CHARS, repeat=n)]
    texts += ["".join(chars) for chars in product("a! \n\t", repeat=4)]
    assert_cut_as_if_alone(texts, splitter)
    assert_cut_as_if_alone(texts[::-1], splitter)


@settings(max_examples=40)
@given(
    texts=st.lists(TEXTS | st.just("antidisestablishmentarianism" * 3), max_size=12), size=st.integers(1, 30)
)
@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_a_batch_has_the_ids_of_each_text(gpt2: Encoding, pattern: str, texts: list[str], size: int) -> None:
    ranks = {token: rank for token, rank in gpt2.ranks.items() if rank < 2000}
    arrays = ArrayEncoder(ranks, pattern, max_pieces=50)
    expected = [arrays.encode_to_list(text) for text in texts]
    assert arrays.encode_batch(texts) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bpelab.bpe.encoders.arrays.blocks.BLOCK_CHARS", size)
        assert arrays.encode_batch(texts, num_threads=2) == expected


def test_what_stands_between_two_texts_need_not_be_in_the_vocabulary() -> None:
    arrays = ArrayEncoder({b"a": 0, b"b": 1, b"ab": 2}, GPT2_PATTERN, max_pieces=9)
    assert arrays.encode_batch(["ab", "", "ba"]) == [[2], [], [1, 0]]


@given(texts=st.lists(TEXTS, max_size=12), n_chars=st.integers(1, 20))
def test_each_text_is_in_one_group_of_limited_length(texts: list[str], n_chars: int) -> None:
    groups = list(groups_of_texts(texts, n_chars))
    assert sorted(number for group in groups for number in group) == list(range(len(texts)))
    for group in groups:
        assert len(group) == 1 or sum(len(texts[number]) for number in group) <= n_chars
        assert len({texts[number].isascii() for number in group}) == 1


def test_a_batch_of_many_ids_is_a_list_of_lists_of_int(gpt2: Encoding) -> None:
    lists = gpt2.encode_batch(["hello world " * 50, "é" * 400] * 20)
    assert {type(token) for ids in lists for token in ids} == {int}
    assert lists[0] == gpt2.encode("hello world " * 50)
    assert np.array_equal(lists[1], gpt2.encode_to_numpy("é" * 400))


@pytest.mark.parametrize("n_times", [1, 2000])
def test_ids_far_apart_are_the_same_as_lists_of_any_length_and_in_batches(n_times: int) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 2**30, b"abc": 2**31 - 2}
    arrays = ArrayEncoder(ranks, r"\S+|\s+", max_pieces=1000)
    text = "abc ab ba " * n_times
    expected = [2**31 - 2, 32, 2**30, 32, 98, 97, 32] * n_times
    assert arrays.encode_to_list(text) == expected
    assert arrays.encode_batch([text, "ab"] * 9) == [expected, [2**30]] * 9
