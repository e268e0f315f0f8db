"""How does a verb that takes long show how far it is? One line on standard error."""

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# A line on a terminal is rewritten in place; where progress goes to a file, a line every so often is enough.
SECONDS_A_LINE = 10.0


class Lines:
    """Shows progress on standard error."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS_A_LINE

    def __call__(self, progress: object) -> None:
        """Show where the work stands."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{progress}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_A_LINE
            print(progress, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            print(file=sys.stderr)


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Show what the library warns of as a line on standard error, as soon as it does."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"bpelab: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
