"""How is a compressed file read? As a stream from its beginning, for it cannot be entered in the middle."""

import gzip
import io
import sys
import zlib
from typing import Any, BinaryIO

from bpelab.bpe.corpus.reading import Compression

_BUFFER_BYTES = 1 << 18
# `zstd --long=31` looks back so far; readers refuse more than 27 bits unless they are told.
_WINDOW_LOG = 31


class DamagedError(ValueError):
    """A file is cut short, or is not what its name says; nothing more can be read of it."""

    def with_advice(self) -> ValueError:
        """Return the error for a caller who did not ask to skip what cannot be read."""
        return ValueError(f"{self}; errors='skip' leaves out what cannot be read of it")


def decompressed(file: BinaryIO, compression: Compression, name: str) -> BinaryIO:
    """Return a stream of what a file holds.

    Reading it raises `DamagedError` where it is cut short or damaged. Raises `ImportError` where
    Zstandard's reader is not installed.
    """
    if not compression:
        return file
    if compression == "gzip":
        opened: Any = gzip.GzipFile(fileobj=file)
        damages: tuple[type[Exception], ...] = (EOFError, zlib.error, gzip.BadGzipFile)
    else:
        zstd = _zstd(name)
        limit = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
        opened = zstd.ZstdFile(file, options=limit)
        damages = (EOFError, zstd.ZstdError)
    return io.BufferedReader(_Checked(opened, damages, f"{name}: not {compression}"), _BUFFER_BYTES)


class _Checked(io.RawIOBase):
    """Passes on what is read, and raises `DamagedError` for the errors of a decompressor."""

    def __init__(self, file: Any, damages: tuple[type[Exception], ...], message: str) -> None:
        self._file, self._damages, self._message = file, damages, message
        self._n_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read1(len(buffer))  # unlike `readinto`, returns what comes before the damage
        except self._damages as error:
            after = f", or damaged or cut short, after {self._n_read:,} bytes of its text"
            raise DamagedError(f"{self._message}{after}: {error}") from None
        buffer[: len(data)] = data
        self._n_read += len(data)
        return len(data)


def _zstd(name: str) -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise ImportError(f"{name}: reading .zst needs pip install 'bpelab[corpora]'") from None
    return zstd
