"""What turns a Python loop into machine code, and which instructions does Python have no word for?

`compiled` is the decorator of every loop here. Numba compiles the function when it is first called, or reads
it from disk if it was compiled before (see `kept_code`). With `NUMBA_DISABLE_JIT=1` in the environment
nothing is compiled, and the same source runs as ordinary Python.

A few instructions have no operator in Python: reading eight bytes at once from any place, comparing 64 bytes
at once, copying 16 numbers at once, asking for a line of memory ahead of its use, and counting the zeros
below a number's lowest bit. Each is written twice: as Python, which says what it does, and as what LLVM
calls it.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

try:
    import numba
    from bpelab.bpe.encoders.compiled.kept_code import keep_code
    from llvmlite import ir
    from numba import config, njit, types
    from numba.extending import intrinsic
except ImportError as error:  # pragma: no cover, where Numba is there
    raise ImportError(f"the compiled engine needs Numba ({error}): pip install 'bpelab[compiled]'") from error

F = TypeVar("F", bound=Callable[..., Any])
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.uint32]
# What a rule says of a character, or of each character of an array.
Verdict = Any

NUMBA_VERSION: str = numba.__version__
IS_INTERPRETED = bool(getattr(config, "DISABLE_JIT", False))
# Indices and sizes in the loops are unsigned: Numba asks of a signed index whether it counts from the end,
# which keeps LLVM from doing many steps of a loop at once.
U64 = np.uint64
# Arrays read in words must go on for so many bytes after what they hold.
PADDING = 64
IDS_AT_ONCE = 16


_PUBLIC_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
# Without `_nrt` nothing counts who holds an array, which would make everything three times as slow; so no
# loop makes an array. `no_cfunc_wrapper` saves compiling what only C would call. Numba promises neither.
_PRIVATE_OPTIONS: dict[str, Any] = {"_nrt": False, "no_cfunc_wrapper": True}


def _known(options: dict[str, Any]) -> dict[str, Any]:
    """Return those of Numba's own options that this version of it has."""
    with suppress(ImportError):
        from numba.core.cpu import CPUTargetOptions

        return {name: value for name, value in options.items() if hasattr(CPUTargetOptions, name)}
    return {}


_OPTIONS = _PUBLIC_OPTIONS | _known(_PRIVATE_OPTIONS)


def compiled(function: F) -> F:
    """Compile a function that others here call: together with them, when one is needed."""
    return cast(F, njit(**_OPTIONS)(function))


def compiled_and_kept(function: F) -> F:
    """Compile a function that Python calls, keep the code on disk, and let other threads run meanwhile."""
    dispatcher = njit(**_OPTIONS)(function)
    if not IS_INTERPRETED:
        keep_code(dispatcher)
    return cast(F, dispatcher)


def _load_word(data: Bytes, place: np.uint64) -> np.uint64:
    """Read eight bytes, the first one lowest."""
    return U64(int.from_bytes(data[int(place) : int(place) + 8].tobytes(), "little"))


def _where_equal(data: Bytes, place: np.uint64, value: np.uint8) -> np.uint64:
    """Compare 64 bytes with a value: bit k tells of the one k places on."""
    equal = data[int(place) : int(place) + 64] == value
    return U64(int.from_bytes(np.packbits(equal, bitorder="little").tobytes(), "little"))


def _trailing_zeros(bits: np.uint64) -> np.uint64:
    """Count the zeros below the lowest bit that is set; 64 where none is."""
    return U64((int(bits) & -int(bits)).bit_length() - 1 if bits else 64)


def _count_ones(bits: np.uint64) -> np.uint64:
    """Count the bits that are set."""
    return U64(int(bits).bit_count())


def _prefetch(words: Words, place: np.uint64) -> None:
    """Ask for the memory around a place, which does not wait for it. Without effect on any result."""


def _copy_ids(source: Ids, place: np.uint64, target: Ids, to: np.uint64) -> None:
    """Copy `IDS_AT_ONCE` ids, between arrays or places that do not overlap."""
    target[int(to) : int(to) + IDS_AT_ONCE] = source[int(place) : int(place) + IDS_AT_ONCE]


def _copy_bytes(source: Bytes, place: np.uint64, target: Bytes, to: np.uint64) -> None:
    """Copy 16 bytes, between arrays or places that do not overlap."""
    target[int(to) : int(to) + 16] = source[int(place) : int(place) + 16]


def _address(context: Any, builder: Any, array_type: Any, array: Any, place: Any) -> Any:
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [place])


def _load_word_in_llvm(typing_context: Any, data: Any, place: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(data, types.uint64), generate


def _where_equal_in_llvm(typing_context: Any, data: Any, place: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.VectorType(ir.IntType(8), 64)
        address = _address(context, builder, signature.args[0], *arguments[:2])
        loaded = builder.load(builder.bitcast(address, lanes.as_pointer()), align=1)
        nothing = ir.Constant(lanes, ir.Undefined)
        first = builder.insert_element(nothing, arguments[2], ir.Constant(ir.IntType(32), 0))
        all_first = ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)
        equal = builder.icmp_unsigned("==", loaded, builder.shuffle_vector(first, nothing, all_first))
        return builder.bitcast(equal, ir.IntType(64))

    return types.uint64(data, types.uint64, types.uint8), generate


def _trailing_zeros_in_llvm(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


def _count_ones_in_llvm(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def _copy_in_llvm(item_bits: int, n_items: int) -> Callable[..., Any]:
    def copy(typing_context: Any, source: Any, place: Any, target: Any, to: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            lanes = ir.VectorType(ir.IntType(item_bits), n_items).as_pointer()
            from_, onto = (
                builder.bitcast(_address(context, builder, signature.args[i], *arguments[i : i + 2]), lanes)
                for i in (0, 2)
            )
            builder.store(builder.load(from_, align=1), onto, align=1)
            return context.get_dummy_value()

        return types.void(source, types.uint64, target, types.uint64), generate

    return copy


def _prefetch_in_llvm(typing_context: Any, words: Any, place: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        call = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
        to_read, keep, as_data = (ir.Constant(number, value) for value in (0, 3, 1))
        builder.call(call, [builder.bitcast(address, pointer), to_read, keep, as_data])
        return context.get_dummy_value()

    return types.void(words, types.uint64), generate


load_word: Any
where_equal: Any
trailing_zeros: Any
count_ones: Any
prefetch: Any
copy_ids: Any
copy_bytes: Any
if IS_INTERPRETED:
    load_word, where_equal = _load_word, _where_equal
    trailing_zeros, count_ones = _trailing_zeros, _count_ones
    prefetch, copy_ids, copy_bytes = _prefetch, _copy_ids, _copy_bytes
else:
    load_word = intrinsic(_load_word_in_llvm)
    where_equal = intrinsic(_where_equal_in_llvm)
    trailing_zeros = intrinsic(_trailing_zeros_in_llvm)
    count_ones = intrinsic(_count_ones_in_llvm)
    prefetch = intrinsic(_prefetch_in_llvm)
    copy_ids = intrinsic(_copy_in_llvm(32, IDS_AT_ONCE))
    copy_bytes = intrinsic(_copy_in_llvm(8, 16))
