"""Which pieces are known, and what are their ids? The vocabulary, and the pieces met since.

A piece's ids are a run of one flat array, named by one 64-bit value: the run's start in the lower 36
bits and its length above. The array begins with every id itself, so that the run of a token, which is
most of what a text is made of, starts at the token's id and needs no look-up.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from bpelab.bpe.arrays.keys import KEY_BYTES, KEY_WORDS, Ints, Words, as_words, keys_of_words, places_where
from bpelab.bpe.arrays.table import KeyTable

Ids = npt.NDArray[np.uint32]
Values = npt.NDArray[np.uint64]

RUN_BITS = np.uint64(36)
START_MASK = np.uint64((1 << 36) - 1)
# The rank of a pair that makes no token; above every rank, and low enough to be shifted by 32 bits.
NO_RANK = (1 << 31) - 1


class PieceStore:
    """The vocabulary, and at most `max_pieces` pieces more.

    One thread may add pieces while others look pieces up. The store cannot forget; when it is full a
    new one takes its place (see `encoder`).
    """

    def __init__(self, ranks: Mapping[bytes, int], max_pieces: int) -> None:
        tokens = sorted(ranks, key=len)  # of one length, in the order of the ranks
        ids = np.fromiter(map(ranks.__getitem__, tokens), dtype=np.uint64, count=len(tokens))
        lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        starts = np.cumsum(lengths) - lengths
        words = as_words(b"".join(tokens))
        values = ids | np.uint64(1) << RUN_BITS
        self.tables: list[KeyTable] = []
        begin = 0
        for n_words, n_bytes in zip(KEY_WORDS, KEY_BYTES, strict=True):
            end = int(np.searchsorted(lengths, n_bytes, side="right"))
            table = KeyTable(n_words, end - begin)
            # Low ranks are what text has most of: they come first, and get the better places.
            own = begin + np.argsort(ids[begin:end])
            keys = keys_of_words(words, starts[own], lengths[own], n_words)
            self.tables.append(table.insert(keys, values[own]))
            begin = end
        self.large = dict(zip(tokens[begin:], values[begin:].tolist(), strict=True))
        self.runs: Ids = np.arange(max(ranks.values()) + 1, dtype=np.uint32)
        self._n_runs = len(self.runs)
        self.n_left = max_pieces
        # What merging begins with: the ids of the bytes, -1 for a byte that is no token, and the ranks of
        # their pairs, (256 * 256,) by first * 256 + second byte.
        self.byte_ids: Ints = np.array([ranks.get(bytes([byte]), -1) for byte in range(256)])
        self.pair_ranks: Ints = np.full(256 * 256, NO_RANK)
        for token, rank in ((token, rank) for token, rank in ranks.items() if len(token) == 2):
            self.pair_ranks[token[0] * 256 + token[1]] = rank

    def add_runs(self, ids: Ids, counts: Ints) -> Values:
        """Keep the ids of some pieces, which lie one after the other, and give the pieces' values.

        One thread at a time, and before the values go into a table: who finds a value there finds its
        run in `runs`.
        """
        start = self._n_runs
        if start + len(ids) > len(self.runs):
            self.runs = np.concatenate([self.runs, np.empty(start + len(ids), dtype=np.uint32)])
        self.runs[start : start + len(ids)] = ids
        self._n_runs += len(ids)
        self.n_left -= len(counts)
        ends = np.cumsum(counts)
        return (start + ends - counts).view(np.uint64) | (counts.view(np.uint64) << RUN_BITS)

    def runs_after(self, ids: Ids, counts: Ints) -> tuple[Values, Ids]:
        """Give what `add_runs` gives and a copy of the runs with the new ones, and keep nothing."""
        ends = np.cumsum(counts)
        starts = self._n_runs + ends - counts
        values = starts.view(np.uint64) | (counts.view(np.uint64) << RUN_BITS)
        return values, np.concatenate([self.runs[: self._n_runs], ids])

    def ranks_of(self, words: Words, starts: Ints, lengths: Ints) -> Ints:
        """(n,) int64: the rank of each stretch of at most 31 bytes; `NO_RANK` where it is no token."""
        values = self.tables[0].find(keys_of_words(words, starts, lengths, 1))
        for i in (1, 2):
            longer = places_where(lengths > KEY_BYTES[i - 1])
            if not len(longer):
                break
            if i == 1:
                longer = longer[lengths[longer] <= KEY_BYTES[1]]
            keys = keys_of_words(words, starts[longer], lengths[longer], KEY_WORDS[i])
            values[longer] = self.tables[i].find(keys)
        return np.where(values >> RUN_BITS == 1, (values & START_MASK).view(np.int64), NO_RANK)
