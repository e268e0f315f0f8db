"""One encoder's ids, three ways: the book's values, the textbook, and tiktoken."""

import copy
import pickle
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, textbook
from bpelab.bpe.encoders import stream
from bpelab.bpe.encoders.heap import merge_with_heap
from hypothesis import given
from hypothesis import strategies as st

# One of each class that GPT-2's pattern can tell apart.
REPRESENTATIVES = ["a", "s", "l", "'", "1", "½", " ", "\n", "\u00a0", "!", "\u0301", "𐐀"]
TEXTS = st.text(alphabet=st.characters(), max_size=60) | st.text(alphabet="".join(REPRESENTATIVES))


def test_the_book_s_sentence_has_the_book_s_ids(gpt2: Encoding) -> None:
    text = "Hello, do you like tea? <|endoftext|> In the sunlit terracesof someunknownPlace."
    ids = [15496, 11, 466, 345, 588, 8887, 30, 220, 50256, 554, 262, 4252, 18250]
    ids += [8812, 2114, 1659, 617, 34680, 27271, 13]
    assert gpt2.encode(text, allowed_special={"<|endoftext|>"}) == ids
    assert gpt2.decode(ids) == text


def test_the_verdict_has_5145_tokens(gpt2: Encoding, data: Path) -> None:
    text = (data / "text" / "the-verdict.txt").read_text(encoding="utf-8")
    assert len(gpt2.encode(text)) == gpt2.count(text) == 5145


@pytest.mark.parametrize("name", ["the-verdict", "tinyshakespeare", "udhr-multilingual"])
def test_corpora_have_tiktoken_s_ids(gpt2: Encoding, tiktoken_gpt2: Any, data: Path, name: str) -> None:
    text = (data / "text" / f"{name}.txt").read_text(encoding="utf-8")
    ids = tiktoken_gpt2.encode_ordinary(text)
    assert gpt2.encode_ordinary(text) == ids
    assert gpt2.decode(ids) == text


# All planes of Unicode but the surrogates, in parts that workers can share.
PARTS = [range(low, low + 0x8000) for low in range(0, sys.maxunicode + 1, 0x8000)]


@pytest.mark.parametrize("points", PARTS, ids=lambda points: f"U+{points.start:04X}")
def test_every_code_point_alone_and_beside_others_has_tiktoken_s_ids(
    gpt2: Encoding, tiktoken_gpt2: Any, points: range
) -> None:
    chars = [chr(point) for point in points if not 0xD800 <= point < 0xE000]
    # Newline-separated, so that each code point meets the same neighbours; then alone.
    # Before "'s" the ids tell whether a code point is a letter.
    text = "\n".join(f"a{c} {c}1{c}!{c}a{c}\t {c}'s" for c in chars)
    assert gpt2.encode_ordinary(text) == tiktoken_gpt2.encode_ordinary(text)
    for char in chars:
        assert gpt2.encode_ordinary(char) == tiktoken_gpt2.encode_ordinary(char), hex(ord(char))


def test_every_short_string_of_representatives_has_tiktoken_s_ids(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    for length in range(6):
        for chars in product(REPRESENTATIVES, repeat=length):
            text = "".join(chars)
            assert gpt2.encode_ordinary(text) == tiktoken_gpt2.encode_ordinary(text), ascii(text)


@given(text=TEXTS)
def test_any_text_has_tiktoken_s_and_the_textbook_s_ids(
    gpt2: Encoding, tiktoken_gpt2: Any, text: str
) -> None:
    ids = gpt2.encode_ordinary(text)
    assert ids == tiktoken_gpt2.encode_ordinary(text)
    if text.isprintable():  # no surrogate
        assert ids == textbook.encode_ordinary(text, gpt2.pattern, gpt2.ranks)


@given(parts=st.lists(st.sampled_from(["<|endoftext|>", "<|endof", "text|>", "<|", "a", " ", "\n"])))
def test_special_tokens_are_found_as_tiktoken_finds_them(
    gpt2: Encoding, tiktoken_gpt2: Any, parts: list[str]
) -> None:
    text = "".join(parts)
    ids = gpt2.encode(text, allowed_special="all")
    assert ids == tiktoken_gpt2.encode(text, allowed_special="all")
    assert gpt2.decode(ids) == text
    assert gpt2.encode(text, disallowed_special=()) == tiktoken_gpt2.encode(text, disallowed_special=())


@given(piece=st.binary(max_size=40) | st.text(alphabet="abt he", max_size=200).map(str.encode))
def test_the_heap_merges_as_the_textbook_does(gpt2: Encoding, piece: bytes) -> None:
    ranks = gpt2.ranks
    assert merge_with_heap(piece, ranks) == textbook.merge_piece(piece, ranks)


@pytest.mark.parametrize("text", ["a" * 100_000, " " * 100_000, "é" * 50_000, "xq" * 50_000, "🙂" * 25_000])
def test_a_long_piece_has_tiktoken_s_ids(gpt2: Encoding, tiktoken_gpt2: Any, text: str) -> None:
    assert gpt2.encode_ordinary(text) == tiktoken_gpt2.encode_ordinary(text)


def test_a_disallowed_special_token_is_an_error_that_says_where_and_what_to_do(gpt2: Encoding) -> None:
    with pytest.raises(ValueError, match=r"'<\|endoftext\|>' at character 2.*disallowed_special=\(\)"):
        gpt2.encode("a <|endoftext|>")


@pytest.mark.parametrize("token", [50257, 1 << 31, -1, 1 << 32, 1.0, "a"])
def test_a_wrong_id_raises_what_tiktoken_raises(gpt2: Encoding, tiktoken_gpt2: Any, token: Any) -> None:
    with pytest.raises((KeyError, OverflowError, TypeError)) as theirs:
        tiktoken_gpt2.decode([token])
    with pytest.raises(theirs.type):
        gpt2.decode([token])


def test_lone_surrogates_become_replacement_characters(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    for text in ("\ud800", "a\udc00b", "\ud83d\ude42"):
        assert gpt2.encode(text) == tiktoken_gpt2.encode(text)
        with pytest.raises(UnicodeEncodeError):
            gpt2.encode_to_numpy(text)


def test_a_surrogate_is_named_by_its_place_in_the_whole_text(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BLOCK_CHARS", 4)
    with pytest.raises(UnicodeEncodeError) as error:
        gpt2.encode_to_numpy("é23456789\ud800")
    assert error.value.start == 9


def test_arrays_and_batches_have_the_ids_of_lists(gpt2: Encoding) -> None:
    texts = ["hello world", "", "안녕하세요"]
    lists = [gpt2.encode(text) for text in texts]
    assert gpt2.encode_batch(texts) == gpt2.encode_ordinary_batch(texts) == lists
    assert gpt2.decode_batch(lists) == texts
    for text, ids in zip(texts, lists, strict=True):
        array = gpt2.encode_to_numpy(text)
        assert array.dtype == np.uint32
        assert array.tolist() == ids


@pytest.mark.parametrize("text", ["hello world", "안녕 🙂 world"])
def test_offsets_are_tiktoken_s(gpt2: Encoding, tiktoken_gpt2: Any, text: str) -> None:
    ids = gpt2.encode(text)
    assert gpt2.decode_with_offsets(ids) == tiktoken_gpt2.decode_with_offsets(ids)


def test_the_vocabulary_is_tiktoken_s(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    assert gpt2.ranks == tiktoken_gpt2._mergeable_ranks
    assert gpt2.pattern == tiktoken_gpt2._pat_str
    assert gpt2.token_byte_values() == tiktoken_gpt2.token_byte_values()
    assert (gpt2.n_vocab, gpt2.eot_token, gpt2.special_tokens_set) == (50257, 50256, {"<|endoftext|>"})
    assert gpt2.encode_single_token("<|endoftext|>") == 50256
    assert gpt2.is_special_token(50256)


def test_an_encoding_is_immutable_and_survives_pickling(gpt2: Encoding) -> None:
    with pytest.raises(AttributeError, match="cannot change"):
        gpt2.name = "other"
    for other in (pickle.loads(pickle.dumps(gpt2)), copy.deepcopy(gpt2)):
        assert other.encode("hello world") == [31373, 995]


def test_a_pattern_with_groups_still_gives_whole_pieces() -> None:
    enc = Encoding(
        "x", pat_str=r"(a)(b)|c", mergeable_ranks={b"a": 0, b"b": 1, b"c": 2, b"ab": 3}, special_tokens={}
    )
    assert enc.encode("abc") == [3, 2]
