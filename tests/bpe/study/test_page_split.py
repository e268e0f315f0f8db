"""What the page says about a cut is true: which alternative made the piece, in words, and what ended it."""

from collections.abc import Callable
from itertools import islice, pairwise
from typing import Any

import pytest
import regex
from bpelab.bpe import Encoding
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, KNOWN_PATTERNS, O200K_PATTERN
from bpelab.bpe.splitting.unicode16 import as_unicode16
from bpelab.bpe.study.browser_patterns import JAVASCRIPT_PATTERNS, alternatives

Open = Callable[..., Any]
NAMES = {GPT2_PATTERN: "gpt2", CL100K_PATTERN: "cl100k_base", O200K_PATTERN: "o200k_base"}
BYTES = {bytes([i]): i for i in range(256)}
EXPLAINED = """(texts) => {
  const [encoding] = bpelab.encodings.values();
  return texts.map((text) => {
    const pieces = encoding.pieces(text);
    return pieces.map((piece, i) => {
      const next = pieces[i + 1];
      const { text, start, alternative } = piece;
      return [text, start, alternative.written, madeOf(piece, next), whyItEnds(piece, next)];
    });
  });
}"""
SAID = "() => [document.querySelector('.made').textContent, document.querySelector('.ends').textContent]"

_CONTRACTION = "(?i:'(?:[sdmt]|ll|ve|re))"
_BREAK = r"[\r\n]"
# What the words stand for: a piece matches its parts one after the other.
PARTS = {
    "spaceAnd": " ",
    "signAnd": r"[^\r\n\p{L}\p{N} ]",
    "letters": r"\p{L}+",
    "lettersAndMarks": r"[\p{L}\p{M}]+",
    "capitals": r"[\p{Lu}\p{Lt}]+",
    "capitalsFirst": r"(?:(?!\p{Ll}[\p{Lu}\p{Lt}])[\p{L}\p{M}])+",
    "withContraction": _CONTRACTION,
    "digits": r"\p{N}+",
    "threeDigits": r"\p{N}{1,3}",
    "signs": r"[^\s\p{L}\p{N}\p{M}]+",
    "signsAndMarks": r"[^\s\p{L}\p{N}]+",
    "breaksAfter": rf"{_BREAK}+",
    "breaksAndSlashes": rf"{_BREAK}[\r\n/]*",
    "contraction": _CONTRACTION,
    "end": r"\s+",
    "lineBreaks": rf"\s*{_BREAK}",
    "spacesBeforeWord": r"\s+",
    "spacesButLast": r"\s+",
    "space": r"\s",
}
# What is said to follow, of the text after the piece; "" says nothing.
FOLLOWS = {
    "": "",
    "atTheEnd": r"\Z",
    "afterContraction": "",
    "newWord": r"[\p{Lu}\p{Lt}]",
    "threeAreMost": r"\p{N}",
    "afterBreaks": r"[^\r\n]",
    "beforeMarkThatIsNoLetter": r"\p{M}",
    "beforeLetter": r"\p{L}",
    "beforeMark": r"\p{M}",
    "beforeDigit": r"\p{N}",
    "beforeBreak": _BREAK,
    "beforeSpace": rf"(?!{_BREAK})\s",
    "beforeSign": r"[^\s\p{L}\p{N}\p{M}]",
}
# What the words about white space promise of the next piece.
NEXT = {
    "end": r"\Z",
    "spacesBeforeWord": r"\s\S",
    "spacesButLast": r"\s\Z",
    "space": r"\S",
    "lineBreaks": rf"(?!\s*{_BREAK})",
}


def texts() -> list[str]:
    found = [text for _, text in multilingual_sample()]
    found += map(repair_surrogates, islice(fuzz_texts(5), 300))
    found += [
        "camelCase don'tx HTMLParser あBb x'ſ",
        "12345a 1/2",
        "a  b\t c \n\n d  ",
        "!?\r\n\n/x !\n/",
        "  ",
        "\n",
    ]
    return [as_unicode16(text) for text in found]


@pytest.mark.parametrize("pattern", sorted(KNOWN_PATTERNS, key=len), ids=NAMES.get)
def test_the_words_hold_for_every_piece(open_page: Open, pattern: str) -> None:
    encoding = Encoding("bytes", pat_str=pattern, mergeable_ranks=BYTES, special_tokens={})
    written = alternatives(pattern)
    in_order = regex.compile("|".join(f"({alternative})" for alternative in written), regex.V0)
    seen: set[str] = set()
    for text, explained in zip(texts(), open_page([encoding]).evaluate(EXPLAINED, texts()), strict=True):
        matches = list(in_order.finditer(text))
        assert [(match[0], match.start()) for match in matches] == [tuple(piece[:2]) for piece in explained]
        assert [written[match.lastindex - 1] for match in matches] == [piece[2] for piece in explained]
        for (piece, start, _, parts, ends), following in pairwise([*explained, [""]]):
            after = text[start + len(piece) :]
            assert regex.fullmatch("".join(PARTS[part] for part in parts), piece), (piece, parts)
            assert regex.match(FOLLOWS[ends], after), (piece, ends, after)
            assert regex.match(NEXT.get(parts[-1], ""), following[0]), (piece, parts, after)
            if ends == "afterContraction":
                assert regex.search(rf".{_CONTRACTION}\Z", piece)
            seen |= {*parts, ends}
    assert len(seen) > 15


@pytest.mark.parametrize(
    ("text", "made", "ends"),
    [
        ("low,", "letters", "A sign follows."),
        ("'s it", "a contraction", ""),
        ("  low", "white space, without its last character, which is left to what follows", ""),
        ("\n\tlow", "white space, without its last character, which stands alone", ""),
        ("\tlow", "one white-space character, which what follows does not take along", ""),
        ("की", "letters", "A mark follows, which is not a letter to this pattern."),
        ("12a", "digits", "A letter follows."),
        ("  ", "white space at the end of the text", ""),
    ],
)
def test_the_words_on_the_page(open_page: Open, gpt2: Encoding, text: str, made: str, ends: str) -> None:
    assert open_page([gpt2], text).evaluate(SAID) == [made, ends]


def test_a_piece_may_end_at_a_special_token(open_page: Open, gpt2: Encoding) -> None:
    page = open_page([gpt2], "low<|endoftext|>", "#special=1")
    assert page.evaluate(SAID) == ["letters", "A special token follows."]
    page.fill("textarea", "  <|endoftext|>")
    assert page.evaluate(SAID) == ["white space before a special token", ""]


@pytest.mark.parametrize("pattern", sorted(KNOWN_PATTERNS, key=len), ids=NAMES.get)
def test_there_is_a_form_in_javascript_for_each_alternative(pattern: str) -> None:
    written = alternatives(pattern)
    assert "|".join(written) == pattern
    assert len(written) == len(JAVASCRIPT_PATTERNS[pattern])
