"""The word-level tokenizers give the chapter's values, and on any text what the chapter's code gives."""

import re
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.splitting.specials import END_OF_TEXT
from bpelab.tokenizers.protocol import Tokenizer
from bpelab.tokenizers.simple import SimpleTokenizerV1, SimpleTokenizerV2, UnknownWordError
from bpelab.tokenizers.words import UNKNOWN, build_vocabulary, place_words, split_words
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.sampled_from("ab- \n\x1c\u3000,.:;?_!\"()'|<>é")) | st.text()


@pytest.fixture(scope="module")
def vocabulary(verdict: str) -> dict[str, int]:
    return build_vocabulary(verdict)


@pytest.fixture(scope="module")
def extended(verdict: str) -> dict[str, int]:
    return build_vocabulary(verdict, [END_OF_TEXT, UNKNOWN])


def test_the_verdict_has_the_chapter_s_pieces_and_words(
    verdict: str, vocabulary: dict[str, int], extended: dict[str, int]
) -> None:
    pieces = split_words(verdict)
    assert (len(verdict), len(pieces), len(vocabulary), len(extended)) == (20_479, 4_690, 1_130, 1_132)
    assert pieces[:10] == [
        "I",
        "HAD",
        "always",
        "thought",
        "Jack",
        "Gisburn",
        "rather",
        "a",
        "cheap",
        "genius",
    ]
    assert list(vocabulary.items())[:3] == [("!", 0), ('"', 1), ("'", 2)]
    assert (vocabulary["Hermia"], extended[END_OF_TEXT], extended[UNKNOWN]) == (50, 1130, 1131)


def test_the_first_sentence_of_the_chapter(vocabulary: dict[str, int]) -> None:
    tokenizer = SimpleTokenizerV1(vocabulary)
    text = """"It's the last he painted, you know,"
       Mrs. Gisburn said with pardonable pride."""
    ids = [1, 56, 2, 850, 988, 602, 533, 746, 5, 1126, 596, 5, 1, 67, 7, 38, 851, 1108, 754, 793, 7]
    assert tokenizer.encode(text) == ids
    assert tokenizer.decode(ids) == (
        '" It\' s the last he painted, you know," Mrs. Gisburn said with pardonable pride.'
    )


def test_the_second_sentence_of_the_chapter(extended: dict[str, int]) -> None:
    tokenizer = SimpleTokenizerV2(extended)
    texts = ["Hello, do you like tea?", "In the sunlit terraces of the palace."]
    ids = [1131, 5, 355, 1126, 628, 975, 10, 1130, 55, 988, 956, 984, 722, 988, 1131, 7]
    assert tokenizer.encode(f" {END_OF_TEXT} ".join(texts)) == ids
    assert tokenizer.decode(ids) == (
        "<|unk|>, do you like tea? <|endoftext|> In the sunlit terraces of the <|unk|>."
    )


@given(text=TEXTS)
def test_any_text_is_split_as_the_chapter_splits_it(text: str) -> None:
    """The reference is the chapter's own line, apart from the variable's name."""
    pieces = re.split(r'([,.:;?_!"()\']|--|\s)', text)
    expected = [item.strip() for item in pieces if item.strip()]
    assert split_words(text) == expected
    assert [text[start : start + len(word)] for start, word in place_words(text)] == expected


@given(text=TEXTS)
def test_with_a_vocabulary_of_the_text_words_come_back(text: str) -> None:
    vocabulary = build_vocabulary(text, [UNKNOWN])
    tokenizer = SimpleTokenizerV1(vocabulary)
    ids = tokenizer.encode(text)
    assert [tokenizer.int_to_str[number] for number in ids] == split_words(text)
    assert SimpleTokenizerV2(vocabulary).encode(text) == ids
    assert split_words(tokenizer.decode(ids)) == split_words(" ".join(split_words(text)))


def test_an_unknown_word_is_named_with_its_place_and_the_nearest(vocabulary: dict[str, int]) -> None:
    with pytest.raises(KeyError) as error:
        SimpleTokenizerV1(vocabulary).encode("the last he paintd, Hello")
    assert isinstance(error.value, UnknownWordError)
    assert (error.value.word, error.value.position) == ("paintd", 12)
    assert str(error.value).startswith(
        "the word 'paintd' at character 12 is not in the vocabulary; the nearest are 'painted', 'paint'"
    )
    with pytest.raises(UnknownWordError, match=r"'한국어' at character 0 is not in the vocabulary: use"):
        SimpleTokenizerV1(vocabulary).encode("한국어")


@pytest.mark.parametrize("number", [1130, -1, 10**9])
def test_an_id_without_a_word_says_which_ids_there_are(vocabulary: dict[str, int], number: int) -> None:
    with pytest.raises(KeyError, match=rf"no word has the id {number}; ids are 0 to 1,129"):
        SimpleTokenizerV1(vocabulary).decode([0, number])


def test_other_special_tokens_can_be_given(verdict: str) -> None:
    specials = ["[BOS]", "[EOS]", "[PAD]", "[UNK]"]
    vocabulary = build_vocabulary(verdict, specials)
    tokenizer = SimpleTokenizerV2(vocabulary, unknown="[UNK]")
    ids = tokenizer.encode("[BOS] the palace [EOS] [PAD]")
    assert ids == [1130, 988, 1133, 1131, 1132]
    assert tokenizer.decode(ids) == "[BOS] the [UNK] [EOS] [PAD]"


@pytest.mark.parametrize("special", ["a_b", "two words", "", " ", "x."])
def test_a_special_token_that_would_be_split_is_refused(special: str) -> None:
    with pytest.raises(ValueError, match=r"is split into"):
        build_vocabulary("text", [special])


def test_a_special_token_that_is_a_word_is_not_numbered_twice() -> None:
    assert build_vocabulary("b a", ["a", "c", "c"]) == {"a": 0, "b": 1, "c": 2}


def test_vocabularies_that_cannot_be_decoded_are_refused() -> None:
    with pytest.raises(ValueError, match="'a' and 'b' have the same id, 0"):
        SimpleTokenizerV1({"a": 0, "b": 0})
    with pytest.raises(ValueError, match="'a' has the negative id -1"):
        SimpleTokenizerV1({"a": -1})
    with pytest.raises(ValueError, match=r"no '<\|unk\|>': build it with build_vocabulary"):
        SimpleTokenizerV2({"a": 0})


@pytest.mark.parametrize("entry", [("a", 0.5), ("a", "0"), ("a", True), ("a", None), (5, 0), (b"a", 0)])
def test_a_vocabulary_of_other_things_than_words_and_integers_is_refused(entry: Any) -> None:
    word, number = entry
    with pytest.raises(TypeError, match=f"a vocabulary maps words to integers, not {word!r} to {number!r}"):
        SimpleTokenizerV1({word: number})


@pytest.mark.parametrize("number", [1.0, "1", None, [1]])
def test_ids_that_are_not_integers_are_refused(number: Any) -> None:
    with pytest.raises(TypeError, match=r"ids are integers, not "):
        SimpleTokenizerV1({"a": 1, "b": 0}).decode([0, number])


def test_numpy_s_integers_can_be_ids() -> None:
    assert SimpleTokenizerV1({"a": 1, "b": 0}).decode(np.array([1, 0], dtype=np.uint8)) == "a b"


def test_a_text_is_refused_as_a_list_of_special_tokens() -> None:
    with pytest.raises(TypeError, match=r"special_tokens is the text '<\|unk\|>'; pass a list"):
        build_vocabulary("a", UNKNOWN)


def test_an_empty_text_and_an_empty_vocabulary_are_allowed() -> None:
    tokenizer = SimpleTokenizerV1({})
    assert (tokenizer.encode(" \n"), tokenizer.decode([]), tokenizer.n_vocab) == ([], "", 0)


def test_all_tokenizers_follow_one_protocol(
    gpt2: Encoding, tiktoken_gpt2: Any, extended: dict[str, int]
) -> None:
    tokenizers: list[Tokenizer] = [
        gpt2,
        tiktoken_gpt2,
        SimpleTokenizerV1(extended),
        SimpleTokenizerV2(extended),
    ]
    for tokenizer in tokenizers:
        assert isinstance(tokenizer, Tokenizer)
        ids = tokenizer.encode("the last he painted")
        assert tokenizer.decode(ids) == "the last he painted"
        assert max(ids) < tokenizer.n_vocab
