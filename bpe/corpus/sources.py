"""Which files are a corpus, and how large are they? What comes through a pipe is copied to know that."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from bpelab.bpe.corpus.documents import files_of

_PIPE_BYTES = 1 << 20  # read from a pipe at a time


@dataclass(frozen=True)
class Source:
    """A file of the corpus, as it was when it was listed."""

    name: str  # what messages call it
    path: str  # of its bytes: the file itself, or a copy of what came through a pipe
    size: int
    version: str  # another one, or another size, means that the file was changed


Corpus = Sequence[str | os.PathLike[str] | Source]


def list_sources(corpus: Corpus) -> list[Source]:
    """Return the files of a corpus in order, with their sizes and versions; `files_of` says which they are.

    Raises `ValueError` for a pipe, which can be read only once (`open_sources` copies it), and `OSError` for
    what cannot be read.
    """
    sources: list[Source] = []
    for named in corpus:
        if isinstance(named, Source):
            sources.append(named)
            continue
        for file in files_of(Path(named)):
            if _needs_copy(found := file.stat()):
                raise ValueError(f"{file}: a pipe can be read only once; write what it sends to a file first")
            sources.append(_source(file, file, found))
    return sources


@contextmanager
def open_sources(corpus: Corpus, folder: Path) -> Iterator[list[Source]]:
    """List the files as `list_sources` does, and copy pipes; the copies lie in a folder while this is open.

    Raises `OSError` for a file that cannot be read, and where a copy cannot be written.
    """
    sources: list[Source] = []
    with ExitStack() as copies:
        for named in corpus:
            if isinstance(named, Source):
                sources.append(named)
                continue
            for file in files_of(Path(named)):
                path, found = file, file.stat()
                if _needs_copy(found):
                    path = folder / f".pipe.{token_hex(4)}"
                    copies.callback(path.unlink, missing_ok=True)
                    if not _copy(file, path):
                        continue
                    found = path.stat()
                sources.append(_source(file, path, found))
        yield sources


def version_of(found: os.stat_result) -> str:
    """Return what changes whenever a local file is written to: its time of modification."""
    return str(found.st_mtime_ns)


def _needs_copy(found: os.stat_result) -> bool:
    # Files in /proc call themselves regular and have content, but no size.
    return not stat.S_ISREG(found.st_mode) or not found.st_size


def _source(file: Path, path: Path, found: os.stat_result) -> Source:
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
    return Source(str(file), str(path), found.st_size, version_of(found))


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
