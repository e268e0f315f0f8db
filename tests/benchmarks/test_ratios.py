"""Ratios are of rounds side by side, and an interval that is called 95 % holds the true ratio that often."""

import math
import random
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from bpelab.benchmarks.harness.ratios import interval, outside_t, pass_ratios, ratio, t_quantile, typical
from hypothesis import given, settings
from hypothesis import strategies as st

SECONDS = st.floats(1e-12, 1e15)
PASSES = st.lists(st.lists(SECONDS, max_size=5), min_size=1, max_size=6)


@settings(max_examples=50)
@given(ours=PASSES, theirs=PASSES, in_turns=st.booleans())
def test_a_ratio_lies_in_its_interval(
    ours: list[list[float]], theirs: list[list[float]], in_turns: bool
) -> None:
    cells = [{"passes": passes, "in_turns": in_turns} for passes in (ours, theirs)]
    compared = ratio(*cells)
    if not any(a and b for a, b in zip(ours, theirs, strict=False)):
        assert compared is None
        return
    assert compared is not None
    assert 0 < compared.low <= compared.middle <= compared.high < math.inf


def test_a_pass_without_a_sample_is_left_out() -> None:
    cell = {"passes": [[2.0, 4.0, 3.0], [], [5.0]]}
    assert typical(cell) == 4.0
    assert pass_ratios(cell, {"passes": [[6.0], [1.0], [5.0]]}) == [2.0, 1.0]


def test_the_ratio_of_a_pass_is_that_of_rounds_side_by_side() -> None:
    # The machine became three times slower after the first round, for both.
    ours, theirs = {"passes": [[1.0, 3.0, 3.0]]}, {"passes": [[2.0, 6.0, 6.0]]}
    assert pass_ratios(ours | {"in_turns": True}, theirs | {"in_turns": True}) == [2.0]
    # Of what did not take turns, rounds do not belong together.
    assert pass_ratios(ours, {"passes": [[6.0, 2.0, 2.0]]}) == [2.0 / 3.0]
    # Nor if there are not as many of them.
    assert pass_ratios(ours | {"in_turns": True}, {"passes": [[6.0]], "in_turns": True}) == [2.0]


def test_one_pass_decides_nothing() -> None:
    compared = ratio({"passes": [[1.0]]}, {"passes": [[5.0]]})
    assert compared is not None
    assert compared.middle == 5.0
    assert compared.is_wide
    assert not compared.is_above(1)
    assert not compared.is_below(10)


def test_an_interval_is_wide_beyond_a_tenth_however_much_the_machine_moved() -> None:
    ours = {"passes": [[1.0], [10.0], [3.0]]}
    steady = ratio(ours, {"passes": [[2.0], [20.1], [6.0]]})
    moved = ratio(ours, {"passes": [[2.0], [30.0], [6.0]]})
    assert steady is not None
    assert moved is not None
    assert (steady.is_wide, moved.is_wide) == (False, True)
    assert steady.is_above(1)


def drifting(draw: random.Random, n_passes: int, *, in_turns: bool) -> list[dict[str, Any]]:
    """Simulate two contenders, of which the second takes twice as long, on a machine that drifts.

    The machine's speed wanders by a lognormal step from round to round and starts anew in every pass. Each
    time has lognormal noise of its own, and each pass its own luck with memory.
    """
    cells: list[dict[str, Any]] = [{"passes": [], "in_turns": in_turns} for _ in range(2)]
    for _ in range(n_passes):
        luck = [draw.gauss(0, 0.05) for _ in cells]
        slow = draw.gauss(0, 0.3)
        times: list[list[float]] = [[], []]
        places = [0, 1] * 4 if in_turns else [0] * 4 + [1] * 4
        for place in places:
            slow += draw.gauss(0, 0.1)
            times[place].append((1 + place) * math.exp(slow + luck[place] + abs(draw.gauss(0, 0.05))))
        for cell, values in zip(cells, times, strict=True):
            cell["passes"].append(values)
    return cells


def t_interval(ratios: list[float]) -> tuple[float, float]:
    return interval(ratios)[1:]


def range_of_passes(ratios: list[float]) -> tuple[float, float]:
    """What a bootstrap of the median of so few passes comes to."""
    return min(ratios), max(ratios)


def covered(method: Callable[[list[float]], tuple[float, float]], n_passes: int) -> float:
    """Return how often an interval holds the true ratio, of 2,000 simulated records."""
    draw, n_held = random.Random(1), 0
    for _ in range(2000):
        low, high = method(pass_ratios(*drifting(draw, n_passes, in_turns=True)))
        n_held += low <= 2 <= high
    return n_held / 2000


@pytest.mark.parametrize("n_passes", [3, 5])
def test_the_interval_holds_the_true_ratio_in_95_of_100_records(n_passes: int) -> None:
    assert 0.93 <= covered(t_interval, n_passes) <= 0.97


def test_the_range_of_three_passes_would_not() -> None:
    assert covered(range_of_passes, 3) < 0.80


def test_taking_turns_makes_intervals_narrower() -> None:
    def width(in_turns: bool) -> float:
        draw = random.Random(1)
        found = [ratio(*drifting(draw, 5, in_turns=in_turns)) for _ in range(200)]
        return median(compared.high / compared.low for compared in found if compared)

    assert math.log(width(in_turns=True)) < 0.6 * math.log(width(in_turns=False))


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042)]
)
def test_quantiles_are_those_of_printed_tables(freedom: int, quantile: float) -> None:
    assert t_quantile(freedom) == pytest.approx(quantile, abs=5e-4)


@pytest.mark.parametrize(
    ("t", "freedom", "chance"),
    [
        (0.0, 3, 1.0),
        (3.182, 3, 0.05),
        (4.604, 4, 0.01),
        (8.610, 4, 0.001),
        (2.228, 10, 0.05),
        (63.657, 1, 0.01),
    ],
)
def test_chances_are_those_of_printed_tables(t: float, freedom: int, chance: float) -> None:
    assert outside_t(t, freedom) == pytest.approx(chance, rel=2e-3)
