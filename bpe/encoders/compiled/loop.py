"""How does Python call a loop that is machine code, without importing what compiled it?

A `Loop` stands where the function was. Called from Python, it passes its arguments to machine code, which is
read from disk or compiled for arguments of these types; seen by Numba, it is the function to compile. So a
process that finds its code on disk never imports Numba, which takes as long as encoding some megabytes.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np
from bpelab.bpe.encoders.compiled.code_files import stamp
from bpelab.bpe.encoders.compiled.kept_code import keep_code, kept_code
from bpelab.bpe.encoders.compiled.native import MachineCode
from bpelab.bpe.foundation.forks import forks_wait
from bpelab.bpe.foundation.once import once

# Machine code takes a number as NumPy holds it.
_SCALARS: dict[type, Callable[[Any], Any]] = {int: np.int64, bool: np.bool_}


class Loop:
    """A function that is machine code when it is called."""

    def __init__(self, function: Callable[..., Any], *, is_kept: bool = False) -> None:
        update_wrapper(self, function)
        self.py_func = function
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._is_kept = is_kept
        self._codes: tuple[Callable[..., Any], ...] = ()  # one for each set of types that was called with

    def __call__(self, *arguments: Any) -> Any:
        """Run the machine code for arguments of these types, read from disk or compiled at first.

        Python's numbers may come for NumPy's, which is a microsecond slower.
        """
        if (results := self._results(arguments)) is not NotImplemented:
            return results
        given = tuple(
            [value if (of := _SCALARS.get(type(value))) is None else of(value) for value in arguments]
        )
        if (results := self._results(given)) is not NotImplemented:
            return results
        with forks_wait():
            code = self._code_for(given)
        results = code(given)
        self._codes += (code,)
        return results

    def _results(self, arguments: tuple[Any, ...]) -> Any:
        for code in self._codes:
            if (results := code(arguments)) is not NotImplemented:
                return results
        return NotImplemented

    def _code_for(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """Return machine code for arguments of these types."""
        made_for = (self._name, types_of(arguments), stamp())
        if self._is_kept and (runnable := kept_code(made_for)) is not None:
            return runnable
        from bpelab.bpe.encoders.compiled.entry import compile_with_entry, compiled_by_numba_alone

        try:
            code = compile_with_entry(self.dispatcher, arguments)
            runnable = MachineCode(code)
        except Exception:  # an entry uses what Numba does not promise to keep as it is
            return compiled_by_numba_alone(self.py_func)
        if self._is_kept:
            keep_code(made_for, code)
        return runnable

    @once
    def dispatcher(self) -> Any:
        """The function as Numba knows it."""
        from bpelab.bpe.encoders.compiled.entry import new_dispatcher

        return new_dispatcher(self.py_func)

    @property
    def _numba_type_(self) -> Any:
        """By this Numba finds the function that it compiles where another one calls it."""
        return self.dispatcher._numba_type_


class Instruction:
    """A function for which LLVM has an instruction (see `instructions`)."""

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        self.py_func = function

    def __call__(self, *arguments: Any) -> Any:
        """Do in Python what the instruction does."""
        return self.py_func(*arguments)

    @once
    def _numba_type_(self) -> Any:
        from bpelab.bpe.encoders.compiled.entry import type_of_instruction

        return type_of_instruction(self.py_func.__name__)


def types_of(value: Any) -> str:
    """Name the types of arguments as machine code tells them apart.

    >>> types_of((np.zeros(3, dtype=np.uint8), np.int64(1)))
    '(uint8[], int64)'
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(types_of, value))})"
    if isinstance(value, np.generic):
        return str(value.dtype)
    if type(value) is np.ndarray and value.ndim == 1 and value.flags.c_contiguous and value.dtype.isnative:
        return f"{value.dtype}[]"
    raise TypeError(f"loops take arrays, (n,), without gaps, and numbers of NumPy, not {value!r}")
