"""Where are the ids of a piece? In an open-addressing table, whose slots are four 64-bit words each.

    ┌──────────────────────────┬──────────────┬────────────┐
    │ key: 15 bytes and length │ ids 1 and 2  │ id 3,  n   │    n ids, up to three, in the slot itself
    └──────────────────────────┴──────────────┴────────────┘
                               │ where in runs │  -,    n   │    n ids, more than three, in `runs`

A piece of up to 15 bytes is its own key: its bytes, zeros, and its length in the last byte, which two
machine words hold. The key of a longer piece is a hash of its bytes, and where they are kept and how many
they are; two of these are compared byte by byte. Two slots share a line of the processor's cache, so that
finding a piece and its ids costs one access to memory.

Tables of the vocabulary are made once and never written to again, and threads share them. What is met in
texts goes into a `Memory`, which one call at a time has to itself."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.compiled.machine import (
    PADDING,
    U64,
    Bytes,
    Ids,
    Verdict,
    Words,
    compiled,
    compiled_and_kept,
    load_word,
)

Counters = npt.NDArray[np.int64]

MAX_KEY_BYTES = 15
NO_RANK = np.uint32(0xFFFFFFFF)  # of a pair that makes no token: above every rank

SLOT_WORDS = U64(4)
_LOW, _HIGH, _IDS, _COUNT = U64(0), U64(1), U64(2), U64(3)  # the words of a slot
MAX_IN_SLOT = U64(3)

# By the length of a piece, 16 for every longer one: which of the 16 bytes read are its own, of which the
# last is the length. The key of every longer piece is the number 16 there and nothing else, which no slot
# has.
_OWN_LOW = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(16)] + [0], dtype=np.uint64)
_OWN_HIGH = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(16)] + [0], dtype=np.uint64)
LONG_KEY = U64(16 << 56)

# Odd numbers with no pattern in their bits: the first is 2**64 divided by the golden ratio.
_MIX_LOW, _MIX_HIGH = U64(0x9E3779B97F4A7C15), U64(0xC2B2AE3D27D4EB4F)


class RankTables(NamedTuple):
    """The tokens of an encoding, as the loops read them; never written to."""

    slots: Words  # (4 * n_slots,) of tokens of up to 15 bytes
    shift: np.uint64  # what leaves of a hash the number of a slot
    long_slots: Words  # (4 * n_slots,) of longer tokens
    long_shift: np.uint64
    data: Bytes  # the bytes of all tokens, one after the other
    byte_ranks: Ids  # (256,) the ids of the bytes; NO_RANK for a byte that is not a token
    pair_ranks: Ids  # (256 * 256,) by first * 256 + second byte
    longest: np.uint64  # bytes of the longest token


@compiled
def key_of(data: Bytes, start: np.uint64, length: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the key of a piece of up to 15 bytes, in two words; 0 and LONG_KEY for a longer one."""
    size = min(length, U64(16))
    low = load_word(data, start) & _OWN_LOW[size]
    high = load_word(data, start + U64(8)) & _OWN_HIGH[size] | size << U64(56)
    return low, high


@compiled
def home_of(low: np.uint64, high: np.uint64, shift: np.uint64) -> np.uint64:
    """Return the first word of the two slots, in one line of the cache, where a key is looked for first."""
    return (low * _MIX_LOW + high * _MIX_HIGH >> shift) * SLOT_WORDS & ~SLOT_WORDS


@compiled
def long_hash(data: Bytes, start: np.uint64, length: np.uint64) -> np.uint64:
    """Return the hash of a piece of more than 15 bytes, which is never 0."""
    mixed = length
    end = start + length
    place = start
    while place + U64(8) <= end:
        mixed = (mixed ^ load_word(data, place)) * _MIX_LOW
        mixed ^= mixed >> U64(32)
        place += U64(8)
    # The last eight bytes, some of them for the second time.
    mixed = (mixed ^ load_word(data, end - U64(8))) * _MIX_HIGH
    mixed = mixed ^ mixed >> U64(29) | U64(1)
    return U64(mixed)


@compiled
def same_bytes(
    data: Bytes, start: np.uint64, kept: Bytes, kept_start: np.uint64, length: np.uint64
) -> Verdict:
    """Tell whether two stretches of at least eight bytes are equal."""
    at = U64(0)
    while at + U64(8) <= length:
        if load_word(data, start + at) != load_word(kept, kept_start + at):
            return False
        at += U64(8)
    last = length - U64(8)
    return load_word(data, start + last) == load_word(kept, kept_start + last)


@compiled
def slot_of(slots: Words, shift: np.uint64, low: np.uint64, high: np.uint64) -> np.uint64:
    """Return the slot that has a key, or the free one where it would go."""
    return slot_from(slots, home_of(low, high, shift), low, high)


@compiled
def slot_from(slots: Words, slot: np.uint64, low: np.uint64, high: np.uint64) -> np.uint64:
    """Return the first slot from one on that has a key or is free."""
    end = U64(len(slots))
    while slots[slot + _HIGH] != U64(0) and (slots[slot] != low or slots[slot + _HIGH] != high):
        slot += SLOT_WORDS
        if slot == end:
            slot = U64(0)
    return slot


@compiled
def long_slot_of(
    slots: Words, shift: np.uint64, kept: Bytes, data: Bytes, start: np.uint64, length: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """Return the slot of a piece of more than 15 bytes, or the free one where it would go, and its hash."""
    mixed = long_hash(data, start, length)
    end = U64(len(slots))
    slot = (mixed >> shift) * SLOT_WORDS
    while slots[slot + _HIGH] != U64(0):
        place = slots[slot + _HIGH]
        if (
            slots[slot] == mixed
            and place >> U64(40) == length
            and same_bytes(data, start, kept, place & U64((1 << 40) - 1), length)
        ):
            break
        slot += SLOT_WORDS
        if slot == end:
            slot = U64(0)
    return slot, mixed


@compiled
def rank_of(tables: RankTables, data: Bytes, start: np.uint64, length: np.uint64) -> np.uint32:
    """Return the rank of a stretch of some bytes, NO_RANK where it is not a token."""
    if length <= U64(MAX_KEY_BYTES):
        low, high = key_of(data, start, length)
        slots = tables.slots
        slot = slot_of(slots, tables.shift, low, high)
    elif length <= tables.longest:
        slots = tables.long_slots
        slot, _ = long_slot_of(slots, tables.long_shift, tables.data, data, start, length)
    else:
        return NO_RANK
    return np.uint32(slots[slot + _IDS]) if slots[slot + _HIGH] != U64(0) else NO_RANK


@compiled_and_kept
def fill(
    slots: Words,
    shift: np.uint64,
    long_slots: Words,
    long_shift: np.uint64,
    byte_ranks: Ids,
    pair_ranks: Ids,
    data: Bytes,
    starts: Counters,
    ranks: Ids,
) -> None:
    """Put all tokens into the tables; token i is the bytes from `starts[i]` to `starts[i + 1]`."""
    for i in range(len(ranks)):
        start, length = U64(starts[i]), U64(starts[i + 1] - starts[i])
        if length == U64(1):
            byte_ranks[data[start]] = ranks[i]
        if length == U64(2):
            pair_ranks[U64(data[start]) * U64(256) + U64(data[start + U64(1)])] = ranks[i]
        if length <= U64(MAX_KEY_BYTES):
            low, high = key_of(data, start, length)
            slot = slot_of(slots, shift, low, high)
            own = slots
        else:
            slot, low = long_slot_of(long_slots, long_shift, data, data, start, length)
            high = start | length << U64(40)
            own = long_slots
        own[slot], own[slot + _HIGH] = low, high
        own[slot + _IDS], own[slot + _COUNT] = U64(ranks[i]), U64(1) << U64(32)


@compiled_and_kept
def move_slots(slots: Words, larger: Words, shift: np.uint64, is_long: bool) -> None:
    """Put everything in a table into a larger one, which is empty."""
    for slot in range(U64(0), U64(len(slots)), SLOT_WORDS):
        if slots[slot + _HIGH] != U64(0):
            low, high = slots[slot], slots[slot + _HIGH]
            # The home of a long piece is in its hash alone.
            place = (low >> shift) * SLOT_WORDS if is_long else home_of(low, high, shift)
            while larger[place + _HIGH] != U64(0):
                place += SLOT_WORDS
                if place == U64(len(larger)):
                    place = U64(0)
            for word in range(SLOT_WORDS):
                larger[place + word] = slots[slot + word]


def empty_slots(n_slots: int) -> tuple[Words, np.uint64]:
    """Return so many free slots, a power of two, that begin at a line of the cache, and their shift."""
    words = np.zeros(4 * n_slots + 8, dtype=np.uint64)
    first = (-words.ctypes.data // 8) % 8
    return words[first : first + 4 * n_slots], U64(64 - (n_slots.bit_length() - 1))


def build_tables(ranks: Mapping[bytes, int]) -> RankTables:
    """Return the tables of some ranks.

    >>> tables = build_tables({b"a": 0, b"b": 1, b"ab": 2})
    >>> int(rank_of(tables, as_bytes(b"abab"), U64(2), U64(2)))
    2
    """
    tokens = sorted(ranks, key=ranks.__getitem__)  # low ranks are met most, and get the better places
    starts = np.zeros(len(tokens) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens)), out=starts[1:])
    lengths = np.diff(starts)
    n_short = int((lengths <= MAX_KEY_BYTES).sum())
    slots, shift = empty_slots(slots_for(n_short))
    long_slots, long_shift = empty_slots(slots_for(len(tokens) - n_short))
    tables = RankTables(
        slots,
        shift,
        long_slots,
        long_shift,
        as_bytes(b"".join(tokens)),
        np.full(256, NO_RANK, dtype=np.uint32),
        np.full(256 * 256, NO_RANK, dtype=np.uint32),
        U64(lengths.max()),
    )
    values = np.fromiter(map(ranks.__getitem__, tokens), dtype=np.uint32, count=len(tokens))
    fill(
        slots, shift, long_slots, long_shift, tables.byte_ranks, tables.pair_ranks, tables.data,
        starts, values,
    )  # fmt: skip
    return tables


def slots_for(n_keys: int) -> int:
    """Return how many slots so many keys need: a power of two, of which they fill half at most."""
    return 1 << max(4, (2 * n_keys).bit_length())


def as_bytes(data: bytes) -> Bytes:
    """Return a copy of some bytes that the loops may read in words.

    Nothing writes to it; but if it were read-only, the loops would be compiled once more.
    """
    return np.frombuffer(bytearray(data + bytes(PADDING)), dtype=np.uint8)
