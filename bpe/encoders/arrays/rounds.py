"""How are many unknown pieces merged at once? One merge of each piece in every round."""

from collections.abc import Mapping

import numpy as np
from bpelab.bpe.encoders.arrays.keys import Words
from bpelab.bpe.encoders.arrays.store import NO_RANK, TokenTables
from bpelab.bpe.encoders.engine import Ids, missing_byte_error
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.foundation.runs import places_in_spans
from bpelab.bpe.splitting.places import Ints, places_where

_NO_PAIR = NO_RANK << 32
# A round costs some 300 microseconds before it does anything, as much as 20 pieces merged one by one, and
# the last few have many rounds to go: they are merged by themselves, from their bytes.
FEW_PIECES = 128


def byte_ids_of(data: bytes, tokens: TokenTables) -> Ints:
    """(n,) int64: the ids of single bytes; raises `KeyError` for a byte that is not a token."""
    values = np.frombuffer(data, dtype=np.uint8)
    ids: Ints = tokens.byte_ids.take(values)
    if (ids < 0).any():
        raise missing_byte_error(values[int(np.argmin(ids))].tobytes())
    return ids


def merge_in_rounds(
    data: bytes, words: Words, starts: Ints, lengths: Ints, ranks: Mapping[bytes, int], tokens: TokenTables
) -> tuple[Ids, Ints]:
    """Merge pieces of some bytes; give their ids, one piece after the other, and how many each has.

    All parts of all pieces lie in one array. In every round each piece's lowest-ranked, leftmost pair
    is joined, the part it takes in is dropped, and only the pairs next to it are looked up again. A piece
    with no pair left is done; the last `FEW_PIECES` are left to `merge_with_heap`. There are as many rounds
    as the longest piece has merges, each linear in the parts that remain: for pieces of some hundred bytes.
    Raises `KeyError` for a byte that is not a token.
    """
    n_pieces = len(starts)
    piece = np.repeat(np.arange(n_pieces), lengths)  # (n_parts,): which piece each part belongs to
    start = places_in_spans(starts, lengths)
    end = start + 1
    bytes_there = words.view(np.uint8)[start]
    ids = byte_ids_of(bytes_there.tobytes(), tokens)
    is_last = np.append(piece[1:] != piece[:-1], True)  # no pair begins with a piece's last part
    pairs = bytes_there.astype(np.int64) << 8
    pairs[:-1] += bytes_there[1:]
    rank = tokens.pair_ranks.take(pairs)
    rank[is_last] = NO_RANK
    done: list[tuple[Ints, Ints]] = []  # (piece, ids) of the parts of finished pieces
    while len(piece):
        firsts = places_where(np.append(True, is_last[:-1]))
        # The lowest rank of each piece and, in the lower half, the first part that has it.
        best = np.minimum.reduceat((rank << 32) + np.arange(len(rank)), firsts)
        going = best < _NO_PAIR
        left = best[going] & 0xFFFFFFFF
        keep = np.repeat(going, np.diff(firsts, append=len(piece)))
        if len(left) < len(best):
            done.append((piece[~keep], ids[~keep]))
        if len(left) <= FEW_PIECES:
            for i in piece[left].tolist():
                content = data[starts[i] : starts[i] + lengths[i]]
                merged = np.array(merge_with_heap(content, ranks))
                done.append((np.full(len(merged), i), merged))
            break
        ids[left] = rank[left]
        end[left] = end[left + 1]
        is_last[left] = is_last[left + 1]
        keep[left + 1] = False
        new_place = np.cumsum(keep) - 1
        kept = places_where(keep)
        piece, start, end, ids, rank, is_last = (
            part.take(kept) for part in (piece, start, end, ids, rank, is_last)
        )
        left = new_place[left]
        rank[left] = NO_RANK
        before = left[(left > 0) & ~is_last[left - 1]] - 1
        changed = np.concatenate([left[~is_last[left]], before])
        rank[changed] = tokens.ranks_of(data, words, start[changed], end[changed + 1] - start[changed])
    pieces = np.concatenate([part for part, _ in done])
    order = np.argsort(pieces, kind="stable")
    all_ids = np.concatenate([part for _, part in done])[order]
    return all_ids.astype(np.uint32), np.bincount(pieces, minlength=n_pieces)
