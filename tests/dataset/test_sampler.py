"""Batches are sliced from the order, and every sample of an epoch is in one, however often it is resumed."""

import json
import warnings
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

import numpy as np
import pytest
from bpelab.dataset.order import Shuffle
from bpelab.dataset.sampler import GlobalBatches
from hypothesis import given, settings
from hypothesis import strategies as st


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


def test_resuming_far_into_a_trillion_samples_replays_nothing() -> None:
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
        (
            {"batch_size": 101, "world_size": 101, "drop_last": False},
            "100 samples are fewer than the 101 ranks",
        ),
        ({"batch_size": 8, "rank": -1}, "rank -1 is none of the ranks 0 to 0"),
        ({"batch_size": 8, "world_size": 0}, "the world size is 0; it must be 1 or more"),
        ({"batch_size": 10**5000}, r"a batch of about 2\*\*16609 is larger than the data, 100 samples"),
        ({"batch_size": 10**5000, "world_size": 3}, "cannot be shared evenly by 3 ranks"),
    ],
)
def test_batches_that_cannot_be_shared_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GlobalBatches(100, **arguments)  # type: ignore[arg-type]


def test_a_state_of_other_data_is_refused() -> None:
    batches = GlobalBatches(100, 10, fingerprint=lambda: "mine")
    with pytest.raises(ValueError, match="other data: its fingerprint is 'theirs', here it is 'mine'"):
        batches.load_state_dict(batches.state_dict() | {"fingerprint": "theirs"})
    with pytest.raises(ValueError, match="other data: its n_samples is 99, here it is 100"):
        batches.load_state_dict(batches.state_dict() | {"n_samples": 99})
    with pytest.raises(ValueError, match="not the state of a sampler: it has no epoch, fingerprint, n_done"):
        batches.load_state_dict({"seed": 1})


# ---- every sample once, whatever changes ----


def cut(places: list[int], batch_size: int, world_size: int, drop_last: bool) -> list[list[int]]:
    """Cut the rest of an epoch into global batches, by the definition."""
    parts = [places[i : i + batch_size] for i in range(0, len(places), batch_size)]
    if parts and len(parts[-1]) < batch_size:
        last = parts[-1]
        if drop_last:
            parts.pop()
        elif len(last) < world_size and len(parts) > 1:
            parts[-2:] = [parts[-2] + last]
    return parts


def ranks_of(n: int, batch_size: int, world_size: int, **options: Any) -> list[GlobalBatches]:
    return [
        GlobalBatches(n, batch_size, rank=rank, world_size=world_size, **options)
        for rank in range(world_size)
    ]


def load(ranks: list[GlobalBatches], state: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ranks that get nothing, which has a test of its own
        for rank in ranks:
            rank.load_state_dict(state)


def taken(ranks: list[GlobalBatches], n_steps: int | None = None) -> list[list[int]]:
    """Let all ranks make some steps of a pass and check how they share; (n_steps,) the global batches."""
    lengths = [len(rank) for rank in ranks]
    runs = [iter(rank) for rank in ranks]
    parts = [[batch.tolist() for batch in islice(run, n_steps)] for run in runs]
    assert [len(part) for part in parts] == [
        length if n_steps is None else min(length, n_steps) for length in lengths
    ]
    steps = []
    for number in range(max(map(len, parts))):
        shares = [part[number] for part in parts if number < len(part)]
        assert min(map(len, shares)) > 0, "an empty batch"
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
        assert len(shares) == len(ranks) or len(joined(shares)) == len(shares) < len(ranks)
        steps.append(joined(shares))
    return steps


CHANGE = st.tuples(st.integers(1, 7), st.integers(1, 6), st.integers(0, 5))  # a rank's share, ranks, steps


@settings(max_examples=300)
@given(
    n=st.integers(6, 80),
    changes=st.lists(CHANGE, min_size=1, max_size=6),
    drop_last=st.booleans(),
    shuffle=st.booleans(),
    seed=st.integers(0, 9),
)
def test_every_sample_is_in_one_batch_however_often_batch_and_world_change(
    n: int, changes: list[tuple[int, int, int]], drop_last: bool, shuffle: bool, seed: int
) -> None:
    def order(epoch: int) -> list[int]:
        places = np.arange(n)
        return (Shuffle(n, seed=seed, epoch=epoch)(places) if shuffle else places).tolist()

    state = GlobalBatches(n, 1, seed=seed, shuffle=shuffle).state_dict()
    epoch, seen = 0, list[int]()
    for number, (share, world_size, n_steps) in enumerate(changes):
        share = min(share, n // world_size)
        ranks = ranks_of(n, share * world_size, world_size, drop_last=drop_last)
        load(ranks, json.loads(json.dumps(state)))
        rest = cut(order(epoch)[len(seen) :], share * world_size, world_size, drop_last)
        if not rest:  # too little for a batch: the only thing that is ever left out
            assert drop_last
            assert n - len(seen) < share * world_size
            epoch, seen = epoch + 1, []
            rest = cut(order(epoch), share * world_size, world_size, drop_last)
        is_last = number == len(changes) - 1
        steps = taken(ranks, None if is_last else n_steps)
        assert steps == (rest if is_last else rest[:n_steps])
        seen += joined(steps)
        assert seen == order(epoch)[: len(seen)]
        states = [rank.state_dict() for rank in ranks]
        assert states == [states[0]] * world_size
        state = states[0]
        if state["epoch"] > epoch:
            assert n - len(seen) < (share * world_size if drop_last else 1)
            epoch, seen = epoch + 1, []
        assert (state["epoch"], state["n_done"]) == (epoch, len(seen))
    assert not seen
    for _ in range(2):
        assert joined(taken(ranks)) == joined(cut(order(epoch), share * world_size, world_size, drop_last))
        epoch += 1


def test_the_last_sample_is_seen_after_a_resume_with_another_batch_and_world() -> None:
    first = GlobalBatches(100, 5, drop_last=False, shuffle=False)
    next(iter(first))
    ranks = ranks_of(100, 10, 2, drop_last=False)
    load(ranks, first.state_dict())
    steps = taken(ranks)
    assert joined(steps) == list(range(5, 100))
    assert [len(step) for step in steps] == [10] * 9 + [5]
    assert [len(batch) for batch in islice(ranks[0], 9, None)] == [5]  # of the epoch after it


def test_a_rest_of_fewer_samples_than_ranks_joins_the_batch_before_it() -> None:
    ranks = ranks_of(18, 8, 4, drop_last=False, shuffle=False)
    assert [[len(batch) for batch in rank] for rank in ranks] == [[2, 3], [2, 3], [2, 2], [2, 2]]
    assert [len(step) for step in taken(ranks_of(19, 8, 2, drop_last=False))] == [8, 8, 3]


def test_a_rank_for_which_nothing_is_left_gets_no_batch_and_says_so() -> None:
    one = GlobalBatches(9, 8, drop_last=False, shuffle=False)
    next(iter(one))
    ranks = ranks_of(9, 4, 4, drop_last=False, shuffle=False)
    for rank in ranks:
        with pytest.warns(
            UserWarning,
            match=r"1 samples are left of epoch 0, fewer than the 4 ranks: ranks 1 and up get no batch",
        ):
            rank.load_state_dict(one.state_dict())
    assert [len(rank) for rank in ranks] == [1, 0, 0, 0]
    assert [[batch.tolist() for batch in rank] for rank in ranks] == [[[8]], [], [], []]
    assert [rank.state_dict()["epoch"] for rank in ranks] == [1] * 4
    assert joined(taken(ranks)) == list(range(9))


def test_a_state_with_a_sample_for_each_rank_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batches = GlobalBatches(12, 4, world_size=4, drop_last=False)
        batches.load_state_dict(batches.state_after(0, 8))
        batches.load_state_dict(batches.state_after(0, 12))


@pytest.mark.parametrize("n", [2**63, 2**63 - 1])
def test_the_end_of_the_largest_epoch_is_reached(n: int) -> None:
    for shuffle in (False, True):
        batches = GlobalBatches(n, 3, drop_last=False, shuffle=shuffle)
        batches.load_state_dict(batches.state_after(0, n - 4))
        assert len(batches) == 2
        steps = passes(batches)[0]
        assert [len(step) for step in steps] == [3, 1]
        if not shuffle:
            assert joined(steps) == [n - 4, n - 3, n - 2, n - 1]


# ---- one pass at a time ----


def test_interleaved_passes_are_epochs_of_their_own() -> None:
    # As where a training evaluates on its own loader in the middle of an epoch.
    batches = GlobalBatches(100, 10)
    first, second = iter(batches), iter(batches)
    order = [first, second, second, first, first]
    given = [(run, next(run).tolist()) for run in order]
    assert batches.state_dict()["epoch"] == 0 and batches.state_dict()["n_done"] == 30
    expected = passes(GlobalBatches(100, 10), 3)
    for number, run in enumerate((first, second)):
        rest = [batch.tolist() for batch in run]
        assert [batch for by, batch in given if by is run] + rest == expected[number]
    assert passes(batches)[0] == expected[2]


@pytest.mark.parametrize("change", ["state", "epoch"])
def test_going_on_with_a_pass_after_the_place_was_changed_is_refused(change: str) -> None:
    batches = GlobalBatches(100, 10)
    run = iter(batches)
    next(run)
    state = batches.state_dict()
    if change == "state":
        batches.load_state_dict(state)
    else:
        batches.set_epoch(0)
    with pytest.raises(RuntimeError, match="a state was loaded or an epoch set"):
        next(run)
    expected = passes(GlobalBatches(100, 10))[0]
    assert passes(batches)[0] == (expected[1:] if change == "state" else expected)


def test_the_length_is_that_of_the_pass_under_way_or_of_the_next() -> None:
    batches = GlobalBatches(100, 10)
    batches.load_state_dict(batches.state_after(0, 30))
    assert len(batches) == 7
    for _ in batches:
        assert len(batches) == 7
    assert len(batches) == 10
    batches.load_state_dict(batches.state_after(0, 30))
    for _ in batches:
        break
    assert len(batches) == 10 == len(list(batches))


# ---- impossible states and arguments ----


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"n_done": -1}, ValueError, "the state's n_done is -1; it must be 0 or more"),
        ({"n_done": 101}, ValueError, "the state's n_done is 101, more than its 100 samples: it is altered"),
        ({"n_done": 10**5000}, ValueError, r"the state's n_done is about 2\*\*16609, more than its 100"),
        ({"n_done": 10.0}, TypeError, r"the state's n_done is 10\.0, not an integer"),
        ({"n_done": True}, TypeError, "the state's n_done is True, not an integer"),
        ({"n_done": None}, TypeError, "the state's n_done is None, not an integer"),
        ({"epoch": "1"}, TypeError, "the state's epoch is '1', not an integer"),
        ({"epoch": -1}, ValueError, "the state's epoch is -1; it must be 0 or more"),
        ({"epoch": 10**5000}, ValueError, r"the state's epoch is about 2\*\*16609; it must be below 2\*\*63"),
        ({"seed": 1.5}, TypeError, r"the state's seed is 1\.5, not an integer"),
        ({"seed": 10**5000}, ValueError, r"the state's seed is about 2\*\*16609"),
        ({"shuffle": "False"}, TypeError, "the state's shuffle is 'False', not True or False"),
        ({"n_samples": "100"}, TypeError, "the state's n_samples is '100', not an integer"),
        (
            {"n_samples": 10**5000},
            ValueError,
            r"other data: its n_samples is about 2\*\*16609, here it is 100",
        ),
        ({"fingerprint": None}, ValueError, "other data: its fingerprint is None, here it is ''"),
        ({"version": 2}, ValueError, "the state is of version 2, and this bpelab reads version 1"),
        ({"version": "1"}, TypeError, "the state's version is '1', not an integer"),
    ],
)
def test_a_state_with_impossible_contents_is_refused_by_name_and_changes_nothing(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    batches = GlobalBatches(100, 10, seed=4)
    batches.set_epoch(2)
    before = batches.state_dict()
    other = GlobalBatches(100, 10, shuffle=False, seed=5).state_after(1, 30)
    with pytest.raises(error, match=message):
        batches.load_state_dict(other | change)
    assert batches.state_dict() == before


@pytest.mark.parametrize("name", ["seed", "shuffle", "epoch", "n_done", "n_samples", "fingerprint"])
def test_a_state_without_one_of_its_keys_is_refused(name: str) -> None:
    batches = GlobalBatches(100, 10)
    state = batches.state_dict()
    del state[name]
    with pytest.raises(ValueError, match=f"this is not the state of a sampler: it has no {name}"):
        batches.load_state_dict(state)


@pytest.mark.parametrize("state", [None, 5, [("epoch", 1)], "state"])
def test_a_state_that_is_not_a_mapping_is_refused(state: Any) -> None:
    with pytest.raises(TypeError, match=r"a state is a mapping, as state_dict\(\) returns it, not"):
        GlobalBatches(100, 10).load_state_dict(state)


def test_a_state_without_a_version_is_loaded() -> None:
    """Such as were written before states had one."""
    batches = GlobalBatches(10, 4, drop_last=False)
    batches.load_state_dict(
        {"seed": 1, "shuffle": True, "epoch": 0, "n_done": 4, "n_samples": 10, "fingerprint": ""}
    )
    assert passes(batches)[0] == [[7, 9, 4, 2], [5, 3]]


@pytest.mark.parametrize("name", ["n_samples", "batch_size", "rank", "world_size", "seed"])
@pytest.mark.parametrize("value", [True, 1.5, "4", None, np.float64(4)])
def test_counts_that_are_not_integers_are_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match="not an integer"):
        GlobalBatches(**{"n_samples": 100, "batch_size": 4, name: value})


@pytest.mark.parametrize("name", ["shuffle", "drop_last"])
@pytest.mark.parametrize("value", ["False", 0, None])
def test_a_flag_that_is_not_a_bool_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} is {value!r}, not True or False"):
        GlobalBatches(100, 10, **{name: value})


def test_numpy_s_integers_are_accepted_and_states_can_be_written_as_json() -> None:
    batches = GlobalBatches(np.int64(100), np.uint8(10), seed=np.int32(3), rank=np.int64(1), world_size=2)
    batches.set_epoch(np.int64(2))
    next(iter(batches))
    assert json.loads(json.dumps(batches.state_dict()))["n_done"] == 10


@pytest.mark.parametrize(("epoch", "error"), [(-1, ValueError), (1.0, TypeError), ("1", TypeError)])
def test_an_impossible_epoch_is_refused(epoch: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="the epoch is"):
        GlobalBatches(100, 10).set_epoch(epoch)


def test_no_samples_are_refused_whatever_drop_last_is() -> None:
    for drop_last in (True, False):
        with pytest.raises(ValueError, match="the number of samples is 0; it must be 1 or more"):
            GlobalBatches(0, 1, drop_last=drop_last)
