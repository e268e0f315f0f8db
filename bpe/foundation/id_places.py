"""How large is a table by id? As large as there are tokens, however high the highest id is."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


class IdPlaces:
    """Numbers the tokens in the order of their ids, so that a table by these numbers is small.

    An id is its own number, as long as there are not many more ids below it than tokens; the ids above
    (few vocabularies have any) are numbered one after the other.

    >>> places = IdPlaces([0, 1, 5, 2**31, 2**32 - 1])
    >>> places.of(np.array([1, 5, 2**31, 2**32 - 1])), places.n_places
    (array([   1,    5, 1010, 1011]), 1012)
    """

    def __init__(self, ids: Iterable[int]) -> None:
        ordered = np.sort(np.fromiter(ids, dtype=np.int64))
        # Holes of this size cost nothing to speak of: special tokens often begin at the next round number.
        self.n_near = min(int(ordered[-1]) + 1, 2 * len(ordered) + 1000)
        self.far: Places = ordered[np.searchsorted(ordered, self.n_near) :]
        self.n_places = self.n_near + len(self.far)

    def of(self, ids: npt.NDArray[Any]) -> Places:
        """(n,) int64: the places of ids from 0 to the highest; `n_places` for a far one that is no token."""
        places: Places = ids.astype(np.int64, copy=False)
        if not len(self.far) or not (is_far := places >= self.n_near).any():
            return places
        places = places.copy()
        wanted = places[is_far]
        at = np.searchsorted(self.far, wanted)
        places[is_far] = np.where(self.far.take(at) == wanted, self.n_near + at, self.n_places)
        return places

    def ids(self) -> npt.NDArray[np.uint32]:
        """(n_places,) uint32: the id at each place."""
        return np.concatenate([np.arange(self.n_near), self.far]).astype(np.uint32)
