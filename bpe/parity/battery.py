"""Which texts show whether a tokenizer is right? Twelve kinds, each of which has broken one before."""

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType

from bpelab.bpe.parity.corpora import default_corpora
from bpelab.bpe.parity.sample import multilingual_sample

Texts = Iterator[tuple[str, str]]

# What stands before and after each text of a kind: one of each class that a pattern tells apart. Of a rare
# character, only a contraction after it shows the class, since its bytes merge with nothing.
_NEIGHBOURS = ("", "a", "A", " ", "\n", "1", "!", "é", "한", "'", "'s")
_N_RANDOM = 1_000
_N_LONG = 3

# fmt: off
_CORES: Mapping[str, Sequence[str]] = {
    "contractions": (
        "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'M", "'LL", "'lL", "'D",
        "'sys", "'tis", "'True", "'llama", "'reset", "''s", "'s's", "'ll've", "’s", "'ſ", "'x", "' s", "'",
    ),
    "white-space": (
        " ", "  ", "   ", "\t", " \t", "\t ", "\xa0", " \xa0", "\u3000", "\u2003", "\u1680", "\x0b", "\x0c",
        "\x1c", "\x1f", "\x85", "\u2028", "\u200b", "\ufeff", "\u180e", "a ", "a  b", " " * 20,
    ),
    "digits": (
        "1", "12", "123", "1234", "1234567", "½", "²", "Ⅷ", "٣", "१२३४", "𝟙", "①", "0x1F", "3.14", "1,000",
        "1e9", "2nd", "x2", "1½",
    ),
    "letters-and-marks": (
        "e\u0301", "\u0301", "Z\u0351\u036b\u0343", "\u20e3", "\ufe0f", "क्षि", "한", "ß", "ǅ", "ʰ", "ª", "İ",
        "ſ", "\u212a", "ﬁ", "ς", "ΑΣ", "camelCase", "HTTPServer", "ÉCOLE", "naïve", "𐐀𐐨", "あ", "ａ", "中文",
    ),
    "emoji": (
        "🙂", "🙂🙂", "👩‍🚀", "🇰🇷", "👍🏽", "❤️", "1️⃣", "☃", "🧑🏿‍🤝‍🧑🏻",
        "🏴\U000e0067\U000e0062\U000e007f", "™", "\u200d",
    ),
    "newlines": (
        "\n", "\n\n", "\n\n\n", "\r\n", "\r", "\n\r", " \n", "\n ", "\n \n", "  \n  ", "\r\n\r\n", "\t\n",
        "\n\t", "\u2028", "\x85", "!\n", "!\n\n", "/\n", "a\n", "\n'sys",
    ),
    "surrogates": (
        "\ud800", "\udbff", "\udc00", "\udfff", "\ud83d\ude42", "\ude42\ud83d", "\ud800\ud800",
        "\ud83da\ude42",
    ),
}
_SPECIALS = (
    "<|", "|>", "<|endoftext", "endoftext|>", "<|ENDOFTEXT|>", "< |endoftext|>", "<|im_start|>", "<s>",
    "</s>", "<pad>", "<unk>", "[CLS]", "[MASK]",
)
# Each with the version of Unicode that assigned it, 9 to 17; tiktoken 0.14 has version 16.
_NEW: Mapping[str, str] = {
    "9": "\U0001e900\u1c80", "10": "\u0860\U0002ceb0", "11": "\u1c90\u0560\U00010f30",
    "12": "\ua7ba\U0001e100",
    "13": "\u08be\ua7c7\U00030000", "14": "\u0870\ua7c0\U00012f90", "15": "\U00031350\U00011f04\U0001e4f0",
    "15.1": "\U0002ebf0", "16": "\u1c89\ua7cb\U00010d40\U00010d4a\U00016d40\U00011de1",
    "17": "\ua7ce\u088f\U000323b0",
    "none": "\u0378\U000e0080\ue000\uffff",
}
# fmt: on


@dataclass(frozen=True)
class Battery:
    """What the kinds of texts depend on.

    `special_tokens` are written into texts. `n_bytes` limits each of the corpora of real text; `longest` is
    the number of characters of the longest piece. `folder` holds more real text, in .txt files.
    """

    seed: int = 0
    special_tokens: Sequence[str] = ("<|endoftext|>",)
    n_bytes: int = 12_000_000
    longest: int = 20_000
    folder: Path | None = None

    def texts(self, kind: str) -> Texts:
        """Yield the (source, text) pairs of one kind, the same for the same battery.

        Raises `ValueError` for a kind that does not exist.

        >>> next(Battery().texts("digits"))
        ('digits 1', '1')
        """
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind!r}; there are: {', '.join(KINDS)}")
        # A kind has the same texts, whichever others are asked for.
        yield from KINDS[kind](self, random.Random(f"{self.seed} {kind}"))


def _around(kind: str, cores: Sequence[str], source: random.Random) -> Texts:
    """Yield each core between neighbours of every class, then random strings of both."""
    for number, (core, before, after) in enumerate(product(cores, _NEIGHBOURS, _NEIGHBOURS), 1):
        yield f"{kind} {number:,}", before + core + after
    pool = [*cores, *(neighbour for neighbour in _NEIGHBOURS if neighbour)]
    for number in range(1, _N_RANDOM + 1):
        drawn = source.choices(pool, k=source.choice((2, 3, 4, 6, 10, 30)))
        yield f"{kind}, random string {number:,}", "".join(drawn)


def _with_cores(kind: str) -> Callable[[Battery, random.Random], Texts]:
    return lambda _, source: _around(kind, _CORES[kind], source)


def _special_tokens(battery: Battery, source: random.Random) -> Texts:
    return _around("special-tokens", [*list(battery.special_tokens)[:10], *_SPECIALS], source)


def _new_unicode(_: Battery, source: random.Random) -> Texts:
    # Oldest first, so that the first difference tells how old a table is.
    for version, chars in _NEW.items():
        for char, before, after in product(chars, _NEIGHBOURS, _NEIGHBOURS):
            yield f"new-unicode, U+{ord(char):04X} (version {version})", before + char + after
    for source_name, text in _around("new-unicode", "".join(_NEW.values()), source):
        if "random" in source_name:
            yield source_name, text


def _scripts(_: Battery, source: random.Random) -> Texts:
    sample = [(name, text) for name, text in multilingual_sample() if name != "Letters of Unicode 17"]
    yield from sample
    whole = "".join(text for _, text in sample)
    for number in range(1, _N_RANDOM + 1):
        stretches = [whole[i : i + source.randint(1, 12)] for i in source.choices(range(len(whole)), k=4)]
        between = source.choices(_NEIGHBOURS, k=4)
        text = "".join(part for pair in zip(stretches, between, strict=True) for part in pair)
        yield f"scripts, random string {number:,}", text


def _long_pieces(battery: Battery, source: random.Random) -> Texts:
    alphabets = {
        "letters": "abcdefghijklmnopqrstuvwxyz",
        "letters of both cases": "aBcDeFgHiJkLmNoPqRsTuVwXyZ",
        "two letters": "ab",
        "digits": "0123456789",
        "Chinese": "".join(map(chr, range(0x4E00, 0x9FA0, 7))),
        "Hangul": "".join(map(chr, range(0xAC00, 0xD7A0, 11))),
        "punctuation": "!?.,;:-_=+*#",
        "white space": " \t\u3000",
    }
    for length in sorted({50, 129, 300, 1_000, 4_100, battery.longest}):
        if length > battery.longest:
            return
        for char in "a ^中=\n":
            yield f"long-pieces, {length:,} times {char!r}", char * length
        for name, alphabet in alphabets.items():
            for number in range(1, _N_LONG + 1):
                text = "".join(source.choices(alphabet, k=length))
                yield f"long-pieces, {length:,} random {name} {number}", text


def _real(battery: Battery, _: random.Random) -> Texts:
    """Yield real text, at most `n_bytes` of each corpus."""
    for name, texts in default_corpora(battery.folder or Path(os.devnull)).items():
        if name == "multilingual sample":
            continue  # it is in "scripts"
        n_left = battery.n_bytes
        for source, text in texts:
            if n_left > 0:
                yield source, text[:n_left]
            n_left -= len(text.encode("utf-8"))
            if n_left <= 0:
                break


KINDS: Mapping[str, Callable[[Battery, random.Random], Texts]] = MappingProxyType(
    {
        "contractions": _with_cores("contractions"),
        "white-space": _with_cores("white-space"),
        "digits": _with_cores("digits"),
        "letters-and-marks": _with_cores("letters-and-marks"),
        "scripts": _scripts,
        "emoji": _with_cores("emoji"),
        "newlines": _with_cores("newlines"),
        "surrogates": _with_cores("surrogates"),
        "special-tokens": _special_tokens,
        "long-pieces": _long_pieces,
        "new-unicode": _new_unicode,
        "prose-and-code": _real,
    }
)
