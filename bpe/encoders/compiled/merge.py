"""How does one piece become ids? By the definition, in windows that slide over it where it is long.

For some dozen bytes nothing is faster than to look for the lowest-ranked pair among all, and to join it.

A longer piece is merged in windows. Each begins at a token of the one before, somewhat before its end, and
where the two have a token in common, the ids of the one go over into those of the other. That gives the ids
of the whole, whatever the ranks are:

- Two tokens that stand side by side after merging some text do so after merging their own bytes alone. What
  is merged within their bytes is, in both, always the lowest-ranked and leftmost pair there.
- If every two neighbours of a row of tokens stand like that, the row is what merging the whole gives.
  Otherwise some merge would be the first to cross from one of its tokens into the next; up to then the bytes
  of these two were merged as they are alone, so that alone they would be joined as well.
- Neighbours of the row made here stand side by side in one of the windows.

So nearly every piece takes time linear in its bytes. One with two windows that have no token in common is
merged as a whole by a heap, in O(n log n)."""

from typing import Any

import numpy as np
from bpelab.bpe.encoders.compiled.machine import U64, Bytes, Ids, Words, compiled
from bpelab.bpe.encoders.compiled.memory import HEAP_WANTED, MISSING_BYTE, Memory
from bpelab.bpe.encoders.compiled.tables import NO_RANK, RankTables, rank_of


@compiled
def merge_piece(
    data: Bytes,
    start: np.uint64,
    length: np.uint64,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    n_ids: np.uint64,
) -> np.uint64:
    """Write the ids of a piece that is not a token from `ids[n_ids]` on, and return their end.

    Notes in the memory a byte that is not a token, and the length of a piece for whose heap there is no room.
    """
    window = memory.window
    if length <= window:
        n = merge_window(data, start, length, tables, memory)
        return write_symbols(data, U64(0), n, memory, ids, n_ids)
    n = merge_windows(data, start, start + length, tables, memory, ids, n_ids)
    if n > n_ids:
        return n
    if length >= U64(len(memory.heap_after)):
        memory.counters[HEAP_WANTED] = max(memory.counters[HEAP_WANTED], np.int64(length))
        return n_ids
    return merge_by_heap(data[start:], length, tables, memory, ids, n_ids)


@compiled
def write_symbols(
    data: Bytes, first: np.uint64, end: np.uint64, memory: Memory, ids: Ids, n_ids: np.uint64
) -> np.uint64:
    """Write the ids of some symbols, and return their end."""
    for i in range(first, end):
        token = memory.symbol_ids[i]
        if token == NO_RANK:
            memory.counters[MISSING_BYTE] = np.int64(data[memory.symbol_starts[i]]) + 1
        ids[n_ids] = token
        n_ids += U64(1)
    return n_ids


@compiled
def merge_window(
    data: Bytes, start: np.uint64, length: np.uint64, tables: RankTables, memory: Memory
) -> np.uint64:
    """Merge some bytes into symbols; leave them in `symbol_ids` and `symbol_starts`, and return how many.

    The id of a byte that is not a token is `NO_RANK`.
    """
    starts, ids, ranks = memory.symbol_starts, memory.symbol_ids, memory.symbol_ranks
    byte = U64(data[start])
    for i in range(length):
        starts[i] = np.uint32(start + i)
        ids[i] = tables.byte_ranks[byte]
        next_byte = U64(data[start + i + U64(1)])
        ranks[i] = tables.pair_ranks[byte * U64(256) + next_byte]
        byte = next_byte
    starts[length] = np.uint32(start + length)
    ranks[length - U64(1)] = NO_RANK
    n = length
    while True:
        lowest = NO_RANK
        for i in range(n):
            lowest = min(lowest, ranks[i])
        if lowest == NO_RANK:
            return n
        left = U64(0)
        while ranks[left] != lowest:
            left += U64(1)
        ids[left] = lowest
        n -= U64(1)
        for i in range(left + U64(1), n):
            starts[i], ids[i], ranks[i] = starts[i + U64(1)], ids[i + U64(1)], ranks[i + U64(1)]
        starts[n] = starts[n + U64(1)]
        ranks[left] = rank_with_next(data, left, n, tables, memory)
        if left > U64(0):
            ranks[left - U64(1)] = rank_with_next(data, left - U64(1), n, tables, memory)


@compiled
def rank_with_next(data: Bytes, i: np.uint64, n: np.uint64, tables: RankTables, memory: Memory) -> np.uint32:
    """Return the rank of symbol i of n joined with the next; NO_RANK for the last symbol."""
    if i + U64(1) >= n:
        return NO_RANK
    start = U64(memory.symbol_starts[i])
    return rank_of(tables, data, start, U64(memory.symbol_starts[i + U64(2)]) - start)


@compiled
def merge_windows(
    data: Bytes,
    start: np.uint64,
    end: np.uint64,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    n_ids: np.uint64,
) -> np.uint64:
    """Write the ids of a long piece and return their end; `n_ids` where two windows share no token."""
    starts, symbol_ids = memory.symbol_starts, memory.symbol_ids
    old_starts, old_ids = memory.old_starts, memory.old_ids
    first_id, first, n_old = n_ids, start, U64(0)
    while True:
        n_bytes = min(memory.window, end - first)
        n = merge_window(data, first, n_bytes, tables, memory)
        # The first token that this window has in common with the last one.
        i, j = U64(0), U64(0)
        if n_old > U64(0):
            while i < n_old and j < n and (old_starts[i] != starts[j] or old_ids[i] != symbol_ids[j]):
                if old_starts[i] <= starts[j]:
                    i += U64(1)
                else:
                    j += U64(1)
            if i == n_old or j == n:
                return first_id
        for k in range(i):
            ids[n_ids] = old_ids[k]
            n_ids += U64(1)
        if first + n_bytes == end:
            return write_symbols(data, j, n, memory, ids, n_ids)
        cut = n
        while cut > j and U64(starts[cut]) + memory.overlap > first + n_bytes:
            cut -= U64(1)
        if cut == U64(0):
            return first_id  # one token fills the window
        n_ids = write_symbols(data, j, cut, memory, ids, n_ids)
        n_old = n - cut
        for k in range(n_old):
            old_starts[k], old_ids[k] = starts[cut + k], symbol_ids[cut + k]
        first = U64(starts[cut])


@compiled
def merge_by_heap(
    data: Bytes, length: np.uint64, tables: RankTables, memory: Memory, ids: Ids, n_ids: np.uint64
) -> np.uint64:
    """Write the ids of a piece that begins with the data, of any length, and return their end.

    As in `bpelab.bpe.encoders.heap`, the pairs wait in a heap, lowest rank first and leftmost first, and one
    that a neighbouring merge has changed is recognised by its rank when it comes up.
    """
    after, before, ranks, heap = memory.heap_after, memory.heap_before, memory.heap_ranks, memory.heap
    n_heap = U64(0)
    for i in range(length):
        after[i] = np.uint32(i + U64(1))
        before[i] = np.uint32(i - U64(1)) if i > U64(0) else NO_RANK
        ranks[i] = NO_RANK
        if i + U64(1) < length:
            ranks[i] = tables.pair_ranks[U64(data[i]) * U64(256) + U64(data[i + U64(1)])]
        n_heap = push(heap, n_heap, ranks[i], i)
    while n_heap > U64(0):
        rank, left = np.uint32(heap[U64(0)] >> U64(32)), heap[U64(0)] & U64(0xFFFFFFFF)
        n_heap = pop(heap, n_heap)
        if ranks[left] != rank:
            continue
        middle = U64(after[left])
        end = U64(after[middle])
        after[left] = np.uint32(end)
        ranks[middle] = ranks[left] = NO_RANK
        if end < length:
            before[end] = np.uint32(left)
            ranks[left] = rank_of(tables, data, left, U64(after[end]) - left)
            n_heap = push(heap, n_heap, ranks[left], left)
        if before[left] != NO_RANK:
            first = U64(before[left])
            ranks[first] = rank_of(tables, data, first, end - first)
            n_heap = push(heap, n_heap, ranks[first], first)
    start = U64(0)
    while start < length:
        size = U64(after[start]) - start
        token = rank_of(tables, data, start, size)
        if token == NO_RANK:
            memory.counters[MISSING_BYTE] = np.int64(data[start]) + 1
        ids[n_ids] = token
        n_ids += U64(1)
        start += size
    return n_ids


@compiled
def push(heap: Words, n: np.uint64, rank: np.uint32, place: Any) -> np.uint64:
    """Add a pair to a heap of n, unless it makes no token; return how many there are then."""
    if rank == NO_RANK:
        return n
    value = U64(rank) << U64(32) | place
    i = n
    while i > U64(0):
        parent = (i - U64(1)) >> U64(1)
        if heap[parent] <= value:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = value
    return n + U64(1)


@compiled
def pop(heap: Words, n: np.uint64) -> np.uint64:
    """Take the lowest one out of a heap of n; return how many are left."""
    n -= U64(1)
    value = heap[n]
    i = U64(0)
    child = U64(1)
    while child < n:
        if child + U64(1) < n and heap[child + U64(1)] < heap[child]:
            child += U64(1)
        if value <= heap[child]:
            break
        heap[i] = heap[child]
        i = child
        child = U64(2) * i + U64(1)
    heap[i] = value
    return n
