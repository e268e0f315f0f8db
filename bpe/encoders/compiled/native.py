"""How is machine code that lies on disk brought into a process? LLVM links it, and ctypes calls its entry.

`llvmlite.binding` is LLVM for Python; Numba is built on it, and needs five times as long to import. The entry
is a function that takes the arguments as they lie in memory (see `entry`); ctypes calls it without Python's
lock, so that other threads run meanwhile.
"""

import ctypes
import struct
from typing import Any, NamedTuple

import numpy as np

ENTRY = "bpelab_entry"
# What the entry returns: the results are there; it is made for other types; the loop raised an error.
DONE, OTHER_TYPES, FAILED = range(3)
# The classes that an entry compares those of its arguments with, by their addresses.
CLASSES = (np.ndarray, np.bool_, np.uint8, np.uint32, np.uint64, np.int64)

_addresses = (ctypes.c_uint64 * len(CLASSES))(*map(id, CLASSES))
_Entry = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p)


class Code(NamedTuple):
    """The machine code of a loop for some types of arguments."""

    results: str  # a letter of `struct` for each of its results
    object_code: bytes  # as a linker takes it


class MachineCode:
    """Machine code of a loop in memory, as long as this exists.

    Raises `ImportError` where llvmlite is not installed.
    """

    def __init__(self, code: Code) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code.object_code))
        self._engine.finalize_object()
        self._entry = _Entry(self._engine.get_function_address(ENTRY))
        self._results = code.results
        self._room = ctypes.c_uint64 * max(1, len(code.results))

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        """Run the loop; return `NotImplemented` for arguments of other types than it is made for."""
        numbers = self._room()
        state = self._entry(arguments, numbers, _addresses)
        if state == OTHER_TYPES:
            return NotImplemented
        if state == FAILED:
            raise RuntimeError("a compiled loop failed, which none of them should")
        if not self._results:
            return None
        results = struct.unpack(self._results, numbers)
        return results[0] if len(results) == 1 else results
