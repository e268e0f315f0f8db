"""Where do files that are not in the package come from? From a cache, or a checked download."""

import hashlib
import io
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from bpelab.bpe.foundation.writing import check_writable, write_atomically
from platformdirs import user_cache_path

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# The largest file that is downloaded has 4 MB. Ten minutes are enough over a slow connection.
MAX_BYTES = 64 << 20
MAX_SECONDS = 600.0
SILENT_SECONDS = 30  # for connecting, and between any two bytes


def cache_directory() -> Path:
    """Return the directory for downloads: `BPELAB_CACHE_DIR`, or the user's cache on this system."""
    return Path(os.environ.get("BPELAB_CACHE_DIR") or user_cache_path("bpelab"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(address: str, sha256_expected: str, name: str, max_bytes: int = MAX_BYTES) -> Path:
    """Return the path of a file in the cache, downloaded if it is not there; its SHA-256 is always checked.

    Nothing is written before the whole file has arrived, so a download that fails, ends early, is killed or
    has another SHA-256 leaves nothing behind. Shows progress on a terminal.

    Raises `OSError` if the address cannot be reached, sends more than `max_bytes` or takes longer than
    `MAX_SECONDS`, and if the cache cannot be written; `ValueError` for another SHA-256.
    """
    path = cache_directory() / name
    if path.is_file() and sha256(path) == sha256_expected:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    check_writable(path)
    with _Progress(name) as progress:
        content = _content(address, max_bytes, progress)
    if (found := hashlib.sha256(content).hexdigest()) != sha256_expected:
        raise ValueError(f"{address}: its SHA-256 is {found}, that of {name} is {sha256_expected}")
    write_atomically(path, content)
    return path


def _content(address: str, max_bytes: int, progress: "_Progress") -> bytes:
    """Return what an address sends, within limits.

    It is received in a thread of its own: neither looking up a name nor waiting for a server that sends a
    byte now and then can be limited in another way. A thread that takes too long is left alone, and ends with
    the next bytes that arrive.
    """
    import pooch  # brings `requests`, which takes longer to import than the rest of this package

    received = _Received(max_bytes)
    get = pooch.HTTPDownloader(progressbar=progress, chunk_size=1 << 14, timeout=SILENT_SECONDS)
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
    """A progress bar on standard error, if that is a terminal, with the methods that pooch calls."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("downloading {task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._task = self._bar.add_task(name, total=None)
        self.total = 0

    def __enter__(self) -> "_Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, n_bytes: int) -> None:
        self._bar.update(self._task, advance=n_bytes, total=self.total)

    def reset(self) -> None:
        self._bar.update(self._task, completed=0)

    def close(self) -> None:
        self._bar.refresh()
