"""What do the samples say? How many times faster, how sure that is, and whether the machine was steady.

Samples of one process resemble each other, so the interval is drawn from passes, not from samples.
"""

import random
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

# A group whose baseline differs by more than this factor between passes is marked, not hidden.
STEADY = 1.10
DRAWS = 2000


class Ratio(NamedTuple):
    """The baseline's value divided by the contender's: above 1 the contender is faster, or smaller."""

    middle: float  # the median of the passes' ratios
    low: float  # a 95 % bootstrap interval over passes: of five or fewer, their range
    high: float


def pass_medians(cell: dict[str, Any]) -> list[float | None]:
    """Return the median of each pass; None for a pass without samples."""
    return [median(samples) if samples else None for samples in cell["passes"]]


def typical(cell: dict[str, Any]) -> float:
    """Return the median of the passes' medians, in the cell's unit."""
    return median(value for value in pass_medians(cell) if value is not None)


def ratio(cell: dict[str, Any], baseline: dict[str, Any]) -> Ratio | None:
    """Compare two cells of a group pass by pass; None if no pass has both.

    >>> ratio({"passes": [[1.0], [2.0], [1.0]]}, {"passes": [[3.0], [4.0], [2.0]]})
    Ratio(middle=2.0, low=2.0, high=3.0)
    """
    pairs = zip(pass_medians(cell), pass_medians(baseline), strict=False)
    ratios = [theirs / ours for ours, theirs in pairs if ours and theirs]
    return Ratio(median(ratios), *interval(ratios)) if ratios else None


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a median; the same values always give the same interval.

    >>> interval([2.0, 2.0, 2.0])
    (2.0, 2.0)
    """
    draw = random.Random(1)
    medians = sorted(median(draw.choices(values, k=len(values))) for _ in range(DRAWS))
    return medians[int(0.025 * DRAWS)], medians[int(0.975 * DRAWS)]


def is_steady(baseline: dict[str, Any]) -> bool:
    """Tell whether a group's baseline stayed within `STEADY` from pass to pass.

    >>> is_steady({"passes": [[1.0], [1.05]]}), is_steady({"passes": [[1.0], [1.2]]})
    (True, False)
    """
    values = [value for value in pass_medians(baseline) if value]
    return not values or max(values) <= STEADY * min(values)
