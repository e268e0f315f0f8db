"""What keeps two runs from writing below one URL? Stores have no locks: a file that its run keeps rewriting.

A run that finds such a file waits until it has seen whether somebody still rewrites it. A run that was killed
thus delays the next one by some seconds, and blocks nothing.
"""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex

from bpelab.bpe.corpus.places import Place

NAME = ".lock"
SECONDS_BETWEEN = 5.0
SECONDS_TO_WAIT = 15.0
SECONDS_TO_SETTLE = 1.0  # between two runs that begin at the same time


@contextmanager
def leased(place: Place) -> Iterator[Callable[[], None]]:
    """Hold a place at a URL; what is yielded raises where another run has taken it over.

    Raises `BlockingIOError` with the machine and the process of the run that holds it, and `OSError`.
    """
    if NAME in place.names():
        before = _read(place)
        time.sleep(SECONDS_TO_WAIT)
        if (now := _read(place)) != before:
            raise _held(place, now)
    mine = f"{socket.gethostname()}, process {os.getpid()}, run {token_hex(4)}"
    place.write(NAME, mine.encode())
    time.sleep(SECONDS_TO_SETTLE)
    if not (found := _read(place)).startswith(mine):
        raise _held(place, found)
    end = threading.Event()
    taken: list[str] = []

    def rewrite() -> None:
        n_times = 0
        while not end.wait(SECONDS_BETWEEN) and not taken:
            n_times += 1
            with suppress(OSError, ValueError):  # of a connection, or its answer: the next may be better
                found = _read(place)
                if found.startswith(mine) or mine.startswith(found):  # missing, or cut short by a connection
                    place.write(NAME, f"{mine}, {n_times}".encode())
                else:
                    taken.append(found)

    def require_held() -> None:
        if taken:
            raise _held(place, taken[0])

    thread = threading.Thread(target=rewrite, daemon=True)
    thread.start()
    try:
        yield require_held
    finally:
        end.set()
        thread.join()
        if not taken:
            with suppress(OSError, ValueError):
                place.remove(NAME)


def _read(place: Place) -> str:
    try:
        return place.read(NAME).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _held(place: Place, by: str) -> BlockingIOError:
    holder = f"{by.rpartition(', run ')[0] or by:.80}"  # the file may be anything
    return BlockingIOError(
        errno.EWOULDBLOCK,
        f"another run is writing here ({holder}); let it end, or use another URL",
        str(place),
    )
