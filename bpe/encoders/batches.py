"""How do threads share a list of items? They take a few dozen at a time, so that it costs nothing."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import TypeVar

from bpelab.bpe.foundation.arguments import require_whole

Item = TypeVar("Item")
Result = TypeVar("Result")

# Handing one item to a thread costs as much as encoding a sentence.
ITEMS_AT_ONCE = 32


def require_threads(num_threads: int) -> None:
    """Raise `ValueError` for less than one thread, `TypeError` for anything but a whole number."""
    if require_whole("num_threads", num_threads) < 1:
        raise ValueError(f"num_threads is {num_threads}: at least one thread must work")


def map_in_threads(call: Callable[[Item], Result], items: Iterable[Item], num_threads: int) -> list[Result]:
    """Return the results of all items, in order; raise `ValueError` for less than one thread.

    >>> map_in_threads(len, ["a", "bb"], num_threads=2)
    [1, 2]
    """
    require_threads(num_threads)
    items = list(items)
    size = max(1, min(ITEMS_AT_ONCE, len(items) // num_threads))
    groups = [items[start : start + size] for start in range(0, len(items), size)]
    if len(groups) < 2:
        return list(map(call, items))
    from concurrent.futures import ThreadPoolExecutor  # which few callers need

    with ThreadPoolExecutor(num_threads) as pool:
        return list(chain.from_iterable(pool.map(lambda group: list(map(call, group)), groups)))
