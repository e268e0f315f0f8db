"""How are pieces of different lengths looked up together? In one table for each size of key."""

import numpy as np
from bpelab.bpe.encoders.arrays.keys import (
    KEY_WORDS,
    MAX_KEY_BYTES,
    Pieces,
    Words,
    by_tier,
    keys_of_one_word,
    keys_of_words,
)
from bpelab.bpe.encoders.arrays.table import KeyTable, distinct
from bpelab.bpe.splitting.places import Ints, places_where


class TieredTable:
    """A map from pieces of 1 to 31 bytes to non-zero 64-bit values.

    >>> from bpelab.bpe.encoders.arrays.keys import as_words
    >>> data = b"one international one"
    >>> three = Pieces(data, as_words(data), np.array([0, 4, 18]), np.array([3, 13, 3]))
    >>> table = TieredTable()
    >>> table.insert(three.take(np.array([0, 1])), np.array([5, 6], np.uint64))
    >>> table.find(three)
    (array([5, 6, 5], dtype=uint64), array([], dtype=int64))
    """

    def __init__(self) -> None:
        # One for each size of key, see `keys.KEY_WORDS`.
        self.tables = [KeyTable(n_words, 0) for n_words in KEY_WORDS]
        self._is_shared = [False] * len(KEY_WORDS)

    def shared(self) -> "TieredTable":
        """Return a table with the same content, which copies a part of it before it is written to."""
        other = TieredTable()
        other.tables = list(self.tables)
        other._is_shared = [True] * len(KEY_WORDS)
        return other

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        return sum(table.nbytes for table in self.tables)

    def find(self, pieces: Pieces) -> tuple[Words, Ints]:
        """Return the value of each piece, (n_pieces,) uint64, 0 for a missing one; and which are missing."""
        _, words, starts, lengths = pieces
        values = self.tables[0].find([keys_of_one_word(words, starts, lengths)])
        missing = places_where(values == 0)
        if len(missing):
            for tier, own in by_tier(lengths.take(missing), first_tier=1):
                places = missing.take(own)
                keys = keys_of_words(words, starts.take(places), lengths.take(places), KEY_WORDS[tier])
                values[places] = self.tables[tier].find(keys)
            missing = missing.compress(values.take(missing) == 0)
        return values, missing

    def insert(self, pieces: Pieces, values: Words) -> None:
        """Add distinct pieces of up to 31 bytes, and leave out others. Earlier ones get the better places."""
        for tier, own in by_tier(pieces.lengths):
            table = self.tables[tier]
            if not table.n_keys:
                table = KeyTable(KEY_WORDS[tier], len(own))
            elif self._is_shared[tier]:
                table = table.copy()
            keys = keys_of_words(
                pieces.words, pieces.starts.take(own), pieces.lengths.take(own), KEY_WORDS[tier]
            )
            self.tables[tier] = table.insert(keys, values.take(own))
            self._is_shared[tier] = False


def distinct_pieces(pieces: Pieces) -> tuple[Ints, Ints]:
    """Return a place of each distinct piece, and for each piece the number of its distinct one.

    Both are int64, (n_distinct,) and (n_pieces,).

    >>> from bpelab.bpe.encoders.arrays.keys import as_words
    >>> data = b"one international one"
    >>> distinct_pieces(Pieces(data, as_words(data), np.array([0, 4, 18]), np.array([3, 13, 3])))
    (array([0, 1]), array([0, 1, 0]))
    """
    firsts: list[Ints] = []
    numbers = np.empty(len(pieces.starts), dtype=np.int64)
    n_distinct = 0
    for tier, own in by_tier(pieces.lengths):
        keys = keys_of_words(pieces.words, pieces.starts.take(own), pieces.lengths.take(own), KEY_WORDS[tier])
        own_firsts, own_numbers = distinct(keys)
        firsts.append(own.take(own_firsts))
        numbers[own] = own_numbers + n_distinct
        n_distinct += len(own_firsts)
    number_of: dict[bytes, int] = {}
    for place in places_where(pieces.lengths > MAX_KEY_BYTES).tolist():
        content = pieces.content(place)
        if content not in number_of:
            number_of[content] = n_distinct
            firsts.append(np.array([place]))
            n_distinct += 1
        numbers[place] = number_of[content]
    return np.concatenate(firsts), numbers
