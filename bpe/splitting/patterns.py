r"""Which patterns do OpenAI's encodings split with, and where may a text be cut without changing the pieces?

The patterns are tiktoken's, to the letter. `Encoding` takes any pattern, and is faster with these three.
https://github.com/openai/tiktoken/blob/0.14.0/tiktoken_ext/openai_public.py

**The tail rule.** When a text is not complete, all of its pieces but the last `UNFINISHED_PIECES` are already
pieces of the whole, whatever follows. The match that made a piece has looked no further than

- one character past the end of a run of letters, digits, punctuation or white space;
- two characters past an apostrophe: "x'l" is cut "x|'|l" or "x|'l" and may become "x|'ll" or "x'll";
- for o200k, the run of letters: "あB" is cut "あ|B" and may become the one piece "あBb"; and the run of
  white space: "\n " is cut "\n| " and may become the one piece "\n \n".

In each case, what may still change begins inside the last two pieces.

**The word rule.** A text may be cut before a white-space character other than a line break that
follows a character that is not white space: no piece of these patterns contains both, and none of their
assertions looks across that place.
"""

import re
from collections.abc import Iterator

# Makes the same pieces as the pattern of OpenAI's release of GPT-2, and is faster.
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
O200K_PATTERN = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
KNOWN_PATTERNS = frozenset({GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN})

UNFINISHED_PIECES = 2
# How far back from the end of a section to look for a place to cut.
_CUT_WITHIN = 4096

# Unicode's White_Space, which is what `\s` means to `regex` and to tiktoken; `re` counts U+001C to
# U+001F as white space too, so that its own `\s` will not do here.
_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
WORD_PATTERN = re.compile(f"[{_SPACE}]*[^{_SPACE}]+(?:[\\r\\n][{_SPACE}]*(?:[^{_SPACE}]+|\\Z))*|[{_SPACE}]+")
GPT2_WORD_PATTERN = re.compile(f"[{_SPACE}]*[^{_SPACE}]+|[{_SPACE}]+")


def word_pattern(pattern: str) -> re.Pattern[str] | None:
    r"""Return the pattern that finds words by the word rule; None for a pattern that is not listed here.

    GPT-2's pattern also allows a cut before a line break, which makes shorter words.

    >>> word_pattern(GPT2_PATTERN).findall("one two,\n three")
    ['one', ' two,', '\n three']
    >>> word_pattern(CL100K_PATTERN).findall("one two,\n three")
    ['one', ' two,\n three']
    """
    if pattern == GPT2_PATTERN:
        return GPT2_WORD_PATTERN
    return WORD_PATTERN if pattern in KNOWN_PATTERNS else None


def sections(text: str, n_chars: int) -> Iterator[str]:
    """Cut a text by the word rule into sections of about `n_chars` characters, longer where it cannot be cut.

    >>> list(sections("one two  three", 8))
    ['one two', '  three']
    """
    start, end = 0, n_chars
    while end < len(text):
        place = text.rfind(" ", max(start + 1, end - _CUT_WITHIN), end + 1)
        while place > start and text[place - 1].isspace():
            place = text.rfind(" ", max(start + 1, end - _CUT_WITHIN), place)
        if place > start:
            yield text[start:place]
            start = place
        end += n_chars
    yield text[start:]
