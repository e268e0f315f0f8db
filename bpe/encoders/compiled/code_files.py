"""Where does machine code lie on disk, and is there any? Answered without Numba.

The machine code of each loop that Python calls is a file of its own, in a folder named after everything that
the code depends on: the source of all loops, the versions of Python, Numba and llvmlite, and the processor.
The folder is in `__pycache__` beside the source and, where nobody may write there, in the user's cache; or it
is where `NUMBA_CACHE_DIR` says. Code is read from wherever it lies and written to the first place that takes
it. Where no place does, every process compiles for itself.
"""

import os
import platform
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from bpelab.bpe.foundation.user_cache import cache_directory
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

HERE = Path(__file__).parent
# Where the loops' source lies: those here, and those of the training, which call some of these.
SOURCE_FOLDERS = (HERE, HERE.parents[1] / "training" / "compiled")
NAMES_OF_PATTERNS = {GPT2_PATTERN: "gpt2", CL100K_PATTERN: "cl100k_base", O200K_PATTERN: "o200k_base"}
# The loops that Python calls, whatever the pattern; with one of OpenAI's patterns there is one more.
LOOPS = (
    "tables.fill",
    "tables.move_slots",
    "encode.encode_pieces",
    "decode.total_bytes",
    "decode.copy_tokens",
)
_LOOP_OF_PATTERN = {
    GPT2_PATTERN: "split.split_gpt2",
    CL100K_PATTERN: "split.split_cl100k",
    O200K_PATTERN: "split.split_o200k",
}
_SETTINGS = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_OPT")  # which change the code that Numba makes
_SUFFIX = ".code"
# Files without a loop: nothing needs to be compiled again when they change.
WITHOUT_LOOPS = {
    "__init__",
    "compile_ahead",
    "call",
    "code_files",
    "encoder",
    "loading",
    "text",
    "when_it_pays",
}


@cache
def stamp() -> str:
    """Return a hash of all that machine code depends on."""
    files = [path for folder in SOURCE_FOLDERS for path in sorted(folder.glob("*.py"))]
    parts = [path.read_bytes() for path in files if path.stem not in WITHOUT_LOOPS]
    versions = [sys.implementation.cache_tag or "", version_of("numba"), version_of("llvmlite")]
    settings = [os.environ.get(name, "") for name in _SETTINGS]
    parts += [text.encode() for text in (*versions, *_processor(), *settings)]
    return sha256(b"\0".join(parts)).hexdigest()[:16]


def version_of(package: str) -> str:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return ""


def given_processor() -> tuple[str, ...]:
    """Return the processor that Numba is told to compile for, if it is."""
    name = os.environ.get("NUMBA_CPU_NAME")
    return (name, os.environ.get("NUMBA_CPU_FEATURES", "")) if name else ()


def _processor() -> list[str]:
    """Return what tells one kind of processor from another: a home folder may be shared by several."""
    if given := given_processor():
        return [sys.platform, platform.machine(), *given]
    known = [sys.platform, platform.machine(), os.environ.get("PROCESSOR_IDENTIFIER", "")]
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        # The first processor is described in some two thousand characters; there may be hundreds.
        known += re.findall(r"^(?:model name|flags|CPU part|Features)\s*:.*", file.read(8192), re.MULTILINE)[
            :2
        ]
    return known


def code_folders() -> list[Path]:
    """Return the folders in which machine code may lie, the best one first; they need not exist."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    parents = [Path(given)] if given else [HERE / "__pycache__", cache_directory()]
    return [parent / f"compiled-{stamp()}" for parent in parents]


def read_code(name: str) -> bytes | None:
    """Return the content of a file of machine code; None where no folder has it."""
    for folder in code_folders():
        with suppress(OSError):
            return (folder / (name + _SUFFIX)).read_bytes()
    return None


def write_code(name: str, content: bytes) -> Path | None:
    """Write a file of machine code whole or not at all, and return its path; None where that cannot be."""
    for folder in code_folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / (name + _SUFFIX)
            write_atomically(path, content)
            return path
    return None


def loops_of(pattern: str) -> list[str]:
    """Return the names of the loops that Python calls for a pattern."""
    return [*LOOPS, *loop_that_cuts(pattern)]


def loop_that_cuts(pattern: str) -> list[str]:
    """Return the name of the loop that cuts texts by a pattern, if there is one.

    >>> loop_that_cuts(GPT2_PATTERN)
    ['split.split_gpt2']
    """
    return [_LOOP_OF_PATTERN[pattern]] if pattern in _LOOP_OF_PATTERN else []


def folder_of_code(pattern: str) -> Path | None:
    """Return the folder that has the code of all loops for a pattern; None where it is not all on disk."""
    return folder_with(loops_of(pattern))


def folder_with(loops: Iterable[str]) -> Path | None:
    """Return the folder that has the code of some loops; None where it is not all on disk.

    Loops whose code lies in two folders count as not there: they are rare, and compiled once more.
    """
    wanted = set(loops)
    for folder in code_folders():
        with suppress(OSError):
            if _has_all(os.listdir(folder), wanted):
                return folder
    return None


def _has_all(files: Iterable[str], loops: Iterable[str]) -> bool:
    there = {".".join(name.split(".")[:2]) for name in files if name.endswith(_SUFFIX)}
    return there.issuperset(loops)
