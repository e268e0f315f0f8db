"""Which pieces are known, and what are their ids? The vocabulary, and the pieces met since.

A piece's ids are a run of one flat array, named by one 64-bit value: the run's start in the lower 36
bits and its length above. The array begins with every id itself, so that the run of a token, which is
most of what a text is made of, starts at the token's id and needs no look-up.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.arrays.keys import (
    KEY_BYTES,
    KEY_WORDS,
    MAX_KEY_BYTES,
    Words,
    as_words,
    keys_of_one_word,
    keys_of_words,
)
from bpelab.bpe.encoders.arrays.table import KeyTable
from bpelab.bpe.splitting.places import Ints, places_where

Ids = npt.NDArray[np.uint32]
Values = npt.NDArray[np.uint64]

RUN_BITS = np.uint64(36)
START_MASK = np.uint64((1 << 36) - 1)
# The rank of a pair that makes no token; above every rank, and low enough to be shifted by 32 bits.
NO_RANK = (1 << 31) - 1


class TokenTables:
    """The ids of a vocabulary's tokens, by their bytes. All threads read them, and none writes to them.

    Memory follows the highest rank, so that ranks should be dense (see `bpelab.bpe.foundation.id_places`).
    """

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        tokens = list(ranks)
        ids = np.fromiter(ranks.values(), dtype=np.uint64, count=len(tokens))
        lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        starts = np.cumsum(lengths) - lengths
        data = b"".join(tokens)
        words = as_words(data)
        values = ids | np.uint64(1) << RUN_BITS
        self.tables: list[KeyTable] = []
        shorter = 0
        for n_words, n_bytes in zip(KEY_WORDS, KEY_BYTES, strict=True):
            own = places_where((lengths > shorter) & (lengths <= n_bytes))
            shorter = n_bytes
            # Low ranks are what text has most of: they come first, and get the better places.
            own = own[np.argsort(ids[own], kind="stable")]
            keys = keys_of_words(words, starts[own], lengths[own], n_words)
            self.tables.append(KeyTable(n_words, len(own)).insert(keys, values[own]))
        own = places_where(lengths > MAX_KEY_BYTES)
        self.large = {tokens[i]: int(values[i]) for i in own.tolist()}
        self.runs: Ids = np.arange(int(ids.max()) + 1, dtype=np.uint32)
        self.token_lengths: Ints = np.zeros(len(self.runs), dtype=np.int64)  # in bytes, by id
        self.token_lengths[ids.view(np.int64)] = lengths
        # What merging begins with: the ids of the bytes, -1 for a byte that is not a token, and the ranks of
        # their pairs, (256 * 256,) by first * 256 + second byte.
        byte_of = np.frombuffer(data, dtype=np.uint8).astype(np.int64)
        own = places_where(lengths == 1)
        self.byte_ids: Ints = np.full(256, -1)
        self.byte_ids[byte_of[starts[own]]] = ids[own].view(np.int64)
        own = places_where(lengths == 2)
        self.pair_ranks: Ints = np.full(256 * 256, NO_RANK)
        self.pair_ranks[byte_of[starts[own]] * 256 + byte_of[starts[own] + 1]] = ids[own].view(np.int64)

    def ranks_of(self, data: bytes, words: Words, starts: Ints, lengths: Ints) -> Ints:
        """(n,) int64: the rank of each stretch of some bytes; `NO_RANK` where it is no token."""
        values = self.tables[0].find([keys_of_one_word(words, starts, lengths)])
        longer = places_where(lengths > KEY_BYTES[0])
        for tier in (1, 2):
            if not len(longer):
                break
            own = longer[lengths[longer] <= KEY_BYTES[tier]]
            longer = longer[lengths[longer] > KEY_BYTES[tier]]
            keys = keys_of_words(words, starts[own], lengths[own], KEY_WORDS[tier])
            values[own] = self.tables[tier].find(keys)
        for i in longer.tolist():  # hardly any token is so long, and hardly any pair
            start = int(starts[i])
            values[i] = self.large.get(data[start : start + int(lengths[i])], 0)
        return np.where(values >> RUN_BITS == 1, (values & START_MASK).view(np.int64), NO_RANK)


class PieceStore:
    """The vocabulary's tokens, and the pieces that whoever has the store has met.

    One call at a time reads it and writes to it. It cannot forget: when it holds too much it is dropped,
    and another one is begun, which shares the vocabulary's tables until it has something to add.

    A piece takes 60 to 700 bytes in a table, by its length and how full the table is, and 4 bytes for each of
    its ids in `runs`, twice that at most: some 200 bytes where pieces are words, less than 1,000 for any.
    """

    def __init__(self, tokens: TokenTables) -> None:
        self._tokens = tokens
        self.tables = list(tokens.tables)
        self.large = dict(tokens.large)
        self.runs = tokens.runs
        self._n_runs = len(self.runs)
        self.n_pieces = 0  # beyond the vocabulary; one without a key counts as several

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays, the vocabulary's part included."""
        return self.runs.nbytes + sum(table.nbytes for table in self.tables)

    def add(self, tier: int, keys: list[Words], values: Values) -> None:
        """Add distinct pieces by their keys, whose values `add_runs` gave."""
        table = self.tables[tier]
        if table is self._tokens.tables[tier]:
            table = table.copy()
        self.tables[tier] = table.insert(keys, values)
        self.n_pieces += len(values)

    def add_large(self, contents: Sequence[bytes], values: Values) -> None:
        """Add distinct pieces that are too long to have a key."""
        self.large.update(zip(contents, values.tolist(), strict=True))
        self.n_pieces += sum(map(len, contents)) // MAX_KEY_BYTES

    def add_runs(self, ids: Ids, counts: Ints) -> Values:
        """Keep the ids of some pieces, which lie one after the other, and return the pieces' values."""
        start = self._n_runs
        if start + len(ids) > len(self.runs):
            self.runs = np.concatenate([self.runs, np.empty(start + len(ids), dtype=np.uint32)])
        self.runs[start : start + len(ids)] = ids
        self._n_runs += len(ids)
        ends = np.cumsum(counts)
        return (start + ends - counts).view(np.uint64) | (counts.view(np.uint64) << RUN_BITS)
