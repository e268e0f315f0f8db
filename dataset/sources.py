"""Which files are a corpus, and how large are they? What comes through a pipe is copied to know that."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

_PIPE_BYTES = 1 << 20  # read from a pipe at a time


class Source(NamedTuple):
    """A file of the corpus, as it was when it was listed; `name` is what messages call it."""

    name: str
    path: str  # of its bytes: the file itself, or a copy of what came through a pipe
    size: int
    mtime_ns: int


@contextmanager
def open_sources(files: Sequence[Path], folder: Path) -> Iterator[list[Source]]:
    """List the files with their sizes; for as long as this is open, a folder has copies of what pipes sent.

    Raises `OSError` for a file that cannot be read, and where a copy cannot be written.
    """
    sources = []
    with ExitStack() as copies:
        for file in files:
            path, found = file, file.stat()
            # Files in /proc call themselves regular and have content, but no size.
            if not stat.S_ISREG(found.st_mode) or not found.st_size:
                path = folder / f".pipe.{token_hex(4)}"
                copies.callback(path.unlink, missing_ok=True)
                if not _copy(file, path):
                    continue
                found = path.stat()
            elif not os.access(file, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
            sources.append(Source(str(file), str(path), found.st_size, found.st_mtime_ns))
        yield sources


def _copy(pipe: Path, path: Path) -> bool:
    """Copy what comes through a pipe; False, and no copy, where nothing came."""
    with open(pipe, "rb") as source:
        if not (data := source.read(_PIPE_BYTES)):
            return False
        try:
            with open(path, "xb") as copy:
                while data:
                    copy.write(data)
                    data = source.read(_PIPE_BYTES)
        except OSError as error:
            raise OSError(
                error.errno, f"{error.strerror}, while {pipe} was copied", str(path.parent)
            ) from None
    return True


def require_apart(corpus: Sequence[Path], folder: Path, outputs: Sequence[str]) -> None:
    """Raise `ValueError` where what is written to a folder would lie in the corpus, or replace a file of it.

    `outputs` are the patterns of the names of the files that are written.
    """
    # Unlike `Path.resolve`, this leaves a loop of links to whoever opens it, whose error names it.
    output = Path(os.path.realpath(folder))
    for source in corpus:
        place = Path(os.path.realpath(source))
        if source.is_dir() and output.is_relative_to(place):
            if not any(name.startswith(".") for name in output.relative_to(place).parts):
                raise ValueError(
                    f"{folder} lies in {source}, and would become part of the corpus; name another directory"
                )
        elif place.parent == output and any(place.match(name) for name in outputs):
            raise ValueError(
                f"{source} has the name of a file that is written to {folder}; name another directory"
            )
