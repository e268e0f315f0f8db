"""The comparison finds the first difference and shows it, and only equal encoders are called equal."""

from itertools import islice
from typing import Any

from bpelab.bpe import Encoding
from bpelab.bpe.parity.compare import SHOWN, compare
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.splitting.patterns import CL100K_PATTERN


def changed(gpt2: Encoding, pattern: str | None = None, swap: tuple[bytes, bytes] | None = None) -> Encoding:
    """gpt2 with another pattern, or with the ranks of two tokens exchanged."""
    ranks = dict(gpt2.ranks)
    if swap:
        ranks[swap[0]], ranks[swap[1]] = ranks[swap[1]], ranks[swap[0]]
    return Encoding("x", pat_str=pattern or gpt2.pattern, mergeable_ranks=ranks, special_tokens={})


def test_the_sample_has_20_languages_and_is_equal(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    sample = dict(multilingual_sample())
    assert sum(len(text.encode()) >= 200 for text in sample.values()) >= 34
    result = compare(gpt2, tiktoken_gpt2, sample.items())
    assert result.difference is None
    assert (result.n_texts, result.n_bytes) == (
        len(sample),
        sum(len(text.encode()) for text in sample.values()),
    )


def test_random_strings_are_equal(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    result = compare(gpt2, tiktoken_gpt2, (("random", text) for text in islice(fuzz_texts(0), 5000)))
    assert result.difference is None
    assert result.n_texts == 5000


def test_random_strings_are_the_same_for_a_seed() -> None:
    assert list(islice(fuzz_texts(1), 3000)) == list(islice(fuzz_texts(1), 3000))
    assert list(islice(fuzz_texts(1), 3000)) != list(islice(fuzz_texts(2), 3000))


def test_another_id_is_shown_with_its_place(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    ours = changed(gpt2, swap=(b" the", b" cat"))
    result = compare(
        ours, tiktoken_gpt2, [("one", "no such word"), ("two", "é in the end"), ("three", "the")]
    )
    assert result.n_texts == 2
    first = result.difference
    assert first is not None
    assert (first.source, first.byte_offset, first.char_offset, first.piece) == ("two", 5, 4, " the")
    assert first.their_ids == tiktoken_gpt2.encode(" the end")
    assert first.our_ids != first.their_ids
    assert (first.our_tokens, first.their_tokens) == ([b" the", b" end"], [b" the", b" end"])
    assert first.our_pieces == first.their_pieces == [" the", " end"]


def test_a_few_ids_from_the_difference_on_are_shown(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    ours = changed(gpt2, swap=(b" the", b" cat"))
    text = "no such word the" + " and" * 3 * SHOWN
    first = compare(ours, tiktoken_gpt2, [("long", text)]).difference
    assert first is not None
    assert first.our_ids == ours.encode(text)[3 : 3 + SHOWN]
    assert first.their_ids == tiktoken_gpt2.encode(text)[3 : 3 + SHOWN]


def test_another_split_is_shown(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    result = compare(changed(gpt2, pattern=CL100K_PATTERN), tiktoken_gpt2, [("digits", "in 20261123")])
    assert result.difference is not None
    assert result.difference.our_pieces == [" ", "202", "611", "23"]
    assert result.difference.their_pieces == [" 20261123"]


def test_more_tokens_on_one_side_are_a_difference(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    ours = Encoding("x", pat_str=r"hello", mergeable_ranks=gpt2.ranks, special_tokens={})
    difference = compare(ours, tiktoken_gpt2, [("short", "hello!")]).difference
    assert difference is not None
    assert (difference.our_ids, difference.their_ids, difference.byte_offset) == ([], [0], 5)


def test_a_difference_is_shown_shrunk_with_both_ids(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    ours = changed(gpt2, pattern=CL100K_PATTERN)
    text = "many words, and in 20261123 one number \ud800"
    first = compare(ours, tiktoken_gpt2, [("numbers", text)]).difference
    assert first is not None
    assert first.shrunk == " 1"
    assert first.our_shrunk_ids == ours.encode(" 1") != first.their_shrunk_ids
    assert first.their_shrunk_ids == tiktoken_gpt2.encode(" 1")
