"""What is each function called with? Small cases first, the surprising ones last, and then random ones."""

import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bpelab.bpe.data.gpt2 import printable
from bpelab.bpe.exercise.answers import train

N_RANDOM = 100


class Case(NamedTuple):
    """Arguments for a function; the label says what is special about them."""

    label: str
    arguments: tuple[Any, ...]


_AB = {b"a": 0, b"b": 1, b"c": 2}
_ABCDE = {b"a": 0, b"b": 1, b"c": 2, b"d": 3, b"e": 4}
_LOW = {b"l": 0, b"o": 1, b"w": 2, b"e": 3, b"r": 4}
_TOKENS = {0: b"Hello", 1: b" world", 2: b"\xec\x95", 3: b"\x88", 4: "녕".encode(), 5: b"\n"}
_WORDS = {
    b" ": 0,
    b"a": 1,
    b"b": 2,
    b"<": 3,
    b"|": 4,
    b">": 5,
    b"e": 6,
    b"ab": 7,
    b" a": 8,
    b"bb": 9,
    b" ab": 10,
    b"<|": 11,
}
_SPECIAL = {"<|e|>": 100}

SMALL: Mapping[str, tuple[Case, ...]] = {
    "split": (
        Case("one_word", ("Hello",)),
        Case("space_in_front", ("Hello world",)),
        Case("punctuation", ("Hello, world!",)),
        Case("digits", ("in 2024a",)),
        Case("contraction", ("it's we'll",)),
        Case("capital_contraction", ("IT'S",)),
        Case("spaces", ("a   b",)),
        Case("space_at_end", ("a  ",)),
        Case("line_breaks", ("a\n\n b\tc",)),
        Case("korean", ("안녕하세요 세계",)),
        Case("underscore", ("a_b²",)),
        Case("empty", ("",)),
    ),
    "count_pairs": (
        Case("one_pair", ([[1, 2]],)),
        Case("twice", ([[1, 2, 1, 2]],)),
        Case("order", ([[1, 2, 1]],)),
        Case("several_pieces", ([[1, 2], [3, 1, 2]],)),
        Case("piece_ends", ([[1, 2], [2, 3]],)),
        Case("equal_pieces", ([[4, 5], [4, 5]],)),
        Case("three_equal", ([[7, 7, 7]],)),
        Case("short_pieces", ([[], [1], [1, 3]],)),
        Case("nothing", ([],)),
    ),
    "merge": (
        Case("one_pair", ([1, 2], (1, 2), 9)),
        Case("in_the_middle", ([5, 1, 2, 6], (1, 2), 9)),
        Case("twice", ([1, 2, 3, 1, 2], (1, 2), 9)),
        Case("end_stays", ([1, 2, 3], (1, 2), 9)),
        Case("order", ([2, 1, 2, 1], (1, 2), 9)),
        Case("not_there", ([1, 3, 2], (1, 2), 9)),
        Case("three_equal", ([7, 7, 7], (7, 7), 9)),
        Case("five_equal", ([7, 7, 7, 7, 7], (7, 7), 9)),
        Case("new_is_in_pair", ([1, 1, 1, 1], (1, 1), 1)),
        Case("nothing", ([], (1, 2), 9)),
    ),
    "train": (
        Case("bytes_only", (["abc"], 256)),
        Case("one_merge", (["aab ab"], 257)),
        Case("two_merges", (["abc", "abc", "ab"], 258)),
        Case("count_again", (["xyz xyz wxy"], 258)),
        Case("piece_ends", (["a b a b", "c"], 258)),
        Case("several_texts", (["ab", "ab", "ab", "c d"], 258)),
        Case("tie", (["zy ab"], 257)),
        Case("tie_of_tokens", (["zz zz zb zza"], 259)),
        Case("three_equal", (["aaa bb bb"], 258)),
        Case("korean", (["안녕 안경"], 259)),
        Case("no_pair_left", (["ab"], 300)),
    ),
    "encode_piece": (
        Case("one_byte", (b"a", _AB)),
        Case("one_merge", (b"ab", _AB | {b"ab": 3})),
        Case("no_pair", (b"ca", _AB | {b"ab": 3})),
        Case("two_merges", (b"abc", _AB | {b"ab": 3, b"abc": 4})),
        Case("lowest_rank", (b"abc", _AB | {b"bc": 3, b"ab": 4})),
        Case("not_longest", (b"lower", _LOW | {b"er": 5, b"we": 6, b"wer": 7, b"lo": 8, b"low": 9})),
        Case("neighbours", (b"abcd", _ABCDE | {b"ab": 5, b"cd": 6, b"bc": 7})),
        Case("long_token", (b"abcde", _ABCDE | {b"bc": 5, b"de": 6, b"bcde": 7, b"ab": 8, b"abcde": 9})),
        Case("again", (b"abab", _AB | {b"ab": 3, b"abab": 4})),
        Case("three_equal", (b"aaa", _AB | {b"aa": 3})),
        Case("leftmost", (b"aaaaa", _AB | {b"aa": 3, b"aaa": 4})),
    ),
    "decode": (
        Case("one_token", ([0], _TOKENS)),
        Case("two_tokens", ([0, 1], _TOKENS)),
        Case("line_break", ([0, 5, 0], _TOKENS)),
        Case("white_space", ([1, 5], _TOKENS)),
        Case("korean", ([4], _TOKENS)),
        Case("character_across", ([2, 3, 4], _TOKENS)),
        Case("half_character", ([0, 2], _TOKENS)),
        Case("nothing", ([], _TOKENS)),
    ),
    "printable": (
        Case("letters", (b"the",)),
        Case("space", (b" the",)),
        Case("line_break", (b"\n\x00",)),
        Case("high_bytes", (b"\xe9\xff",)),
        Case("korean", ("안".encode(),)),
        Case("delete", (b"~\x7f",)),
        Case("soft_hyphen", (b"\xac\xad\xae",)),
        Case("every_byte", (bytes(range(256)),)),
    ),
    "from_printable": (
        Case("letters", ("the",)),
        Case("space", ("Ġthe",)),
        Case("line_break", ("ĊĀ",)),
        Case("high_bytes", ("éÿ",)),
        Case("soft_hyphen", ("Ń¬",)),
    ),
    "encode": (
        Case("one_word", ("ab", _WORDS, {})),
        Case("pieces", ("ab ab", _WORDS, {})),
        Case("not_across", ("b a", {b" ": 0, b"a": 1, b"b": 2, b"b ": 3, b" a": 4}, {})),
        Case("special_alone", ("<|e|>", _WORDS, _SPECIAL)),
        Case("special_between", ("ab<|e|>bb", _WORDS, _SPECIAL)),
        Case("special_and_spaces", ("ab <|e|> ab", _WORDS, _SPECIAL)),
        Case("special_twice", ("<|e|><|e|>ab<|e|>", _WORDS, _SPECIAL)),
        Case("dot_is_no_wildcard", ("<|e|>aeb", _WORDS, {"a.b": 101, "<|e|>": 100})),
        Case("none_given", ("a<|e|>", _WORDS, {})),
        Case("empty", ("", _WORDS, _SPECIAL)),
    ),
}

# fmt: off
_FRAGMENTS = [
    "a", "b", "the", " the", "low", " lower", "ing", "A", "Z", "안녕", " 하세요", "안", "é", "ß", "中", "あ",
    "'s", "'ll", "'", "'S", "’s", "0", "12", "2024", "½", "²", " ", " ", "  ", "   ", "\n", "\n\n", "\t",
    "\r\n", "\xa0", "\u3000", "!", ",", "...", "_", "-", "==", "€", "🙂", "👩‍🚀", "\u0301", "\x00",
]
# fmt: on


def random_text(source: random.Random, n_fragments: int) -> str:
    """Return a text in which words, digits, signs and white space of all kinds meet."""
    return "".join(source.choices(_FRAGMENTS, k=n_fragments))


def random_cases(function: str) -> Iterator[Case]:
    """Yield `N_RANDOM` cases, always the same ones, which grow: the first mistake is a small one."""
    source = random.Random(function)
    for number in range(N_RANDOM):
        yield Case("random", _random_arguments(function, source, 2 + number // 8))


def _random_arguments(function: str, source: random.Random, size: int) -> tuple[Any, ...]:
    if function == "split":
        return (random_text(source, size),)
    if function == "count_pairs":
        return ([source.choices(range(4), k=source.randint(0, size)) for _ in range(3)],)
    if function == "merge":
        return (source.choices(range(3), k=size), (source.randrange(3), source.randrange(3)), 256)
    if function == "train":
        return ([random_text(source, size) for _ in range(2)], 256 + size // 2)
    if function == "encode_piece":
        return (bytes(source.choices(b"abc", k=size)), _random_ranks(source))
    if function == "decode":
        tokens = {number: source.randbytes(source.randint(1, 3)) for number in range(4)}
        tokens |= {4 + number: fragment.encode() for number, fragment in enumerate(_FRAGMENTS[:12])}
        ids = source.choices(range(16), k=size)
        return (ids, {token_id: tokens[token_id] for token_id in sorted(set(ids))})
    if function == "printable":
        return (source.randbytes(size),)
    if function == "from_printable":
        return (printable(source.randbytes(size)),)
    ranks = train([random_text(source, 4 * size)], 256 + size)
    specials = {"<|endoftext|>": 1000, "[PAD]": 1001}
    fragments = [random_text(source, 2), random_text(source, 3), *specials]
    return ("".join(source.choices(fragments, k=size)), ranks, specials)


def _random_ranks(source: random.Random) -> dict[bytes, int]:
    """Return ranks that a training could have made: each token joins two that were there before it."""
    tokens = [b"a", b"b", b"c"]
    while len(tokens) < 9:
        token = source.choice(tokens) + source.choice(tokens)
        if token not in tokens:
            tokens.append(token)
    return {token: rank for rank, token in enumerate(tokens)}
