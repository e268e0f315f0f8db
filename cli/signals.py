"""How does the program end when a signal tells it to? As after Ctrl-C: `finally` and `with` clean up."""

import os
import signal
from types import FrameType

_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}


class Ended(SystemExit):
    """A signal ends the program. It is raised wherever the program is, so that `finally` and `with` work."""

    def __init__(self, number: int, kept: str = "") -> None:
        super().__init__(128 + number)
        self.number = number
        self.kept = kept

    def __str__(self) -> str:
        """Return what happened and, if there is anything to say about it, what is kept."""
        word = _WORDS[signal.Signals(self.number).name]
        return f"{word}: {self.kept}" if self.kept else word


def end_on_signals() -> None:
    """Let SIGTERM and a closed terminal end this process by `Ended`; a signal that is ignored stays so.

    Only for a program, not for a library: whoever calls a library decides about signals. Processes that are
    forked from this one end at once, as they would without it.
    """
    process = os.getpid()

    def end(number: int, _: FrameType | None) -> None:
        if os.getpid() != process:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the cleaning up
        raise Ended(number)

    for name in ("SIGTERM", "SIGHUP"):  # Ctrl-C raises `KeyboardInterrupt` in every Python program
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
