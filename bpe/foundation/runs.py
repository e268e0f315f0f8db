"""Where do runs begin in an array, and how far into its run is each entry?

A run is some entries in a row that belong together. The first run begins at entry 0, and each ends where the
next one begins.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)


def starts_of_rows(places: Ints) -> Ints:
    """(n_runs,) int64: where, in a list of rising places, the runs of places that follow each other begin.

    >>> starts_of_rows(np.array([3, 4, 5, 9, 20, 21]))
    array([0, 3, 4])
    """
    is_first = np.ones(len(places), dtype=np.bool_)
    np.not_equal(places[1:], places[:-1] + 1, out=is_first[1:])
    return is_first.nonzero()[0]


def spread_over_runs(values: npt.NDArray[Value], run_starts: Ints, n: int) -> npt.NDArray[Value]:
    """(n,): the value of its run for each of n entries, given (n_runs,) values.

    >>> spread_over_runs(np.array([7, 8]), np.array([0, 3]), 5)
    array([7, 7, 7, 8, 8])
    """
    return np.repeat(values, np.diff(run_starts, append=n))


def positions_in_runs(run_starts: Ints, n: int) -> Ints:
    """(n,) int64: how many entries of its run come before each of n entries.

    >>> positions_in_runs(np.array([0, 3, 4]), 6)
    array([0, 1, 2, 0, 0, 1])
    """
    positions: Ints = np.arange(n) - spread_over_runs(run_starts, run_starts, n)
    return positions
