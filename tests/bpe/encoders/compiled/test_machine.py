"""What LLVM does in one instruction is what its Python twin says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

import numba
from bpelab.bpe.encoders.compiled import machine
from bpelab.bpe.encoders.compiled.machine import IDS_AT_ONCE, U64


@numba.njit
def all_instructions(data, ids, place, value, bits):  # type: ignore[no-untyped-def]
    copied, more = np.zeros(40, np.uint8), np.zeros(40, np.uint32)
    machine.copy_bytes(data, place, copied, U64(3))
    machine.copy_ids(ids, place, more, U64(5))
    machine.prefetch(np.zeros(1, np.uint64), U64(0))
    return (
        machine.load_word(data, place),
        machine.where_equal(data, place, value),
        machine.trailing_zeros(bits),
        machine.count_ones(bits),
        copied,
        more,
    )


@given(data=st.binary(min_size=80, max_size=80), place=st.integers(0, 16), bits=st.integers(0, 2**64 - 1))
def test_every_instruction_does_what_its_twin_does(data: bytes, place: int, bits: int) -> None:
    array = np.frombuffer(bytearray(data), dtype=np.uint8)
    ids = array.astype(np.uint32)
    value = array[place]
    word, equal, zeros, ones, copied, more = all_instructions(array, ids, U64(place), value, U64(bits))
    assert word == machine.load_word(array, U64(place))
    assert equal == machine.where_equal(array, U64(place), value)
    assert zeros == machine.trailing_zeros(U64(bits))
    assert ones == machine.count_ones(U64(bits))
    twin, twin_ids = np.zeros(40, np.uint8), np.zeros(40, np.uint32)
    machine.copy_bytes(array, U64(place), twin, U64(3))
    machine.copy_ids(ids, U64(place), twin_ids, U64(5))
    assert copied.tolist() == twin.tolist()
    assert more.tolist() == twin_ids.tolist()
    assert twin_ids[5 : 5 + IDS_AT_ONCE].tolist() == list(data[place : place + IDS_AT_ONCE])
