"""The shuffle is a bijection, looks shuffled, and is the same everywhere; batches are sliced from it."""

from collections.abc import Iterable
from itertools import chain, islice

import numpy as np
import pytest
from bpelab.dataset.order import N_ROUNDS, Shuffle, mixed
from bpelab.dataset.sampler import GlobalBatches
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
    for n in [*range(1, 300), 4096, 4097, 65_537]:
        assert np.array_equal(np.sort(Shuffle(n, seed=n, epoch=2)(np.arange(n))), np.arange(n))


@given(n=st.integers(1, 2**63), seed=st.integers(0, 2**70), data=st.data())
def test_the_arrays_give_what_the_definition_does(n: int, seed: int, data: st.DataObject) -> None:
    shuffle = Shuffle(n, seed=seed, epoch=3)
    indices = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=5))
    assert shuffle(np.array(indices)).tolist() == [reference(shuffle, index) for index in indices]
    assert len(shuffle._keys) == N_ROUNDS


@pytest.mark.parametrize("n", [10**12, 2**63, 2**62 + 1])
def test_no_two_of_many_indices_meet_in_a_large_range(n: int) -> None:
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


def test_seeds_and_epochs_give_other_orders() -> None:
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
    with pytest.raises(IndexError, match="are not all below 10"):
        Shuffle(10, seed=0, epoch=0)(np.array([3, index]))


# ---- batches ----


def joined(lists: Iterable[list[int]]) -> list[int]:
    return list(chain.from_iterable(lists))


def passes(batches: GlobalBatches, n: int = 1) -> list[list[list[int]]]:
    return [[batch.tolist() for batch in batches] for _ in range(n)]


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_ranks_together_have_the_same_global_batches(world_size: int) -> None:
    alone = passes(GlobalBatches(1003, 8, seed=5), 2)
    ranks = [
        passes(GlobalBatches(1003, 8, seed=5, rank=r, world_size=world_size), 2) for r in range(world_size)
    ]
    for epoch in range(2):
        together = [joined(parts) for parts in zip(*(rank[epoch] for rank in ranks), strict=True)]
        assert together == alone[epoch]


def test_each_epoch_sees_every_sample_once_in_another_order() -> None:
    first, second = passes(GlobalBatches(100, 7, drop_last=False), 2)
    assert sorted(joined(first)) == sorted(joined(second)) == list(range(100))
    assert first != second
    assert [len(batch) for batch in first] == [7] * 14 + [2]


def test_a_pass_left_in_its_middle_is_followed_by_the_next_epoch() -> None:
    batches = GlobalBatches(100, 10)
    next(iter(batches))
    assert passes(batches)[0] == passes(GlobalBatches(100, 10), 2)[1]


@given(
    n_taken=st.integers(0, 12),
    world_size=st.sampled_from([1, 2, 4]),
    shuffle=st.booleans(),
    epoch=st.integers(0, 3),
)
def test_a_state_resumes_exactly_at_any_world_size(
    n_taken: int, world_size: int, shuffle: bool, epoch: int
) -> None:
    batches = GlobalBatches(50, 4, seed=9, shuffle=shuffle)
    batches.set_epoch(epoch)
    running = iter(batches)
    list(islice(running, n_taken))
    state = batches.state_dict()
    rest = [batch.tolist() for batch in running] or passes(batches)[0]
    ranks = [
        GlobalBatches(50, 4, seed=1, shuffle=True, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    for rank in ranks:
        rank.load_state_dict(state)
        assert rank.state_dict() == state
    resumed = [joined(parts) for parts in zip(*(passes(rank)[0] for rank in ranks), strict=True)]
    assert resumed == rest


def test_another_batch_size_goes_on_at_the_next_sample() -> None:
    batches = GlobalBatches(100, 8)
    first = [batch.tolist() for batch in islice(batches, 3)]
    other = GlobalBatches(100, 19)
    other.load_state_dict(batches.state_dict())
    whole = joined(passes(GlobalBatches(100, 1))[0])
    assert joined(first) + joined(passes(other)[0]) == whole


def test_resuming_far_into_a_trillion_samples_is_at_once() -> None:
    batches = GlobalBatches(10**12, 512)
    batches.load_state_dict(batches.state_after(3, 512 * 10**9))
    order = Shuffle(10**12, seed=0, epoch=3)
    assert next(iter(batches)).tolist() == order(512 * 10**9 + np.arange(512)).tolist()


def test_set_epoch_keeps_a_loaded_place_in_that_epoch() -> None:
    batches = GlobalBatches(100, 10)
    batches.load_state_dict(batches.state_after(2, 30))
    batches.set_epoch(2)
    assert len(passes(batches)[0]) == 7
    batches.set_epoch(2)
    assert len(passes(batches)[0]) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch size is 0"),
        ({"batch_size": 101}, "a batch of 101 is larger than the data, 100 samples"),
        (
            {"batch_size": 8, "world_size": 3},
            "a global batch of 8 cannot be shared evenly by 3 ranks; 9 could",
        ),
        ({"batch_size": 8, "rank": 2, "world_size": 2}, "rank 2 is none of the ranks 0 to 1"),
        ({"batch_size": 6, "world_size": 3, "drop_last": False}, "make a batch of 4, which 3 ranks cannot"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GlobalBatches(100, **arguments)  # type: ignore[arg-type]


def test_a_state_of_other_data_is_refused() -> None:
    batches = GlobalBatches(100, 10, fingerprint=lambda: "mine")
    with pytest.raises(ValueError, match="other data: its fingerprint is 'theirs', here it is 'mine'"):
        batches.load_state_dict(batches.state_dict() | {"fingerprint": "theirs"})
    with pytest.raises(ValueError, match="other data: its n_samples is 99, here it is 100"):
        batches.load_state_dict(batches.state_dict() | {"n_samples": 99})
    with pytest.raises(ValueError, match="no state of a sampler: it has no epoch, fingerprint, n_done"):
        batches.load_state_dict({"seed": 1})
