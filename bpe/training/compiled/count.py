"""How often does each piece occur? A table counts them: each piece is looked up, and one added to its count.

The slots are those of the encoder's tables (`encoders.compiled.tables`): a piece of up to 15 bytes is its own
key, a longer one has a hash and its bytes elsewhere. Where those have ids, these have the count.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.compiled.machine import (
    PADDING,
    U64,
    Bytes,
    Ids,
    Words,
    compiled,
    compiled_and_kept,
    prefetch,
)
from bpelab.bpe.encoders.compiled.tables import (
    LONG_KEY,
    SLOT_WORDS,
    Counters,
    empty_slots,
    home_of,
    key_of,
    long_slot_of,
    slot_of,
)

PIECES_AT_ONCE = U64(64)
COUNT = U64(2)  # the word of a slot
_ONE, _TWO, _THREE = U64(1), U64(2), U64(3)
# Slots of which three quarters are taken, and no more, are fast enough, and save memory.
TAKEN_OF_FOUR = 3
# A longer piece is handed back: the place of its length in a slot has 24 bits.
LONGEST = (1 << 24) - 1
_LENGTH_SHIFT = U64(40)
_PLACE_BITS = U64((1 << 40) - 1)

# The places of `counters`: how many pieces there are of both kinds, and the bytes of the longer ones.
N_SHORT, N_LONG, N_BYTES = range(3)
# Why the loop stopped: at the end; because there is no room for a new piece; because a piece is longer than
# `LONGEST`.
DONE, FULL, TOO_LONG = range(3)


class PieceTable(NamedTuple):
    """Pieces and how often each of them occurs."""

    slots: Words  # (4 * n_slots,) of pieces of up to 15 bytes
    shift: np.uint64
    long_slots: Words  # (4 * n_slots,) of longer pieces
    long_shift: np.uint64
    data: Bytes  # the bytes of the longer pieces
    counters: Counters
    keys: Words  # (3 * PIECES_AT_ONCE,) both words of a piece's key, and its slot


class PieceArrays(NamedTuple):
    """Pieces and how often each of them occurs, in any order."""

    piece_bytes: Bytes  # of all pieces, one after the other
    lengths: Counters  # (n_pieces,)
    counts: Counters  # (n_pieces,)


@compiled_and_kept
def count_pieces(data: Bytes, piece_starts: Ids, first: int, end: int, table: PieceTable) -> tuple[Any, int]:
    """Count pieces; return up to which piece, and why it stopped there.

    Piece i is the bytes of the data from `piece_starts[i]` to `piece_starts[i + 1]`. For some dozen pieces at
    a time, all keys are made first and the lines of memory that have their slots are asked for.
    """
    slots, keys = table.slots, table.keys
    piece, stop = U64(first), U64(end)
    while piece < stop:
        own = piece_starts[piece:]
        n = min(stop - piece, PIECES_AT_ONCE)
        for i in range(n):
            start = U64(own[i])
            low, high = key_of(data, start, U64(own[i + _ONE]) - start)
            slot = home_of(low, high, table.shift)
            prefetch(slots, slot)
            keys[_THREE * i], keys[_THREE * i + _ONE], keys[_THREE * i + _TWO] = low, high, slot
        for i in range(n):
            low, high, slot = keys[_THREE * i], keys[_THREE * i + _ONE], keys[_THREE * i + _TWO]
            # Computed, as a branch would often be guessed wrong: whether it is the second of the two slots.
            is_second = (slots[slot + U64(4)] == low) & (slots[slot + U64(5)] == high)
            slot += U64(is_second) * SLOT_WORDS
            if slots[slot] == low and slots[slot + _ONE] == high:
                slots[slot + COUNT] += _ONE
            else:
                start = U64(own[i])
                why = add(data, start, U64(own[i + _ONE]) - start, low, high, _ONE, table)
                if why != DONE:
                    return np.int64(piece + i), why
        piece += n
    return end, DONE


@compiled_and_kept
def add_pieces(
    data: Bytes, starts: Counters, counts: Counters, stride: int, first: int, table: PieceTable
) -> tuple[int, int]:
    """Count pieces that occur so often each, in strides; return up to which turn, and why it stopped there.

    Pieces of another table come in the order of their hashes. Put one after the other into a smaller table,
    they would all want the places where it begins, and the time would grow with the square of their number.
    """
    n = U64(len(counts))
    for turn in range(first, len(counts)):
        i = U64(turn) * U64(stride) % n
        start, length = U64(starts[i]), U64(starts[i + _ONE] - starts[i])
        low, high = key_of(data, start, length)
        why = add(data, start, length, low, high, U64(counts[i]), table)
        if why != DONE:
            return turn, why
    return len(counts), DONE


def stride_of(n: int) -> int:
    """Return by how many places to go on in n, round and round, to come to each of them once.

    Wherever one stops, the places that had their turn are spread nearly evenly, as by the golden ratio.

    >>> stride = stride_of(10)
    >>> [turn * stride % 10 for turn in range(10)]
    [0, 7, 4, 1, 8, 5, 2, 9, 6, 3]
    """
    if not 2 < n < 1 << 32:  # more than the loops can multiply, and than any memory holds
        return 1
    stride = round(n * (5**0.5 - 1) / 2)
    while math.gcd(stride, n) > 1:
        stride += 1
    return stride


@compiled
def add(
    data: Bytes,
    start: np.uint64,
    length: np.uint64,
    low: np.uint64,
    high: np.uint64,
    count: np.uint64,
    table: PieceTable,
) -> int:
    """Add to the count of one piece, which may be new; tell why not, if it cannot be done."""
    counters = table.counters
    if high != LONG_KEY:
        slots = table.slots
        slot = slot_of(slots, table.shift, low, high)
        if slots[slot + _ONE] == U64(0):
            if 16 * counters[N_SHORT] >= TAKEN_OF_FOUR * len(slots):
                return FULL
            slots[slot], slots[slot + _ONE] = low, high
            counters[N_SHORT] += 1
    else:
        if length > U64(LONGEST):
            return TOO_LONG
        slots = table.long_slots
        slot, mixed = long_slot_of(slots, table.long_shift, table.data, data, start, length)
        if slots[slot + _ONE] == U64(0):
            place = U64(counters[N_BYTES])
            if 16 * counters[N_LONG] >= TAKEN_OF_FOUR * len(slots) or place + length + U64(PADDING) > U64(
                len(table.data)
            ):
                return FULL
            for i in range(length):
                table.data[place + i] = data[start + i]
            slots[slot], slots[slot + _ONE] = mixed, place | length << _LENGTH_SHIFT
            counters[N_LONG] += 1
            counters[N_BYTES] += np.int64(length)
    slots[slot + COUNT] += count
    return DONE


@compiled_and_kept
def n_bytes_of_pieces(table: PieceTable) -> Any:
    """Return how many bytes all pieces have, each once."""
    n_bytes = table.counters[N_BYTES]
    for slot in range(U64(0), U64(len(table.slots)), SLOT_WORDS):
        n_bytes += np.int64(table.slots[slot + _ONE] >> U64(56))
    return n_bytes


@compiled_and_kept
def write_pieces(table: PieceTable, pieces: PieceArrays) -> None:
    """Write all pieces of a table into arrays of the right lengths."""
    n_pieces, at = U64(0), U64(0)
    for slot in range(U64(0), U64(len(table.slots)), SLOT_WORDS):
        low, high = table.slots[slot], table.slots[slot + _ONE]
        length = high >> U64(56)
        if length != U64(0):
            for i in range(length):
                word, place = (low, i) if i < U64(8) else (high, i - U64(8))
                pieces.piece_bytes[at + i] = np.uint8(word >> U64(8) * place & U64(255))
            pieces.lengths[n_pieces] = np.int64(length)
            pieces.counts[n_pieces] = np.int64(table.slots[slot + COUNT])
            at += length
            n_pieces += _ONE
    for slot in range(U64(0), U64(len(table.long_slots)), SLOT_WORDS):
        where = table.long_slots[slot + _ONE]
        if where != U64(0):
            place, length = where & _PLACE_BITS, where >> _LENGTH_SHIFT
            for i in range(length):
                pieces.piece_bytes[at + i] = table.data[place + i]
            pieces.lengths[n_pieces] = np.int64(length)
            pieces.counts[n_pieces] = np.int64(table.long_slots[slot + COUNT])
            at += length
            n_pieces += _ONE


@compiled_and_kept
def write_ids(pieces: PieceArrays, id_of_byte: npt.NDArray[np.int32], ids: npt.NDArray[np.int32]) -> None:
    """Write the ids of all pieces' bytes with a -1 before, between and after the pieces."""
    ids[0] = -1
    slot, at = 1, 0
    for piece in range(len(pieces.lengths)):
        for _ in range(pieces.lengths[piece]):
            ids[slot] = id_of_byte[pieces.piece_bytes[at]]
            slot += 1
            at += 1
        ids[slot] = -1
        slot += 1


def empty_table(n_short: int, n_long: int, n_bytes: int) -> PieceTable:
    """Return a table with so many slots of both kinds, powers of two, and room for so many bytes."""
    slots, shift = empty_slots(n_short)
    long_slots, long_shift = empty_slots(n_long)
    return PieceTable(
        slots,
        shift,
        long_slots,
        long_shift,
        np.empty(n_bytes + PADDING, dtype=np.uint8),
        np.zeros(3, dtype=np.int64),
        np.empty(3 * int(PIECES_AT_ONCE), dtype=np.uint64),
    )
