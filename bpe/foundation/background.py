"""How does one step of some work go on while the caller does the others? In a thread, one item ahead."""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_NOBODY_WAITS = nullcontext()


def map_ahead(
    call: Callable[[Item], Result],
    items: Iterable[Item],
    turn: AbstractContextManager[object] = _NOBODY_WAITS,
) -> Generator[Result, None, None]:
    """Yield `call` of each item, in order; a thread computes the next one while the caller uses the last.

    The items themselves are taken by the caller's thread, one while another is computed. So two threads share
    the work: with more of them than there are cores, the slowest step would wait for the others.
    Worth it where the steps spend their time in what releases Python's lock: files, hashes, compiled loops.

    The first item is there before the `turn` comes, which is over when the last has been computed: others who
    wait for it need not wait for what comes before and after. Close the iterator (`contextlib.closing`) to
    end the thread when you give up in the middle.

    Raises what `call` raises, after the results before it, and what the iterable raises.

    >>> list(map_ahead(len, ["a", "bb"]))
    [1, 2]
    """
    from concurrent.futures import ThreadPoolExecutor  # only here, to keep `import bpelab.bpe` fast

    items = iter(items)
    thread = ThreadPoolExecutor(1)
    try:
        first = list(islice(items, 1))
        waiting = None
        with turn:
            for item in chain(first, items):
                following = thread.submit(call, item)
                if waiting is not None:
                    yield waiting.result()
                waiting = following
            last = [] if waiting is None else [waiting.result()]
        yield from last
    finally:
        thread.shutdown(cancel_futures=True)
