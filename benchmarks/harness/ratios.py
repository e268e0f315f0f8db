"""How many times faster is one than the other, and how sure is that?

Contenders take turns, so each round has a time of both, measured within the same moments: its ratio does not
change when the whole machine slows down. A pass, which is a fresh process, counts once, by the median of its
rounds' ratios, since the rounds of one process resemble each other. Over passes, the logarithms of the ratios
have a mean, and Student's t-interval of that mean is the interval that is shown.

The method is that of "Student" (W. S. Gosset), The Probable Error of a Mean, Biometrika 6 (1908). It is used
on logarithms, since a ratio and its inverse should be equally sure, and over fresh processes, as A. Georges,
D. Buytaert and L. Eeckhout recommend: Statistically Rigorous Java Performance Evaluation, OOPSLA 2007.
`tests/benchmarks/test_ratios.py` simulates a machine that drifts: the interval holds the true ratio in 95 %
of the runs.
"""

from collections.abc import Sequence
from functools import cache
from math import atan, cos, exp, log, pi, sin, sqrt
from statistics import fmean, median, stdev
from typing import Any, NamedTuple

SURE = 0.95
# An interval that reaches farther than this from its middle is marked, not hidden.
WIDE = 1.10
# With two or three passes that differ an interval can reach farther than any number; it is cut off here.
FARTHEST = 1e6


class Ratio(NamedTuple):
    """The baseline's value divided by the contender's: above 1 the contender is faster, or smaller."""

    middle: float  # the geometric mean of the passes' ratios
    low: float  # a 95 % t-interval over passes; with one pass, which says nothing about others, the middle
    high: float
    n_passes: int

    @property
    def is_wide(self) -> bool:
        """Tell whether the interval reaches more than a tenth from the middle, or is not known."""
        return self.n_passes < 2 or self.high > WIDE * self.middle or self.low < self.middle / WIDE

    def is_above(self, value: float) -> bool:
        """Tell whether the whole interval is above a value."""
        return self.n_passes > 1 and self.low > value

    def is_below(self, value: float) -> bool:
        """Tell whether the whole interval is below a value."""
        return self.n_passes > 1 and self.high < value


def pass_medians(cell: dict[str, Any]) -> list[float | None]:
    """Return the median of each pass; None for a pass without samples."""
    return [median(samples) if samples else None for samples in cell["passes"]]


def typical(cell: dict[str, Any]) -> float:
    """Return the median of the passes' medians, in the cell's unit."""
    return median(value for value in pass_medians(cell) if value is not None)


def ratio(cell: dict[str, Any], baseline: dict[str, Any]) -> Ratio | None:
    """Compare two cells of a group pass by pass; None if no pass has both.

    >>> ratio({"passes": [[1.0], [2.0]]}, {"passes": [[3.0], [6.0]]})
    Ratio(middle=3.0, low=3.0, high=3.0, n_passes=2)
    """
    ratios = pass_ratios(cell, baseline)
    return Ratio(*interval(ratios), len(ratios)) if ratios else None


def pass_ratios(cell: dict[str, Any], baseline: dict[str, Any]) -> list[float]:
    """Return the ratio of each pass that has both: of rounds next to each other, where they took turns.

    >>> ours, theirs = {"passes": [[1.0, 2.0, 4.0]]}, {"passes": [[3.0, 6.0, 4.0]]}
    >>> pass_ratios(ours, theirs)
    [2.0]
    >>> pass_ratios(ours | {"in_turns": True}, theirs | {"in_turns": True})
    [3.0]
    """
    in_turns = cell.get("in_turns") and baseline.get("in_turns")
    found = []
    for ours, theirs in zip(cell["passes"], baseline["passes"], strict=False):
        if in_turns and len(ours) == len(theirs):
            of_rounds = [b / a for a, b in zip(ours, theirs, strict=True) if a and b]
        else:
            of_rounds = [median(theirs) / median(ours)] if ours and theirs and median(ours) else []
        if of_rounds and median(of_rounds):
            found.append(median(of_rounds))
    return found


def interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Return the geometric mean of ratios, and the ends of its 95 % t-interval.

    >>> [round(value, 2) for value in interval([2.0, 2.2, 1.8])]
    [1.99, 1.55, 2.56]
    """
    logs = [log(ratio) for ratio in ratios]
    # Equal ratios give exactly themselves, which the logarithm's last digit would not.
    middle = ratios[0] if len(set(ratios)) == 1 else exp(fmean(logs))
    if len(set(ratios)) == 1:
        return middle, middle, middle
    reach = min(t_quantile(len(logs) - 1) * stdev(logs) / sqrt(len(logs)), log(FARTHEST))
    return middle, middle / exp(reach), middle * exp(reach)


@cache
def t_quantile(freedom: int, inside: float = SURE) -> float:
    """Return the t between whose negative and itself Student's t lies with the chance `inside`.

    >>> [round(t_quantile(freedom), 3) for freedom in (1, 2, 4, 9)]
    [12.706, 4.303, 2.776, 2.262]
    """
    low, high = 0.0, 1e9
    while (middle := (low + high) / 2) not in (low, high):
        if outside_t(middle, freedom) > 1 - inside:
            low = middle
        else:
            high = middle
    return high


def outside_t(t: float, freedom: int) -> float:
    """Return the chance that Student's t lies farther from 0, for a whole number of degrees of freedom.

    By the finite sums of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.

    >>> round(outside_t(2.776, 4), 3), round(outside_t(12.706, 1), 3), round(outside_t(2.571, 5), 3)
    (0.05, 0.05, 0.05)
    """
    angle = atan(t / sqrt(freedom))
    is_odd = freedom % 2
    term = cos(angle) if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + is_odd, freedom - 1, 2):
        term *= cos(angle) ** 2 * (k - 1) / k
        total += term
    inside = 2 / pi * (angle + sin(angle) * total) if is_odd else sin(angle) * total
    return max(0.0, 1 - inside)
