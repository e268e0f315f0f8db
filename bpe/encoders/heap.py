"""How does one piece become ids, however long it is?"""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from bpelab.bpe.encoders.engine import missing_byte_error


def merge_with_heap(piece: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Merge one piece as `textbook.merge_piece` does, in O(n log n) for n bytes.

    The candidate pairs wait in a heap, lowest rank first and leftmost first; the parts are a linked
    list over byte offsets. A pair that a neighbouring merge has changed stays in the heap and is
    recognised when it comes up, because the rank noted for its place is no longer the same.
    Memory is O(n). Raises `KeyError` for a byte that is not a token.

    >>> merge_with_heap(b"abab", {b"a": 0, b"b": 1, b"ab": 2, b"aba": 3})
    [2, 2]
    """
    n = len(piece)
    rank_of = ranks.get
    after = list(range(1, n + 1))  # after[i]: where the part that starts at i ends
    before = list(range(-1, n - 1))  # before[i]: where the part that ends at i starts
    # pair_rank[i]: the rank of the part at i joined with the next; None where they make no token
    pair_rank = [rank_of(piece[i : i + 2]) for i in range(n - 1)]
    pair_rank.append(None)
    # One integer orders by rank and then by offset, and compares faster than a tuple.
    heap = [rank * n + i for i, rank in enumerate(pair_rank) if rank is not None]
    heapify(heap)
    while heap:
        rank, i = divmod(heappop(heap), n)
        if pair_rank[i] != rank:
            continue
        middle = after[i]
        end = after[middle]
        after[i] = end
        pair_rank[middle] = None
        joined = None
        if end < n:
            before[end] = i
            joined = rank_of(piece[i : after[end]])
            if joined is not None:
                heappush(heap, joined * n + i)
        pair_rank[i] = joined
        if i > 0:
            left = before[i]
            joined = rank_of(piece[left:end])
            pair_rank[left] = joined
            if joined is not None:
                heappush(heap, joined * n + left)
    ids = []
    i = 0
    while i < n:
        part = piece[i : after[i]]
        if part not in ranks:
            raise missing_byte_error(part)
        ids.append(ranks[part])
        i = after[i]
    return ids


def recover_merges(ranks: Mapping[bytes, int]) -> dict[bytes, tuple[bytes, bytes] | None]:
    """Find the two parts of every token longer than a byte, in rank order: O(n log n) for n bytes in all.

    A token's bytes, merged with only the lower ranks known, end as the two parts that made it; None
    where they end otherwise, as no merge makes such a token. Raises `KeyError` for a byte that is none.

    >>> recover_merges({b"a": 0, b"b": 1, b"ab": 2, b"aba": 3})
    {b'ab': (b'a', b'b'), b'aba': (b'ab', b'a')}
    """
    lower = {token: rank for token, rank in ranks.items() if len(token) == 1}
    token_of = {rank: token for token, rank in ranks.items()}
    merges: dict[bytes, tuple[bytes, bytes] | None] = {}
    for rank, token in sorted(token_of.items()):
        if len(token) > 1:
            parts = [token_of[part] for part in merge_with_heap(token, lower)]
            merges[token] = (parts[0], parts[1]) if len(parts) == 2 else None
            lower[token] = rank
    return merges
