"""What turns a Python loop into machine code, and which instructions does Python have no word for?

`compiled` is the decorator of every loop here. The function is compiled when it is first called, or read from
disk if it was compiled before (see `loop`). With `NUMBA_DISABLE_JIT=1` in the environment nothing is
compiled, and the same source runs as ordinary Python.

A few instructions have no operator in Python: reading eight bytes at once from any place, comparing 64 bytes
at once, copying 16 numbers at once, asking for a line of memory ahead of its use, and counting the zeros
below a number's lowest bit. Each is written twice: here as Python, which says what it does, and in
`instructions` as what LLVM calls it.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.compiled.loop import Instruction, Loop

F = TypeVar("F", bound=Callable[..., Any])
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.uint32]
# What a rule says of a character, or of each character of an array.
Verdict = Any

# Indices and sizes in the loops are unsigned: Numba asks of a signed index whether it counts from the end,
# which keeps LLVM from doing many steps of a loop at once.
U64 = np.uint64
# Arrays read in words must go on for so many bytes after what they hold.
PADDING = 64
IDS_AT_ONCE = 16


def _is_interpreted() -> bool:
    """Tell whether nothing is to be compiled, as Numba would say: it may not be imported yet."""
    if (numba := sys.modules.get("numba")) is not None:
        return bool(numba.config.DISABLE_JIT)
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


IS_INTERPRETED = _is_interpreted()


def compiled(function: F) -> F:
    """Compile a function that others here call: together with them, when one is needed."""
    return function if IS_INTERPRETED else cast(F, Loop(function))


def compiled_and_kept(function: F) -> F:
    """Compile a function that Python calls, keep the code on disk, and let other threads run meanwhile."""
    return function if IS_INTERPRETED else cast(F, Loop(function, is_kept=True))


def instruction(function: Callable[..., Any]) -> Any:
    """Let loops have the instruction of this name for what the function does."""
    return function if IS_INTERPRETED else Instruction(function)


@instruction
def load_word(data: Bytes, place: np.uint64) -> np.uint64:
    """Read eight bytes, the first one lowest."""
    return U64(int.from_bytes(data[int(place) : int(place) + 8].tobytes(), "little"))


@instruction
def where_equal(data: Bytes, place: np.uint64, value: np.uint8) -> np.uint64:
    """Compare 64 bytes with a value: bit k tells of the one k places on."""
    equal = data[int(place) : int(place) + 64] == value
    return U64(int.from_bytes(np.packbits(equal, bitorder="little").tobytes(), "little"))


@instruction
def trailing_zeros(bits: np.uint64) -> np.uint64:
    """Count the zeros below the lowest bit that is set; 64 where none is."""
    return U64((int(bits) & -int(bits)).bit_length() - 1 if bits else 64)


@instruction
def count_ones(bits: np.uint64) -> np.uint64:
    """Count the bits that are set."""
    return U64(int(bits).bit_count())


@instruction
def prefetch(words: Words, place: np.uint64) -> None:
    """Ask for the memory around a place, which does not wait for it. Without effect on any result."""


@instruction
def copy_ids(source: Ids, place: np.uint64, target: Ids, to: np.uint64) -> None:
    """Copy `IDS_AT_ONCE` ids, between arrays or places that do not overlap."""
    target[int(to) : int(to) + IDS_AT_ONCE] = source[int(place) : int(place) + IDS_AT_ONCE]


@instruction
def copy_bytes(source: Bytes, place: np.uint64, target: Bytes, to: np.uint64) -> None:
    """Copy 16 bytes, between arrays or places that do not overlap."""
    target[int(to) : int(to) + 16] = source[int(place) : int(place) + 16]
