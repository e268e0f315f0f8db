"""How far has a training run come, and how long will it take?"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Progress:
    """How far a training run has come; its `str` is one line to show.

    A run that resumes first checks that the texts are the ones it read before.
    """

    phase: Literal["checking", "counting", "merging"]
    done: int  # bytes of text checked or counted, or merges found
    total: int | None  # of those; None if the size of the corpus is not known
    n_pieces: int  # distinct pieces so far; 0 while checking
    seconds: float  # since this phase began in this process
    done_before: int = 0  # by an earlier process, which left a checkpoint

    @property
    def seconds_left(self) -> float | None:
        """The time that the rest of this phase takes at the rate so far; None if that is not known.

        >>> Progress("merging", 250, 1000, 9999, seconds=2.0).seconds_left
        6.0
        """
        done_here = self.done - self.done_before
        if self.total is None or done_here <= 0:
            return None
        return self.seconds * max(0, self.total - self.done) / done_here

    def __str__(self) -> str:
        """Return the state in one line.

        >>> print(Progress("counting", 5_000_000, 12_000_000, 40_000, seconds=0.5))
        counting: 5.0 of 12.0 MB, 40,000 distinct pieces, 1 s left
        >>> print(Progress("merging", 500, None, 40_000, seconds=0.5))
        merging: 500 merges, 40,000 distinct pieces
        >>> print(Progress("checking", 2_000_000, 5_000_000, 0, seconds=0.0))
        checking: 2.0 of 5.0 MB, 0 s left
        """
        if self.phase == "merging":
            amount = f"{self.done:,}" + (f" of {self.total:,}" if self.total else "") + " merges"
        else:
            amount = (
                f"{self.done / 1e6:,.1f}" + (f" of {self.total / 1e6:,.1f}" if self.total else "") + " MB"
            )
        pieces = "" if self.phase == "checking" else f", {self.n_pieces:,} distinct pieces"
        left = "" if self.seconds_left is None else f", {self.seconds_left:,.0f} s left"
        return f"{self.phase}: {amount}{pieces}{left}"


Watch = Callable[[Progress], None]


class Reporter:
    """Calls `watch` a few times a second, and at the end of the phase."""

    SECONDS = 0.2

    def __init__(
        self,
        watch: Watch | None,
        phase: Literal["checking", "counting", "merging"],
        total: int | None,
        done_before: int = 0,
    ) -> None:
        self._watch, self._phase, self._total, self._before = watch, phase, total, done_before
        self._start = time.monotonic()
        self._next = self._start
        self._reported: int | None = None

    def __call__(self, done: int, n_pieces: int, *, at_end: bool = False) -> None:
        """Report, unless the last report is too recent and this is not the end."""
        now = time.monotonic()
        if self._watch is not None and (now >= self._next or (at_end and done != self._reported)):
            self._next = now + self.SECONDS
            self._reported = done
            seconds = now - self._start
            self._watch(Progress(self._phase, done, self._total, n_pieces, seconds, self._before))
