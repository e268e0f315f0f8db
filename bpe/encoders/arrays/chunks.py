"""How does a long piece of many different pairs become ids? In short chunks that overlap.

Each chunk is merged as if it were a piece, all of them at once. Where two chunks that overlap have the same
token at the same place, the ids of the one go over into those of the other: what is left of that token comes
from the one, what is right of it from the other. That gives the ids of the whole, whatever the ranks are:

- Two tokens that stand side by side after merging some text do so after merging their own bytes alone. What
  is merged within their bytes is, in both, always the lowest-ranked and leftmost pair there.
- If every two neighbours of a row of tokens stand like that, the row is what merging the whole gives.
  Otherwise some merge would be the first to cross from one of its tokens into the next; up to then the bytes
  of these two were merged as they are alone, so that alone they would be joined as well.
- Neighbours of the row made here stand side by side in one of the chunks.

Chunks that have no token in common are merged once more as one, by `merge_with_heap`.

A very long piece is merged in blocks, one after the other, which are put together by the same rule, so that
the memory is that of one block. A block begins where a token of the one before does, and therefore nearly
always has that token, too.
"""

from collections.abc import Callable, Mapping

import numpy as np
from bpelab.bpe.encoders.arrays.keys import as_words
from bpelab.bpe.encoders.arrays.rounds import merge_in_rounds
from bpelab.bpe.encoders.arrays.store import TokenTables
from bpelab.bpe.encoders.engine import Ids
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.splitting.places import Ints, places_where

# A chunk has so many bytes, and on both sides so many of its neighbours. Longer chunks need more rounds of
# merging, longer overlaps more bytes to merge; few tokens are longer than an overlap.
CHUNK_BYTES = 32
OVERLAP_BYTES = 8  # at most half a chunk, so that no byte is in three


def merge_in_chunks(piece: bytes, ranks: Mapping[bytes, int], tokens: TokenTables) -> Ids:
    """Return the ids of a piece, (n_tokens,) uint32, as `merge_with_heap` does.

    O(n) in its n bytes where neighbouring chunks have a token in common, and O(n log n) where none have.
    Memory is some 200 bytes a byte. Raises `KeyError` for a byte that is not a token.

    >>> ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256, b"abab": 257}
    >>> ids = merge_in_chunks(b"abc" * 100, ranks, TokenTables(ranks))
    >>> ids.tolist() == merge_with_heap(b"abc" * 100, ranks)
    True
    """
    starts = np.arange(0, len(piece), CHUNK_BYTES)
    lows = np.maximum(starts - OVERLAP_BYTES, 0)
    highs = np.minimum(starts + CHUNK_BYTES + OVERLAP_BYTES, len(piece))
    ids, counts = merge_in_rounds(piece, as_words(piece), lows, highs - lows, ranks, tokens)
    while True:
        chunks = np.repeat(np.arange(len(lows)), counts)  # (n_tokens,): which chunk each is of
        lengths = tokens.token_lengths.take(ids)
        begins = np.cumsum(lengths) - lengths
        begins += (lows - begins[np.cumsum(counts) - counts])[chunks]  # (n_tokens,) offsets into the piece
        cuts = _common_tokens(len(piece), lows, chunks, begins, lengths)
        if cuts.all():
            kept = (begins >= np.append(0, cuts)[chunks]) & (begins < np.append(cuts, len(piece))[chunks])
            return ids[kept]
        firsts = np.append(0, places_where(cuts > 0) + 1)  # of the chunks that are one from now on
        lasts = np.append(firsts[1:] - 1, len(lows) - 1)
        ends = np.cumsum(counts)
        parts: list[Ids] = []
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            if first == last:
                parts.append(ids[ends[first] - counts[first] : ends[first]])
            else:
                merged = merge_with_heap(piece[lows[first] : highs[last]], ranks)
                parts.append(np.array(merged, dtype=np.uint32))
        ids, counts = np.concatenate(parts), np.array([len(part) for part in parts])
        lows, highs = lows[firsts], highs[lasts]


def _common_tokens(n_bytes: int, lows: Ints, chunks: Ints, begins: Ints, lengths: Ints) -> Ints:
    """(n_chunks - 1,) where a token begins that a chunk has in common with the next; 0 where none does."""
    # (n_bytes,): the length of the token that begins here, by chunks of even and of odd number.
    of_even, of_odd = np.zeros((2, n_bytes), dtype=np.int64)
    is_odd = chunks % 2 == 1
    of_even[begins[~is_odd]] = lengths[~is_odd]
    of_odd[begins[is_odd]] = lengths[is_odd]
    common = places_where((of_even == of_odd) & (of_even > 0))
    cuts = np.zeros(len(lows) - 1, dtype=np.int64)
    cuts[np.searchsorted(lows, common, side="right") - 2] = common
    return cuts


def merge_in_blocks(
    piece: bytes, n_bytes: int, n_overlap: int, merge: Callable[[bytes], Ids], tokens: TokenTables
) -> Ids | None:
    """Return the ids of a piece, (n_tokens,) uint32, merging `n_bytes` of it at a time by `merge`.

    At least the last `n_overlap` bytes of a block are in the next one, too. None where these two have no
    token in common there.
    """
    parts: list[Ids] = []
    start, high = 0, n_bytes  # where the tokens `ids` start, and where the block that they come from ends
    ids = merge(piece[:n_bytes])
    while high < len(piece):
        begins = start + _begins(ids, tokens)
        first = int(np.searchsorted(begins, high - n_overlap, side="right")) - 1
        low = int(begins[first])
        if low + n_bytes <= high:
            return None
        next_ids = merge(piece[low : low + n_bytes])
        next_begins = low + _begins(next_ids, tokens)
        # The same token at the same place.
        common, places, next_places = np.intersect1d(
            (begins[first:] - low) << 32 | ids[first:],
            (next_begins - low) << 32 | next_ids,
            assume_unique=True,
            return_indices=True,
        )
        if not len(common):
            return None
        parts.append(ids[: first + places[0]])
        start, high = int(next_begins[next_places[0]]), low + n_bytes
        ids = next_ids[next_places[0] :]
    return np.concatenate([*parts, ids])


def _begins(ids: Ids, tokens: TokenTables) -> Ints:
    """(n_tokens,) int64: where each of some tokens begins, in bytes from the first."""
    lengths = tokens.token_lengths.take(ids)
    begins: Ints = np.cumsum(lengths) - lengths
    return begins
