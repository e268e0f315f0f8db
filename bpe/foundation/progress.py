"""How far has some work come, and how long will it take? It is told to a callback; nothing is drawn here."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """How far a phase of some work has come; its `str` is one line to show.

    Phases have names such as "counting" and "merging". Work that resumes has a phase "checking" first, which
    compares what it reads with what it read before.
    """

    phase: str
    done: int  # so many units
    total: int | None  # of those; None where nobody knows
    unit: str = "bytes"
    seconds: float = 0.0  # since this phase began in this process
    done_before: int = 0  # by an earlier process
    found: Mapping[str, int] = field(default_factory=dict)  # what there is so far, each with its number

    @property
    def seconds_left(self) -> float | None:
        """The time that the rest of this phase takes at the rate so far; None if that is not known.

        >>> Progress("merging", 250, 1000, "merges", seconds=2.0).seconds_left
        6.0
        """
        done_here = self.done - self.done_before
        if self.total is None or done_here <= 0:
            return None
        return self.seconds * max(0, self.total - self.done) / done_here

    @property
    def amount(self) -> str:
        """How much is done, of how much.

        >>> Progress("counting", 5_000_000, 12_000_000).amount
        '5.0 of 12.0 MB'
        """
        if self.unit == "bytes":
            total = "" if self.total is None else f" of {self.total / 1e6:,.1f}"
            return f"{self.done / 1e6:,.1f}{total} MB"
        total = "" if self.total is None else f" of {self.total:,}"
        return f"{self.done:,}{total} {self.unit}"

    def __str__(self) -> str:
        """Return the state in one line.

        >>> print(Progress("counting", 5_000_000, 12_000_000, seconds=0.5, found={"distinct pieces": 40_000}))
        counting: 5.0 of 12.0 MB, 40,000 distinct pieces, 1 s left
        >>> print(Progress("merging", 500, None, "merges", seconds=0.5))
        merging: 500 merges
        """
        found = [f"{number:,} {name}" for name, number in self.found.items()]
        left = [] if self.seconds_left is None else [f"{duration(self.seconds_left)} left"]
        return f"{self.phase}: {', '.join([self.amount, *found, *left])}"


Watch = Callable[[Progress], None]


def duration(seconds: float) -> str:
    """Say how long something takes, in the unit that reads best.

    >>> duration(59), duration(61), duration(8000)
    ('59 s', '1 min', '2.2 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


class Reporter:
    """Calls `watch` a few times a second, and at the end of the phase."""

    SECONDS = 0.2

    def __init__(
        self,
        watch: Watch | None,
        phase: str,
        total: int | None,
        done_before: int = 0,
        *,
        unit: str = "bytes",
    ) -> None:
        self._watch, self._phase, self._total, self._before = watch, phase, total, done_before
        self._unit = unit
        self._start = time.monotonic()
        self._next = self._start
        self._reported: int | None = None

    def __call__(self, done: int, found: Mapping[str, int] | None = None, *, at_end: bool = False) -> None:
        """Report, unless the last report is too recent and this is not the end."""
        now = time.monotonic()
        if self._watch is not None and (now >= self._next or (at_end and done != self._reported)):
            self._next = now + self.SECONDS
            self._reported = done
            seconds = now - self._start
            self._watch(
                Progress(self._phase, done, self._total, self._unit, seconds, self._before, found or {})
            )


_watching: ContextVar[Watch | None] = ContextVar("watching", default=None)


@contextmanager
def watched_by(watch: Watch | None) -> Iterator[None]:
    """Let `watch` be told of the downloads in this context, which lie too deep to pass it down to them."""
    before = _watching.set(watch)
    try:
        yield
    finally:
        _watching.reset(before)


def watching() -> Watch | None:
    """Return who watches the downloads in this context."""
    return _watching.get()
