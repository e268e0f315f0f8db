"""How is a training stopped without losing what it has learned? Signals wait until its state is whole."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# Ctrl-C, and what `kill` sends, where a handler in Python turns it into an exception.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_held() -> Iterator[Callable[[], None]]:
    """Hold signals back until the function that is yielded delivers them; a second one is delivered at once.

    This concerns signals with a handler in Python, as Ctrl-C has. Handlers run in the main thread only, so
    that in other threads there is nothing to hold back or to deliver.
    """
    previous: dict[int, Callable[[int, FrameType | None], Any]] = {}
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)
        if len(held) > 1:
            deliver()

    def deliver() -> None:
        if held:
            last = held[-1]
            held.clear()
            previous[last](last, None)

    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler):
                previous[number] = handler
                signal.signal(number, hold)
    try:
        yield deliver
    finally:
        for held_number, handler in previous.items():
            signal.signal(held_number, handler)
    deliver()
