"""How often does each pair occur, and where? A table by pair, and all places in one array.

The table is open addressing: a pair is in the first free slot from its hash on. Its places are a stretch of
the array of places. Nothing is ever taken out of either; both are made anew by the next scan.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.compiled.machine import compiled
from bpelab.bpe.training.compiled.slots import Integers

NO_PAIR = -1
# Odd numbers below 2**32 with no pattern in their bits; their products with ids fit into 63 bits.
_MIX_LEFT, _MIX_RIGHT = 0x9E3779B1, 0x85EBCA6B
_RIGHT = (1 << 32) - 1
# A table takes so many pairs in eight slots.
PAIRS_IN_EIGHT = 5


class PairTable(NamedTuple):
    """Pairs, each with its count and the stretch of its places."""

    pairs: Integers  # (a power of 2,) `pair_of` its tokens, NO_PAIR where a slot is free
    counts: Integers  # how often it occurs, all pieces with their weights; 0 once it is merged
    first_places: Integers
    n_places: npt.NDArray[np.int32] | Integers


@compiled
def pair_of(left: int, right: int) -> Any:
    """Return two ids as one number; smaller pairs are smaller numbers."""
    return np.int64(left) << 32 | right


@compiled
def left_of(pair: int) -> int:
    """Return the first id of a pair."""
    return pair >> 32


@compiled
def right_of(pair: int) -> int:
    """Return the second id of a pair."""
    return pair & _RIGHT


@compiled
def slot_of(table: PairTable, pair: int) -> int:
    """Return the slot that has a pair, or the free one where it would go."""
    last = len(table.pairs) - 1
    mixed = left_of(pair) * _MIX_LEFT ^ right_of(pair) * _MIX_RIGHT
    slot = (mixed ^ mixed >> 29) & last
    while table.pairs[slot] != pair and table.pairs[slot] != NO_PAIR:
        slot = slot + 1 & last
    return slot


@compiled
def room_of(table: PairTable) -> int:
    """Return how many pairs a table may have."""
    return len(table.pairs) * PAIRS_IN_EIGHT // 8


def table_for(n_pairs: int) -> PairTable:
    """Return an empty table with room for so many pairs."""
    n_slots = 1 << (8 * n_pairs // PAIRS_IN_EIGHT + 1).bit_length()
    return PairTable(
        np.full(n_slots, NO_PAIR, dtype=np.int64),
        np.zeros(n_slots, dtype=np.int64),
        np.zeros(n_slots, dtype=np.int64),
        np.zeros(n_slots, dtype=np.int64),
    )
