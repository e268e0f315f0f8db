"""Where does machine code lie on disk, and is there any? Answered without Numba.

The machine code of each loop that Python calls is a file of its own, in a folder named after everything that
the code depends on: the source of all loops; the versions of Python, Numba and llvmlite; and the processor.
The folder is in `__pycache__` beside the source and, where nobody may write there, in the user's cache; or it
is where `NUMBA_CACHE_DIR` says. Code is read from wherever it lies and written to the first place that takes
it. Where no place does, every process compiles for itself. The code of a former source is removed when there
is code of a new one.
"""

import os
import platform
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
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
_IN_NAMES_OF_LOOPS = {GPT2_PATTERN: "gpt2", CL100K_PATTERN: "cl100k", O200K_PATTERN: "o200k"}
_SETTINGS = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_OPT")  # which change the code that Numba makes
_SUFFIX = ".code"
# Where several installations may keep code, a folder belongs to none of them after so long.
_SECONDS_KEPT = 30 * 24 * 3600
# Files without a loop: nothing needs to be compiled again when they change.
WITHOUT_LOOPS = {
    "__init__",
    "compile_ahead",
    "call",
    "code_files",
    "encoder",
    "kept_code",
    "loading",
    "loop",
    "text",
    "when_it_pays",
}


@cache
def stamp() -> str:
    """Return a hash of the source of machine code, and one of all else that it depends on."""
    files = [path for folder in SOURCE_FOLDERS for path in sorted(folder.glob("*.py"))]
    source = [path.read_bytes() for path in files if path.stem not in WITHOUT_LOOPS]
    machine = [_version_file(package) for package in ("numba", "llvmlite")]
    # Code reads Python's objects (see `entry`), which a Python for debugging lays out differently.
    layouts = map(str, (sys.implementation.cache_tag, object.__basicsize__, tuple.__basicsize__))
    settings = [os.environ.get(name, "") for name in _SETTINGS]
    machine += [text.encode() for text in (*layouts, *_processor(), *settings)]
    return "-".join(sha256(b"\0".join(parts)).hexdigest()[:12] for parts in (source, machine))


def _version_file(package: str) -> bytes:
    """Return what tells a version from others, sooner than an import or `importlib.metadata` would."""
    found = find_spec(package)
    if found is not None and found.origin is not None:
        with suppress(OSError):
            return Path(found.origin).with_name("_version.py").read_bytes()
    return version_of(package).encode()


def version_of(package: str) -> str:
    """Return the version of a package that need not be imported; "" where it is not installed."""
    from importlib import metadata  # which most processes do without

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
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                _remove_former(folder)
            path = folder / (name + _SUFFIX)
            write_atomically(path, content)
            return path
    return None


def _remove_former(folder: Path) -> None:
    """Remove folders with the code of former sources for the same machine."""
    from shutil import rmtree  # which most processes do without

    is_shared = folder.parent != HERE / "__pycache__"
    machine = folder.name.rpartition("-")[2]
    for other in folder.parent.glob("compiled-*"):
        is_former = (
            other.name.endswith(machine) or other.name.count("-") == 1
        )  # named before there was a machine
        if other != folder and is_former:
            with suppress(OSError):
                if not is_shared or other.stat().st_mtime < time.time() - _SECONDS_KEPT:
                    rmtree(other, ignore_errors=True)


def loops_of(pattern: str) -> list[str]:
    """Return the names of the loops that Python calls to encode by a pattern, and to decode."""
    name = _IN_NAMES_OF_LOOPS.get(pattern)
    return [*LOOPS, f"encode_texts.encode_{name}"] if name else [*LOOPS]


def loop_that_cuts(pattern: str) -> list[str]:
    """Return the name of the loop that cuts texts by a pattern, if there is one.

    >>> loop_that_cuts(GPT2_PATTERN)
    ['split.split_gpt2']
    """
    name = _IN_NAMES_OF_LOOPS.get(pattern)
    return [f"split.split_{name}"] if name else []


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
