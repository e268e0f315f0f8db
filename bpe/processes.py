"""How is a stream of work shared between processes, with the results in order and little of it in memory?"""

import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    call: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int,
    *,
    initializer: Callable[..., object] | None = None,
    initargs: tuple[Any, ...] = (),
) -> Generator[tuple[Item, Result], None, None]:
    """Pair each item with its result, in order, and hold no more items than keep the processes busy.

    `initializer(*initargs)` runs first in every process. One job is done in this process.

    >>> list(map_in_processes(len, ["a", "bb"], jobs=1))
    [('a', 1), ('bb', 2)]
    """
    if jobs == 1:
        if initializer is not None:
            initializer(*initargs)
        for item in items:
            yield item, call(item)
        return
    # Only here, because `import bpelab.bpe` need not wait for the modules of processes.
    from concurrent.futures import Future, ProcessPoolExecutor

    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(initializer, initargs)) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(call, item)))
                if len(waiting) > 2 * jobs:
                    item, future = waiting.popleft()
                    yield item, future.result()
            while waiting:
                item, future = waiting.popleft()
                yield item, future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(initializer: Callable[..., object] | None, initargs: tuple[Any, ...]) -> None:
    """Leave Ctrl-C to the process that waits: who died while sending a result would be waited for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if initializer is not None:
        initializer(*initargs)
