"""How does a text become ids? Block by block: cut into pieces, look them up, merge those not met before."""

import numpy as np
from bpelab.bpe.compiled.characters import is_ascii, shorten
from bpelab.bpe.compiled.machine import IDS_AT_ONCE, PADDING, U64, Bytes, compiled, compiled_and_kept, copy_ids, prefetch, trailing_zeros, where_equal
from bpelab.bpe.compiled.memory import (
    IS_FULL,
    LONGEST_REMEMBERED,
    N_BYTES,
    N_LONG,
    N_RUN_IDS,
    N_SHORT,
    PARTS_WANTED,
    PIECES_AT_ONCE,
    Memory,
)
from bpelab.bpe.compiled.merge import merge_piece
from bpelab.bpe.compiled.split_cl100k import mark_cl100k
from bpelab.bpe.compiled.split_gpt2 import mark_gpt2
from bpelab.bpe.compiled.split_o200k import mark_o200k
from bpelab.bpe.compiled.tables import (
    MAX_IN_SLOT,
    NO_RANK,
    SLOT_WORDS,
    Counters,
    Ids,
    Vocabulary,
    home_of,
    key_of,
    long_slot_of,
    rank_of,
)

UNFINISHED_PIECES = U64(2)
GPT2, CL100K, O200K = range(3)
Progress = Counters

# The places of `progress`: the text (or nothing), the byte (or the piece), and the number of ids so far.
TEXT, START, N_IDS = range(3)
# Why the loops stopped: at the end; before the last pieces of a text that goes on; at a piece longer than a
# block; as the array of ids might not have room for another block; as the memory is full, or
# has no room for the heap of a long piece.
DONE, UNFINISHED, LONG_PIECE, NO_ROOM, FULL, NO_HEAP = range(6)


@compiled
def mark_starts(pattern: int, chars: Bytes, n: np.uint64, classes: Bytes, flags: Bytes) -> None:
    """Write 1 where a piece starts and 0 elsewhere, for n characters."""
    if pattern == GPT2:
        mark_gpt2(chars, n, classes, flags)
    elif pattern == CL100K:
        mark_cl100k(chars, n, classes, flags)
    else:
        mark_o200k(chars, n, classes, flags)


@compiled
def split_block(pattern: int, data: Bytes, n_bytes: np.uint64, classes: Bytes, memory: Memory) -> np.uint64:
    """Write where the pieces of a block start, and its end; return how many pieces there are."""
    starts = memory.piece_starts
    if is_ascii(data, n_bytes):
        mark_starts(pattern, data, n_bytes, memory.classes, memory.flags)
        n = list_places(memory.flags, n_bytes, starts)
    else:
        n_chars = shorten(data, n_bytes, classes, memory.chars, memory.offsets)
        mark_starts(pattern, memory.chars, n_chars, memory.classes, memory.flags)
        n = list_places(memory.flags, n_chars, starts)
        for i in range(n):
            starts[i] = memory.offsets[starts[i]]
    starts[n] = np.uint32(n_bytes)
    return n


@compiled
def list_places(flags: Bytes, n: np.uint64, places: Ids) -> np.uint64:
    """Write the places of the flags that are 1, and return how many there are."""
    flags[n : n + U64(64)] = 0
    n_places = U64(0)
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(flags, group, np.uint8(1))
        while bits != U64(0):
            places[n_places] = np.uint32(group + trailing_zeros(bits))
            n_places += U64(1)
            bits &= bits - U64(1)
    return n_places


@compiled
def look_up(
    data: Bytes,
    starts: Ids,
    n_pieces: np.uint64,
    vocabulary: Vocabulary,
    memory: Memory,
    ids: Ids,
    n_ids: np.uint64,
) -> np.uint64:
    """Write the ids of some pieces from `ids[n_ids]` on, and return where they end.

    For some hundred pieces first all keys are made and the memory of their slots is asked for; then it is there.
    """
    slots, keys, runs = memory.slots, memory.keys, memory.runs
    for first in range(U64(0), n_pieces, U64(PIECES_AT_ONCE)):
        n = min(U64(PIECES_AT_ONCE), n_pieces - first)
        own = starts[first:]
        for i in range(n):
            start = U64(own[i])
            low, high = key_of(data, start, U64(own[i + U64(1)]) - start)
            slot = home_of(low, high, memory.shift)
            prefetch(slots, slot)
            keys[U64(3) * i], keys[U64(3) * i + U64(1)], keys[U64(3) * i + U64(2)] = low, high, slot
        for i in range(n):
            low, high, slot = keys[U64(3) * i], keys[U64(3) * i + U64(1)], keys[U64(3) * i + U64(2)]
            if slots[slot] == low and slots[slot + U64(1)] == high and high != U64(0):
                n_ids = write_ids(slots[slot + U64(2)], slots[slot + U64(3)], runs, ids, n_ids)
            else:
                start = U64(own[i])
                n_ids = find(data, start, U64(own[i + U64(1)]) - start, low, high, slot, vocabulary, memory, ids, n_ids)
    return n_ids


@compiled
def write_ids(two: np.uint64, last: np.uint64, runs: Ids, ids: Ids, n_ids: np.uint64) -> np.uint64:
    """Write the ids that the last two words of a slot tell, and return their end; up to 16 places are written."""
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
def find(
    data: Bytes,
    start: np.uint64,
    length: np.uint64,
    low: np.uint64,
    high: np.uint64,
    slot: np.uint64,
    vocabulary: Vocabulary,
    memory: Memory,
    ids: Ids,
    n_ids: np.uint64,
) -> np.uint64:
    """Write the ids of one piece, which is not in its home slot or has more ids than a slot; return their end."""
    is_long = high == U64(0)
    if is_long:
        slots = memory.long_slots
        slot, low = long_slot_of(slots, memory.long_shift, memory.data, data, start, length)
    else:
        slots = memory.slots
        end = U64(len(slots))
        while slots[slot + U64(1)] != U64(0) and (slots[slot] != low or slots[slot + U64(1)] != high):
            slot += SLOT_WORDS
            if slot == end:
                slot = U64(0)
    if slots[slot + U64(1)] == U64(0):
        end_of_ids = merge(data, start, length, vocabulary, memory, ids, n_ids)
        remember(data, start, length, low, high, slot, memory, ids[n_ids:end_of_ids])
        return end_of_ids
    return write_ids(slots[slot + U64(2)], slots[slot + U64(3)], memory.runs, ids, n_ids)


@compiled
def merge(
    data: Bytes, start: np.uint64, length: np.uint64, vocabulary: Vocabulary, memory: Memory, ids: Ids, n_ids: np.uint64
) -> np.uint64:
    """Write the ids of a piece that has not been met; return their end."""
    rank = rank_of(vocabulary, data, start, length)
    if rank != NO_RANK:
        ids[n_ids] = rank
        return n_ids + U64(1)
    return merge_piece(data, start, length, vocabulary, memory, ids, n_ids)


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
    if length > LONGEST_REMEMBERED or counters[PARTS_WANTED] != 0:
        return
    is_long = high == U64(0)
    slots = memory.long_slots if is_long else memory.slots
    n_kept = counters[N_LONG if is_long else N_SHORT]
    is_full = U64(8) * U64(n_kept + 1) > U64(len(slots))  # half of the slots, of four words each
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


@compiled
def encode_blocks(
    pattern: int,
    data: Bytes,
    end: np.uint64,
    is_last: bool,
    block: np.uint64,
    classes: Bytes,
    vocabulary: Vocabulary,
    memory: Memory,
    ids: Ids,
    progress: Progress,
) -> int:
    """Encode a text block by block, from `progress` on and as far as possible; return why it stopped."""
    start, n_ids = U64(progress[START]), U64(progress[N_IDS])
    why = DONE
    while start < end and why == DONE:
        n_bytes = min(block, end - start)
        is_end = start + n_bytes == end
        while not is_end and data[start + n_bytes] & np.uint8(0xC0) == np.uint8(0x80):
            n_bytes -= U64(1)
        if n_ids + n_bytes + U64(IDS_AT_ONCE) > U64(len(ids)):
            why = NO_ROOM
            break
        own = data[start:]
        n_pieces = split_block(pattern, own, n_bytes, classes, memory)
        if not (is_end and is_last):
            if n_pieces <= UNFINISHED_PIECES:
                why = UNFINISHED if is_end else LONG_PIECE
                break
            n_pieces -= UNFINISHED_PIECES
            if is_end:
                why = UNFINISHED
        end_of_ids = look_up(own, memory.piece_starts, n_pieces, vocabulary, memory, ids, n_ids)
        if memory.counters[PARTS_WANTED] != 0:
            why = NO_HEAP
            break
        n_ids = end_of_ids
        start += U64(memory.piece_starts[n_pieces])
        if memory.counters[IS_FULL] != 0:
            why = FULL
    progress[START], progress[N_IDS] = np.int64(start), np.int64(n_ids)
    return why


@compiled_and_kept
def encode_texts(
    pattern: int,
    data: Bytes,
    text_ends: Progress,
    is_last: bool,
    block: np.uint64,
    classes: Bytes,
    vocabulary: Vocabulary,
    memory: Memory,
    ids: Ids,
    id_ends: Progress,
    progress: Progress,
) -> int:
    """Encode texts that lie one after the other in some bytes; return why it stopped.

    `progress` tells at which text, byte and id to begin, and then where it stopped; what `id_ends` gets is where
    the ids of each text end. `is_last` tells whether the last text ends there, or goes on elsewhere.
    """
    for text in range(progress[TEXT], len(text_ends)):
        is_whole = is_last or text + 1 < len(text_ends)
        end = U64(text_ends[text])
        why = encode_blocks(
            pattern, data, end, is_whole, block, classes, vocabulary, memory, ids, progress
        )
        if why != DONE and not (why == FULL and U64(progress[START]) == end):
            return why
        id_ends[text] = progress[N_IDS]
        progress[TEXT] = text + 1
        if why == FULL:
            return why
    return DONE


@compiled_and_kept
def encode_pieces(
    data: Bytes, piece_starts: Ids, vocabulary: Vocabulary, memory: Memory, ids: Ids, progress: Progress
) -> int:
    """Encode pieces that something else has cut, from `progress` on; return why it stopped."""
    n_pieces = U64(len(piece_starts) - 1)
    first = U64(progress[START])
    why = DONE
    while first < n_pieces and why == DONE:
        n = min(U64(PIECES_AT_ONCE), n_pieces - first)
        n_bytes = U64(piece_starts[first + n]) - U64(piece_starts[first])
        if U64(progress[N_IDS]) + n_bytes + U64(IDS_AT_ONCE) > U64(len(ids)):
            return NO_ROOM
        own = piece_starts[first:]
        n_ids = look_up(data, own, n, vocabulary, memory, ids, U64(progress[N_IDS]))
        if memory.counters[PARTS_WANTED] != 0:
            return NO_HEAP
        progress[N_IDS] = np.int64(n_ids)
        first += n
        progress[START] = np.int64(first)
        if memory.counters[IS_FULL] != 0:
            why = FULL
    return why
