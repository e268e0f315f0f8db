"""Each kind of texts finds the mistake that it is for, and the reason is said."""

import unicodedata
from collections.abc import Callable

import pytest
from bpelab.bpe import Encoding, compare, textbook
from bpelab.bpe.parity.battery import KINDS, Battery
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

Encode = Callable[[str], list[int]]


def merged(encoding: Encoding, pieces: list[str]) -> list[int]:
    return [
        token for piece in pieces for token in textbook.encode_ordinary(piece, r"[\s\S]+", encoding.ranks)
    ]


def with_pattern(encoding: Encoding, pattern: str) -> Encode:
    return Encoding(
        "wrong", pat_str=pattern, mergeable_ranks=encoding.ranks, special_tokens={}
    ).encode_ordinary


def taking(encoding: Encoding, char: str, stand_in: str) -> Encode:
    """An encoder that takes a character for one of another class."""

    def encode(text: str) -> list[int]:
        if char not in text:
            return encoding.encode_ordinary(text)
        pieces, at = [], 0
        for piece in textbook.split(text.replace(char, stand_in), encoding.pattern):
            pieces.append(text[at : at + len(piece)])
            at += len(piece)
        return merged(encoding, pieces)

    return encode


def with_short_pieces(encoding: Encoding) -> Encode:
    def encode(text: str) -> list[int]:
        if len(text) < 900:
            return encoding.encode_ordinary(text)
        return encoding.encode_ordinary(text[:900]) + encoding.encode_ordinary(text[900:])

    return encode


WRONG: dict[str, tuple[Callable[[Encoding], Encode], str, str]] = {
    "contractions": (
        lambda gpt2: with_pattern(gpt2, r"(?<!\n)" + GPT2_PATTERN),
        "split",
        "a pattern without contractions",
    ),
    "white-space": (lambda gpt2: taking(gpt2, "\x1c", "\u2003"), "split", "takes U+001C"),
    "digits": (
        lambda gpt2: with_pattern(gpt2, GPT2_PATTERN.replace(r"\p{N}++", r"\p{N}{1,3}+")),
        "split",
        "",
    ),
    "letters-and-marks": (
        lambda gpt2: lambda text: gpt2.encode_ordinary(unicodedata.normalize("NFC", text)),
        "bytes",
        "brings the text into NFC",
    ),
    "scripts": (
        lambda gpt2: with_pattern(
            gpt2, GPT2_PATTERN.replace(r"^\s\p{L}", r"^\sA-Za-z").replace(r"\p{L}", "[A-Za-z]")
        ),
        "unicode",
        "does not take U+",
    ),
    "emoji": (
        lambda gpt2: lambda text: gpt2.encode_ordinary(text.replace("\u200d", "")),
        "bytes",
        "do not spell the text",
    ),
    "newlines": (
        lambda gpt2: lambda text: gpt2.encode_ordinary(text.replace("\r\n", "\n")),
        "bytes",
        r"turns \r\n and \r into \n",
    ),
    "surrogates": (
        lambda gpt2: lambda text: gpt2.encode_ordinary(text.encode().decode()),
        "surrogate",
        "The text holds the surrogate U+D800",
    ),
    "special-tokens": (
        lambda gpt2: lambda text: gpt2.encode(text, allowed_special="all"),
        "special",
        "for the special token 50256",
    ),
    "long-pieces": (with_short_pieces, "order", "the length matters"),
    "new-unicode": (
        lambda gpt2: taking(gpt2, "\U00010d4a", "☃"),
        "unicode",
        "an old Unicode table",
    ),
    "prose-and-code": (
        lambda gpt2: lambda text: gpt2.encode_ordinary(text.replace("Copyright", "Copyleft")),
        "bytes",
        "do not spell the text",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_finds_its_mistake_and_says_the_reason(gpt2: Encoding, kind: str) -> None:
    make, reason, words = WRONG[kind]
    result = compare(make(gpt2), gpt2, Battery(n_bytes=200_000, longest=1_000).texts(kind))
    assert result.difference is not None
    assert (result.difference.reason.kind, len(result.difference.shrunk) < 50 or kind == "long-pieces") == (
        reason,
        True,
    ), result.difference
    assert words in result.difference.reason.words


@pytest.mark.parametrize("kind", KINDS)
def test_ours_is_equal_to_tiktoken_on_every_kind(gpt2: Encoding, tiktoken_gpt2: object, kind: str) -> None:
    result = compare(gpt2, tiktoken_gpt2, Battery(n_bytes=200_000, longest=4_100).texts(kind))
    assert result.difference is None
    assert result.n_texts > 20


def test_a_kind_has_the_same_texts_for_the_same_seed_and_others_for_another() -> None:
    first, again, other = (list(Battery(seed).texts("emoji")) for seed in (0, 0, 1))
    assert first == again != other


def test_special_tokens_of_the_encoding_are_among_the_texts() -> None:
    texts = dict(Battery(special_tokens=["<|mine|>"]).texts("special-tokens"))
    assert "a<|mine|>1" in texts.values()


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no kind 'numbers'; there are: contractions, white-space"):
        next(Battery().texts("numbers"))
