"""Where are the ids of a piece? In an open-addressing table that is asked about all pieces at once."""

from copy import copy

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.arrays.keys import Words
from bpelab.bpe.splitting.places import Ints, places_where

# Odd multipliers with no pattern in their bits: the first is 2**64 divided by the golden ratio.
_MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64
)

# A table is at most half full: fewer slots stay in the processor's cache, more find more keys at home.
SLOTS_PER_KEY = 4


class KeyTable:
    """A map from keys of `n_words` 64-bit words to non-zero 64-bit values.

    A key's home slot is the top bits of a multiplicative hash; if another key has it, the next slot is
    tried, and so on. The last word of a key is never 0 (it holds the length), so that 0 there marks a
    free slot. Slot 0 stays free: there a key of zeros, which stands for what has no key, finds the value 0.

    A table that others read is copied before it is written to. One that gets too full is left as it is,
    and a larger copy takes its place.

    >>> table = KeyTable(n_words=1, n_keys=2)
    >>> table = table.insert([np.array([5, 7], np.uint64)], np.array([50, 70], np.uint64))
    >>> table.find([np.array([7, 6, 5], np.uint64)])
    array([70,  0, 50], dtype=uint64)
    """

    def __init__(self, n_words: int, n_keys: int) -> None:
        bits = max(4, (SLOTS_PER_KEY * n_keys - 1).bit_length())
        self.n_words = n_words
        self.n_keys = 0
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._words = [np.zeros(1 << bits, dtype=np.uint64) for _ in range(n_words)]
        self._values = np.zeros(1 << bits, dtype=np.uint64)

    def copy(self) -> "KeyTable":
        """Return a table of its own with the same keys."""
        other = copy(self)
        other._words = [word.copy() for word in self._words]
        other._values = self._values.copy()
        return other

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        return self._values.nbytes + sum(word.nbytes for word in self._words)

    def home(self, keys: list[Words]) -> Ints:
        """(n,) int64: the slot where each key is looked for first."""
        mixed = keys[0] * _MULTIPLIERS[0]
        for word, multiplier in zip(keys[1:], _MULTIPLIERS[1:], strict=False):
            mixed ^= mixed >> np.uint64(32)
            mixed += word
            mixed *= multiplier
        mixed >>= self._shift
        slots: Ints = mixed.view(np.int64)
        return slots

    def find(self, keys: list[Words]) -> Words:
        """(n,) uint64: the value of each key, 0 where it is not in the table."""
        slots = self.home(keys)
        values = self._values.take(slots, mode="clip")
        differs = self._words[-1].take(slots, mode="clip") != keys[-1]
        for own, word in zip(self._words[:-1], keys, strict=False):
            differs |= own.take(slots, mode="clip") != word
        astray = places_where(differs)
        if len(astray):
            slots = slots[astray]
            values[astray] = 0
            # The home is not free: another key has it.
            on = places_where((self._words[-1].take(slots) != 0) | (slots == 0))
            if len(on):
                astray = astray[on]
                self._probe(astray, [word[astray] for word in keys], slots[on], values)
        return values

    def _probe(self, astray: Ints, keys: list[Words], slots: Ints, values: Words) -> None:
        """Look further, slot by slot, for the keys whose home another key has."""
        while len(astray):
            slots = self._next(slots)
            same = self._has(slots, keys)
            values[astray[same]] = self._values[slots[same]]
            on = places_where((self._words[-1].take(slots) != 0) & ~same)
            astray, slots, keys = astray[on], slots[on], [word[on] for word in keys]

    def _next(self, slots: Ints) -> Ints:
        """The slots after some, the first one after the last; but never slot 0, which stays free."""
        following = (slots + 1) & self._mask
        following += following == 0
        return following

    def _has(self, slots: Ints, keys: list[Words]) -> npt.NDArray[np.bool_]:
        """(n,) bool: whether each slot has its key."""
        same: npt.NDArray[np.bool_] = self._words[-1].take(slots) == keys[-1]
        for own, word in zip(self._words[:-1], keys, strict=False):
            same &= own.take(slots) == word
        return same

    def insert(self, keys: list[Words], values: Words) -> "KeyTable":
        """Add distinct keys, and give the table that has them: this one, or a larger copy.

        A key that is there already keeps its value. Earlier keys get the better places.
        """
        if (self.n_keys + len(values)) * SLOTS_PER_KEY > len(self._values):
            larger = KeyTable(self.n_words, 2 * (self.n_keys + len(values)))
            taken = places_where(self._words[-1])
            larger._add([word[taken] for word in self._words], self._values[taken])
            larger._add(keys, values)
            return larger
        self._add(keys, values)
        return self

    def _add(self, keys: list[Words], values: Words) -> None:
        slots = self.home(keys)
        waiting = np.arange(len(values))
        claims = np.empty(len(self._values), dtype=np.int64)  # by slot; only what was just written is read
        while len(waiting):
            free = places_where((self._words[-1].take(slots) == 0) & (slots != 0))
            # Of several keys that want one free slot the first gets it: written last, it stays.
            wanted = slots[free]
            claims[wanted[::-1]] = free[::-1]
            winners = free[claims[wanted] == free]
            places, won = slots[winners], waiting[winners]
            self._values[places] = values[won]
            for own, word in zip(self._words, keys, strict=True):
                own[places] = word[won]
            self.n_keys += len(won)
            # Now every slot is taken: by the key itself, or by another one.
            on = places_where(~self._has(slots, [word[waiting] for word in keys]))
            waiting, slots = waiting[on], self._next(slots[on])


def distinct(keys: list[Words]) -> tuple[Ints, Ints]:
    """Return the first index of each distinct key, and for each key the number of its distinct one.

    Sorts, in O(n log n): ((n_distinct,) int64, (n,) int64).

    >>> distinct([np.array([7, 5, 7], np.uint64)])
    (array([1, 0]), array([1, 0, 1]))
    """
    if len(keys) == 1:
        _, firsts, inverse = np.unique(keys[0], return_index=True, return_inverse=True)
        return firsts, inverse
    order = np.lexsort(keys)
    is_new = np.zeros(len(order), dtype=np.bool_)
    is_new[:1] = True
    for word in keys:
        ordered = word[order]
        is_new[1:] |= ordered[1:] != ordered[:-1]
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    return order[is_new], inverse
