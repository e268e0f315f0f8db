"""Which parts of a text are special tokens? The rules of `allowed_special` and `disallowed_special`."""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from heapq import heapify, heappop, heapreplace
from itertools import pairwise, starmap, takewhile
from typing import Literal, NamedTuple

# Stands between two documents in what GPT-2 was trained on, and in everything here that joins documents.
END_OF_TEXT = "<|endoftext|>"

Allowed = Literal["all"] | AbstractSet[str]
Disallowed = Literal["all"] | Collection[str]


class Special(NamedTuple):
    """A special token in a text, and where it is, in characters."""

    start: int
    end: int
    name: str


class _Beginning(NamedTuple):
    """A name, or a beginning that several names share."""

    text: str
    is_name: bool
    after: int  # the number of the first one that does not begin with this one


class SpecialFinder:
    """Finds special tokens in a text; where two of them start at the same place, it finds the longer one.

    tiktoken's choice between those two varies from run to run. The search takes linear time for each name
    that the text contains, and for few others: names that begin alike are skipped together where the text
    lacks that beginning.

    >>> list(SpecialFinder(frozenset({"<a>", "<b>", "<b><a>"})).all("one <b><a><a"))
    [Special(start=4, end=10, name='<b><a>')]
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.longest = max(map(len, names))
        self._beginnings = _beginnings(names)
        # All of OpenAI's names start with "<|": a text without that needs no further search.
        self._common = _common_beginning(min(names), max(names))

    def first(self, text: str) -> Special | None:
        """Return the first special token in the text."""
        if self._common not in text:
            return None
        places = self._first_places(text)
        if not places:
            return None
        start, _, name = min(places)
        return Special(start, start + len(name), name)

    def all(self, text: str) -> Iterator[Special]:
        """Yield the special tokens in the text, in order."""
        nexts = self._first_places(text)  # the next place of each name
        heapify(nexts)
        done = 0
        while nexts:
            start, _, name = nexts[0]
            if start >= done:
                done = start + len(name)
                yield Special(start, done, name)
            start = text.find(name, done)
            if start < 0:
                heappop(nexts)
            else:
                heapreplace(nexts, (start, -len(name), name))

    def _first_places(self, text: str) -> list[tuple[int, int, str]]:
        """List the first place of each name that is in the text: the place, minus the length, and the name.

        So the least entry is the first name in the text, and the longest of those that begin there.
        """
        places = []
        i = 0
        while i < len(self._beginnings):
            beginning, is_name, after = self._beginnings[i]
            start = text.find(beginning)
            if start < 0:
                i = after
                continue
            if is_name:
                places.append((start, -len(beginning), beginning))
            i += 1
        return places


def _beginnings(names: frozenset[str]) -> list[_Beginning]:
    """List the names, and the beginnings that two or more of them share, in order."""
    common = set(starmap(_common_beginning, pairwise(sorted(names)))) - {""}
    texts = sorted(names | common)
    after = [len(texts)] * len(texts)
    open_ones: list[int] = []  # those with which the previous text begins, the shortest first
    for i, text in enumerate(texts):
        while open_ones and not text.startswith(texts[open_ones[-1]]):
            after[open_ones.pop()] = i
        open_ones.append(i)
    return [_Beginning(text, text in names, place) for text, place in zip(texts, after, strict=True)]


def _common_beginning(one: str, other: str) -> str:
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(char for char, _ in alike)


@lru_cache(maxsize=128)
def special_finder(names: frozenset[str]) -> SpecialFinder:
    """Return the finder of special tokens for these names, built once."""
    return SpecialFinder(names)


def resolve_special(
    specials: AbstractSet[str], allowed_special: Allowed, disallowed_special: Disallowed
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that count as special tokens, and those that the text must not contain.

    Raises `TypeError` for a string where a set of names belongs.

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
    ValueError: the text contains the special token '<a>' at character 4. To encode it as a special token, \
pass allowed_special={'<a>'}; to encode it as plain text, pass disallowed_special=().
    """
    if disallowed and (special := special_finder(disallowed).first(text)):
        found = special.name
        raise ValueError(
            f"the text contains the special token {found!r} at character {n_chars_before + special.start}."
            f" {how_to_allow(found)}"
        )


def refuse_hidden(text: str, hidden: frozenset[str]) -> None:
    """Raise `ValueError` for the first special token in a text whose id stands for other bytes, too.

    >>> refuse_hidden("one <a>", frozenset({"<a>"}))
    Traceback (most recent call last):
    ValueError: the special token '<a>' at character 4 has the id of another token, so that its id does not \
tell how long it is: leave it out of allowed_special
    """
    if special := special_finder(hidden).first(text):
        raise ValueError(
            f"the special token {special.name!r} at character {special.start} has the id of another token, so"
            " that its id does not tell how long it is: leave it out of allowed_special"
        )


def how_to_allow(name: str) -> str:
    """Say what to pass where a text contains a special token.

    >>> print(how_to_allow("<a>"))
    To encode it as a special token, pass allowed_special={'<a>'}; to encode it as plain text, \
pass disallowed_special=().
    """
    return (
        f"To encode it as a special token, pass allowed_special={{{name!r}}};"
        " to encode it as plain text, pass disallowed_special=()."
    )
