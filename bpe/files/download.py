"""Where do files come from that the package does not hold? From a cache, or a checked download."""

import hashlib
import os
import sys
from pathlib import Path

from platformdirs import user_cache_path


def cache_directory() -> Path:
    """Give the directory for downloads: `BPELAB_CACHE_DIR`, or this user's cache by the system's rules."""
    return Path(os.environ.get("BPELAB_CACHE_DIR") or user_cache_path("bpelab"))


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(address: str, sha256_expected: str, name: str) -> Path:
    """Give the path of a file in the cache, downloaded if it is not there; its SHA-256 is always checked.

    A download that fails, ends early, is interrupted or has another SHA-256 leaves nothing behind.
    Shows progress on a terminal. Raises `OSError` where the address cannot be reached or the cache
    cannot be written, `ValueError` for another SHA-256.
    """
    path = cache_directory() / name
    if path.is_file() and sha256(path) == sha256_expected:
        return path
    import pooch  # brings `requests`, which takes longer to import than the rest of this package

    pooch.utils.LOGGER.setLevel("WARNING")
    with _Progress(name) as progress:
        pooch.retrieve(
            address,
            known_hash=f"sha256:{sha256_expected}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(progressbar=progress, timeout=30),
        )
    return path


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
