"""How do Python's objects become the arguments of a loop? By an entry, machine code that is compiled with it.

Numba's own way of calling needs Numba, and makes an object of its own for each array. An entry needs neither:
it is called with a tuple of arrays, numbers and tuples of them, and reads where their data is, as every
extension that is written in C does. It first compares their types with those it is made for.

    ┌ tuple ────────────────┐   ┌ array ─────────────────────────────────┐   ┌ number ────────┐
    │ header · size · items │   │ header · data · n_dims · shape · ... · │   │ header · value │
    └───────────────────────┘   └────────────────────────────────────────┘   └────────────────┘

Where each of these lies is part of the binary interfaces of CPython and of NumPy ("PyArrayObject" and
"PyArray_Descr" in NumPy's documentation of its C types).
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from bpelab.bpe.encoders.compiled import native
from bpelab.bpe.encoders.compiled.native import CLASSES, ENTRY, Code

try:
    import numba
    from bpelab.bpe.encoders.compiled import instructions
    from llvmlite import ir
    from llvmlite.binding import parse_assembly
    from numba import njit, types
    from numba.core import cgutils, compiler_lock
    from numba.core.registry import cpu_target
    from numba.extending import intrinsic
    from numba.np import arrayobj
except ImportError as error:  # pragma: no cover, where Numba is there
    raise ImportError(f"the compiled engine needs Numba ({error}): pip install 'bpelab[compiled]'") from error

# Numba has types for some of what is used here, and none where it is not installed.
_types: Any = types
_cgutils: Any = cgutils
_arrays: Any = arrayobj

_PUBLIC_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
# Without `_nrt` nothing counts who holds an array, which would make everything three times as slow; so no
# loop makes an array. The others save compiling what only C and Python would call. Numba promises none.
_PRIVATE_OPTIONS: dict[str, Any] = {"_nrt": False, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}

_NUMBER, _SMALL, _BYTE = ir.IntType(64), ir.IntType(32), ir.IntType(8)
_HEADER = object.__basicsize__  # bytes of what every object begins with; the last eight are its class
_ITEMS = tuple.__basicsize__  # where the items of a tuple begin
# Of an array, counted from the header's end: the data, how many dimensions, their lengths, the bytes from one
# item to the next in each, and the description of its type; and of that the byte order and the number.
_DATA, _N_DIMS, _SHAPE, _STRIDES, _DTYPE = 0, 8, 16, 24, 40
_BYTE_ORDER, _TYPE_NUMBER = 10, 12


def _known(options: dict[str, Any]) -> dict[str, Any]:
    """Return those of Numba's own options that this version of it has."""
    with suppress(ImportError):
        from numba.core.cpu import CPUTargetOptions

        return {name: value for name, value in options.items() if hasattr(CPUTargetOptions, name)}
    return {}


def new_dispatcher(function: Callable[..., Any]) -> Any:
    """Return a function as Numba compiles it for others."""
    return njit(**_PUBLIC_OPTIONS, **_known(_PRIVATE_OPTIONS))(function)


def compiled_by_numba_alone(function: Callable[..., Any]) -> Callable[[tuple[Any, ...]], Any]:
    """Return a function that runs a loop on a tuple of arguments in the way that Numba promises to keep."""
    options = {name: value for name, value in _known(_PRIVATE_OPTIONS).items() if name == "_nrt"}
    dispatcher = njit(**_PUBLIC_OPTIONS, **options)(function)
    return lambda arguments: dispatcher(*arguments)


def type_of_instruction(name: str) -> Any:
    """Return what Numba takes for the type of an instruction."""
    function = intrinsic(getattr(instructions, name))
    cpu_target.typing_context.refresh()
    return cpu_target.typing_context.resolve_value_type(function)


def compile_with_entry(dispatcher: Any, arguments: tuple[Any, ...]) -> Code:
    """Compile a loop for arguments of these types, with an entry that is called as `native` does."""
    kinds = tuple(map(numba.typeof, arguments))
    dispatcher.compile(kinds)
    loop = dispatcher.overloads[kinds]
    with compiler_lock.global_compiler_lock:
        codegen = loop.target_context.codegen()
        module = codegen.create_library(ENTRY).create_ir_module(ENTRY)
        letters = _write_entry(module, loop, arguments)
        linked = parse_assembly(_cgutils.normalize_ir_text(str(module)))
        linked.link_in(loop.library._final_module, preserve=True)  # which is optimized already
        linked.verify()
        outside = [function.name for function in linked.functions if function.is_declaration]
        # LLVM would end the process that loads such code; `Loop` then has Numba run the loop by itself.
        if not all(name.startswith("llvm.") for name in outside):
            raise NotImplementedError(f"machine code that calls {', '.join(outside)}")
        return Code(letters, codegen._tm.emit_object(linked))


def _write_entry(module: Any, loop: Any, arguments: tuple[Any, ...]) -> str:
    """Write the entry of a loop, and return a letter of `struct` for each of its results."""
    context, description = loop.target_context, loop.fndesc
    kind = ir.FunctionType(_NUMBER, [_NUMBER, _NUMBER, _NUMBER])
    function = ir.Function(module, kind, ENTRY)
    builder = ir.IRBuilder(function.append_basic_block())
    given, results, classes = function.args
    reader = _Reader(context, builder, classes)
    values = [
        reader.value(numba_type, sample, reader.read(given, _ITEMS + 8 * i))
        for i, (numba_type, sample) in enumerate(zip(description.argtypes, arguments, strict=True))
    ]
    callee = ir.Function(
        module,
        context.call_conv.get_function_type(description.restype, description.argtypes),
        description.llvm_func_name,
    )
    status, result = context.call_conv.call_function(
        builder, callee, description.restype, description.argtypes, values
    )
    with builder.if_then(status.is_error, likely=False):
        builder.ret(_NUMBER(native.FAILED))
    letters = _write_results(builder, description.restype, result, results)
    builder.ret(_NUMBER(native.DONE))
    return letters


def _write_results(builder: Any, kind: Any, result: Any, results: Any) -> str:
    """Write each result as eight bytes."""
    if isinstance(kind, _types.NoneType):
        return ""
    kinds = list(kind) if isinstance(kind, _types.BaseTuple) else [kind]
    letters = ""
    for i, own in enumerate(kinds):
        value = builder.extract_value(result, i) if isinstance(kind, _types.BaseTuple) else result
        is_signed = isinstance(own, _types.Integer) and own.signed
        if value.type.width < _NUMBER.width:
            value = builder.sext(value, _NUMBER) if is_signed else builder.zext(value, _NUMBER)
        place = builder.add(results, _NUMBER(8 * i))
        builder.store(value, builder.inttoptr(place, _NUMBER.as_pointer()))
        letters += "q" if is_signed else "Q"
    return letters


class _Reader:
    """Writes the code that reads Python's objects, and returns early where one has another type."""

    def __init__(self, context: Any, builder: Any, classes: Any) -> None:
        self._context, self._builder, self._classes = context, builder, classes

    def read(self, address: Any, offset: int, kind: Any = _NUMBER) -> Any:
        """Read a number from some bytes after an address."""
        place = self._builder.add(address, _NUMBER(offset))
        return self._builder.load(self._builder.inttoptr(place, kind.as_pointer()))

    def value(self, numba_type: Any, sample: Any, address: Any) -> Any:
        """Return an object, of the type of a sample, as Numba's code takes it."""
        if isinstance(sample, tuple):
            self._expect(self._equal(self.read(address, _HEADER), len(sample)))
            items = [
                self.value(numba_type[i], item, self.read(address, _ITEMS + 8 * i))
                for i, item in enumerate(sample)
            ]
            return self._context.make_tuple(self._builder, numba_type, items)
        own_class = self.read(self._classes, 8 * CLASSES.index(type(sample)))
        self._expect(self._builder.icmp_unsigned("==", self.read(address, _HEADER - 8), own_class))
        if isinstance(sample, np.ndarray):
            return self._array(numba_type, sample, address)
        width = ir.IntType(8 * sample.dtype.itemsize)
        number = self.read(address, _HEADER, width)
        return self._builder.trunc(number, ir.IntType(1)) if isinstance(sample, np.bool_) else number

    def _array(self, numba_type: Any, sample: Any, address: Any) -> Any:
        builder, item_bytes = self._builder, sample.dtype.itemsize
        self._expect(self._equal(self.read(address, _HEADER + _N_DIMS, _SMALL), 1))
        description = self.read(address, _HEADER + _DTYPE)
        type_number = self.read(description, _HEADER + _TYPE_NUMBER, _SMALL)
        is_same = [self._equal(type_number, number) for number in _same_types(sample.dtype)]
        self._expect(is_same[0] if len(is_same) == 1 else builder.or_(*is_same))
        order = self.read(description, _HEADER + _BYTE_ORDER, _BYTE)
        self._expect(self._equal(order, ord(sample.dtype.byteorder)))
        length = self.read(self.read(address, _HEADER + _SHAPE), 0)
        step = self.read(self.read(address, _HEADER + _STRIDES), 0)
        self._expect(
            builder.or_(builder.icmp_signed("<=", length, _NUMBER(1)), self._equal(step, item_bytes))
        )
        array = self._context.make_array(numba_type)(self._context, builder)
        data = builder.inttoptr(self.read(address, _HEADER + _DATA), array.data.type)
        _arrays.populate_array(
            array, data=data, shape=[length], strides=[_NUMBER(item_bytes)], itemsize=_NUMBER(item_bytes),
            meminfo=None,
        )  # fmt: skip
        return array._getvalue()

    def _equal(self, value: Any, number: int) -> Any:
        return self._builder.icmp_unsigned("==", value, value.type(number))

    def _expect(self, condition: Any) -> None:
        with self._builder.if_then(self._builder.not_(condition), likely=False):
            self._builder.ret(_NUMBER(native.OTHER_TYPES))


def _same_types(dtype: Any) -> list[int]:
    """Return NumPy's numbers for a type of integers, of which it has two where C has two."""
    alike = (np.dtype(letter) for letter in np.typecodes["AllInteger"])
    return sorted({dtype.num, *(other.num for other in alike if other == dtype)})
