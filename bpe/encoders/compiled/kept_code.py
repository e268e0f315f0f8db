"""How does Numba keep machine code, so that only the first process waits for it?

Numba's own cache trusts what it finds on disk: a file that was cut off or altered raises an error in the
middle of encoding, or is run. Here every file begins with the hash of what follows and says what it was made
for. A file that is not as it was written counts as missing: the function is compiled once more, and the file
replaced.
"""

import pickle
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

import llvmlite
import numba
import numba.core.compiler
import numba.core.serialize
from bpelab.bpe.encoders.compiled.code_files import read_code, write_code

# Numba has types for some of what is used here, and none where it is not installed.
compiler: Any = numba.core.compiler
serialize: Any = numba.core.serialize

_HASH_BYTES = 32


def checked(content: bytes) -> bytes:
    r"""Return a content with its hash before it.

    >>> unchecked(checked(b"code")), unchecked(checked(b"code")[:-1]), unchecked(b"")
    (b'code', None, None)
    """
    return sha256(content).digest() + content


def unchecked(content: bytes) -> bytes | None:
    """Return what follows the hash; None where the hash is not its own."""
    hashed = content[_HASH_BYTES:]
    return hashed if sha256(hashed).digest() == content[:_HASH_BYTES] else None


def keep_code(dispatcher: Any) -> None:
    """Let a function's machine code be read from disk and written there.

    A version of Numba that has another kind of cache uses that, which everyone may ask it for.
    """
    try:
        dispatcher._cache = _kept_code(dispatcher)
    except AttributeError:
        dispatcher.enable_caching()


def _kept_code(dispatcher: Any) -> "KeptCode":
    """Return the cache of one function; raise `AttributeError` where this Numba has none of this kind."""
    for owner, name in (
        (dispatcher._cache, "load_overload"),
        (dispatcher._cache, "save_overload"),
        (compiler.CompileResult, "_reduce"),
        (compiler.CompileResult, "_rebuild"),
        (serialize, "dumps"),
    ):
        getattr(owner, name)
    function: Callable[..., Any] = dispatcher.py_func
    return KeptCode(f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}")


class KeptCode:
    """The machine code of one function on disk, as Numba asks for it."""

    cache_path = None

    def __init__(self, loop: str) -> None:
        self._loop = loop

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return the code for a signature; None where it is not on disk, or not as it was written."""
        target_context.refresh()
        made_for = _made_for(self._loop, signature, target_context.codegen())
        content = unchecked(read_code(_file_name(self._loop, made_for)) or b"")
        # Its hash says that it was written here; it may still be from a Numba of the same version.
        with suppress(Exception):
            wanted, code = pickle.loads(content or b"")
            if wanted == made_for:
                return compiler.CompileResult._rebuild(target_context, *pickle.loads(code))
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write the code for a signature, if there is a place for it."""
        made_for = _made_for(self._loop, signature, result.codegen)
        content = pickle.dumps((made_for, serialize.dumps(result._reduce())))
        write_code(_file_name(self._loop, made_for), checked(content))

    def flush(self) -> None:
        """Keep what is on disk: it is of this very source."""


def _made_for(loop: str, signature: Any, codegen: Any) -> tuple[str, ...]:
    """Return what code is made for: a function, the types of its arguments, a processor, and by whom."""
    versions = (numba.__version__, llvmlite.__version__)
    return (loop, str(signature), *map(str, codegen.magic_tuple()), *versions)


def _file_name(loop: str, made_for: tuple[str, ...]) -> str:
    return f"{loop}.{sha256(repr(made_for).encode()).hexdigest()[:16]}"
