"""How is a tokenizer in any language asked? By JSON lines over a pipe: a text in, a list of ids out.

One line on standard input is a text, as a JSON string in ASCII. The program answers each with one line on
standard output: a JSON list of ids, or `{"error": "..."}` for a text that it cannot encode. It must flush its
output after each line, and write anything else to standard error.
"""

import json
import os
import queue
import shlex
import subprocess
import tempfile
import threading
from types import TracebackType
from typing import Any, BinaryIO, NoReturn, Self

TIME_LIMIT = 10.0  # seconds for one text
_MAX_ANSWER = 1 << 28
_SHOWN = 200


class Command:
    """A running program that turns texts into ids; use it in a `with` statement, which ends the program."""

    def __init__(self, command: str, time_limit: float = TIME_LIMIT) -> None:
        """Start the program. Raises `OSError`, naming it, where it cannot be started."""
        arguments = command if os.name == "nt" else shlex.split(command)
        if not arguments:
            raise ValueError("the command is empty: name a program that reads texts and writes ids")
        self._name, self._time_limit = command, time_limit
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        try:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said
            )
        except OSError:
            self._said.close()
            raise
        assert self._process.stdin is not None and self._process.stdout is not None
        self._texts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        # Threads, since a program that hangs may neither read nor write.
        for work, pipe in ((self._write, self._process.stdin), (self._read, self._process.stdout)):
            threading.Thread(target=work, args=(pipe,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._texts.put(None)
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def encode(self, text: str) -> list[int]:
        """Ask for the ids of one text.

        Raises `ValueError` with the program's own words where it answers with an error, and
        `ChildProcessError`, which shows what came, where it ends, answers nothing in time, or answers
        anything but a list of ids.
        """
        if not self._answers.empty():
            self._fail(f"it printed a line that nobody asked for: {_shown(self._answers.get())}", text)
        self._texts.put(json.dumps(text).encode() + b"\n")
        try:
            line = self._answers.get(timeout=self._time_limit)
        except queue.Empty:
            self._fail(
                f"it answered nothing within {self._time_limit:g} seconds: does it flush its output after"
                " each line?",
                text,
            )
        if not line:
            try:
                status = self._process.wait(1)
            except subprocess.TimeoutExpired:
                self._fail("it closed its standard output", text)
            self._fail(f"it ended with exit code {status}", text)
        try:
            found: Any = json.loads(line)
        except (ValueError, RecursionError):
            self._fail(f"it answered {_shown(line)}, where a JSON list of ids was expected", text)
        if isinstance(found, dict) and isinstance(found.get("error"), str):
            raise ValueError(found["error"])
        if not isinstance(found, list) or any(type(number) is not int for number in found):
            self._fail(f"it answered {_shown(line)}, where a JSON list of ids was expected", text)
        ids: list[int] = found
        return ids

    def _fail(self, what: str, text: str) -> NoReturn:
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        said = self._said.read()[-2000:].decode("utf-8", "backslashreplace").strip()
        heard = f"; its standard error ends with: {said.splitlines()[-1][:_SHOWN]}" if said else ""
        raise ChildProcessError(f"{self._name}: {what} (the text was {text!r:.60}){heard}")

    def _write(self, pipe: BinaryIO) -> None:
        try:
            while (line := self._texts.get()) is not None:
                pipe.write(line)
                pipe.flush()
            pipe.close()
        except (OSError, ValueError):
            pass  # the program is gone, which its missing answer tells

    def _read(self, pipe: BinaryIO) -> None:
        try:
            while line := pipe.readline(_MAX_ANSWER):
                self._answers.put(line)
        finally:
            self._answers.put(b"")


def _shown(line: bytes) -> str:
    shown = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
    return repr(shown) if len(shown) <= _SHOWN else f"{shown[:_SHOWN]!r}..."
