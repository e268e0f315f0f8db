"""The shuffle is a bijection, looks shuffled, and is the same everywhere."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from bpelab.dataset.order import N_ROUNDS, Shuffle, mixed
from hypothesis import given
from hypothesis import strategies as st


def reference(shuffle: Shuffle, index: int) -> int:
    """The same network, one number at a time in Python's integers."""
    n_low, n_high = shuffle._n_low, shuffle._n_high

    def hashed(number: int, key: int) -> int:
        z = (number + key) * 0xFF51AFD7ED558CCD % 2**64
        return (z ^ (z >> 32)) * 0xC4CEB9FE1A85EC53 % 2**64

    while True:
        high, low = divmod(index, n_low)
        for number, key in enumerate(map(int, shuffle._keys)):
            if number % 2 == 0:
                high = (high + ((hashed(low, key) >> 32) * n_high >> 32)) % n_high
            else:
                low = (low + ((hashed(high, key) >> 32) * n_low >> 32)) % n_low
        index = high * n_low + low
        if index < shuffle.n:
            return index


def test_every_size_is_permuted() -> None:
    for n in [*range(1, 300), 4095, 4096, 4097, 65_535, 65_536, 65_537, 2**20]:
        assert np.array_equal(np.sort(Shuffle(n, seed=n, epoch=2)(np.arange(n))), np.arange(n))


@given(n=st.integers(1, 2**63), seed=st.integers(0, 2**70), data=st.data())
def test_the_arrays_compute_what_the_definition_does(n: int, seed: int, data: st.DataObject) -> None:
    shuffle = Shuffle(n, seed=seed, epoch=3)
    indices = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=5))
    assert shuffle(np.array(indices)).tolist() == [reference(shuffle, index) for index in indices]
    assert len(shuffle._keys) == N_ROUNDS


@pytest.mark.parametrize("n", [2**32 - 1, 2**32, 2**32 + 1, 10**12, 2**63, 2**62 + 1])
def test_no_two_indices_get_the_same_place_in_a_large_range(n: int) -> None:
    places = Shuffle(n, seed=1, epoch=0)(np.arange(100_000))
    assert len(np.unique(places)) == 100_000
    assert places.min() >= 0
    assert int(places.max()) < n


def test_it_looks_shuffled() -> None:
    n, n_epochs = 20, 4000
    # How often each index goes to each place: 200 expected, binomial with a deviation below 14.
    table = np.zeros((n, n), dtype=np.int64)
    for epoch in range(n_epochs):
        table[np.arange(n), Shuffle(n, seed=7, epoch=epoch)(np.arange(n))] += 1
    chi_square = float(((table - n_epochs / n) ** 2).sum() / (n_epochs / n))
    assert 361 - 5 * np.sqrt(2 * 361) < chi_square < 361 + 5 * np.sqrt(2 * 361)
    # Neighbours do not stay together, and places do not grow with indices.
    order = Shuffle(100_000, seed=1, epoch=0)(np.arange(100_000)).astype(np.float64)
    assert abs(np.corrcoef(np.arange(100_000), order)[0, 1]) < 0.02
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.02
    assert np.count_nonzero(np.abs(np.diff(order)) == 1) < 20


def test_every_seed_and_epoch_has_its_own_order() -> None:
    orders = {
        tuple(Shuffle(50, seed=seed, epoch=epoch)(np.arange(50)).tolist())
        for seed in range(9)
        for epoch in range(9)
    }
    assert len(orders) == 81


def test_every_bit_of_a_number_and_of_a_key_changes_half_of_the_hash() -> None:
    """Of the upper 32 bits, which are what a round takes."""
    numbers = np.random.default_rng(1).integers(0, 2**64, 2000, dtype=np.uint64)
    key = np.uint64(0x9E3779B97F4A7C15)
    for bit in range(64):
        one = np.uint64(1 << bit)
        for other in (mixed(numbers ^ one, key), mixed(numbers, key ^ one)):
            changed = (mixed(numbers, key) ^ other) >> np.uint64(32)
            share = np.bitwise_count(changed).mean() / 32
            assert 0.4 < share < 0.6, bit


@pytest.mark.parametrize("n", [0, -1, 2**63 + 1])
def test_a_size_that_cannot_be_shuffled_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=r"from 1 to 2\*\*63 samples"):
        Shuffle(n, seed=0, epoch=0)


@pytest.mark.parametrize("index", [-1, 10])
def test_an_index_outside_is_refused(index: int) -> None:
    with pytest.raises(IndexError, match="are not all from 0 to 9"):
        Shuffle(10, seed=0, epoch=0)(np.array([3, index]))


def test_the_last_index_of_the_largest_range_has_a_place_of_its_own() -> None:
    shuffle = Shuffle(2**63, seed=1, epoch=0)
    last = np.array([2**63 - 2, 2**63 - 1], dtype=np.uint64)
    assert len(set(shuffle(last).tolist())) == 2
    assert shuffle(last).tolist() == [reference(shuffle, 2**63 - 2), reference(shuffle, 2**63 - 1)]


def test_all_orders_of_three_are_equally_frequent() -> None:
    found = Counter(tuple(Shuffle(3, seed=5, epoch=epoch)(np.arange(3)).tolist()) for epoch in range(3000))
    # 500 expected of each, binomial with a deviation of 20.
    assert len(found) == 6
    assert all(400 < number < 600 for number in found.values())


def test_an_empty_list_of_indices_is_allowed() -> None:
    assert Shuffle(5, seed=0, epoch=0)([]).shape == (0,)


@pytest.mark.parametrize("seed", [-1, 2**127, -(2**128) + 1, np.int64(3)])
def test_any_integer_of_128_bits_is_a_seed(seed: int) -> None:
    shuffle = Shuffle(9, seed=seed, epoch=0)
    assert sorted(shuffle(np.arange(9)).tolist()) == list(range(9))
    assert shuffle(np.arange(9)).tolist() == Shuffle(9, seed=int(seed), epoch=0)(np.arange(9)).tolist()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": 1.0}, TypeError, r"the seed is 1\.0, not an integer"),
        ({"seed": True}, TypeError, "the seed is True, not an integer"),
        ({"seed": None}, TypeError, "the seed is None, not an integer"),
        ({"seed": 10**5000}, ValueError, r"the seed is about 2\*\*16609; it must have at most 128 bits"),
        ({"epoch": "1"}, TypeError, "the epoch is '1', not an integer"),
        ({"n": 10.0}, TypeError, r"the number of samples is 10\.0, not an integer"),
    ],
)
def test_a_seed_or_epoch_that_is_not_an_integer_is_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Shuffle(**{"n": 10, "seed": 0, "epoch": 0, **arguments})


@pytest.mark.parametrize("indices", [[0.5], [True], ["1"], [2**70]])
def test_indices_that_are_not_integers_are_refused(indices: Any) -> None:
    with pytest.raises(TypeError, match="indices must be integers of at most 64 bits, not"):
        Shuffle(10, seed=0, epoch=0)(indices)
