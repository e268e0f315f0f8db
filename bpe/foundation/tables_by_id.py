"""How is a table by id kept small where ids are high? Its size follows the number of tokens."""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


class IdPlaces:
    """Numbers the tokens in the order of their ids, so that a table by these numbers is small.

    A low id is its own number, as long as there are not many more ids below it than tokens. The ids above,
    which few vocabularies have, are numbered one after the other.

    >>> places = IdPlaces([0, 1, 5, 2**31, 2**32 - 1])
    >>> places.of(np.array([1, 5, 2**31, 2**32 - 1])), places.n_places
    (array([   1,    5, 1010, 1011]), 1012)
    """

    def __init__(self, ids: Collection[int]) -> None:
        # Gaps of this size hardly cost anything: special tokens often begin at the next round number.
        n_ids = int(max(ids)) + 1
        self.n_near = min(n_ids, 2 * len(ids) + 1000)
        far = [token for token in ids if token >= self.n_near] if n_ids > self.n_near else []
        self.far: Places = np.sort(np.array(far, dtype=np.int64))
        self.n_places = self.n_near + len(self.far)

    def of(self, ids: npt.NDArray[Any]) -> Places:
        """(n,) int64: the places of ids from 0 to the highest; `n_places` for a high id that no token has."""
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
