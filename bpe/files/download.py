"""Where do files that are not in the package come from? From a cache, or a checked download."""

import hashlib
import io
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from bpelab.bpe.foundation.progress import Reporter, watching
from bpelab.bpe.foundation.user_cache import cache_directory
from bpelab.bpe.foundation.writing import check_writable, write_atomically

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# The largest file that is downloaded has 4 MB. Ten minutes are enough over a slow connection.
MAX_BYTES = 64 << 20
MAX_SECONDS = 600.0
SILENT_SECONDS = 30  # for connecting, and between any two bytes


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(address: str, sha256_expected: str, name: str, max_bytes: int = MAX_BYTES) -> Path:
    """Return the path of a file in the cache, downloaded if it is not there; its SHA-256 is always checked.

    Nothing is written before the whole file has arrived, so a download that fails, ends early, is killed or
    has another SHA-256 leaves nothing behind. It is reported to the watcher of `watched_by`, if there is one.

    Raises `OSError` if the address cannot be reached, sends more than `max_bytes` or takes longer than
    `MAX_SECONDS`, and if the cache cannot be written; `ValueError` for another SHA-256.
    """
    path = cache_directory() / name
    if path.is_file() and sha256(path) == sha256_expected:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    check_writable(path)
    content = receive(address, name, max_bytes)
    if (found := hashlib.sha256(content).hexdigest()) != sha256_expected:
        raise ValueError(f"{address}: its SHA-256 is {found}, that of {name} is {sha256_expected}")
    write_atomically(path, content)
    return path


def receive(address: str, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return what an address sends, within limits; `name` is what the watcher of a download is told.

    Raises `OSError` if the address cannot be reached, sends more than `max_bytes` or takes longer than
    `MAX_SECONDS`.

    It is received in a thread of its own: neither looking up a name nor waiting for a server that sends a
    byte now and then can be limited in another way. A thread that takes too long is left alone, and ends with
    the next bytes that arrive.
    """
    import pooch  # brings `requests`, which takes longer to import than the rest of this package

    received = _Received(max_bytes)
    get = pooch.HTTPDownloader(progressbar=_Progress(name), chunk_size=1 << 14, timeout=SILENT_SECONDS)
    errors: list[Exception] = []

    def receive() -> None:
        try:
            get(address, received, None)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=receive, daemon=True)
    try:
        thread.start()
        thread.join(MAX_SECONDS)
        if thread.is_alive():
            raise TimeoutError(f"{address} has not sent the whole file after {MAX_SECONDS:g} s")
    finally:
        received.is_over = True
    if errors:
        raise errors[0]
    return received.getvalue()


class _Received(io.BytesIO):
    """The bytes received so far; writing raises `OSError` for more than the limit."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self.is_over = False

    def write(self, content: "ReadableBuffer") -> int:
        if self.is_over:
            raise OSError("the download was given up")
        n_bytes = super().write(content)
        if self.tell() > self._max_bytes:
            raise OSError(f"more than {self._max_bytes:,} bytes arrived, which is too much")
        return n_bytes


class _Progress:
    """The reports of a download, in the form that pooch drives."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._watch = watching()  # here, because the thread that downloads has its own context
        self._n_bytes = 0
        self._report: Reporter | None = None
        self.total = 0  # set by pooch; 0 where the server does not say

    def update(self, n_bytes: int) -> None:
        if self._report is None:
            self._report = Reporter(self._watch, f"downloading {self._name}", self.total or None)
        self._n_bytes += n_bytes
        self._report(min(self._n_bytes, self.total or self._n_bytes))

    def reset(self) -> None:
        self._n_bytes = 0

    def close(self) -> None:
        if self._report is not None:
            self._report(self._n_bytes, at_end=True)
