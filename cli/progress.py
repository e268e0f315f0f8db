"""How does a verb that takes long show how far it is? One line on standard error."""

import sys
import time

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
