r"""Which Splits in a row does one pattern say? DeepSeek's, of V3 and R1 and the models after them.

Each Split cuts the pieces of the one before it, and sees no character outside of its piece. Three rules
make one pattern of that:

1. In a piece, a pattern behaves as if every set of characters were reduced to those that the piece may have,
   in what it looks ahead to as well: `(?!\S)` holds at the end of a piece, whatever follows.
2. What a Split does not match is a piece, too: `(?:(?!P)C)+`, for a pattern P in pieces of the characters C.
3. The last Split cuts the pieces of the first ones again. Numbers stay, since it matches nothing in them;
   in a CJK piece, it takes letters and punctuation apart.
"""

from typing import Any

# As they lie in the file; its line ends are themselves or escapes.
DEEPSEEK_SPLITS = (
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)


def _with_the_rest(cuts: str, chars: str) -> str:
    """Return a pattern that matches what `cuts` does and, as one piece, the `chars` that it leaves out."""
    return f"{cuts}|(?:(?!{cuts}){chars})+"


_CJK = "[一-龥぀-ヿ]"
_OTHER = r"[^\p{N}一-龥぀-ヿ]"
_IN_CJK = rf"[{_CJK}&&[^\p{{L}}\p{{P}}\p{{S}}]]?[{_CJK}&&[\p{{L}}\p{{M}}]]+|[{_CJK}&&[\p{{P}}\p{{S}}]]+"
_IN_OTHER = (
    rf"[!-/:-@\[-`{{-~][A-Za-z]+|[{_OTHER}&&[^\r\n\p{{L}}\p{{P}}\p{{S}}]]?[{_OTHER}&&[\p{{L}}\p{{M}}]]+"
    rf"| ?[{_OTHER}&&[\p{{P}}\p{{S}}]]+[\r\n]*|\s*[\r\n]+|\s+(?![{_OTHER}&&\S])|\s+"
)
DEEPSEEK_PATTERN = rf"\p{{N}}{{1,3}}|{_with_the_rest(_IN_CJK, _CJK)}|{_with_the_rest(_IN_OTHER, _OTHER)}"


def dump_splits(pattern: str) -> list[dict[str, Any]] | None:
    """Return the Splits that cut a text as a pattern does; None where one Split is enough, or must be."""
    if pattern != DEEPSEEK_PATTERN:
        return None
    return [
        {"type": "Split", "pattern": {"Regex": split}, "behavior": "Isolated", "invert": False}
        for split in DEEPSEEK_SPLITS
    ]


def load_splits(splits: list[dict[str, Any]]) -> str | None:
    """Return the pattern that cuts a text as some Splits in a row do; None where it is not known."""
    found = [_isolated_pattern(split) for split in splits]
    return DEEPSEEK_PATTERN if found == list(DEEPSEEK_SPLITS) else None


def _isolated_pattern(split: dict[str, Any]) -> str | None:
    pattern = split.get("pattern")
    regex = pattern.get("Regex") if isinstance(pattern, dict) else None
    if not isinstance(regex, str) or split.get("behavior") != "Isolated" or split.get("invert"):
        return None
    return regex.replace("\r", r"\r").replace("\n", r"\n")
