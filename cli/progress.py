"""How does a verb show how far it is? As a bar on a terminal, a line now and then in a log, or not at all."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpelab.bpe.foundation.progress import Progress, Watch
    from rich.progress import TaskID

# A bar is redrawn in place. In a log, a line every so often is enough.
SECONDS_A_LINE = 10.0


@contextmanager
def progress_shown(*, quiet: bool = False) -> "Iterator[Watch | None]":
    """Yield a function that shows a `Progress` on standard error, or None where nothing is to be shown.

    Downloads are shown, too. Nothing of a bar is left when it ends; print results after that.
    """
    from bpelab.bpe.foundation.progress import watched_by  # loads NumPy

    if quiet:
        with watched_by(None):
            yield None
        return
    shown: _Bar | _Lines = _Bar() if _can_redraw() else _Lines()
    try:
        with watched_by(shown.show):
            yield shown.show
    finally:
        shown.end()


def _can_redraw() -> bool:
    """Whether standard error is a terminal that can go back to the beginning of a line."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


class _Lines:
    """Prints a line now and then."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS_A_LINE

    def show(self, progress: "Progress") -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_A_LINE
            print(progress, file=sys.stderr, flush=True)

    def end(self) -> None:
        pass


class _Bar:
    """Draws a bar with the time left. It begins with the first report: short work draws nothing."""

    def __init__(self) -> None:
        self._task: TaskID | None = None

    def show(self, progress: "Progress") -> None:
        if self._task is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bar

            # Redrawn when there is news, so that no thread of it holds a lock while others work. Standard
            # output is left alone, because it may be a file.
            self._bar = Bar(
                BarColumn(bar_width=20),
                TextColumn("{task.description}", markup=False),
                console=Console(stderr=True),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        self._bar.update(
            self._task,
            description=str(progress),
            completed=progress.done,
            total=progress.total,
            refresh=True,
        )

    def end(self) -> None:
        if self._task is not None:
            self._bar.stop()
