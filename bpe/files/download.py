"""Where do files come from that the package does not hold? From a cache, or a checked download."""

import hashlib
import io
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from bpelab.bpe.foundation.writing import check_writable, write_atomically

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# The largest file that is downloaded has 4 MB. Within ten minutes it comes over the slowest modem.
MAX_BYTES = 64 << 20
MAX_SECONDS = 600.0
SILENT_SECONDS = 30  # for the connection, and between any two bytes


def cache_directory() -> Path:
    """Return the directory for downloads: `BPELAB_CACHE_DIR`, or this user's cache by the system's rules."""
    if directory := os.environ.get("BPELAB_CACHE_DIR"):
        return Path(directory)
    from platformdirs import user_cache_path  # which encodings in the package do not need

    return user_cache_path("bpelab")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(address: str, sha256_expected: str, name: str, max_bytes: int = MAX_BYTES) -> Path:
    """Return the path of a file in the cache, downloaded if it is not there; its SHA-256 is always checked.

    Nothing is written before all of it has come, so that a download that fails, ends early, is killed or has
    another SHA-256 leaves nothing behind. Shows progress on a terminal.

    Raises `OSError` where the address cannot be reached, sends more than `max_bytes` or has not sent all
    of it after `MAX_SECONDS`, and where the cache cannot be written; `ValueError` for another SHA-256.
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
    """Get what an address sends, within limits.

    A thread of its own gets it, because neither looking up a name nor a server that sends a byte now and then
    can be limited otherwise. One that takes too long is left alone, and ends with its next bytes.
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
            raise TimeoutError(f"{address} has not sent all of it after {MAX_SECONDS:g} s")
    finally:
        received.is_over = True
    if errors:
        raise errors[0]
    return received.getvalue()


class _Received(io.BytesIO):
    """What has come so far; `OSError` for more than is wanted."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self.is_over = False

    def write(self, content: "ReadableBuffer") -> int:
        if self.is_over:
            raise OSError("nobody waits for it any more")
        n_bytes = super().write(content)
        if self.tell() > self._max_bytes:
            raise OSError(f"more than {self._max_bytes:,} bytes came, which is too much")
        return n_bytes


class _Progress:
    """A bar on standard error, where that is a terminal, in the form that pooch drives."""

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
