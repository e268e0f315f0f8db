"""Which stretches of a text are special tokens? Rules of `allowed_special` and `disallowed_special`."""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import takewhile
from typing import Literal

import regex

Allowed = Literal["all"] | AbstractSet[str]
Disallowed = Literal["all"] | Collection[str]


class SpecialFinder:
    """Finds any of some special tokens in a text; where two start at one place, the longer.

    tiktoken's choice between those two varies from run to run.
    """

    def __init__(self, names: frozenset[str]) -> None:
        # All names of OpenAI's start with "<|": a text without that needs no further search.
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))
        self.prefix = "".join(char for char, _ in alike)
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        self.regex = regex.compile("|".join(map(regex.escape, longest_first)))
        self.longest = max(map(len, names))

    def first(self, text: str) -> "regex.Match[str] | None":
        """Give the match of the first special token in the text."""
        return self.regex.search(text) if self.prefix in text else None

    def all(self, text: str) -> Iterator["regex.Match[str]"]:
        """Yield the matches of the special tokens in the text, in order."""
        return self.regex.finditer(text) if self.prefix in text else iter(())


@lru_cache(maxsize=128)
def special_finder(names: frozenset[str]) -> SpecialFinder:
    """Give the finder of some special tokens, built once."""
    return SpecialFinder(names)


def resolve_special(
    specials: AbstractSet[str], allowed_special: Allowed, disallowed_special: Disallowed
) -> tuple[frozenset[str], frozenset[str]]:
    """Give the names that are special tokens in a text, and those that must not be in it.

    Raises `TypeError` for a text where a set of names belongs.

    >>> resolve_special({"<a>", "<b>"}, {"<a>"}, "all")
    (frozenset({'<a>'}), frozenset({'<b>'}))
    """
    for name, value in (("allowed_special", allowed_special), ("disallowed_special", disallowed_special)):
        if isinstance(value, str) and value != "all":
            raise TypeError(f"{name} takes 'all' or a set of names; for one name pass {{{value!r}}}")
    allowed = frozenset(specials if allowed_special == "all" else allowed_special)
    if disallowed_special == "all":
        return allowed & specials, frozenset(specials - allowed)
    return allowed & specials, frozenset(disallowed_special)


def refuse_special(text: str, disallowed: frozenset[str], n_chars_before: int = 0) -> None:
    """Raise `ValueError` for the first disallowed special token in a text.

    >>> refuse_special("one <a>", frozenset({"<a>"}))
    Traceback (most recent call last):
    ValueError: the text holds the special token '<a>' at character 4. To encode it as a special token, \
pass allowed_special={'<a>'}; to encode it as plain text, pass disallowed_special=().
    """
    if disallowed and (match := special_finder(disallowed).first(text)):
        found = match.group()
        raise ValueError(
            f"the text holds the special token {found!r} at character {n_chars_before + match.start()}."
            f" To encode it as a special token, pass allowed_special={{{found!r}}};"
            " to encode it as plain text, pass disallowed_special=()."
        )
