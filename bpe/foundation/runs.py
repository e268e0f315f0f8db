"""Where do runs begin in an array, and how far into its run is each entry?

A run is some entries in a row that belong together. The first run begins at entry 0, and each ends where the
next one begins.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def starts_of_rows(places: Ints) -> Ints:
    """(n_runs,) int64: where, in a list of rising places, the runs of places that follow each other begin.

    >>> starts_of_rows(np.array([3, 4, 5, 9, 20, 21]))
    array([0, 3, 4])
    """
    is_first = np.ones(len(places), dtype=np.bool_)
    np.not_equal(places[1:], places[:-1] + 1, out=is_first[1:])
    return is_first.nonzero()[0]


def spread_over_runs(values: npt.NDArray[Any], run_starts: Ints, n: int) -> npt.NDArray[Any]:
    """(n,): the value of its run for each of n entries, given (n_runs,) values.

    >>> spread_over_runs(np.array([7, 8]), np.array([0, 3]), 5)
    array([7, 7, 7, 8, 8])
    """
    return values.repeat(np.diff(run_starts, append=n))


def positions_in_runs(run_starts: Ints, n: int) -> Ints:
    """(n,) int64: how many entries of its run come before each of n entries.

    >>> positions_in_runs(np.array([0, 3, 4]), 6)
    array([0, 1, 2, 0, 0, 1])
    """
    positions: Ints = np.arange(n) - spread_over_runs(run_starts, run_starts, n)
    return positions


def every_other(follows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(n,) bool: which of n entries are the first, third, fifth of their run.

    Given (n - 1,) whether each entry but the first follows the one before in its run.

    >>> every_other(np.array([True, True, False, True]))
    array([ True, False,  True,  True, False])
    """
    run_starts = np.append(0, (~follows).nonzero()[0] + 1)
    is_chosen: npt.NDArray[np.bool_] = positions_in_runs(run_starts, len(follows) + 1) % 2 == 0
    return is_chosen


def places_in_spans(starts: Ints, lengths: Ints) -> Ints:
    """(n,) int64: the place of every entry of some spans, one span after the other; none may be empty.

    >>> places_in_spans(np.array([7, 0]), np.array([2, 3]))
    array([7, 8, 0, 1, 2])
    """
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    # Within a span each place is one more than the one before: steps, which are added up in the end.
    ends = np.cumsum(lengths)
    places = np.ones(int(ends[-1]), dtype=np.int64)
    places[0] = starts[0]
    steps = starts[1:] - starts[:-1]
    steps -= lengths[:-1]
    steps += 1
    places[ends[:-1]] = steps
    return np.cumsum(places, out=places)
