"""When are the loops compiled? All that a pattern needs at once, before the first text; or ahead of any text.

All at once, because then a process waits one time, is told why, and leaves complete code on disk; and because
what takes Numba's lock happens here, where a fork in another thread waits for it (see `foundation.forks`).
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bpelab.bpe.encoders.compiled.code_files import (
    NAMES_OF_PATTERNS,
    code_folders,
    folder_of_code,
    version_of,
)
from bpelab.bpe.encoders.compiled.decode import build_token_bytes, join_tokens
from bpelab.bpe.encoders.compiled.encode import encode_pieces
from bpelab.bpe.encoders.compiled.encode_texts import ENCODERS, new_cut
from bpelab.bpe.encoders.compiled.machine import IS_INTERPRETED
from bpelab.bpe.encoders.compiled.memory import Sizes, grown, new_memory, new_room
from bpelab.bpe.encoders.compiled.split import class_bytes
from bpelab.bpe.encoders.compiled.tables import as_bytes, build_tables
from bpelab.bpe.foundation.announced import announced
from bpelab.bpe.foundation.forks import forks_wait
from bpelab.bpe.foundation.nearest import did_you_mean

_SIZES = Sizes(first_slots=16, most_slots=64, block=16, pieces=16, texts=1)
_ready: set[str] = set()  # the patterns whose loops this process has


class CompiledAhead(NamedTuple):
    """What `compile_ahead` did for one pattern."""

    name: str  # of the encoding the pattern is known by
    seconds: float
    folder: Path  # where the code lies
    was_there: bool  # whether all of it was on disk already


def make_ready(pattern: str) -> None:
    """Read the machine code of all loops for a pattern from disk, or compile them.

    Raises `RuntimeError` where this version of Numba cannot compile them.
    """
    if IS_INTERPRETED or pattern in _ready:
        return
    with forks_wait():
        if pattern in _ready:  # another thread did it while this one waited
            return
        if folder_of_code(pattern) is not None:
            _use_all_loops(pattern)
        else:
            name = NAMES_OF_PATTERNS.get(pattern, "a pattern of your own")
            with announced(f"compiling the loops for {name}, once on this machine"):
                _use_all_loops(pattern)
        _ready.add(pattern)


def is_ready(pattern: str) -> bool:
    """Tell whether this process has the loops for a pattern."""
    return pattern in _ready


def _use_all_loops(pattern: str) -> None:
    """Call every loop that Python calls, on next to nothing."""
    nothing, ids = np.empty(0, dtype=np.int64), np.zeros(64, dtype=np.uint32)
    try:
        tables, data = build_tables({b"a": 0}), as_bytes(b"a")
        memory, starts = grown(new_memory(_SIZES), _SIZES), np.array([0, 1], dtype=np.uint32)
        if pattern in ENCODERS:
            ends, classes, room = np.array([1]), class_bytes(pattern), new_room(_SIZES)
            done = np.zeros(3, dtype=np.int64)
            ENCODERS[pattern](
                data, ends, True, classes, room, new_cut(0), tables, memory, ids, ends.copy(), done
            )
        encode_pieces(data, starts, nothing, 1, tables, memory, ids, nothing, np.zeros(3, dtype=np.int64))
        join_tokens(ids[:1], build_token_bytes({0: b"a"}))
    except ImportError:
        raise
    except Exception as error:
        raise RuntimeError(
            f"Numba {version_of('numba')} does not compile bpelab's loops ({type(error).__name__}: {error});"
            " another engine gives the same ids, as does another version of Numba"
        ) from error


def compile_ahead(names: Iterable[str] = tuple(NAMES_OF_PATTERNS.values())) -> Iterator[CompiledAhead]:
    """Compile the loops for patterns, given by the names of encodings, and keep the code on disk.

    For an image that is run on many machines: code is made for the processor at hand, unless the environment
    variable `NUMBA_CPU_NAME` names another (`generic` runs anywhere), here and wherever the code is used.

    Raises `ValueError` for a name that is not known and where `NUMBA_DISABLE_JIT` is set, and `OSError` where
    no folder can be written to.
    """
    patterns = {name: pattern for pattern, name in NAMES_OF_PATTERNS.items()}
    names = list(names)
    for name in names:
        if name not in patterns:
            known = ", ".join(patterns)
            raise ValueError(
                f"{name!r} names no pattern that is compiled ahead{did_you_mean(name, patterns)}:"
                f" choose from {known}"
            )
    if IS_INTERPRETED:
        raise ValueError("NUMBA_DISABLE_JIT is set, so that nothing is compiled: unset it")
    for name in names:
        was_there = folder_of_code(patterns[name]) is not None
        start = time.perf_counter()
        make_ready(patterns[name])
        seconds = time.perf_counter() - start
        folder = folder_of_code(patterns[name])
        if folder is None:
            tried = " or ".join(map(str, code_folders()))
            raise OSError(
                f"machine code cannot be written to {tried}: set NUMBA_CACHE_DIR to one that can be"
            )
        yield CompiledAhead(name, seconds, folder, was_there)
