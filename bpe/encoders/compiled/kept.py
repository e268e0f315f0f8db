"""Where does the machine code stay, so that only the first process waits for it? In a folder for this very
source.

Numba keeps machine code by the file of one function. A loop here is made of functions of many files, so that
the code of all of them goes into a folder that is named after all the source there is. It is in
`__pycache__` beside the source; where nobody may write there, in the user's cache; or where
`NUMBA_CACHE_DIR` says. Code that is there is read also where nothing can be written; and where it can be
written nowhere, every process translates for itself."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from bpelab.bpe.download import cache_directory
from numba.core import caching, config

HERE = Path(__file__).parent


@cache
def source_stamp() -> str:
    """Return a hash of all the source that machine code is made of."""
    return sha256(b"\0".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))).hexdigest()[:16]


@cache
def code_folder() -> Path | None:
    """Return the folder of the machine code, the first that has some or may be written to; or None."""
    parents = (
        [Path(given)]
        if (given := getattr(config, "CACHE_DIR", ""))
        else [HERE / "__pycache__", cache_directory()]
    )
    folders = [parent / f"compiled-{source_stamp()}" for parent in parents]
    return next(filter(_has_code, folders), None) or next(filter(_can_be_written, folders), None)


def _has_code(folder: Path) -> bool:
    with suppress(OSError):
        return any(name.endswith(".nbi") for name in os.listdir(folder))
    return False


def _can_be_written(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        return True
    return False


class _Locator(caching._CacheLocator):
    """Tells Numba the folder, and what of a function's code must be the same."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._folder, self._line = folder, function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Callable[..., Any], _: str) -> "_Locator | None":
        folder = code_folder()
        return None if folder is None else cls(function, folder)

    def get_cache_path(self) -> str:
        return str(self._folder)

    def ensure_cache_path(self) -> None:
        pass

    def get_source_stamp(self) -> str:
        return source_stamp()

    def get_disambiguator(self) -> str:
        return str(self._line)


class _Files(caching.CompileResultCacheImpl):
    _locator_classes: list[type[object]] = [_Locator]  # noqa: RUF012, as Numba declares it


class _KeptCode(caching.FunctionCache):
    _impl_class = _Files

    def save_overload(self, signature: Any, code: Any) -> None:
        with suppress(OSError):  # a full disk, or a folder that can only be read
            super().save_overload(signature, code)  # type: ignore[no-untyped-call]


def keep_code(dispatcher: Any) -> None:
    """Let a function's machine code be read from the folder and written there, if there is one."""
    if code_folder() is not None:
        dispatcher._cache = _KeptCode(dispatcher.py_func)  # type: ignore[no-untyped-call]
