"""Where are the ids of a piece? In an open-addressing table that is asked about all pieces at once."""

import numpy as np
from bpelab.bpe.arrays.keys import Ints, Words

# Odd multipliers with no pattern in their bits: the first is 2**64 divided by the golden ratio.
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)

# A table is at most half full: fewer slots stay in the processor's cache, more find more keys at home.
SLOTS_PER_KEY = 4


class KeyTable:
    """A map from keys of `n_words` 64-bit words to non-zero 64-bit values.

    A key's home slot is the top bits of a multiplicative hash; if another key has it, the next slot is
    tried, and so on. The words and the value of a slot lie side by side, so that a look-up that finds
    its key at home touches one cache line. The last word of a key is never 0 (it holds the length),
    so that 0 there marks a free slot.

    Threads may look up while one inserts: a value is written before its key, and a slot never changes
    afterwards. A table that gets too full is left as it is, and a larger copy takes its place.

    >>> table = KeyTable(n_words=1, n_keys=2)
    >>> table = table.insert([np.array([5, 7], np.uint64)], np.array([50, 70], np.uint64))
    >>> table.find([np.array([7, 6, 5], np.uint64)])
    array([70,  0, 50], dtype=uint64)
    """

    def __init__(self, n_words: int, n_keys: int) -> None:
        bits = max(4, (SLOTS_PER_KEY * n_keys - 1).bit_length())
        self.n_words = n_words
        self.stride = n_words + 1
        self.n_keys = 0
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._slots = np.zeros((1 << bits) * self.stride, dtype=np.uint64)
        self._claims = np.empty(1 << bits, dtype=np.int32)

    def home(self, keys: list[Words]) -> Ints:
        """(n,) int64: the slot where each key is looked for first."""
        mixed = keys[0] * np.uint64(_MULTIPLIERS[0])
        for word, multiplier in zip(keys[1:], _MULTIPLIERS[1:], strict=False):
            mixed ^= mixed >> np.uint64(32)
            mixed += word
            mixed *= np.uint64(multiplier)
        mixed >>= self._shift
        return mixed.view(np.int64)

    def find(self, keys: list[Words]) -> Words:
        """(n,) uint64: the value of each key, 0 where it is not in the table."""
        slots = self.home(keys)
        place = slots * self.stride
        last = self._slots.take(place + (self.n_words - 1), mode="clip")
        values = self._slots.take(place + self.n_words, mode="clip")
        same = last == keys[-1]
        for j in range(self.n_words - 1):
            same &= self._slots.take(place + j, mode="clip") == keys[j]
        values *= same
        astray = np.flatnonzero((last != 0) & ~same)
        if len(astray):
            self._probe(astray, [word[astray] for word in keys], slots[astray], values)
        return values

    def _probe(self, astray: Ints, keys: list[Words], slots: Ints, values: Words) -> None:
        """Look further, slot by slot, for the keys whose home another key has."""
        while len(astray):
            slots = (slots + 1) & self._mask
            place = slots * self.stride
            last = self._slots[place + (self.n_words - 1)]
            same = last == keys[-1]
            for j in range(self.n_words - 1):
                same &= self._slots[place + j] == keys[j]
            values[astray[same]] = self._slots[place[same] + self.n_words]
            on = (last != 0) & ~same
            astray, slots, keys = astray[on], slots[on], [word[on] for word in keys]

    def insert(self, keys: list[Words], values: Words) -> "KeyTable":
        """Add distinct keys, and give the table that has them: this one, or a larger copy.

        One thread at a time. A key that is there already keeps its value. Earlier keys get the better
        places.
        """
        n_slots = self._mask + 1
        if (self.n_keys + len(values)) * SLOTS_PER_KEY > n_slots:
            larger = KeyTable(self.n_words, 2 * (self.n_keys + len(values)))
            slots = self._slots.reshape(n_slots, self.stride)
            own = slots[slots[:, self.n_words - 1] != 0].T
            larger._add(list(own[:-1]), own[-1])
            larger._add(keys, values)
            return larger
        self._add(keys, values)
        return self

    def _add(self, keys: list[Words], values: Words) -> None:
        slots = self.home(keys)
        waiting = np.arange(len(values))
        while len(waiting):
            place = slots * self.stride
            last = self._slots[place + (self.n_words - 1)]
            free = last == 0
            # Of several keys that want one free slot the first gets it: it is written last.
            wanted = slots[free]
            self._claims[wanted[::-1]] = waiting[free][::-1]
            won = free.copy()
            won[free] = self._claims[wanted] == waiting[free]
            winners, place_won = waiting[won], place[won]
            self._slots[place_won + self.n_words] = values[winners]
            for j, word in enumerate(keys):
                self._slots[place_won + j] = word[winners]
            self.n_keys += len(winners)
            same = ~free
            for j, word in enumerate(keys):
                same &= self._slots[place + j] == word[waiting]
            on = ~(won | same)
            # Where the slot was free another has it now, and it is looked at again: it may be the same key.
            waiting, slots = waiting[on], (slots[on] + ~free[on]) & self._mask


def distinct(keys: list[Words]) -> tuple[Ints, Ints]:
    """Give the first index of each distinct key, and for each key the number of its distinct one.

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
