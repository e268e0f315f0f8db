"""Whatever a student's function does, it is only an outcome."""

import sys
import time
from pathlib import Path

import pytest
from bpelab.bpe.exercise.outcome import MAX_PRINTED

from .students import LANGUAGES, checked, explained

# What a file may do, what comes of it, and what is said.
HOSTILE = [
    ("sys.exit", "import sys\nsys.exit(3)", "raised", "SystemExit: 3"),
    ("the process ends", "import os\nos._exit(3)", "ended", "exit code 3"),
    ("killed", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "ended", "signal 9"),
    ("recursion", "return merge(symbols, pair, new)", "raised", "RecursionError"),
    ("memory", "return bytes(1 << 35)", "raised", "MemoryError"),
    ("endless", "while True:\n    pass", "slow", "loop that does not end"),
    ("endless in spite of errors",
     "while True:\n    try:\n        1 / 0\n    except BaseException:\n        pass",
     "slow", "loop that does not end"),
    ("an exception", "return symbols[len(symbols)]", "raised", "IndexError: list index out of range"),
    ("input", "return input()", "raised", "EOFError"),
    ("None", "symbols.append(new)", "value", "None"),
    ("a generator", "yield from symbols", "value", "<generator object merge at"),
    ("a tuple", "return tuple(symbols)", "value", "(1, 2)"),
    ("an object that cannot be shown", "class Bad:\n    __repr__ = None\nreturn Bad()", "value", "<Bad>"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "said"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE])
def test_whatever_a_function_does_is_only_an_outcome(tmp_path: Path, body: str, kind: str, said: str) -> None:
    result = checked(tmp_path, "merge", body, seconds=0.5)
    assert result.status == "wrong" and result.failure is not None
    assert result.failure.outcome.kind == kind
    for language in LANGUAGES:
        shown = explained(result, language, seconds=0.5)
        assert kind == "slow" or any(said in text for _, text in shown.rows)
        assert kind == "ended" or shown.notes or kind == "slow"


def test_a_regular_expression_without_end_is_stopped_too(tmp_path: Path) -> None:
    body = "import re\nreturn re.fullmatch('(a|a)*b', 'a' * 60)"
    result = checked(tmp_path, "split", body, seconds=0.1)
    assert result.failure is not None and result.failure.outcome.kind == "slow"


def test_endless_printing_keeps_only_its_beginning(tmp_path: Path) -> None:
    result = checked(tmp_path, "merge", "while True: print('mine')", seconds=0.5)
    assert result.failure is not None and result.failure.outcome.kind == "slow"
    assert len(result.failure.outcome.printed) == MAX_PRINTED
    assert len(explained(result).printed) == 11


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks on Windows")
def test_processes_that_a_function_forks_end_with_the_check(tmp_path: Path) -> None:
    import fcntl

    lock = tmp_path / "lock"  # whoever comes from the first fork holds it, until it ends
    body = f"""
        import fcntl, os, time
        file = open({str(lock)!r}, "w")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fork() == 0:
            time.sleep(600)
        while True:
            pass
    """
    result = checked(tmp_path, "merge", body, seconds=0.3)
    assert result.failure is not None and result.failure.outcome.kind == "slow"
    with lock.open("w") as file:
        for _ in range(100):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.05)
    pytest.fail("a forked process is still there after five seconds")


def test_a_function_that_closes_every_file_is_only_an_outcome(tmp_path: Path) -> None:
    body = "import os\nos.closerange(3, 100)\nwhile True: pass"
    result = checked(tmp_path, "merge", body, seconds=0.3)
    assert result.failure is not None and result.failure.outcome.kind in ("slow", "ended")
