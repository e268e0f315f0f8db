"""How does a file reach the disk? Whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, fsync, then a rename.

    Raises `OSError` with the file's own name where it cannot be written; what was there before is then
    still there.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None
        raise
