"""How do processes of this machine compute, without a guard in the script, and end with their parent?

Each worker is a fresh Python that reads pickled items from its standard input and writes pickled results to
its standard output. `ProcessPoolExecutor` would fork on Linux up to Python 3.13, use a fork server there from
3.14 on, and spawn on macOS and Windows. A fork inherits every lock that another thread holds at that moment,
and nobody ever releases it. The other two import the caller's script in every worker, so that a script
without `if __name__ == "__main__"` fails. All three leave their workers running when the parent is killed.

Here a worker learns that its parent is gone, whatever ended it, from the end of its standard input: the
operating system closes the pipe, which only the parent holds open (as long as it does not fork meanwhile).
Workers are in process groups of their own: Ctrl-C in a terminal reaches only the parent, which ends them at
once.
"""

import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, NoReturn

from bpelab.bpe.foundation.arguments import as_whole

if TYPE_CHECKING:
    from concurrent.futures import Future

_PROGRAM = "from bpelab.bpe.foundation.processes import _work; _work()"


def require_jobs(jobs: int) -> int:
    """Return a number of processes; `ValueError` for 0 or less, and for many more than the machine has cores.

    Raises `TypeError` for anything but a whole number.
    """
    number = as_whole(jobs)
    if number is None:
        raise TypeError(f"jobs must be an int, not {jobs!r:.60} ({type(jobs).__name__})")
    n_cores = os.cpu_count() or 1
    most = max(16, 4 * n_cores)
    if not 1 <= number <= most:
        cores = "1 core" if n_cores == 1 else f"{n_cores:,} cores"
        raise ValueError(
            f"jobs is {number:,}: it must be from 1 to {most:,} on this machine, which has {cores};"
            " more processes than cores only take more memory"
        )
    return number


def start_python(program: str) -> "subprocess.Popen[bytes]":
    """Start a program in another Python, with pipes to it and from it, which imports what this one does.

    It is in a process group of its own, so that Ctrl-C in a terminal reaches only this process.
    """
    path = [folder for folder in sys.path if isinstance(folder, str)]  # as Python itself does
    # It cannot import anything of ours before it knows where we found it.
    command = [sys.executable, "-P", "-c", f"import sys; sys.path = {path!a}; {program}"]
    pipe = subprocess.PIPE
    if sys.platform == "win32":
        group = subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, creationflags=group)
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, process_group=0)


class ProcessPool:
    """Computes one function of many tasks in processes, each started when it is needed.

    The function is pickled and sent to each process once.
    """

    def __init__(self, call: Callable[[Any], Any], jobs: int) -> None:
        # Imported only here, to keep `import bpelab.bpe` fast.
        from concurrent.futures import ThreadPoolExecutor

        self.n_ahead = 2 * jobs
        self._first_message = pickle.dumps(call)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._of_this_thread = threading.local()
        self._killed = False
        # Each thread waits for its own process.
        self._threads = ThreadPoolExecutor(jobs)

    def submit(self, task: Any) -> "Future[Any]":
        """Have a task computed when a process is free; `ChildProcessError` if that is killed."""
        return self._threads.submit(self._run, task)

    def submit_elsewhere(self, task: Any, slow: "Future[Any]") -> "Future[Any] | None":
        """Return None: on one machine, another process would be as slow."""
        return None

    def close(self) -> None:
        """End all processes at once."""
        self._killed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
        self._threads.shutdown()
        for process in self._processes:
            with suppress(BrokenPipeError), process:  # of what could not be sent
                pass

    def _run(self, task: Any) -> Any:
        message = pickle.dumps(task)
        process: subprocess.Popen[bytes] | None = getattr(self._of_this_thread, "process", None)
        if process is None:
            process = self._of_this_thread.process = self._start()
            message = self._first_message + message
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(message)
            process.stdin.flush()
            succeeded, result = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            self._of_this_thread.process = None  # the next task gets another
            status = process.wait()
            how = f"was killed by signal {-status}" if status < 0 else f"ended with exit code {status}"
            raise ChildProcessError(
                f"process {process.pid}, one of those that share the work, {how}; if memory ran out, use"
                " fewer jobs"
            ) from None
        if succeeded:
            return result
        raise result

    def _start(self) -> "subprocess.Popen[bytes]":
        process = start_python(_PROGRAM)
        self._processes.append(process)
        if self._killed:  # it was being started while the others were killed
            process.kill()
        return process


def _work() -> NoReturn:
    """Answer the items that arrive on standard input, until it ends."""
    results = os.fdopen(os.dup(1), "wb")
    # What a call prints must not get among the results.
    os.dup2(os.open(os.devnull, os.O_WRONLY) if sys.stderr is None else 2, 1)
    messages: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, messages), daemon=True).start()
    call = messages.get()
    while True:
        item = messages.get()
        try:
            answer = pickle.dumps((True, call(item)))
        except Exception as error:
            answer = pickle.dumps((False, _sendable(error)))
        try:
            results.write(answer)
            results.flush()
        except OSError:  # the parent is gone
            os._exit(0)


def _receive(source: IO[bytes], messages: "SimpleQueue[Any]") -> NoReturn:
    """Read items, also while the main thread computes, and end this process when its parent ends."""
    try:
        while True:
            messages.put(pickle.load(source))
    except (EOFError, pickle.UnpicklingError):  # the parent is gone, perhaps in the middle of a message
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _sendable(error: Exception) -> Exception:
    """Return an error that can be pickled, with a note that says where it was raised."""
    where = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(where)
    error.add_note(where)
    return error
