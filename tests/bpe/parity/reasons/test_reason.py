"""The reason of a difference is the mistake that was made."""

import unicodedata
from collections.abc import Callable

import pytest
from bpelab.bpe import Encoding, compare, textbook
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN

Encode = Callable[[str], list[int]]


def by_pieces(encoding: Encoding, merge: Callable[[bytes], list[bytes]]) -> Encode:
    """An encoder that splits as it should and merges otherwise."""
    return lambda text: [
        encoding.ranks[token]
        for piece in textbook.split(text, encoding.pattern)
        for token in merge(piece.encode())
    ]


def longest_first(encoding: Encoding, piece: bytes) -> list[bytes]:
    tokens: list[bytes] = []
    while piece:
        n_bytes = next(n for n in range(len(piece), 0, -1) if piece[:n] in encoding.ranks)
        tokens.append(piece[:n_bytes])
        piece = piece[n_bytes:]
    return tokens


def leftmost_first(encoding: Encoding, piece: bytes) -> list[bytes]:
    parts = [piece[i : i + 1] for i in range(len(piece))]
    i = 0
    while i + 1 < len(parts):
        if parts[i] + parts[i + 1] in encoding.ranks:
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
            i = 0
        else:
            i += 1
    return parts


def with_pattern(encoding: Encoding, pattern: str) -> Encode:
    return Encoding("x", pat_str=pattern, mergeable_ranks=encoding.ranks, special_tokens={}).encode_ordinary


def once_wrong(encoding: Encoding) -> Encode:
    asked: set[str] = set()

    def encode(text: str) -> list[int]:
        ids = encoding.encode_ordinary(text)
        is_new = text not in asked
        asked.add(text)
        return ids[:-1] if is_new else ids

    return encode


def returning(what: object) -> Callable[[Encoding], Callable[[str], object]]:
    return lambda _: lambda _: what


WORDS = "an alphabetic brackets, 12345 'tis SHE'S\r\n  naïve café e\u0301"
CASES: list[tuple[str, Callable[[Encoding], Callable[[str], object]], str, str]] = [
    (WORDS, lambda g: with_pattern(g, CL100K_PATTERN), "split", "those of cl100k_base's pattern"),
    ("HE'RES", lambda g: with_pattern(g, GPT2_PATTERN.replace("'(?:", "'(?i:")), "split", "ignore case"),
    (
        "she's",
        lambda g: with_pattern(g, GPT2_PATTERN.partition("|")[2].partition("re)|")[2]),
        "split",
        "without contr",
    ),
    (
        "a  b",
        lambda g: with_pattern(g, GPT2_PATTERN.replace(r"|\s+(?!\S)|\s", r"|\s+")),
        "split",
        r"\s+(?!\S)",
    ),
    (WORDS, lambda g: with_pattern(g, r"[\s\S]+"), "split", "Split elsewhere"),
    (WORDS, lambda g: by_pieces(g, lambda p: longest_first(g, p)), "order", "the longest token that fits"),
    (WORDS, lambda g: by_pieces(g, lambda p: leftmost_first(g, p)), "order", "the leftmost pair"),
    (
        WORDS,
        lambda g: by_pieces(g, lambda p: [p[i : i + 1] for i in range(len(p))]),
        "order",
        "merges nothing",
    ),
    (WORDS, lambda g: lambda t: [1, *g.encode_ordinary(t), 2], "ids", "[1] before and [2] after"),
    (WORDS, lambda g: lambda t: [i + 3 for i in g.encode_ordinary(t)], "ids", "is 3 higher"),
    (
        WORDS,
        lambda g: lambda t: [i + 99_999 * (i == 11) for i in g.encode_ordinary(t)],
        "ids",
        "does not have",
    ),
    (WORDS, lambda g: lambda t: g.encode_ordinary(t.lower()), "bytes", "lower case"),
    (WORDS, lambda g: lambda t: g.encode_ordinary(f" {t}"), "bytes", "puts a space before"),
    ("é", lambda g: lambda t: g.encode_ordinary(unicodedata.normalize("NFD", t)), "bytes", "into NFD"),
    (WORDS, lambda g: lambda t: g.encode_ordinary(t)[:-1], "bytes", "do not spell the text"),
    (WORDS, once_wrong, "unstable", "depends on what it was asked before"),
    (WORDS, returning(None), "error", "it returned None, where a list of ids was expected"),
    (WORDS, returning("no"), "error", "it returned 'no'"),
    (WORDS, returning([1.5]), "error", "it returned [1.5]"),
    (WORDS, lambda _: lambda t: 1 // 0, "error", "ZeroDivisionError"),
    (
        "\ud800",
        lambda g: lambda t: g.encode_ordinary(t.encode("utf-8", "ignore").decode()),
        "surrogate",
        "U+D800",
    ),
]


@pytest.mark.parametrize(("text", "make", "kind", "words"), CASES, ids=[case[-1] for case in CASES])
def test_the_reason_is_the_mistake_that_was_made(
    gpt2: Encoding, text: str, make: Callable[[Encoding], Callable[[str], object]], kind: str, words: str
) -> None:
    difference = compare(make(gpt2), gpt2, [text]).difference
    assert difference is not None
    assert difference.reason.kind == kind, difference
    assert words in difference.reason.words
    assert len(difference.shrunk) < len(text) or len(text) < 6 or kind in ("error", "unstable")


def test_the_step_of_the_trace_that_a_wrong_order_misses_is_named(gpt2: Encoding) -> None:
    def encode(text: str) -> list[int]:
        return [64, 65] if text == "ab" else gpt2.encode_ordinary(text)  # "ab" is a token

    def tail_apart(text: str) -> list[int]:
        ids = gpt2.encode_ordinary(text)
        last = gpt2.decode_single_token_bytes(ids[-1]) if ids else b""
        return ids if len(last) < 3 else ids[:-1] + [gpt2.ranks[last[i : i + 1]] for i in range(len(last))]

    assert compare(encode, gpt2, ["ab"]).difference is not None
    difference = compare(tail_apart, gpt2, ["hello wonderful"]).difference
    assert difference is not None
    assert difference.reason.kind == "order"


def test_two_vocabularies_that_number_a_token_differently_are_told(gpt2: Encoding) -> None:
    ranks = dict(gpt2.ranks)
    ranks[b" the"], ranks[b" cat"] = ranks[b" cat"], ranks[b" the"]
    other = Encoding("x", pat_str=gpt2.pattern, mergeable_ranks=ranks, special_tokens={})
    difference = compare(other, gpt2, ["on the mat"]).difference
    assert difference is not None
    assert "the vocabularies number b' the' differently" in difference.reason.words


def test_a_mistake_is_not_hidden_by_a_failure_on_smaller_texts(gpt2: Encoding) -> None:
    def encode(text: str) -> list[int]:
        if not text:
            raise ValueError("there is no text")
        return gpt2.encode_ordinary(text.replace("\t", " "))

    difference = compare(encode, gpt2, ["one\ttwo"]).difference
    assert difference is not None
    assert (difference.shrunk, difference.our_shrunk_ids, difference.our_error) == ("\t", [220], None)
    nothing = compare(encode, gpt2, [""]).difference
    assert nothing is not None
    assert "there is no text" in nothing.reason.words
