"""Where does each pair of neighbouring tokens stand in the pieces of a corpus?

All distinct pieces lie in one array of slots, -1 around each piece:

    slot   0   1   2   3   4   5   6      the pieces "low" and "we"
    id    -1   l   o   w  -1   w   e  -1
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Positions = npt.NDArray[np.int64]

SEPARATOR = -1


class Pair:
    """Two tokens that are neighbours somewhere: how often, and at which slots.

    `count` is exact at all times. `places` are all slots where the left token begins, and perhaps some that
    a later merge has taken: an array if a scan found them, a list if a merge made them.
    """

    __slots__ = ("count", "places")

    def __init__(self, count: int, places: Any) -> None:
        self.count = count
        self.places = places  # (n,) int64 or list[int]


def places_by_pair(ids: Ids, bits: int) -> tuple[Positions, Positions]:
    """Find every pair: its key, `left << bits | right`, and its place, both (n_pairs,) int64, sorted by key.

    >>> keys, places = places_by_pair(np.array([-1, 1, 0, 1, 0, -1], dtype=np.int32), bits=1)
    >>> keys.tolist(), places.tolist()
    ([1, 2, 2], [2, 1, 3])
    """
    places = np.flatnonzero((ids[:-1] >= 0) & (ids[1:] >= 0))
    keys = ids[places].astype(np.int64)
    keys <<= bits
    keys |= ids[places + 1]
    place_bits = len(ids).bit_length()
    if 2 * bits + place_bits > 63:
        order = keys.argsort()
        return keys[order], places[order]
    # One integer holds both: sorted in place, it takes half the memory and less time than an order of keys.
    keys <<= place_bits
    keys |= places
    keys.sort()
    np.bitwise_and(keys, (1 << place_bits) - 1, out=places)
    keys >>= place_bits
    return keys, places
