"""What must a fork wait for? For imports and compilations, whose locks nobody would release in the child.

A forked process has one thread, the one that forked. Where another thread was importing a module or compiling
a function at that moment, the lock for it is held in the child forever. So such work is done in `forks_wait`:
a fork in any thread begins when the work is done. It is for what happens once a process, never for encoding.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_working = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_working.acquire, after_in_parent=_working.release, after_in_child=_working.release
    )


@contextmanager
def forks_wait() -> Iterator[None]:
    """Let forks, and other threads that come here, wait until the block is done.

    >>> with forks_wait():
    ...     import json
    """
    with _working:
        yield
