"""Machine code reads Python's objects where they lie, and refuses what it is not made for."""

import pickle
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.encoders.compiled.loop import Loop, types_of

Array = npt.NDArray[Any]


class Pair(NamedTuple):
    items: Array
    factor: Any


def weigh(pair: Pair, more: tuple[Pair, Pair], n: int, is_negative: bool) -> tuple[Any, Any]:
    total = np.int64(0)
    for i in range(n):
        total += np.int64(pair.items[i]) * np.int64(pair.factor)
        total += np.int64(more[0].items[i]) * np.int64(more[1].factor)
    return -total if is_negative else total, np.uint64(len(pair.items))


LOOP = Loop(weigh)
PAIR = Pair(np.arange(4, dtype=np.uint32), np.uint64(3))


def pair_of(items: Array) -> Pair:
    return Pair(items, np.uint64(1))


@given(
    items=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20),
    factor=st.integers(0, 2**20),
    n=st.integers(0, 20),
    is_negative=st.booleans(),
)
def test_an_entry_reads_what_python_would_read(
    items: list[int], factor: int, n: int, is_negative: bool
) -> None:
    pair = Pair(np.array(items, dtype=np.uint32), np.uint64(factor))
    n = min(n, len(items))
    assert LOOP(pair, (pair, pair), n, is_negative) == weigh(pair, (pair, pair), n, is_negative)


@pytest.mark.parametrize(
    "items",
    [
        PAIR.items.tolist(),
        PAIR.items.reshape(2, 2),
        PAIR.items.view(np.recarray),
        np.arange(8, dtype=np.uint32)[::2],
        PAIR.items[::-1],
        PAIR.items.astype(">u4"),
    ],
    ids=["list", "two dimensions", "subclass", "gaps", "backwards", "byte order"],
)
def test_what_an_entry_cannot_read_is_an_error_and_not_read(items: Any) -> None:
    LOOP(PAIR, (PAIR, PAIR), 4, False)
    with pytest.raises(TypeError, match="arrays"):
        LOOP(pair_of(items), (PAIR, PAIR), 4, False)


@pytest.mark.parametrize(
    "items",
    [
        PAIR.items[1:],
        PAIR.items[:0],
        np.arange(8, dtype=np.uint32)[::4][:1],
        pickle.loads(pickle.dumps(PAIR.items)),
        np.frombuffer(b"abcd", dtype=np.uint32),
    ],
    ids=["a part", "none", "one of some", "a dtype of its own", "read-only"],
)
def test_any_array_of_the_type_without_gaps_is_read(items: Array) -> None:
    LOOP(PAIR, (PAIR, PAIR), 4, False)
    n_codes = len(LOOP._codes)
    expected = weigh(pair_of(items), (PAIR, PAIR), len(items), False)
    assert LOOP(pair_of(items), (PAIR, PAIR), len(items), False) == expected
    assert len(LOOP._codes) == n_codes


def test_other_types_get_code_of_their_own() -> None:
    for kind in (np.int32, np.int64, np.uint8):
        pair = Pair(np.arange(4).astype(kind), np.int64(2))
        assert LOOP(pair, (pair, PAIR), 4, False) == (6 * 2 + 6 * 3, 4)


def test_a_number_of_python_within_a_tuple_is_named_in_the_error() -> None:
    with pytest.raises(TypeError, match="numbers of NumPy, not 3"):
        LOOP(Pair(PAIR.items, 3), (PAIR, PAIR), 4, False)


def test_types_are_told_apart_by_their_names() -> None:
    assert types_of((PAIR, np.bool_(True))) == "((uint32[], uint64), bool)"
