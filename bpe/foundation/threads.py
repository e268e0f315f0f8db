"""How do the threads of this process compute tasks, and how do they end when the work is given up?"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future


def new_future() -> "Future[Any]":
    """Return a future that nobody computes yet."""
    from concurrent.futures import Future  # only here, to keep `import bpelab.bpe` fast

    return Future()


class HerePool:
    """Computes each task when it is submitted."""

    n_ahead = 1

    def __init__(self, call: Callable[[Any], Any]) -> None:
        self._call = call

    def submit(self, task: Any) -> "Future[Any]":
        """Compute a task, in this thread."""
        future = new_future()
        try:
            future.set_result(self._call(task))
        except Exception as error:
            future.set_exception(error)
        return future

    def submit_elsewhere(self, task: Any, slow: "Future[Any]") -> "Future[Any] | None":
        """Return None: there is nothing else."""
        return None


class _StoppedError(Exception):
    """The work that this thread is a part of was given up."""


_of_this_thread = threading.local()


def require_wanted() -> None:
    """End this thread's task where the work was given up; long tasks call this now and then."""
    stop: threading.Event | None = getattr(_of_this_thread, "stop", None)
    if stop is not None and stop.is_set():
        raise _StoppedError


class ThreadPool:
    """Computes tasks in threads of this process."""

    def __init__(self, call: Callable[[Any], Any], jobs: int) -> None:
        # Imported only here, to keep `import bpelab.bpe` fast.
        from concurrent.futures import ThreadPoolExecutor

        self.n_ahead = 2 * jobs
        self._call = call
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(jobs)

    def submit(self, task: Any) -> "Future[Any]":
        """Have a task computed when a thread is free."""
        return self._threads.submit(self._run, task)

    def submit_elsewhere(self, task: Any, slow: "Future[Any]") -> "Future[Any] | None":
        """Return None: on one machine, another thread would be as slow."""
        return None

    def _run(self, task: Any) -> Any:
        _of_this_thread.stop = self._stop
        return self._call(task)

    def close(self) -> None:
        """End all work as soon as it asks `require_wanted`."""
        self._stop.set()
        self._threads.shutdown(cancel_futures=True)
