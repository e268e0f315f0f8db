"""What does LLVM call the instructions that Python has no word for? `machine` has their twins in Python.

Each function here has the name of its twin, and gives the types of what it takes and returns, and how it is
generated. It is imported where loops are compiled, never where they only run.
"""

from collections.abc import Callable
from typing import Any

from bpelab.bpe.encoders.compiled.machine import IDS_AT_ONCE
from llvmlite import ir
from numba import types


def _address(context: Any, builder: Any, array_type: Any, array: Any, place: Any) -> Any:
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [place])


def load_word(typing_context: Any, data: Any, place: Any) -> Any:
    """Load 64 bits from a place that need not be a multiple of eight."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(data, types.uint64), generate


def where_equal(typing_context: Any, data: Any, place: Any, value: Any) -> Any:
    """Compare a vector of 64 bytes with one that has the value everywhere; make a number of the bits."""

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


def trailing_zeros(typing_context: Any, bits: Any) -> Any:
    """Count trailing zeros; the constant says that zero has an answer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


def count_ones(typing_context: Any, bits: Any) -> Any:
    """Count the population of a number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def prefetch(typing_context: Any, words: Any, place: Any) -> Any:
    """Fetch a line of memory into all levels of the cache."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        call = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
        to_read, keep, as_data = (ir.Constant(number, value) for value in (0, 3, 1))
        builder.call(call, [builder.bitcast(address, pointer), to_read, keep, as_data])
        return context.get_dummy_value()

    return types.void(words, types.uint64), generate


def _copy(item_bits: int, n_items: int) -> Callable[..., Any]:
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


copy_ids = _copy(32, IDS_AT_ONCE)
copy_bytes = _copy(8, 16)
