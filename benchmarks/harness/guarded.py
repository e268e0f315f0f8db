"""How does a question leave nothing behind, whatever happens to the run? In a process that is watched.

Between the run and the process that measures stands this program. It gives the latter a directory of its own,
and ends it, with all processes that it has started, as soon as the run is gone, killed or not: standard input
comes to its end then. The directory is removed in either case. Nothing of it runs where time is measured.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# What the command writes in its directory, if it wants to be read.
ANSWERS, MISSING = "answers.json", "missing.json"
FOLDER = "{folder}"  # in a command or its environment: that directory


def run(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a command to its end; return its `returncode`, `output`, `errors` and the texts of its files.

    Its temporary files are in its directory, too. An exception here, such as `KeyboardInterrupt`, ends it.
    """
    # -P: the modules of this folder must not hide those of the standard library.
    guard = subprocess.Popen(
        [sys.executable, "-P", __file__, *command],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the run, which then closes standard input
    )
    assert guard.stdin
    assert guard.stdout
    try:
        told = guard.stdout.read()
    finally:
        guard.stdin.close()
        guard.stdout.close()
        guard.wait()
    if not told:
        raise ChildProcessError(f"{' '.join(command)}: its process was killed")
    return dict(json.loads(told))


def main() -> None:
    """Run the command of the arguments, and write to standard output what `run` returns."""
    with tempfile.TemporaryDirectory(prefix="bpelab-bench-", ignore_cleanup_errors=True) as folder:
        # Where tiktoken looks for its files by itself is not moved.
        caches = {"DATA_GYM_CACHE_DIR": os.path.join(tempfile.gettempdir(), "data-gym-cache")}
        environment = caches | os.environ | {"TMPDIR": folder}
        measuring = subprocess.Popen(
            [part.replace(FOLDER, folder) for part in sys.argv[1:]],
            env={name: value.replace(FOLDER, folder) for name, value in environment.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        gone = threading.Event()
        threading.Thread(target=_end_with_the_run, args=[measuring, gone], daemon=True).start()
        output, errors = measuring.communicate()
        found = {"returncode": measuring.returncode, "output": output, "errors": errors}
        for name in (ANSWERS, MISSING):
            path = Path(folder, name)
            found[name] = path.read_text(encoding="utf-8") if path.exists() else None
    if not gone.is_set():
        print(json.dumps(found))


def _end_with_the_run(measuring: "subprocess.Popen[str]", gone: threading.Event) -> None:
    sys.stdin.read()  # nothing comes but the end
    gone.set()
    os.killpg(measuring.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
