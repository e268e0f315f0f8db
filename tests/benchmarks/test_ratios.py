"""Ratios are of passes, and intervals hold the middle."""

from typing import Any

from bpelab.benchmarks.harness.ratios import interval, is_steady, ratio, typical
from hypothesis import given, settings
from hypothesis import strategies as st

SECONDS = st.floats(1e-6, 1e3)
PASSES = st.lists(st.lists(SECONDS, max_size=5), min_size=1, max_size=6)


@settings(deadline=None, max_examples=50)
@given(ours=PASSES, theirs=PASSES)
def test_a_ratio_lies_in_its_interval(ours: list[list[float]], theirs: list[list[float]]) -> None:
    cells: tuple[dict[str, Any], dict[str, Any]] = ({"passes": ours}, {"passes": theirs})
    compared = ratio(*cells)
    if not any(a and b for a, b in zip(ours, theirs, strict=False)):
        assert compared is None
        return
    assert compared is not None
    assert compared.low <= compared.middle <= compared.high


def test_a_pass_without_a_sample_is_left_out() -> None:
    cell = {"passes": [[2.0, 4.0, 3.0], [], [5.0]]}
    assert typical(cell) == 4.0
    assert ratio(cell, {"passes": [[6.0], [1.0], [5.0]]}) == (1.5, 1.0, 2.0)


def test_a_baseline_that_moves_by_more_than_a_tenth_is_not_steady() -> None:
    assert is_steady({"passes": [[1.0], [1.09], []]})
    assert not is_steady({"passes": [[1.0], [1.11]]})


def test_the_interval_of_one_pass_is_its_ratio() -> None:
    assert interval([2.5]) == (2.5, 2.5)
