"""Which pairs are there, and where? Found by looking at all pieces, some slots at a time.

First every pair is counted. Then the frequent ones are registered, with room for their places; and then the
places are written. The rare pairs wait for the next scan.
"""

from bpelab.bpe.encoders.compiled.machine import compiled_and_kept
from bpelab.bpe.training.compiled.pairs import (
    NO_PAIR,
    PairTable,
    pair_of,
    room_of,
    slot_of,
)
from bpelab.bpe.training.compiled.queue import Queue, Threshold, is_within, put_in_order
from bpelab.bpe.training.compiled.slots import BLOCK, SEPARATOR, Integers, Pieces

TOO_MANY = -1


@compiled_and_kept
def count_pairs(
    pieces: Pieces, first: int, end: int, lengths: Integers, max_length: int, table: PairTable, n_pairs: int
) -> int:
    """Count the pairs that begin in some blocks of slots; return how many pairs there are, or TOO_MANY.

    A pair that would make a token of more than `max_length` bytes is left out.
    """
    ids, room = pieces.ids, room_of(table)
    piece = pieces.separators_before[first // BLOCK] - 1
    for at in range(first, end):
        left, right = ids[at], ids[at + 1]
        if left == SEPARATOR:
            piece += 1
        elif right != SEPARATOR and lengths[left] + lengths[right] <= max_length:
            pair = pair_of(left, right)
            slot = slot_of(table, pair)
            if table.pairs[slot] == NO_PAIR:
                if n_pairs == room:
                    return TOO_MANY
                table.pairs[slot] = pair
                n_pairs += 1
            table.counts[slot] += pieces.weights[piece]
            table.n_places[slot] += 1
    return n_pairs


@compiled_and_kept
def register_frequent(counted: PairTable, threshold: Threshold, table: PairTable, queue: Queue) -> int:
    """Put the pairs up to the threshold into a table and a queue; return how many these are."""
    n_queued, n_places = 0, 0
    for slot in range(len(counted.pairs)):
        pair, count = counted.pairs[slot], counted.counts[slot]
        if pair != NO_PAIR and is_within(count, pair, threshold):
            own = slot_of(table, pair)
            table.pairs[own], table.counts[own] = pair, count
            table.first_places[own] = n_places
            n_places += counted.n_places[slot]
            queue.counts[n_queued], queue.pairs[n_queued] = count, pair
            n_queued += 1
    put_in_order(queue, n_queued)
    return n_queued


@compiled_and_kept
def find_places(pieces: Pieces, first: int, end: int, table: PairTable, places: Integers) -> None:
    """Add the places of registered pairs that begin in some slots, in their order."""
    ids = pieces.ids
    for at in range(first, end):
        left, right = ids[at], ids[at + 1]
        if left != SEPARATOR and right != SEPARATOR:
            pair = pair_of(left, right)
            slot = slot_of(table, pair)
            if table.pairs[slot] == pair:
                places[table.first_places[slot] + table.n_places[slot]] = at
                table.n_places[slot] += 1
