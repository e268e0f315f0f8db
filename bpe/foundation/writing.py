"""How does a file reach the disk? Whole or not at all, and without losing anything else.

A regular file is replaced: a temporary file next to it is written, synced and renamed. The file keeps its
permissions. If its name is a symbolic link, the link stays and the file that it points to is replaced.
Devices, pipes and files that are already open (/dev/stdout) are written to and never replaced.
"""

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

# A temporary file is .NAME.RANDOM. Names have at most 255 bytes, so only a part of a long one is kept.
_KEPT_BYTES = 200
_RANDOM = re.compile(r"\.[0-9a-f]{16}")
# Names of files that this process has already opened: replacing the file would lose what is written to it
# afterwards.
_OPEN_FILE = re.compile(r"/dev/(?:(stdin|stdout|stderr)|fd/([0-9]+))|/proc/self/fd/([0-9]+)")
_STANDARD = {"stdin": 0, "stdout": 1, "stderr": 2}
_CREATE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
_OPEN_LEFT_OVER = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def write_atomically(path: str | os.PathLike[str], content: bytes | Iterable[bytes]) -> None:
    """Write a file whole or not at all; write to anything but a regular file as a shell's `>` would.

    Content that does not fit into memory may come in parts.

    Raises `OSError` with the file's own name if it cannot be written or is read-only; its old content is then
    still there.
    """
    parts = [content] if isinstance(content, bytes) else content
    with named(path):
        end = _end_of_links(path)
        if (number := open_number(end)) is not None:
            _write_stream(os.dup(number), parts)
        elif _is_stream(end):
            _write_stream(os.open(end, os.O_WRONLY | getattr(os, "O_NOCTTY", 0)), parts)
        else:
            _replace(Path(end), parts)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that takes a name, whole and on the disk, once the block has ended without an error.

    For content whose beginning is known last. What the block raises leaves the name as it was. Raises
    `OSError`; `named` lets the errors of writing have the file's own name.
    """
    with _replacing(Path(_end_of_links(path))) as file:
        yield file


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise the `OSError` that `write_atomically` would raise, before there is anything to write.

    A file is made next to it and removed, which is the only sure way to know. Temporary files of the same
    name that killed processes have left are removed, too.
    """
    with named(path):
        end = _end_of_links(path)
        if (number := open_number(end)) is not None:
            os.fstat(number)
        elif _is_stream(end):
            if not os.access(end, os.W_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        else:
            _check_replaceable(Path(end))
            with _temporary_beside(Path(end)):
                pass
            _remove_left_over(Path(end))


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is written to rather than replaced: a device, a pipe or an open file.

    Raises `OSError` for a directory, and for a path that leads nowhere.

    >>> is_stream("/dev/stdout"), is_stream("a-file-that-is-not-there")
    (True, False)
    """
    with named(path):
        end = _end_of_links(path)
        return open_number(end) is not None or _is_stream(end)


@contextmanager
def named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let errors name the file that was asked for, not the temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    except ValueError as error:  # as for a null character
        raise ValueError(f"{os.fspath(path)!r}: {error}") from None


def _end_of_links(path: str | os.PathLike[str]) -> str:
    """Follow symbolic links to the end, or to the name of an open file; raises `OSError` for a circle."""
    name = os.fspath(path)
    if not name:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    with suppress(FileNotFoundError):
        os.stat(name)  # raises for circles, names that are too long, and files used as directories
    while open_number(name) is None and os.path.islink(name):
        name = os.path.join(os.path.dirname(name), os.readlink(name))
    return name


def open_number(name: str) -> int | None:
    """Return the number of an open file of this process, which no other process knows by such a name.

    >>> open_number("/dev/stdin"), open_number("/dev/fd/63"), open_number("/dev/null")
    (0, 63, None)
    """
    found = _OPEN_FILE.fullmatch(name)
    if found is None:
        return None
    return _STANDARD[found[1]] if found[1] else int(found[2] or found[3])


def _is_stream(name: str) -> bool:
    """Tell whether something is there that is not a regular file; `IsADirectoryError` for a directory."""
    try:
        mode = os.stat(name).st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return not stat.S_ISREG(mode)


def _write_stream(descriptor: int, parts: Iterable[bytes]) -> None:
    with open(descriptor, "wb") as file:
        file.writelines(parts)


def _replace(target: Path, parts: Iterable[bytes]) -> None:
    with _replacing(target) as file:
        file.writelines(parts)


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    before = _check_replaceable(target)
    with _temporary_beside(target) as (temporary, descriptor):
        with open(descriptor, "wb", closefd=False) as file:
            yield file
        if before is not None:
            _keep_permissions(temporary, before)
        os.fsync(descriptor)
        os.replace(temporary, target)


def _check_replaceable(target: Path) -> os.stat_result | None:
    """Return the status of the file that is there, if any; `PermissionError` if it is read-only."""
    try:
        before = target.stat()
    except FileNotFoundError:
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return before


def _keep_permissions(temporary: Path, before: os.stat_result) -> None:
    made = temporary.stat()
    if hasattr(os, "chown") and (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        with suppress(OSError):  # only the superuser may give files away
            os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(stat.S_IMODE(before.st_mode))


@contextmanager
def _temporary_beside(target: Path) -> Iterator[tuple[Path, int]]:
    """Open a new file next to another, locked while it is open; afterwards remove it if it is still there."""
    while True:
        temporary = target.with_name(f"{_beginning(target)}.{token_hex(8)}")
        descriptor = -1
        try:
            descriptor = os.open(temporary, _CREATE, 0o666)
            _lock(descriptor)
            if os.fstat(descriptor).st_nlink:  # otherwise it was removed as left over before it was locked
                yield temporary, descriptor
                return
        finally:
            if descriptor >= 0:
                os.close(descriptor)
            with suppress(OSError):
                temporary.unlink()


def _beginning(target: Path) -> str:
    return "." + os.fsencode(target.name)[:_KEPT_BYTES].decode("utf-8", "ignore")


def _remove_left_over(target: Path) -> None:
    """Remove temporary files of the same target whose writers are gone: nobody holds their locks any more."""
    beginning = _beginning(target)
    for name in os.listdir(target.parent):
        if name.startswith(beginning) and _RANDOM.fullmatch(name[len(beginning) :]):
            with suppress(OSError):
                descriptor = os.open(target.with_name(name), _OPEN_LEFT_OVER)
                try:
                    if _lock(descriptor):
                        os.unlink(target.with_name(name))
                finally:
                    os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file until its last user closes it or is killed; False if another has it, or nothing can be."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
