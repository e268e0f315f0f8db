r"""How is a text cut into pieces? By what the pattern matches, from left to right, as tiktoken matches it.

Text between two matches is not part of any piece, and an empty match makes no piece. OpenAI's three patterns
mean the same to `regex` as they stand; every other pattern is translated first (`dialect`).

**The limit.** tiktoken's engine needs no backtracking for most patterns. `regex` always backtracks, and for a
pattern such as `(?:a|aa)+c` it may try more ways than there is time for. So for a pattern with nested
repeats, or with more than two open-ended repeats in a row, the search for one piece ends in a `TimeoutError`
after `SECONDS` of work and `SECONDS_A_CHAR` for each character ahead. Ctrl-C ends it sooner.
"""

import time
from collections.abc import Callable, Iterator
from functools import lru_cache

import regex
from bpelab.bpe.splitting.patterns import KNOWN_PATTERNS
from bpelab.bpe.splitting.unicode16 import as_unicode16

SECONDS = 10.0
SECONDS_A_CHAR = 10e-6


class Splitter:
    r"""Splits texts by one pattern.

    Raises `ValueError` for a pattern that is not a regular expression, or that `regex` cannot match as
    tiktoken does.

    >>> Splitter(" ?[a-z]+|'(s|t)").split("it's so")
    ['it', "'s", ' so']
    >>> Splitter(r"[\p{L}&&[^\p{Han}]]+|\p{Han}").split("abc 漢字 d")
    ['abc', '漢', '字', 'd']
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.is_known = pattern in KNOWN_PATTERNS
        if not pattern:
            raise ValueError("the pattern is empty, and an empty pattern makes no piece of any text")
        if self.is_known:
            self._plain = regex.compile(pattern)
            self._find_all: Callable[[str], list[str]] = self._plain.findall
            self._is_simple, self._may_run_away = True, False
            return
        # Imported only here: OpenAI's patterns do not need it, and `import bpelab.bpe` stays fast.
        from bpelab.bpe.splitting.dialect.source import excerpt
        from bpelab.bpe.splitting.dialect.translate import translate
        from bpelab.bpe.splitting.dialect.written_sets import is_plain

        self._is_plain = is_plain
        self._exact: tuple[regex.Pattern[str], bool] | None = None
        self._shown = excerpt(pattern, 0)
        try:
            self._translated = translate(pattern)
            self._plain = regex.compile(self._translated.written(exact=False), regex.V1)
            self._is_simple = not (self._translated.has_groups or self._translated.may_be_empty)
            self._may_run_away = self._translated.may_run_away
        except RecursionError:
            raise ValueError(f"the pattern {self._shown} is nested too deeply") from None

    def _ready(self, text: str) -> tuple["regex.Pattern[str]", str]:
        """Return a compiled pattern and a text of the same length that match each other as in Unicode 16."""
        if self.is_known:
            return self._plain, as_unicode16(text)
        if self._is_plain(text):
            return self._plain, text
        if self._exact is None:  # made when it is first needed; two threads may both make it, without harm
            in_exact_terms = not self._translated.has_stand_ins()
            written = self._translated.written(exact=in_exact_terms)
            self._exact = (regex.compile(written, regex.V1), in_exact_terms)
        compiled, in_exact_terms = self._exact
        return compiled, text if in_exact_terms else as_unicode16(text)

    def split(self, text: str) -> list[str]:
        """Return the pieces of a text without surrogates, in order.

        Raises `TimeoutError` if a search takes longer than the limit.
        """
        if self.is_known and text.isascii():
            return self._find_all(text)
        compiled, known = self._ready(text)
        if known is text and self._is_simple and not self._may_run_away:
            pieces: list[str] = compiled.findall(text)
            return pieces
        return [text[start:end] for start, end in self._spans(compiled, known)]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each piece, in characters."""
        return self._spans(*self._ready(text))

    def _spans(self, compiled: "regex.Pattern[str]", text: str) -> Iterator[tuple[int, int]]:
        if self._is_simple and not self._may_run_away:
            yield from (match.span() for match in compiled.finditer(text))
            return
        place = 0
        while place <= len(text) and (match := self._search(compiled, text, place)):
            start, end = match.span()
            if start < end:
                yield start, end
            # After an empty match tiktoken looks on from the next character, not again from this one.
            place = end if start < end else end + 1

    def _search(self, compiled: "regex.Pattern[str]", text: str, place: int) -> "regex.Match[str] | None":
        """Search from a place on, within the limit."""
        if not self._may_run_away:
            return compiled.search(text, place)
        limit = allowed = SECONDS + SECONDS_A_CHAR * (len(text) - place)
        while True:
            start = time.thread_time()
            try:
                return compiled.search(text, place, timeout=allowed)
            except TimeoutError:
                if time.thread_time() - start > 0.9 * limit:
                    break
                allowed *= 2  # `regex` counts the time of all threads together; this one has had less
        raise TimeoutError(
            f"the pattern {self._shown} found no piece from character {place:,} on in {limit:,.1f}"
            " seconds of work: it can match this text in too many ways; make repeats possessive, as in"
            " [a-z]++, or atomic, as in (?>...), and let no two alternatives begin alike"
        )


@lru_cache(maxsize=64)
def splitter_of(pattern: str) -> Splitter:
    """Return the splitter of a pattern, made once."""
    return Splitter(pattern)


def splitter(pattern: str) -> Callable[[str], list[str]]:
    r"""Return the function that splits a text into pieces.

    >>> splitter(r"\w+")("a b")
    ['a', 'b']
    """
    return splitter_of(pattern).split
