"""Runs are found, and their entries counted, as a loop over the entries would."""

import numpy as np
from bpelab.bpe.foundation.runs import every_other, positions_in_runs, spread_over_runs, starts_of_rows
from hypothesis import given
from hypothesis import strategies as st


@given(st.sets(st.integers(0, 60)))
def test_a_run_begins_wherever_the_place_before_is_missing(places: set[int]) -> None:
    ordered = sorted(places)
    expected = [at for at, place in enumerate(ordered) if place - 1 not in places]
    assert starts_of_rows(np.array(ordered, dtype=np.int64)).tolist() == expected


@given(st.lists(st.integers(1, 9)))
def test_positions_begin_at_zero_in_every_run(lengths: list[int]) -> None:
    starts = np.cumsum([0, *lengths], dtype=np.int64)
    run_starts, n = starts[:-1], int(starts[-1])
    expected = [position for length in lengths for position in range(length)]
    assert positions_in_runs(run_starts, n).tolist() == expected
    expected = [number for number, length in enumerate(lengths) for _ in range(length)]
    assert spread_over_runs(np.arange(len(lengths)), run_starts, n).tolist() == expected


@given(st.lists(st.booleans()))
def test_every_other_entry_of_a_run_is_one_that_does_not_follow_another_such(follows: list[bool]) -> None:
    chosen = every_other(np.array(follows, dtype=np.bool_)).tolist()
    expected = [True]
    for follow in follows:
        expected.append(not (follow and expected[-1]))
    assert chosen == expected
