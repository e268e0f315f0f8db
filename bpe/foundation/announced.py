"""How does a person at a terminal learn why a program waits?"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def announced(work: str) -> Iterator[None]:
    """Say on a terminal's standard error what is being done and, at the end, how long it took.

    >>> with announced("compiling"):  # without a terminal nothing is shown
    ...     pass
    """
    is_shown = sys.stderr is not None and sys.stderr.isatty()
    start = time.perf_counter()
    if is_shown:
        print(f"bpelab: {work} ...", end="", file=sys.stderr, flush=True)
    how = "interrupted after"
    try:
        yield
        how = "done in"
    finally:
        if is_shown:
            print(f" {how} {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
