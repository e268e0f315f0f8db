"""Which files are a corpus, and how large are they? Here or at a URL; pipes are copied to know that."""

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from bpelab.bpe.corpus.compressed import decompressed
from bpelab.bpe.corpus.documents import files_of, find_files, require_readable
from bpelab.bpe.corpus.reading import DEFAULT, TEXT, Kind, Reading
from bpelab.bpe.corpus.remote import (
    Url,
    is_member,
    is_url,
    links_of,
    open_url,
    read_url,
    size_and_version,
    without_scheme,
)
from bpelab.bpe.foundation.writing import open_number

_URL_AS_PATH = re.compile(r"[a-z][a-z0-9+.]+:/[^/]")
_PIPE_BYTES = 1 << 20  # read from a pipe at a time


@dataclass(frozen=True)
class Source:
    """A file of the corpus, as it was when it was listed."""

    name: str  # what messages call it
    path: str  # of its bytes: the file itself, its URL, or a copy of what came through a pipe
    size: int  # -1 for a pipe, which only its end tells
    version: str  # another one, or another size, means that the file was changed
    kind: Kind = TEXT

    @property
    def is_stream(self) -> bool:
        """Whether it can only be read from its beginning: a pipe, and what is compressed or in an archive."""
        return self.size < 0 or bool(self.kind.compression) or is_member(self.path)


# What a corpus is named by: paths of files and folders, patterns of names, and URLs of any of these.
Named = str | os.PathLike[str] | Source


def list_sources(corpus: Sequence[Named], reading: Reading) -> list[Source]:
    """Return the files of a corpus in order, with their sizes and versions; `files_of` says which they are.

    Raises `ValueError` for a pipe, which can be read only once (`open_sources` copies it), and `OSError` for
    what cannot be read.
    """
    sources: list[Source] = []
    for named in corpus:
        for source in sources_of(named, reading):
            if source.size < 0:
                raise ValueError(
                    f"{source.name}: a pipe can be read only once; write what it sends to a file first"
                )
            sources.append(source)
    return sources


@contextmanager
def open_sources(corpus: Sequence[Named], folder: Path, reading: Reading) -> Iterator[list[Source]]:
    """List the files as `list_sources` does, and copy pipes; the copies lie in a folder while this is open.

    Raises `OSError` for a file that cannot be read, and where a copy cannot be written.
    """
    sources: list[Source] = []
    with ExitStack() as copies:
        for named in corpus:
            for source in sources_of(named, reading):
                if source.size >= 0:
                    sources.append(source)
                    continue
                path = folder / f".pipe.{token_hex(4)}"
                copies.callback(path.unlink, missing_ok=True)
                if _copy(source.path, path):
                    found = path.stat()
                    sources.append(
                        Source(source.name, str(path), found.st_size, version_of(found), source.kind)
                    )
        yield sources


def sources_of(named: Named, reading: Reading, *, warns: bool = True) -> Iterator[Source]:
    """Yield the files that a name stands for; the size of a pipe is -1.

    It `warns` of what is left out of folders, as `files_of` does.
    """
    if isinstance(named, Source):
        yield named
        return
    path = path_of(named)
    for file in files_of(path, reading) if warns else find_files(path, reading).files:
        name, kind = str(file), reading.kind_of(str(file))
        if isinstance(file, Url):
            yield Source(name, name, *(file.listed or size_and_version(name)), kind)
            continue
        found = file.stat()
        if not os.access(file, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        # Files in /proc call themselves regular and have content, but no size. Of what is open here, in a
        # shell by `<`, other processes do not know the name.
        is_pipe = (
            not stat.S_ISREG(found.st_mode)
            or open_number(name) is not None
            or (not found.st_size and _has_content(file))
        )
        yield Source(name, name, -1 if is_pipe else found.st_size, version_of(found), kind)


def path_of(named: str | os.PathLike[str]) -> Path | Url:
    """Return a URL as such, and anything else as a path.

    Raises `ValueError` for a `pathlib.Path` of a URL, of which it has left out a slash.
    """
    if isinstance(named, Url):
        return named
    name = os.fspath(named)
    if _URL_AS_PATH.match(name) and not os.path.lexists(name):
        raise ValueError(f"{name}: a pathlib.Path takes // for /; name a URL as a string, in a Corpus([...])")
    return Url(name) if is_url(name) else Path(name)


def version_of(found: os.stat_result) -> str:
    """Return what changes whenever a local file is written to: its time of modification."""
    return str(found.st_mtime_ns)


@contextmanager
def open_file(named: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file, a pipe or a URL, whose text is decompressed where its name says that it is compressed.

    Raises what `require_readable` raises, and `OSError`.
    """
    path = path_of(named)
    if isinstance(path, Path):
        require_readable(path)
    with open_url(path.url) if isinstance(path, Url) else path.open("rb") as file:
        yield decompressed(file, DEFAULT.kind_of(str(path)).compression, str(path))


def for_any_process(source: Source) -> Source:
    """Name a file so that a process in another directory finds it; messages call it what it was called."""
    before, link, after = links_of(source.path)
    archive = without_scheme(after.rpartition("::")[2])
    if archive and not is_url(archive):
        after = f"{after.rpartition('::')[0]}::{os.path.abspath(archive)}"
    return replace(source, path=f"{before}{link if is_url(link) else os.path.abspath(link)}{after}")


def open_source(source: Source) -> BinaryIO:
    """Open a file of the corpus from its beginning, wherever it is; `OSError`."""
    return open_url(source.path) if is_url(source.path) else open(source.path, "rb")


def read_bytes(source: Source, start: int, end: int) -> bytes:
    """Read some bytes of a file of the corpus; `OSError`."""
    if is_url(source.path):
        return read_url(source.path, start, end)
    with open(source.path, "rb") as file:
        file.seek(start)
        return file.read(end - start)


def require_unchanged(source: Source) -> None:
    """Raise `ValueError` where a file is no longer as large or as old as when it was listed."""
    if source.size < 0:
        return
    if is_url(source.path):
        now = size_and_version(source.path)
    else:
        found = os.stat(source.path)
        now = found.st_size, version_of(found)
    if now != (source.size, source.version):
        raise ValueError(
            f"{source.name}: it was changed while it was read; start again when nothing writes to it"
        )


def _has_content(file: Path) -> bool:
    with open(file, "rb", buffering=0) as opened:
        return bool(opened.read(1))


def _copy(pipe: str, path: Path) -> bool:
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
