"""How does one step of some work go on while the next is busy? In a thread of its own, a little ahead."""

import threading
from collections.abc import Generator, Iterable
from queue import Full, Queue
from typing import Any, TypeVar

Item = TypeVar("Item")

_END = object()
_SECONDS = 0.1


def in_background(items: Iterable[Item]) -> Generator[Item, None, None]:
    """Yield items that a thread computes: one may wait while the thread computes the next.

    If more of them waited, their memory would be given back to the system, and asked for again, all the time.

    Worth it where the steps spend their time in what releases Python's lock: files, hashes, compiled loops.
    Close the iterator (`contextlib.closing`) to end the thread when you give up in the middle. Raises what
    computing the items raises.

    >>> list(in_background(range(3)))
    [0, 1, 2]
    """
    waiting: Queue[tuple[Any, BaseException | None]] = Queue(1)
    stop = threading.Event()
    thread = threading.Thread(target=_compute, args=(items, waiting, stop), daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stop.set()
        thread.join()


def _compute(
    items: Iterable[Any], waiting: "Queue[tuple[Any, BaseException | None]]", stop: threading.Event
) -> None:
    def put(item: Any, error: BaseException | None = None) -> bool:
        while not stop.is_set():
            try:
                waiting.put((item, error), timeout=_SECONDS)
            except Full:
                continue
            return True
        return False

    try:
        for item in items:
            if not put(item):
                break
        else:
            put(_END)
    except BaseException as error:
        put(None, error)
    finally:
        if close := getattr(items, "close", None):
            close()  # here: a generator can be closed only by the thread that runs it
