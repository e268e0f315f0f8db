"""How do the workers of a Dask cluster compute tasks? Each holds the function, and is sent tasks by name.

The function, which may hold a vocabulary of megabytes, goes to every worker once, to those that join later
too. Dask itself moves the tasks of a worker that is lost to another. This needs `pip install 'bpelab[dask]'`.
"""

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from secrets import token_hex
from typing import Any

import numpy as np
from bpelab import __version__
from bpelab.bpe.foundation.workers import LostError

try:
    import distributed
    from distributed import Client, WorkerPlugin
    from distributed.comm.addressing import parse_address, parse_host_port
except ImportError as error:
    raise ImportError(f"a scheduler needs Dask: pip install 'bpelab[dask]' ({error})") from None

SECONDS_TO_CONNECT = 10.0
# A client that is being closed may never answer. What asks it waits for so long, and no longer.
SECONDS_TO_ANSWER = 60.0
# Without any worker for so long, work is given up. A cluster that grows on demand takes minutes to begin.
SECONDS_WITHOUT_WORKERS = 300.0
_SECONDS_BETWEEN_COUNTS = 2.0  # of the workers, which come and go
_AGAIN = "then run the same again: what is finished is kept"


class SchedulerLostError(ConnectionError, LostError):
    """The scheduler does not answer any more, so that no task can come back."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"the Dask scheduler at {address} answers no more; see what ended it or cut the connection, start"
            f" it again, {_AGAIN}"
        )


@contextmanager
def connected(scheduler: str | Client) -> Iterator[Client]:
    """Yield a client of a Dask scheduler, which is closed afterwards unless it was passed.

    Raises `ConnectionError` where there is no scheduler, and `ValueError` for what is not an address.
    """
    if isinstance(scheduler, Client):
        yield scheduler
        return
    try:
        kind, place = parse_address(scheduler)
        if kind in ("tcp", "tls"):  # a client that had begun to connect would say more at its end
            parse_host_port(place)
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except OSError as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {scheduler}: {error}; see that it is up, that this is the address"
            f" it shows, and that no firewall is between, {_AGAIN}"
        ) from None
    except ValueError as error:
        expected = "expected an address such as tcp://10.0.0.1:8786"
        raise ValueError(f"{scheduler!r} names no Dask scheduler: {error}; {expected}") from None
    with client:
        yield client


@contextmanager
def open_dask(call: Callable[[Any], Any], scheduler: str | Client) -> Iterator["DaskPool"]:
    """Send a function to all workers of a cluster, and yield the pool that sends them tasks.

    Raises what `connected` and `require_same_versions` raise.
    """
    with connected(scheduler) as client:
        require_same_versions(client)
        pool = DaskPool(client, call)
        try:
            yield pool
        finally:
            pool.close()


def versions() -> dict[str, str]:
    """Return the versions here that have to be those of every worker.

    bpelab must be the same. Python and NumPy may differ in what does not change how objects are pickled.
    """
    return _compared({"bpelab": __version__, "python": platform.python_version(), "numpy": np.__version__})


def _compared(found: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: str(found.get(name)) for name in ("bpelab", "python", "numpy")}
    texts["python"] = ".".join(texts["python"].split(".")[:2])
    texts["numpy"] = texts["numpy"].split(".")[0]
    return texts


def require_same_versions(client: Client) -> None:
    """Raise `ValueError`, which names both, where a worker has another version of bpelab, Python or NumPy."""
    found = client.get_versions(packages=["bpelab", "numpy"])["workers"]
    for address, worker in found.items():
        _require_same(_compared(worker["packages"]), versions(), address)


def _require_same(theirs: Mapping[str, str], ours: Mapping[str, str], address: str) -> None:
    for name, version in ours.items():
        if theirs[name] != version:
            has = f"has {name} {theirs[name]}" if theirs[name] != "None" else f"lacks {name}"
            raise ValueError(
                f"the worker at {address} {has}, and the client has {name} {version}: install the same on"
                " both"
            )


class _Function(WorkerPlugin):  # type: ignore[misc]  # Dask has no types for it
    """What every worker holds while the work goes on."""

    def __init__(self, call: Callable[[Any], Any]) -> None:
        self.call, self.versions = call, versions()


def _compute(name: str, task: Any) -> Any:
    """Compute a task on a worker, which may have joined after the versions were compared."""
    worker = distributed.get_worker()
    function = worker.plugins[name]
    _require_same(versions(), function.versions, worker.address)
    return function.call(task)


class DaskPool:
    """Computes one function of many tasks on a cluster."""

    def __init__(self, client: Client, call: Callable[[Any], Any]) -> None:
        self._client = client
        self._address = client.scheduler.address
        self._name = f"bpelab-{token_hex(8)}"
        self._client.register_plugin(_Function(call), name=self._name)
        self._under_way: dict[Future[Any], distributed.Future] = {}
        self._n_sent = 0
        self._n_threads = 0
        self._counted = -_SECONDS_BETWEEN_COUNTS
        self._last_seen = time.monotonic()

    @property
    def n_ahead(self) -> int:
        """Two tasks for each thread of each worker.

        Raises `ConnectionError` where the scheduler is gone, or no worker is left for minutes.
        """
        if self._is_closed:
            raise SchedulerLostError(self._address)
        now = time.monotonic()
        if now - self._counted > _SECONDS_BETWEEN_COUNTS:
            self._counted = now
            try:
                self._n_threads = sum(self._answer(self._client.nthreads).values())
                is_silent = False
            except OSError:  # the client may connect again
                is_silent = True
            if self._n_threads and not is_silent:
                self._last_seen = now
            elif (seconds := now - self._last_seen) > SECONDS_WITHOUT_WORKERS:
                if is_silent:
                    raise SchedulerLostError(self._address)
                raise ConnectionError(
                    f"the Dask scheduler at {self._address} has had no worker for {seconds:.0f} s; start"
                    f" workers (dask worker {self._address}), {_AGAIN}"
                )
        return max(1, 2 * self._n_threads)

    def submit(self, task: Any, workers: list[str] | None = None) -> "Future[Any]":
        """Send a task to the cluster, or to some of its workers."""
        self._n_sent += 1
        key = f"{self._name}-{self._n_sent}"
        theirs = self._client.submit(_compute, self._name, task, key=key, workers=workers, pure=False)
        ours: Future[Any] = Future()
        self._under_way[ours] = theirs
        ours.add_done_callback(self._forget)
        theirs.add_done_callback(partial(self._hand_over, ours))
        return ours

    def submit_elsewhere(self, task: Any, slow: "Future[Any]") -> "Future[Any] | None":
        """Send a task to those workers that have nothing to do; None where there are none."""
        try:
            busy = self._answer(self._client.processing)
            idle = [address for address in self._answer(self._client.nthreads) if not busy.get(address)]
        except OSError:
            return None
        return self.submit(task, idle) if idle and slow in self._under_way else None

    def _forget(self, ours: "Future[Any]") -> None:
        if (theirs := self._under_way.pop(ours, None)) is not None and not theirs.done():
            theirs.cancel()

    def close(self) -> None:
        """Cancel the tasks under way, and have the workers forget the function."""
        if self._is_closed:
            return
        with suppress(Exception):  # the scheduler may be gone, which has been said
            self._answer(partial(self._client.cancel, list(self._under_way.values())))
            self._answer(partial(self._client.unregister_worker_plugin, self._name))

    @property
    def _is_closed(self) -> bool:
        return self._client.status in ("closing", "closed")

    def _answer(self, ask: Callable[[], Any]) -> Any:
        """Return what a method of the client returns; `TimeoutError`, which is an `OSError`."""
        return self._client.sync(ask, callback_timeout=SECONDS_TO_ANSWER)

    def _hand_over(self, ours: "Future[Any]", theirs: "distributed.Future") -> None:
        """Fetch what a task has become, for whoever waits for it."""
        if not ours.set_running_or_notify_cancel():
            return
        try:
            ours.set_result(self._result(theirs))
        except distributed.KilledWorker as error:
            n_lost = error.allowed_failures + 1
            ours.set_exception(
                LostError(f"{n_lost} workers that had it were lost, the last at {error.last_worker.address}")
            )
        except distributed.CancelledError:
            ours.set_exception(SchedulerLostError(self._address))
        except Exception as error:
            ours.set_exception(error)

    def _result(self, theirs: "distributed.Future") -> Any:
        """Return what a task has become, which is computed again where the worker that had it was lost."""
        while True:
            try:
                return theirs.result(timeout=SECONDS_TO_ANSWER)
            except TimeoutError:
                if theirs.status == "error":  # of the task itself
                    raise
            try:
                self._answer(self._client.nthreads)
            except OSError:
                raise SchedulerLostError(self._address) from None
