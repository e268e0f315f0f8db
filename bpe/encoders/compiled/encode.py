"""How do pieces become ids? They are looked up among those met before; new ones are merged and remembered."""

import numpy as np
from bpelab.bpe.encoders.compiled.machine import (
    IDS_AT_ONCE,
    PADDING,
    U64,
    Bytes,
    Ids,
    compiled,
    compiled_and_kept,
    copy_ids,
    prefetch,
)
from bpelab.bpe.encoders.compiled.memory import (
    HEAP_WANTED,
    IS_FULL,
    LONGEST_REMEMBERED,
    N_BYTES,
    N_LONG,
    N_RUN_IDS,
    N_SHORT,
    PIECES_AT_ONCE,
    Memory,
)
from bpelab.bpe.encoders.compiled.merge import merge_piece
from bpelab.bpe.encoders.compiled.tables import (
    LONG_KEY,
    MAX_IN_SLOT,
    NO_RANK,
    SLOT_WORDS,
    Counters,
    RankTables,
    home_of,
    key_of,
    long_slot_of,
    rank_of,
    slot_from,
)

# The places of `done`: how many texts, pieces and ids.
TEXTS_DONE, PIECES_DONE, IDS_DONE = range(3)
# Why the loop stopped: at the end; as the array of ids might not have room for more; as the memory is full,
# or has no room for the heap of a long piece.
DONE, NO_ROOM, FULL, NO_HEAP = range(4)


@compiled_and_kept
def encode_pieces(
    data: Bytes,
    piece_starts: Ids,
    text_pieces: Counters,
    n_pieces: int,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    id_ends: Counters,
    done: Counters,
) -> int:
    """Write the ids of the pieces that are not `done`; return why it stopped.

    Piece i is the bytes of the data from `piece_starts[i]` to `piece_starts[i + 1]`. Text t ends with piece
    `text_pieces[t]`; `id_ends` gets where its ids end.

    Some dozen pieces at a time: first all their keys are made, and the lines of memory with their slots are
    asked for; then they are looked up.
    """
    slots, keys, runs = memory.slots, memory.keys, memory.runs
    while done[PIECES_DONE] < n_pieces or done[TEXTS_DONE] < len(text_pieces):
        first, n_ids = U64(done[PIECES_DONE]), U64(done[IDS_DONE])
        n = U64(n_pieces) - first
        if done[TEXTS_DONE] < len(text_pieces):
            n = min(n, U64(text_pieces[done[TEXTS_DONE]]) - first)
        n = min(n, U64(PIECES_AT_ONCE))
        own = piece_starts[first:]
        if n_ids + U64(own[n]) - U64(own[U64(0)]) + U64(IDS_AT_ONCE) > U64(len(ids)):
            return NO_ROOM
        for i in range(n):
            start = U64(own[i])
            low, high = key_of(data, start, U64(own[i + U64(1)]) - start)
            slot = home_of(low, high, memory.shift)
            prefetch(slots, slot)
            keys[U64(3) * i], keys[U64(3) * i + U64(1)], keys[U64(3) * i + U64(2)] = low, high, slot
        for i in range(n):
            low, high, slot = keys[U64(3) * i], keys[U64(3) * i + U64(1)], keys[U64(3) * i + U64(2)]
            # Computed, as a branch would often be guessed wrong: whether it is the second of the two slots.
            is_second = (slots[slot + U64(4)] == low) & (slots[slot + U64(5)] == high)
            slot += U64(is_second) * SLOT_WORDS
            if (slots[slot] == low) & (slots[slot + U64(1)] == high):
                n_ids = write_ids(slots[slot + U64(2)], slots[slot + U64(3)], runs, ids, n_ids)
            else:
                start = U64(own[i])
                length = U64(own[i + U64(1)]) - start
                others = memory.long_slots if high == LONG_KEY else slots
                if high == LONG_KEY:
                    slot, low = long_slot_of(others, memory.long_shift, memory.data, data, start, length)
                else:
                    slot = slot_from(others, slot, low, high)
                if others[slot + U64(1)] != U64(0):
                    n_ids = write_ids(others[slot + U64(2)], others[slot + U64(3)], runs, ids, n_ids)
                else:
                    n_ids = learn(data, start, length, low, high, slot, tables, memory, ids, n_ids)
        if memory.counters[HEAP_WANTED] != 0:
            return NO_HEAP
        done[PIECES_DONE] += np.int64(n)
        done[IDS_DONE] = np.int64(n_ids)
        while done[TEXTS_DONE] < len(text_pieces) and text_pieces[done[TEXTS_DONE]] == done[PIECES_DONE]:
            id_ends[done[TEXTS_DONE]] = done[IDS_DONE]
            done[TEXTS_DONE] += 1
        if memory.counters[IS_FULL] != 0:
            return FULL
    return DONE


@compiled
def write_ids(two: np.uint64, last: np.uint64, runs: Ids, ids: Ids, n_ids: np.uint64) -> np.uint64:
    """Write the ids that the last two words of a slot tell, and return their end; 16 places may change."""
    count = last >> U64(32)
    if count <= MAX_IN_SLOT:
        ids[n_ids] = np.uint32(two)
        ids[n_ids + U64(1)] = np.uint32(two >> U64(32))
        ids[n_ids + U64(2)] = np.uint32(last)
    else:
        for i in range(U64(0), count, U64(IDS_AT_ONCE)):
            copy_ids(runs, two + i, ids, n_ids + i)
    return n_ids + count


@compiled
def learn(
    data: Bytes,
    start: np.uint64,
    length: np.uint64,
    low: np.uint64,
    high: np.uint64,
    slot: np.uint64,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    n_ids: np.uint64,
) -> np.uint64:
    """Write the ids of a piece that has not been met, remember it in a free slot, and return their end.

    For small things it is too far away: a call with all these arrays writes some 150 words.
    """
    rank = rank_of(tables, data, start, length)
    if rank != NO_RANK:
        ids[n_ids] = rank
        end_of_ids = n_ids + U64(1)
    else:
        end_of_ids = merge_piece(data, start, length, tables, memory, ids, n_ids)
    remember(data, start, length, low, high, slot, memory, ids[n_ids:end_of_ids])
    return end_of_ids


@compiled
def remember(
    data: Bytes,
    start: np.uint64,
    length: np.uint64,
    low: np.uint64,
    high: np.uint64,
    slot: np.uint64,
    memory: Memory,
    ids: Ids,
) -> None:
    """Put a piece and its ids into a free slot, unless the memory is too full, which is noted there."""
    counters = memory.counters
    count = U64(len(ids))
    if length > LONGEST_REMEMBERED or counters[HEAP_WANTED] != 0:
        return
    is_long = high == LONG_KEY
    slots = memory.long_slots if is_long else memory.slots
    n_kept = counters[N_LONG if is_long else N_SHORT]
    is_full = U64(12) * U64(n_kept + 1) > U64(len(slots))  # a third of the slots, of four words each
    n_runs, n_bytes = U64(counters[N_RUN_IDS]), U64(counters[N_BYTES])
    if count > MAX_IN_SLOT:
        is_full |= n_runs + count + U64(IDS_AT_ONCE) > U64(len(memory.runs))
    if is_long:
        is_full |= n_bytes + length + U64(PADDING) > U64(len(memory.data))
    if is_full:
        counters[IS_FULL] = 1
        return
    if is_long:
        for i in range(length):
            memory.data[n_bytes + i] = data[start + i]
        high = n_bytes | length << U64(40)
        counters[N_BYTES] += np.int64(length)
        counters[N_LONG] += 1
    else:
        counters[N_SHORT] += 1
    if count > MAX_IN_SLOT:
        for i in range(count):
            memory.runs[n_runs + i] = ids[i]
        counters[N_RUN_IDS] += np.int64(count)
        two, third = n_runs, U64(0)
    else:
        two = U64(ids[U64(0)])
        if count > U64(1):
            two |= U64(ids[U64(1)]) << U64(32)
        third = U64(ids[U64(2)]) if count > U64(2) else U64(0)
    slots[slot], slots[slot + U64(1)] = low, high
    slots[slot + U64(2)], slots[slot + U64(3)] = two, third | count << U64(32)
