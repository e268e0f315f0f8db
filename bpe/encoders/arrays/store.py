"""Which pieces are known, and what are their ids? The vocabulary, and the pieces met since.

A piece's ids are a run of one flat array, named by one 64-bit value: the run's start in the lower 36
bits and its length above. The array begins with every id itself, so that the run of a token starts at the
token's id and needs no look-up. Most pieces of a text are tokens.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.arrays.keys import MAX_KEY_BYTES, Pieces, Words, as_words
from bpelab.bpe.encoders.arrays.tiers import TieredTable
from bpelab.bpe.encoders.engine import Ids
from bpelab.bpe.splitting.places import Ints, places_where

Values = npt.NDArray[np.uint64]

RUN_BITS = np.uint64(36)
START_MASK = (np.uint64(1) << RUN_BITS) - np.uint64(1)
# Stands for the rank of a pair that is not a token; above every rank, and it can be shifted by 32 bits.
NO_RANK = (1 << 31) - 1


class TokenTables:
    """The ids of a vocabulary's tokens, by their bytes. All threads read them, and none writes to them.

    Memory follows the highest rank, so that ranks should be dense (see `bpelab.bpe.foundation.tables_by_id`).
    """

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        tokens = list(ranks)
        ids = np.fromiter(ranks.values(), dtype=np.uint64, count=len(tokens))
        lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        starts = np.cumsum(lengths) - lengths
        data = b"".join(tokens)
        values = ids | np.uint64(1) << RUN_BITS
        # Low ranks are what text has most of: they come first, and get the better places.
        by_rank = np.argsort(ids, kind="stable")
        self.table = TieredTable()
        self.table.insert(Pieces(data, as_words(data), starts, lengths).take(by_rank), values.take(by_rank))
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
        """(n,) int64: the rank of each stretch of some bytes; `NO_RANK` where it is not a token."""
        pieces = Pieces(data, words, starts, lengths)
        values, missing = self.table.find(pieces)
        # Hardly any token is so long, and hardly any pair.
        for place in missing.compress(lengths.take(missing) > MAX_KEY_BYTES).tolist():
            values[place] = self.large.get(pieces.content(place), 0)
        return np.where(values >> RUN_BITS == 1, (values & START_MASK).view(np.int64), NO_RANK)


class PieceStore:
    """The vocabulary's tokens, and the pieces met by the calls that had this store, one after the other.

    One call at a time reads it and writes to it. It cannot forget: when it holds too much it is dropped,
    and another one is begun, which shares the vocabulary's tables until it has something to add.

    A piece takes 60 to 700 bytes in a table, by its length and how full the table is, and 4 bytes for each of
    its ids in `runs`, twice that at most: some 200 bytes where pieces are words, less than 1,000 for any.
    """

    def __init__(self, tokens: TokenTables) -> None:
        self.table = tokens.table.shared()
        self._large = dict(tokens.large)  # the pieces that are too long to have a key
        self.runs = tokens.runs
        self._n_runs = len(self.runs)
        self.n_pieces = 0  # beyond the vocabulary; one without a key counts as several

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays, the vocabulary's part included."""
        return self.runs.nbytes + self.table.nbytes

    def find(self, pieces: Pieces) -> tuple[Values, Ints]:
        """Return the value of each piece, (n_pieces,) uint64, 0 for an unknown one; and which are unknown."""
        values, missing = self.table.find(pieces)
        keyless = missing.compress(pieces.lengths.take(missing) > MAX_KEY_BYTES)
        if len(keyless):
            for place in keyless.tolist():
                values[place] = self._large.get(pieces.content(place), 0)
            missing = missing.compress(values.take(missing) == 0)
        return values, missing

    def remember(self, pieces: Pieces, ids: Ids, counts: Ints) -> Values:
        """Add distinct pieces and their ids, one piece after the other, and return the pieces' values."""
        values = self.add_run(ids, counts)
        self.add_pieces(pieces, values)
        return values

    def add_run(self, ids: Ids, counts: Ints) -> Values:
        """Keep the ids of some pieces, and return the values that name them."""
        start = self._n_runs
        if start + len(ids) > len(self.runs):
            self.runs = np.concatenate([self.runs, np.empty(start + len(ids), dtype=np.uint32)])
        self.runs[start : start + len(ids)] = ids
        self._n_runs += len(ids)
        ends = np.cumsum(counts)
        return (start + ends - counts).view(np.uint64) | (counts.view(np.uint64) << RUN_BITS)

    def add_pieces(self, pieces: Pieces, values: Values) -> None:
        """Keep the values of distinct pieces."""
        self.table.insert(pieces, values)
        keyless = places_where(pieces.lengths > MAX_KEY_BYTES)
        for place in keyless.tolist():
            self._large[pieces.content(place)] = int(values[place])
        n_bytes = pieces.lengths.take(keyless)
        self.n_pieces += len(values) - len(keyless) + int((n_bytes // MAX_KEY_BYTES).sum())
