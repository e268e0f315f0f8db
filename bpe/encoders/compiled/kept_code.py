"""How is machine code kept on disk, so that only the first process waits for it?

Every file begins with the hash of what follows and says what it was made for. A file that is not as it was
written counts as missing: the loop is compiled once more, and the file replaced.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from typing import Any

from bpelab.bpe.encoders.compiled.code_files import given_processor, read_code, write_code
from bpelab.bpe.encoders.compiled.native import Code, MachineCode

_HASH_BYTES = 32

MadeFor = tuple[str, str, str]  # a loop, the types of its arguments, and the stamp of its source
Runnable = Callable[[tuple[Any, ...]], Any]


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


def kept_code(made_for: MadeFor) -> Runnable | None:
    """Return the code on disk, ready to run; None where there is none, or it is not as it was written."""
    content = unchecked(read_code(_file_name(made_for)) or b"")
    if content is None:
        return None
    heading, results, object_code = [*content.split(b"\n", 2), b"", b""][:3]
    if heading != _heading(made_for):
        return None
    # Its hash says that it was written here; but another LLVM of the same version may refuse it.
    with suppress(ImportError, OSError, RuntimeError):
        return MachineCode(Code(results.decode(), object_code))
    return None


def keep_code(made_for: MadeFor, code: Code) -> None:
    """Write code to disk, if there is a place for it."""
    parts = (_heading(made_for), code.results.encode(), code.object_code)
    write_code(_file_name(made_for), checked(b"\n".join(parts)))


def _heading(made_for: MadeFor) -> bytes:
    return repr((*made_for, *_processor())).encode()


def _file_name(made_for: MadeFor) -> str:
    return f"{made_for[0]}.{sha256(_heading(made_for)).hexdigest()[:16]}"


@cache
def _processor() -> tuple[str, ...]:
    """Return which processor machine code is made for, as LLVM tells them apart."""
    import llvmlite.binding as llvm

    if given := given_processor():
        return given
    features = llvm.get_host_cpu_features().flatten()
    return (llvm.get_process_triple(), llvm.get_host_cpu_name(), features)
