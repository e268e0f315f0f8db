"""How does a student's file run, so that whatever it does is only an outcome? This is the process it runs in.

It reads pickled calls from its standard input and writes pickled outcomes to what was its standard output.
Before the file is loaded, both are replaced, so that `input` and `print` do not get among them.
"""

import contextlib
import importlib.util
import io
import linecache
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import FrameType
from typing import IO, Any, NoReturn

from bpelab.bpe.exercise.outcome import MAX_PRINTED, Outcome, plain

# Of memory that the student's lists may take: far more than any case needs, and less than most machines have.
MAX_BYTES = 2 << 30
# The name of an argument that stands for GPT-2's ranks, which are too large to send with each call.
GPT2_RANKS = "GPT2_RANKS"


def run(path: str, seconds: float) -> NoReturn:
    """Load a student's file, then answer calls, (function, arguments), until they end."""
    calls, outcomes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    _limit_memory()
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(path))
    student = _Student(path, seconds, outcomes)
    student.load()
    ranks: dict[bytes, int] = {}
    while True:
        try:
            function, arguments = pickle.load(calls)
        except EOFError:
            os._exit(0)
        if GPT2_RANKS in arguments:
            ranks = ranks or _gpt2_ranks()
            # A copy, since the function may change it.
            arguments = [dict(ranks) if argument == GPT2_RANKS else argument for argument in arguments]
        student.call(function, arguments)


def _gpt2_ranks() -> dict[bytes, int]:
    from bpelab.bpe.data.gpt2 import gpt2_ranks

    return gpt2_ranks()


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):  # where less is allowed already
            resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, resource.getrlimit(resource.RLIMIT_DATA)[1]))


class _Student:
    """The student's file, and where the outcomes of its functions go."""

    def __init__(self, path: str, seconds: float, outcomes: IO[bytes]) -> None:
        self._path, self._seconds, self._outcomes = path, seconds, outcomes
        self._names: dict[str, Any] = {}
        self._main_thread = threading.get_ident()
        self._answering = threading.Lock()
        self._printed = io.StringIO()

    def load(self) -> None:
        """Run the file and send what came of it."""

        def execute() -> None:
            name = os.path.splitext(os.path.basename(self._path))[0]
            loader = SourceFileLoader(name, self._path)  # which takes a file of any name
            spec = importlib.util.spec_from_loader(name, loader)
            assert spec is not None
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            loader.exec_module(module)
            self._names = vars(module)

        self._answer(execute)

    def call(self, function: str, arguments: list[Any]) -> None:
        """Call one of the functions and send what came of it."""
        if not callable(found := self._names.get(function)):
            self._send(Outcome("todo"))
        else:
            self._answer(lambda: plain(found(*arguments)))

    def _answer(self, compute: Callable[[], Any]) -> None:
        self._printed = _Limited()
        watch = threading.Timer(self._seconds, self._stop)
        watch.daemon = True
        watch.start()
        try:
            with contextlib.redirect_stdout(self._printed), contextlib.redirect_stderr(self._printed):
                outcome = Outcome("value", compute())
        except BaseException as error:  # KeyboardInterrupt and SystemExit, too, are only outcomes
            outcome = self._failure(error)
        watch.cancel()
        self._send(outcome)

    def _send(self, outcome: Outcome) -> None:
        with self._answering:
            fields = {**vars(outcome), "printed": self._printed.getvalue()}
            pickle.dump(Outcome(**fields), self._outcomes)
            self._outcomes.flush()

    def _stop(self) -> None:
        """Send where the function is now, and end the process: nothing else surely stops a loop."""
        lines = _lines_of(sys._current_frames().get(self._main_thread), self._path)
        line = lines[0] if lines else None
        self._send(Outcome("slow", line=line, source=self._source(line)))
        os._exit(0)

    def _failure(self, error: BaseException) -> Outcome:
        lines = [
            number
            for frame, number in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename == self._path
        ]
        line = lines[-1] if lines else None
        if isinstance(error, SyntaxError) and error.filename == self._path:
            line = error.lineno
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        return Outcome(
            "todo" if isinstance(error, NotImplementedError) else "raised",
            error=type(error).__name__,
            message=message[:MAX_PRINTED],
            line=line,
            source=self._source(line),
        )

    def _source(self, line: int | None) -> str:
        return "" if line is None else linecache.getline(self._path, line).strip()


class _Limited(io.StringIO):
    """What is printed, of which only the beginning is kept."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MAX_PRINTED - self.tell())])
        return len(text)


def _lines_of(frame: FrameType | None, path: str) -> list[int]:
    """List the lines of a file that are being run, the innermost first."""
    lines = []
    while frame is not None:
        if frame.f_code.co_filename == path:
            lines.append(frame.f_lineno)
        frame = frame.f_back
    return lines
