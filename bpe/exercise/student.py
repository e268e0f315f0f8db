"""How are a student's functions called? In another process, which may hang, end or run out of memory."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Any

from bpelab.bpe.exercise.outcome import Outcome
from bpelab.bpe.foundation.processes import start_python

# The process ends itself at the time limit. It cannot while it is inside of code that is not Python, such as
# a regular expression that tries too many ways: then it is ended from here, so much later.
_GRACE_SECONDS = 2.0
_START_SECONDS = 30.0
_PROGRAM = "from bpelab.bpe.exercise.student_process import run; run({file!a}, {seconds})"


class Student:
    """The functions of a student's file. Use it in a `with` statement, which ends the process."""

    def __init__(self, path: str | os.PathLike[str], seconds: float) -> None:
        self._path, self._seconds = os.path.abspath(path), seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._outcomes: SimpleQueue[Outcome | None] = SimpleQueue()

    def __enter__(self) -> "Student":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def call(self, function: str, arguments: Sequence[Any]) -> Outcome:
        """Call a function and return what came of it; the outcome of loading the file, where that failed."""
        if self._process is None and (loaded := self._start()).kind != "value":
            self.end()
            kind = "raised" if loaded.kind == "todo" else loaded.kind
            return replace(loaded, kind=kind, while_loading=True)
        assert self._process is not None and self._process.stdin is not None
        with suppress(OSError):  # it has ended, which is the outcome
            pickle.dump((function, list(arguments)), self._process.stdin)
            self._process.stdin.flush()
        outcome = self._outcome(self._seconds + _GRACE_SECONDS)
        if outcome.kind in ("slow", "ended"):
            self.end()
        return outcome

    def end(self) -> None:
        """End the process; the next call starts a new one, which remembers nothing."""
        if (process := self._process) is None:
            return
        self._process = None
        if sys.platform == "win32":
            process.kill()
        else:
            with suppress(ProcessLookupError):  # all have ended
                os.killpg(process.pid, signal.SIGKILL)  # with those that the student's functions have started
        assert process.stdin is not None
        with suppress(OSError):  # of what could not be sent
            process.stdin.close()
        process.wait()

    def _start(self) -> Outcome:
        process = start_python(_PROGRAM.format(file=self._path, seconds=self._seconds))
        assert process.stdout is not None
        self._process, self._outcomes = process, SimpleQueue()
        threading.Thread(target=_receive, args=(process.stdout, self._outcomes), daemon=True).start()
        return self._outcome(_START_SECONDS + self._seconds)

    def _outcome(self, seconds: float) -> Outcome:
        assert self._process is not None
        try:
            outcome = self._outcomes.get(timeout=seconds)
        except Empty:
            return Outcome("slow")
        if outcome is not None:
            return outcome
        try:
            status = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:  # it has closed what it answers through
            return Outcome("slow")
        return Outcome("ended", error=f"signal {-status}" if status < 0 else f"exit code {status}")


def _receive(source: IO[bytes], outcomes: "SimpleQueue[Outcome | None]") -> None:
    """Read outcomes until the process ends, and then None.

    Only this thread closes the pipe: to close it while it is read would wait for all that hold its other end.
    """
    with suppress(Exception), source:  # the end, perhaps in the middle of an outcome
        while True:
            outcomes.put(pickle.load(source))
    outcomes.put(None)
