"""How do the pieces lie while they are merged? In slots, as `training.learner` explains it.

    slot   0   1   2   3   4   5   6      the pieces "low" and "we"
    id    -1   l   o   w  -1   w   e  -1

A merged token has its id in its first and in its last slot, so that the next token begins at
`slot + slots_of[id]`, and the id of the token before is read at `slot - 1`.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.compiled.machine import compiled, compiled_and_kept

Ids = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]

SEPARATOR, GONE = -1, -2
# The ids of so many slots are one line of the processor's cache.
BLOCK = 16


class Pieces(NamedTuple):
    """Distinct pieces, and how often each of them occurs."""

    ids: Ids  # (a multiple of BLOCK,) one token a slot, and -1 before, between and after the pieces
    weights: Integers  # (n_pieces,) how often each piece occurs
    separators_before: Integers  # (n_slots / BLOCK,) before the first slot of each block


@compiled_and_kept
def compact(
    ids: Ids, weights: Integers, slots_of: Integers, new_ids: Ids, new_weights: Integers
) -> tuple[int, int]:
    """Write pieces with one slot for each token; return how many slots and pieces these are.

    Pieces that are one token are left out, since nothing in them can merge. The arrays that are written to
    may be those that are read.
    """
    new_ids[0] = SEPARATOR
    n_slots, n_pieces = 1, 0
    at = 1
    for piece in range(len(weights)):
        first = n_slots
        while ids[at] != SEPARATOR:
            new_ids[n_slots] = ids[at]
            n_slots += 1
            at += slots_of[ids[at]]
        at += 1
        if n_slots - first == 1:
            n_slots = first
        else:
            new_ids[n_slots] = SEPARATOR
            n_slots += 1
            new_weights[n_pieces] = weights[piece]
            n_pieces += 1
    return n_slots, n_pieces


@compiled
def weight_at(pieces: Pieces, at: int) -> Any:
    """Return how often the piece occurs that has a slot.

    A weight for each slot would take twice the memory of the ids. So separators are counted: those before a
    block are known, and those in it are in the line of the cache that was just read.
    """
    block = at // BLOCK
    n_separators = pieces.separators_before[block]
    for slot in range(block * BLOCK, (block + 1) * BLOCK):
        n_separators += (pieces.ids[slot] == SEPARATOR) & (slot < at)
    return pieces.weights[n_separators - 1]


def new_pieces(ids: Ids, weights: Integers) -> Pieces:
    """Return pieces whose ids end with a whole block."""
    rest = -len(ids) % BLOCK
    padded = np.append(ids, np.full(rest, SEPARATOR, dtype=np.int32)) if rest else ids
    in_block = np.count_nonzero(padded.reshape(-1, BLOCK) == SEPARATOR, axis=1)
    return Pieces(padded, weights, np.cumsum(in_block) - in_block)
