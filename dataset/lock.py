"""What keeps two runs from writing into one directory? A lock that ends with its run, however that ends."""

import errno
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = ".lock"

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Windows forbids others to read what is locked: a byte far behind the process id.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def only_writer(folder: Path) -> Iterator[bool]:
    """Make a directory, and hold its lock; the value is False where the file system has no locks.

    The operating system releases the lock when the process ends, even by a kill. Some network file systems
    have no locks, or only between the processes of one machine. If the system reports that, a `UserWarning`
    says so, and the user must see to it that one run at a time is started. The lock file stays, because two
    runs could each lock their own if it were removed.

    Raises `BlockingIOError` with the process id of the run that holds the lock, and `OSError` for a directory
    that cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "This is not a directory", os.fspath(folder)) from None
    path = folder / NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    try:
        locked = True
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
                holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
                raise BlockingIOError(
                    errno.EWOULDBLOCK,
                    f"another run is writing here (process {holder}); let it end, or use another directory",
                    os.fspath(folder),
                ) from None
            locked = False
            warnings.warn(
                f"{folder}: its file system has no locks ({error.strerror}); let no other run write here",
                stacklevel=3,
            )
        if not locked:
            yield False
            return
        os.ftruncate(descriptor, 0)
        with suppress(OSError):  # only a message would say it, and a disk may be full
            os.write(descriptor, b"%d\n" % os.getpid())
        try:
            yield True
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
