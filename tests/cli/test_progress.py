"""Progress is a bar on a terminal, lines in a log, and nothing where quiet is asked for."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bpelab.bpe.foundation.progress import Progress, Reporter, watched_by, watching
from bpelab.cli import progress as progress_module
from bpelab.cli.progress import progress_shown

REPORTS = [
    Progress("counting", n * 10**6, 10**7, seconds=n, found={"distinct pieces": n}) for n in range(1, 4)
]

PROGRAM = """
import sys
from bpelab.bpe.foundation.progress import Progress
from bpelab.cli.progress import progress_shown
with progress_shown(quiet="quiet" in sys.argv) as watch:
    for n in range(1, 4) if watch else ():
        found = {"distinct pieces": n, "a word that makes the line longer than the terminal is wide": n}
        watch(Progress("count[i]ng", n * 10**6, 10**7, seconds=n, found=found))
        print("result", n, flush=True)
"""


def on_a_terminal(tmp_path: Path, *arguments: str, **environment: str) -> str:
    """Run a program whose standard error is a terminal of 80 columns, and return what was drawn there."""
    ours, theirs = os.openpty()
    with open(tmp_path / "out", "wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=theirs,
            env=os.environ | {"COLUMNS": "80", "TERM": "xterm"} | environment,
            timeout=60,
        )
    os.close(theirs)
    drawn = b""
    try:
        while part := os.read(ours, 1 << 16):
            drawn += part
    except OSError:  # how a terminal ends on Linux
        pass
    os.close(ours)
    assert done.returncode == 0, drawn
    assert (tmp_path / "out").read_text() == "result 1\nresult 2\nresult 3\n" or "quiet" in arguments
    return drawn.decode()


def test_a_bar_has_the_amount_and_the_time_left_and_stays_on_one_line(tmp_path: Path) -> None:
    drawn = on_a_terminal(tmp_path)
    assert "count[i]ng: 3.0 of 10.0 MB" in drawn
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)
    assert max(map(len, re.split(r"[\r\n]+", plain))) <= 80
    assert drawn.count("\n") <= 1  # redrawn in place


def test_without_colours_a_bar_has_none(tmp_path: Path) -> None:
    assert re.search(r"\x1b\[[0-9;]*3[0-7][;m]|\x1b\[38", on_a_terminal(tmp_path))
    assert not re.search(r"\x1b\[[0-9;]*3[0-7][;m]|\x1b\[38", on_a_terminal(tmp_path, NO_COLOR="1"))


def test_a_terminal_that_cannot_redraw_gets_what_a_log_gets(tmp_path: Path) -> None:
    assert on_a_terminal(tmp_path, TERM="dumb") == ""  # a line every ten seconds


def test_quiet_is_quiet(tmp_path: Path) -> None:
    assert on_a_terminal(tmp_path, "quiet") == ""


def test_a_log_gets_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 5.0, 10.0, 10.0, 19.0])
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: next(now))
    with progress_shown() as watch:
        assert watch is not None
        for report in REPORTS:
            watch(report)
    assert capsys.readouterr().err == "counting: 2.0 of 10.0 MB, 2 distinct pieces, 8 s left\n"


def test_downloads_are_watched_as_long_as_progress_is_shown() -> None:
    with progress_shown() as watch:
        assert watching() == watch
        with watched_by(None):
            assert watching() is None
        with progress_shown(quiet=True):
            assert watching() is None
    assert watching() is None


def test_a_reporter_speaks_a_few_times_a_second_and_at_the_end() -> None:
    seen: list[Progress] = []
    report = Reporter(seen.append, "merging", 1000, unit="merges")
    start = time.monotonic()
    for n in range(1001):
        report(n)
    report(1000, at_end=True)
    report(1000, at_end=True)
    assert (seen[0].done, seen[-1].done) == (0, 1000)
    assert len(seen) <= 2 + (time.monotonic() - start) / Reporter.SECONDS
