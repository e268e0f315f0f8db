"""What a run starts ends with it, whatever ends the run, and leaves no files."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bpelab.benchmarks.harness import guarded

# A process that measures: it writes into its directory and its temporary one, starts a process of its own,
# says so, and waits.
MEASURING = """
import os, subprocess, sys, tempfile, time
from pathlib import Path
Path(sys.argv[1], "file").write_text("x")
tempfile.mkdtemp()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
Path(sys.argv[2]).write_text(f"{os.getpid()} {child.pid} {os.getppid()}")
time.sleep(60)
"""
RUN = """
import os, sys
from bpelab.benchmarks.harness import guarded
from bpelab.cli.signals import end_on_signals
end_on_signals()
guarded.run([sys.executable, "-c", sys.argv[1], guarded.FOLDER, sys.argv[2]], os.environ)
"""


def until(found: Callable[[], object]) -> bool:
    end = time.monotonic() + 20
    while not found():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def lives(process: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_what_a_command_says_and_writes_is_returned(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; print('안'); print('err', file=sys.stderr);"
        "Path(os.environ['HERE'], 'answers.json').write_text('[1]'); sys.exit(3)"
    )
    command = [sys.executable, "-X", "utf8", "-c", program]
    done = guarded.run(command, os.environ | {"HERE": guarded.FOLDER, "TMPDIR": str(tmp_path)})
    assert done == {
        "returncode": 3, "output": "안\n", "errors": "err\n", "answers.json": "[1]", "missing.json": None,
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_processes_and_files_end_with_the_run(tmp_path: Path, number: int) -> None:
    started, temporary = tmp_path / "started", tmp_path / "temporary"
    temporary.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, MEASURING, started],
        env=os.environ | {"TMPDIR": str(temporary)},
        stderr=subprocess.DEVNULL,
    )
    assert until(lambda: started.exists() and started.read_text())
    processes = list(map(int, started.read_text().split()))
    assert all(map(lives, processes))
    assert len(list(temporary.rglob("file"))) == 1
    run.send_signal(number)
    run.wait()
    assert until(lambda: not any(map(lives, processes)))
    assert until(lambda: not list(temporary.iterdir()))


def test_a_guard_that_is_killed_is_an_error() -> None:
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"]
    with pytest.raises(ChildProcessError, match="its process was killed"):
        guarded.run(command, os.environ)
