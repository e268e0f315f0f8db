"""How is a file read that is not on this machine? By its URL, through fsspec."""

import errno
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from glob import has_magic
from typing import Any, BinaryIO, NamedTuple, cast

# What a store says of a file that is another after each change of it, the surest first.
_VERSIONS = (
    "ETag", "etag", "md5Hash", "md5", "content_md5", "checksum", "crc32c", "blob_id", "generation",
    "LastModified", "last_modified", "updated", "mtime", "created",
)  # fmt: skip
_BLOCK_BYTES = 4 << 20


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
        urls = {name: url if name == path else str(store.unstrip_protocol(name)) for name in files}
    return [
        Listed(urls[name], name.removeprefix(folder).removeprefix("/"), *_size_and_version(urls[name], info))
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
    return _size_and_version(url, info)


def _size_and_version(url: str, info: dict[str, Any]) -> tuple[int, str]:
    if info.get("size") is None:
        raise ValueError(f"{url}: the server does not say how large it is; download it first")
    version = next((info[key] for key in _VERSIONS if info.get(key)), "")
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
    return io.BufferedReader(_Opened(opened, url))


class _Opened(io.RawIOBase):
    """A file of a store, whose errors name the URL."""

    def __init__(self, file: Any, url: str) -> None:
        self._file, self._url = file, url

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
        if error.filename == url:
            raise
        codes = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES}
        number = error.errno or codes.get(type(error), errno.EIO)
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
    store, path = url_to_fs(url)
    return store, path
