"""How is a file read that is not on this machine? By its URL, through fsspec."""

import errno
import io
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from glob import has_magic
from typing import Any, BinaryIO, NamedTuple, TypeVar, cast

# What a store says of a file that is another after each change of it, the surest first.
_VERSIONS = (
    "ETag", "etag", "md5Hash", "md5", "content_md5", "checksum", "crc32c", "blob_id", "generation",
    "LastModified", "last_modified", "updated", "mtime", "created",
)  # fmt: skip
_BLOCK_BYTES = 4 << 20
N_REQUESTS = 16  # at a time: a store far away answers each after some hundredths of a second
# "simplecache::" before, and "::s3://bucket/a.zip" after, the one that has the name of the file.
_CHAIN = re.compile(r"((?:[^:/]+::)*)(.*?)((?:::.*)?)", re.DOTALL)
_ARCHIVES = ("zip://", "tar://", "libarchive://")
_Answer = TypeVar("_Answer")
_of_this_thread = threading.local()  # the archive that it opened last


@dataclass(frozen=True)
class Url(os.PathLike[str]):
    """The URL of a file, of a folder or of a pattern of names, for any store that fsspec knows.

    It stands where a `pathlib.Path` can stand, which would take `//` for `/`.

    >>> str(Url("s3://bucket/*.parquet"))
    's3://bucket/*.parquet'
    """

    url: str
    # As it was found in a folder or by a pattern: its size and version.
    listed: tuple[int, str] | None = field(default=None, compare=False)

    def __fspath__(self) -> str:
        return self.url

    def __str__(self) -> str:
        return self.url


def is_url(name: str) -> bool:
    """Tell a URL from a path.

    >>> is_url("s3://bucket/a.txt"), is_url("bucket/a.txt")
    (True, False)
    """
    return "://" in name


def without_scheme(name: str) -> str:
    """Return the path that a URL of a file of this machine stands for; any other name as it is.

    >>> without_scheme("file:///data/a.txt"), without_scheme("s3://bucket/a.txt")
    ('/data/a.txt', 's3://bucket/a.txt')
    """
    return name.removeprefix("file://").removeprefix("local://")


def links_of(url: str) -> tuple[str, str, str]:
    """Divide a chain of URLs into what stands before the one that names files, that one, and what follows it.

    >>> links_of("simplecache::zip://data/*.txt::s3://bucket/a.zip")
    ('simplecache::', 'zip://data/*.txt', '::s3://bucket/a.zip')
    >>> links_of("s3://bucket/a.txt")
    ('', 's3://bucket/a.txt', '')
    """
    found = _CHAIN.fullmatch(url) if is_url(url) else None
    return cast(tuple[str, str, str], found.groups()) if found else ("", url, "")


def is_member(url: str) -> bool:
    """Tell whether a URL names files in an archive, which can be read from their beginning only.

    >>> is_member("zip://data/a.txt::s3://bucket/a.zip"), is_member("s3://bucket/a.zip")
    (True, False)
    """
    return links_of(url)[1].startswith(_ARCHIVES)


class Listed(NamedTuple):
    """A file as its store listed it."""

    url: str
    below: str  # its path below the folder that was listed
    size: int
    version: str  # another one, or another size, means that the file was changed


def find_urls(url: str) -> list[Listed]:
    """Return the files that a URL stands for: itself, those below a folder, or those of a pattern of names.

    Raises `FileNotFoundError` where there is nothing, `ValueError` where the store does not tell how large a
    file is, and what `store_errors` raises.
    """
    with store_errors(url):
        store, path = store_of(url)
        store.invalidate_cache()
        try:
            info = store.info(path)
        except FileNotFoundError:
            info = {"type": "nothing"}
        if info["type"] == "file":
            found, folder = {path: info}, path.rpartition("/")[0]
        elif has_magic(path):
            found = store.glob(path, detail=True)
            folder = re.split(r"[*?\[]", path)[0].rpartition("/")[0]
        else:
            found, folder = store.find(path, detail=True), path
        if not (files := {name: info for name, info in found.items() if info["type"] == "file"}):
            raise FileNotFoundError(errno.ENOENT, "there is no such file, nor a folder with files", url)
        before, _, after = links_of(url)
        urls = {
            name: url if name == path else f"{before}{store.unstrip_protocol(name)}{after}" for name in files
        }
    of_archive = _version_of_archive(url)
    return [
        Listed(
            urls[name],
            name.removeprefix(folder).removeprefix("/"),
            *_size_and_version(urls[name], info, of_archive),
        )
        for name, info in files.items()
    ]


def size_and_version(url: str) -> tuple[int, str]:
    """Return how large a file is now, and what changes when it is written to, as far as its store tells.

    Raises what `find_urls` raises.
    """
    with store_errors(url):
        store, path = store_of(url)
        store.invalidate_cache(path)
        info = store.info(path)
    return _size_and_version(url, info, _version_of_archive(url))


def _version_of_archive(url: str) -> str:
    """Return the version of the archive that holds a file, which is the file's; empty if none does."""
    return " ".join(map(str, size_and_version(links_of(url)[2][2:]))) if is_member(url) else ""


def _size_and_version(url: str, info: dict[str, Any], of_archive: str) -> tuple[int, str]:
    if info.get("size") is None:
        raise ValueError(f"{url}: the server does not say how large it is; download it first")
    version = of_archive or next((info[key] for key in _VERSIONS if info.get(key)), "")
    # Some stores list a time as a number, and tell it of a single file as a date.
    return int(info["size"]), str(version.timestamp() if isinstance(version, datetime) else version)


def read_url(url: str, start: int, end: int) -> bytes:
    """Read some bytes of a file; raises what `store_errors` raises."""
    with store_errors(url):
        store, path = store_of(url)
        return cast(bytes, store.cat_file(path, start=start, end=end))


def open_url(url: str) -> BinaryIO:
    """Open a file, of which some MB are held at a time; raises what `store_errors` raises."""
    with store_errors(url):
        store, path = store_of(url)
        opened = store.open(path, "rb", block_size=_BLOCK_BYTES)
    return io.BufferedReader(_Opened(opened, url, store))


def answers(
    requests: Iterable[Callable[[], _Answer]], n_at_once: int = N_REQUESTS
) -> Generator[_Answer, None, None]:
    """Yield what functions return, in order, while those that follow are under way in threads.

    Raises what they raise. With one at a time, each is called in this thread when its answer is wanted.

    >>> list(answers([lambda: 1, lambda: 2]))
    [1, 2]
    """
    if n_at_once == 1:
        yield from (request() for request in requests)
        return
    from concurrent.futures import ThreadPoolExecutor  # takes a while to load

    with ThreadPoolExecutor(n_at_once) as threads:
        under_way: deque[Any] = deque()
        for request in requests:
            under_way.append(threads.submit(request))
            if len(under_way) == n_at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


class _Opened(io.RawIOBase):
    """A file of a store, whose errors name the URL."""

    def __init__(self, file: Any, url: str, store: Any) -> None:
        self._file, self._url = file, url
        self._store = store  # an archive is closed with its store

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with store_errors(self._url):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Let what a store raises name the URL: as `OSError`, or `ImportError` where a package is missing."""
    try:
        yield
    except ImportError as error:
        raise ImportError(f"{url}: {error}") from None
    except OSError as error:
        if error.filename == url or url.endswith(f"::{error.filename}"):  # the archive that it is in
            raise
        codes = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES}
        number = error.errno if isinstance(error.errno, int) else codes.get(type(error), errno.EIO)
        said = os.strerror(number) if type(error) in codes else error.strerror or str(error) or repr(error)
        raise OSError(number, said, url) from error
    except ValueError as error:
        raise ValueError(f"{url}: {error}") from error
    except Exception as error:  # every store has errors of its own
        raise OSError(errno.EIO, f"{error} ({type(error).__name__})", url) from error


def store_of(url: str) -> tuple[Any, str]:
    """Return the store of a URL, and the path in it; `ImportError`, and what the store raises."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ImportError("reading URLs needs fsspec: pip install 'bpelab[corpora]'") from None
    if not is_member(url):
        store, path = url_to_fs(url)
        return store, path
    before, link, archive = links_of(url)
    kind = link.partition("://")[0]
    # Opening reads the names of all files in it. Threads and forks would read at each other's places.
    key = os.getpid(), before, kind, archive, _version_of_archive(url)
    if getattr(_of_this_thread, "key", None) != key:
        _of_this_thread.store = url_to_fs(f"{before}{kind}://{archive}")[0]
        _of_this_thread.key = key
    store = _of_this_thread.store
    return store, store._strip_protocol(link)
