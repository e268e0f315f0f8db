"""How does a question leave nothing behind, whatever happens to the run? A guard watches its process.

This program stands between the run and the process that measures. It gives that process a directory of its
own. When the run ends, even by being killed, the guard's standard input ends too; the guard then kills the
measuring process with everything it has started. It removes the directory in any case. None of this code runs
while time is measured.
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

# Files in its directory through which the command can answer.
ANSWERS, MISSING = "answers.json", "missing.json"
FOLDER = "{folder}"  # stands for that directory in a command or its environment


def run(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a command to its end; return its `returncode`, `output`, `errors` and the texts of its files.

    Its temporary files are in its directory, too. An exception here (`KeyboardInterrupt`) ends the command.
    """
    # -P: the modules of this folder must not hide those of the standard library.
    guard = subprocess.Popen(
        [sys.executable, "-P", __file__, *command],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C goes to the run alone, which then closes the guard's standard input
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
    """Run the command that the arguments name, and print as JSON what `run` returns."""
    with tempfile.TemporaryDirectory(prefix="bpelab-bench-", ignore_cleanup_errors=True) as folder:
        # tiktoken's default cache stays where it was before TMPDIR changes.
        caches = {"DATA_GYM_CACHE_DIR": os.path.join(tempfile.gettempdir(), "data-gym-cache")}
        environment = caches | os.environ | {"TMPDIR": folder}
        measuring = subprocess.Popen(
            [argument.replace(FOLDER, folder) for argument in sys.argv[1:]],
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


def _end_with_the_run(measuring: subprocess.Popen[str], gone: threading.Event) -> None:
    sys.stdin.read()  # returns when the run ends
    gone.set()
    os.killpg(measuring.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
