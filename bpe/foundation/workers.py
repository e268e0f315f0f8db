"""How is work shared between threads, processes or machines, when some of them fail?

Tasks go out, a few more than there are workers, and results come back, in the order of the tasks if asked
for. What fails for a reason that may pass (a worker that was killed, a connection that broke) is tried
again; what fails otherwise, or for the third time, ends the work, and the error names the task. The work may
thus be done twice, but a result is yielded once: a task that writes a file has to write it whole, whoever
else writes it, too.
"""

import errno
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from bpelab.bpe.foundation.processes import ProcessPool, require_jobs
from bpelab.bpe.foundation.threads import HerePool, ThreadPool, new_future

if TYPE_CHECKING:
    from concurrent.futures import Future

    from distributed import Client

Task = TypeVar("Task")
Result = TypeVar("Result")

TRIES = 3
# How often somebody looks whether a task takes too long, or no worker is left.
_SECONDS = 1.0


# A task is slow that has taken so many seconds more than so many times the median.
SLOW_SECONDS = 30.0
SLOW_TIMES = 3.0


class TaskError(OSError):
    """A task failed each time it was tried; its words name the task and the last reason."""


class LostError(Exception):
    """A pool has lost the workers that had a task, as often as it makes sense to try."""


# Errors that would come again: of the corpus, of the program, and of a disk that is full.
_LASTING = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, ImportError,
    RuntimeError, LostError,
)  # fmt: skip
_LASTING_ERRNOS = {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EEXIST,
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG,
}  # fmt: skip


@dataclass(frozen=True)
class Workers:
    """Who does some work: `jobs` processes or threads of this machine, or the workers of a Dask cluster.

    Threads start at once and share what is in memory, but only one of them runs Python code at a time; they
    pay where most of the time goes to compiled code. `scheduler` is the address of a Dask scheduler, such as
    "tcp://10.0.0.1:8786", or a `distributed.Client`; `jobs` then plays no part. There are `n_spare` workers
    more than jobs, for tasks that limit themselves to so many at a time where it matters.

    Raises `ValueError` for a number of jobs that makes no sense on this machine (`require_jobs`).
    """

    jobs: int = 1
    threads: bool = False
    n_spare: int = 0
    scheduler: "str | Client | None" = None

    def __post_init__(self) -> None:
        require_jobs(self.jobs)


class Pool(Protocol):
    """Computes one function of many tasks."""

    @property
    def n_ahead(self) -> int:
        """How many tasks keep all workers busy."""

    def submit(self, task: Any) -> "Future[Any]":
        """Begin a task, or have it begun when a worker is free."""

    def submit_elsewhere(self, task: Any, slow: "Future[Any]") -> "Future[Any] | None":
        """Begin a task once more on a worker that does not have it already; None where there is none."""


def map_tasks(
    call: Callable[[Task], Result],
    tasks: Iterable[Task],
    workers: Workers = Workers(),
    *,
    ordered: bool = True,
    name: Callable[[Task], str] = str,
) -> Generator[tuple[Task, Result], None, None]:
    """Yield each task with its result; in the order of the tasks, or as they are done.

    No more tasks are taken than keep the workers busy, and no more results are held. With one job, and no
    worker to spare, all work is done in this thread. `call` and the tasks are pickled, unless threads compute
    them. Close the iterator (`contextlib.closing`) to end the work at once when you give up in the middle.

    Raises what `call` raises, with a note that has the task's name, and `TaskError` for a task that failed
    three times; with `ordered`, the first task that fails is the one that is named. For a Dask cluster
    also `ValueError` for versions that do not match, `ImportError` without the extra, and `ConnectionError`.

    >>> list(map_tasks(len, ["a", "bb"], Workers(jobs=2)))
    [('a', 1), ('bb', 2)]
    """
    with _opened(call, workers) as pool:
        yield from _Shared(pool, iter(tasks), name).results(ordered)


@contextmanager
def _opened(call: Callable[[Any], Any], workers: Workers) -> Iterator[Pool]:
    if workers.scheduler is not None:
        from bpelab.bpe.foundation.dask_workers import open_dask

        with open_dask(call, workers.scheduler) as cluster:
            yield cluster
    elif workers.jobs + workers.n_spare == 1:
        yield HerePool(call)
    else:
        n_workers = workers.jobs + workers.n_spare
        pool = ThreadPool(call, n_workers) if workers.threads else ProcessPool(call, n_workers)
        try:
            yield pool
        finally:
            pool.close()


@dataclass(eq=False)
class _Sent(Generic[Task]):
    """A task that is being worked on."""

    number: int
    task: Task
    since: float
    n_failed: int = 0
    copies: int = 1


class _Shared(Generic[Task, Result]):
    """The tasks under way, and the results whose turn has not come."""

    def __init__(self, pool: Pool, tasks: Iterator[Task], name: Callable[[Task], str]) -> None:
        self._pool, self._name = pool, name
        self._tasks = enumerate(tasks)
        self._is_exhausted = False
        self._done: SimpleQueue[Future[Result]] = SimpleQueue()
        self._sent: dict[Future[Result], _Sent[Task]] = {}
        self._seconds: list[float] = []  # that tasks took, from being sent to being done

    def results(self, ordered: bool) -> Iterator[tuple[Task, Result]]:
        early: dict[int, tuple[Task, Future[Result]]] = {}
        n_yielded = 0
        while True:
            self._send(self._pool.n_ahead - len(early))
            if not self._sent and not early:
                return
            if (found := self._next()) is None:
                continue
            number, task, future = found
            early[number] = task, future
            while early and (n_yielded in early or not ordered):
                task, future = early.pop(n_yielded if ordered else next(iter(early)))
                n_yielded += 1
                yield task, future.result()

    def _send(self, n_at_most: int) -> None:
        while not self._is_exhausted and len(self._sent) < n_at_most:
            if (following := next(self._tasks, None)) is None:
                self._is_exhausted = True
                return
            self._begin(_Sent(*following, time.monotonic()), self._pool.submit(following[1]))

    def _begin(self, sent: _Sent[Task], future: "Future[Result]") -> None:
        self._sent[future] = sent
        future.add_done_callback(self._done.put)

    def _next(self) -> "tuple[int, Task, Future[Result]] | None":
        """Wait a while for a task that is done, well or not to be tried again."""
        try:
            future = self._done.get(timeout=_SECONDS)
        except Empty:
            self._copy_slow()
            return None
        sent = self._sent.pop(future, None)
        if sent is None:  # another copy was first
            return None
        error = future.exception()
        if error is not None and _may_pass(error):
            sent.n_failed += 1
            if sent.n_failed < TRIES:
                if sent not in self._sent.values():
                    sent.since = time.monotonic()
                    self._begin(sent, self._pool.submit(sent.task))
                return None
            future = _failed(_given_up(self._name(sent.task), error))
        elif isinstance(error, LostError) and not isinstance(error, OSError):  # which says all itself
            future = _failed(TaskError(f"{self._name(sent.task)}: {error}"))
        elif error is not None:
            error.add_note(f"while working on {self._name(sent.task)}")
        self._seconds.append(time.monotonic() - sent.since)
        self._forget_copies(sent)
        return sent.number, sent.task, future

    def _forget_copies(self, sent: _Sent[Task]) -> None:
        for future in [future for future, other in self._sent.items() if other is sent]:
            del self._sent[future]
            future.cancel()

    def _copy_slow(self) -> None:
        """Start a second copy of a task that takes far longer than the others, on an idle worker."""
        if not self._seconds:
            return
        usual = sorted(self._seconds)[len(self._seconds) // 2]
        for future, sent in list(self._sent.items()):
            if sent.copies > 1 or time.monotonic() - sent.since < SLOW_SECONDS + SLOW_TIMES * usual:
                continue
            if (copy := self._pool.submit_elsewhere(sent.task, future)) is not None:
                sent.copies += 1
                self._begin(sent, copy)


def _may_pass(error: BaseException) -> bool:
    """Whether an error may be gone the next time; those of other libraries may, such as of connections."""
    if isinstance(error, OSError) and type(error).__module__ == "builtins":
        numbered = error.errno is not None and error.errno not in _LASTING_ERRNOS
        return numbered or isinstance(error, ConnectionError | ChildProcessError)
    return isinstance(error, Exception) and not isinstance(error, _LASTING)


def _given_up(name: str, error: BaseException) -> TaskError:
    given_up = TaskError(
        f"{name}: it failed {TRIES} times; the last time: {str(error) or type(error).__name__}"
    )
    given_up.__cause__ = error
    return given_up


def _failed(error: Exception) -> "Future[Any]":
    future = new_future()
    future.set_exception(error)
    return future
