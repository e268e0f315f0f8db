"""How does one very long piece become ids? All pairs of the lowest rank are joined at once.

The pairs wait in buckets, one a rank. The lowest bucket is joined as a whole: from left to right, leaving
out a pair that shares a part with one just joined. What that makes is the same as joining them one by
one, as long as no pair that comes up in between has a lower rank than those still waiting. That is
checked, and where one has, which GPT-2's ranks have not shown, the piece is merged in another way.
Buckets pay where few ranks occur, as in a megabyte of one letter; pieces of many different pairs are
merged in chunks (see `chunks`).
"""

from collections.abc import Mapping
from heapq import heappop, heappush

import numpy as np
from bpelab.bpe.encoders.arrays.chunks import merge_in_blocks, merge_in_chunks
from bpelab.bpe.encoders.arrays.keys import as_words
from bpelab.bpe.encoders.arrays.rounds import byte_ids_of
from bpelab.bpe.encoders.arrays.store import NO_RANK, TokenTables
from bpelab.bpe.encoders.engine import Ids
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.foundation.runs import every_other
from bpelab.bpe.splitting.places import Ints, places_where

# Buckets pay for a shorter piece of few different pairs, whose ranks are hardly more than these; of more
# pairs a piece needs so many bytes each, as merging makes new ranks all the time.
FEW_RANKS = 16
BYTES_A_RANK = 2000
# Nor do buckets pay for a shorter piece, and chunks for one below the second: the plain heap is faster.
FEW_BYTES = 2048
MANY_BYTES = 16_384
# A longer piece is merged so many bytes at a time. What merging one block of the piece needs is then some
# 200 MB, and two blocks have more than enough in common that they agree on where a token begins.
BLOCK_BYTES = 1 << 20
OVERLAP_BYTES = 1 << 12


def merge_long_piece(piece: bytes, ranks: Mapping[bytes, int], tokens: TokenTables) -> Ids:
    """Return the ids of a piece of any length, (n_tokens,) uint32.

    O(n log n) in its n bytes, and in buckets some 50 microseconds for each rank that occurs. Memory is that
    of the ids and of one block: some 60 bytes for each of its bytes in buckets, 200 in chunks. Where two
    blocks have no token in common, which we have only seen with vocabularies made for it, the piece is merged
    as one. Raises `KeyError` for a byte that is not a token.
    """
    ids: Ids | None = None
    if piece in ranks:
        return np.array([ranks[piece]], dtype=np.uint32)
    if len(piece) > BLOCK_BYTES:
        ids = merge_in_blocks(
            piece, BLOCK_BYTES, OVERLAP_BYTES, lambda block: merge_long_piece(block, ranks, tokens), tokens
        )
    if ids is None and len(piece) >= FEW_BYTES:
        ids = _merge_by_rank(piece, tokens)
    if ids is None and len(piece) >= MANY_BYTES:
        ids = merge_in_chunks(piece, ranks, tokens)
    return np.array(merge_with_heap(piece, ranks), dtype=np.uint32) if ids is None else ids


def _merge_by_rank(piece: bytes, tokens: TokenTables) -> Ids | None:
    """Merge bucket by bucket.

    None where that does not pay, or a new pair has a lower rank than the bucket it came from.
    """
    n = len(piece)
    words = as_words(piece)
    ids = np.append(byte_ids_of(piece, tokens), -1)  # (n + 1,) by the offset at which a part starts
    after = np.arange(1, n + 2)  # where the part that starts here ends; the last entry is never used
    before = np.arange(-1, n)  # where the part that ends here starts
    bytes_there = np.frombuffer(piece, dtype=np.uint8).astype(np.int64)
    # (n + 1,): the rank of the part that starts here joined with the next
    rank = np.full(n + 1, NO_RANK)
    rank[: n - 1] = tokens.pair_ranks.take(bytes_there[:-1] * 256 + bytes_there[1:])

    buckets: dict[int, list[Ints]] = {}
    waiting: list[int] = []  # a heap of the ranks that have a bucket

    def put(places: Ints, their_ranks: Ints) -> None:
        """Put places, in order, into the buckets of their ranks."""
        if their_ranks.min() == their_ranks.max():
            sorted_ranks = their_ranks
        else:
            # One number of both sorts several times faster than an index does.
            both = (their_ranks << 32) | places
            both.sort()
            sorted_ranks, places = both >> 32, both & 0xFFFFFFFF
        firsts = places_where(np.append(True, sorted_ranks[1:] != sorted_ranks[:-1]))
        ends = [*firsts[1:].tolist(), len(places)]
        for value, first, end in zip(sorted_ranks[firsts].tolist(), firsts.tolist(), ends, strict=True):
            if value not in buckets:
                buckets[value] = []
                heappush(waiting, value)
            buckets[value].append(places[first:end])

    def look_up(places: Ints, their_ends: Ints) -> Ints:
        """The ranks of what starts and ends at these places."""
        return tokens.ranks_of(piece, words, places, their_ends - places)

    pairs = places_where(rank != NO_RANK)
    if len(pairs):
        put(pairs, rank[pairs])
    if n < BYTES_A_RANK * (len(buckets) - FEW_RANKS):
        return None
    while waiting:
        lowest = heappop(waiting)
        groups = buckets.pop(lowest)
        lefts = groups[0] if len(groups) == 1 else _sorted_distinct(np.concatenate(groups))
        lefts = lefts[rank[lefts] == lowest]
        if not len(lefts):
            continue
        # Of pairs in a row that share parts, the first, the third and so on.
        lefts = lefts[every_other(after[lefts[:-1]] == lefts[1:])]
        middles = after[lefts]
        ends = after[middles]
        # Where two joined pairs touch, the first met the unjoined half of the second for a moment.
        touching = places_where(ends[:-1] == lefts[1:])
        if len(touching) and look_up(lefts[touching], middles[touching + 1]).min() < lowest:
            return None
        after[lefts] = ends
        before[ends] = lefts
        ids[lefts] = lowest
        rank[middles] = NO_RANK
        rank[lefts] = NO_RANK
        left_of = before[lefts]
        changed = _sorted_distinct(np.concatenate([lefts[ends < n], left_of[left_of >= 0]]))
        if not len(changed):
            continue
        rank[changed] = new = look_up(changed, after[after[changed]])
        changed, new = changed[new != NO_RANK], new[new != NO_RANK]
        if len(changed):
            if new.min() < lowest:
                return None
            put(changed, new)
    # A part that was taken in is not where the part that ends at its end starts.
    starts = places_where(before[after[:n]] == np.arange(n))
    return ids[starts].astype(np.uint32)


def _sorted_distinct(places: Ints) -> Ints:
    places.sort()
    distinct: Ints = places[np.append(True, places[1:] != places[:-1])] if len(places) else places
    return distinct
