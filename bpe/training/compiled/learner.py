"""Which merges does a corpus ask for? What `training.learner` finds, found by compiled loops.

Pieces are scanned for their pairs (`scan`), and the frequent pairs are merged one after the other (`merge`),
until none of them is left or there is no room for more. Then the pieces are laid out anew and scanned again,
for rarer pairs. That bounds the memory, whatever the corpus: 4 bytes for each slot and 8 for places, some 40
for each distinct pair while pairs are counted, and some 100 for each registered pair while they are merged.
"""

import sys
import time
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.training.compiled.merge import (
    DONE,
    EMPTY,
    FULL,
    N_TOKENS,
    Threshold,
    Tokens,
    merge_some,
    neighbours_for,
)
from bpelab.bpe.training.compiled.pairs import NO_PAIR, PairTable, table_for
from bpelab.bpe.training.compiled.queue import queue_for
from bpelab.bpe.training.compiled.scan import TOO_MANY, count_pairs, find_places, register_frequent
from bpelab.bpe.training.compiled.slots import BLOCK, SEPARATOR, Ids, Integers, compact, new_pieces

LAST_PAIR = sys.maxsize


class Sizes(NamedTuple):
    """How much is done at a time; tests make it small."""

    # A scan registers the pairs that occur at least so often, as a share of the most frequent one. Two or
    # three scans are then enough. On 12 MB of source anything from a 64th to a 4096th takes the same time.
    share: int = 256
    # Below this count there are so many pairs of each that a scan for one count more does not pay.
    low_count: int = 4
    # At most so many pairs are registered by a scan, unless more merges than these are wanted.
    pairs: int = 1 << 20
    first_pairs: int = 1 << 15  # a table begins with room for so many
    spare: int = 2  # for new places there is room for one in so many slots
    slots: int = 1 << 22  # that are scanned without a pause: some 30 ms
    looks: int = 1 << 8  # at places without a pause, at first; then what takes about this long:
    seconds: float = 0.05


USUAL_SIZES = Sizes()


class CompiledLearner:
    """Learns merges as `MergeLearner` does: it has the same methods and learns the same merges.

    `ids`: (n_slots,) int32, one token a slot, -1 before, between and after the pieces.
    `weights`: (n_pieces,) int64, how often each piece occurs; all tokens together below 2**63.
    `token_lengths`: the bytes of every token so far, by id; the next merge makes the id after them.

    >>> learner = CompiledLearner([-1, 0, 0, 1, 0, 0, -1], [1], token_lengths=[1, 1])  # "aabaa"
    >>> list(learner.steps(2))[-1]
    2
    >>> learner.merges  # (a, a) to 2; then of (1, 2) and (2, 1), once each, the smaller
    [(0, 0), (1, 2)]
    """

    def __init__(
        self,
        ids: npt.ArrayLike,
        weights: npt.ArrayLike,
        *,
        token_lengths: Sequence[int],
        min_frequency: int = 1,
        max_token_length: int | None = None,
        sizes: Sizes = USUAL_SIZES,
    ) -> None:
        self.merges: list[tuple[int, int]] = []
        self.exhausted = False  # no pair is left that may merge
        self._pieces = new_pieces(np.array(ids, dtype=np.int32), np.array(weights, dtype=np.int64))
        self._n_first = len(token_lengths)
        self._tokens = _new_tokens(np.array(token_lengths, dtype=np.int64))
        self._min_frequency = min(min_frequency, sys.maxsize)
        self._max_length = sys.maxsize if max_token_length is None else min(max_token_length, sys.maxsize)
        self._sizes = sizes
        self._room = sizes.first_pairs

    def steps(self, n_merges: int) -> Iterator[int]:
        """Learn until there are `n_merges`, yielding their number some ten times a second, and at the end.

        Where no pair is left before that, `exhausted` is true at the end.
        """
        self._tokens = _more_tokens(self._tokens, self._n_first + n_merges)
        while len(self.merges) < n_merges and not self.exhausted:
            self._lay_out_anew()
            counted = yield from self._count_pairs()
            threshold = self._threshold(counted, n_merges - len(self.merges))
            yield from self._merge_frequent(counted, threshold, n_merges)

    def snapshot(self) -> tuple[Ids, Integers]:
        """Return `ids` and `weights` from which another learner goes on as this one would; copies.

        Pieces that have become one token are left out: nothing in them can merge.
        """
        ids, weights = np.empty_like(self._pieces.ids), np.empty_like(self._pieces.weights)
        n_slots, n_pieces = compact(self._pieces.ids, self._pieces.weights, self._tokens.slots, ids, weights)
        return ids[:n_slots].copy(), weights[:n_pieces].copy()

    def _lay_out_anew(self) -> None:
        """Lay the pieces out with one slot for each token."""
        ids, weights = self._pieces.ids, self._pieces.weights
        n_slots, n_pieces = compact(ids, weights, self._tokens.slots, ids, weights)
        n_with_rest = n_slots + -n_slots % BLOCK
        ids[n_slots:n_with_rest] = SEPARATOR
        ids, weights = ids[:n_with_rest], weights[:n_pieces]
        self._pieces = new_pieces(ids.copy() if 2 * len(ids) < len(self._pieces.ids) else ids, weights)
        self._tokens.slots[:] = 1

    def _count_pairs(self) -> Generator[int, None, PairTable]:
        """Return the table of all pairs with their counts, and how many places they have."""
        n_slots, n_pairs = len(self._pieces.ids), TOO_MANY
        while n_pairs == TOO_MANY:
            table, n_pairs = table_for(self._room), 0
            for first in range(0, n_slots, self._sizes.slots):
                end = min(first + self._sizes.slots, n_slots - 1)
                n_pairs = count_pairs(
                    self._pieces, first, end, self._tokens.lengths, self._max_length, table, n_pairs
                )
                yield len(self.merges)
                if n_pairs == TOO_MANY:
                    self._room *= 4
                    break
        return table

    def _threshold(self, counted: PairTable, n_wanted: int) -> Threshold:
        """Choose the last of the pairs that are registered, in the order in which they would merge."""
        top = int(counted.counts.max())
        count = max(self._min_frequency, top // self._sizes.share)
        if count < self._sizes.low_count:
            count = self._min_frequency
        n_most = max(n_wanted, self._sizes.pairs)
        own = np.flatnonzero(counted.counts >= count)
        if len(own) <= n_most:
            return Threshold(count, LAST_PAIR)
        counts, pairs = counted.counts[own], counted.pairs[own]
        count = int(np.partition(counts, -n_most)[-n_most])
        n_above = int((counts > count).sum())
        equal = pairs[counts == count]
        return Threshold(count, int(np.partition(equal, n_most - n_above - 1)[n_most - n_above - 1]))

    def _merge_frequent(
        self, counted: PairTable, threshold: Threshold, n_merges: int
    ) -> Generator[int, None, None]:
        """Merge the pairs up to the threshold, and those that they make, as long as there is room."""
        pieces, tokens = self._pieces, self._tokens
        n_slots, n_tokens = len(pieces.ids), self._n_first + len(self.merges)
        is_frequent = (counted.counts > threshold.count) | (
            (counted.counts == threshold.count) & (counted.pairs <= threshold.pair)
        )
        is_frequent &= counted.pairs != NO_PAIR
        n_places = counted.n_places[is_frequent]
        n_most = int(n_places.max(initial=0))
        # With so much room at least the first merge can be made.
        room = 2 * len(n_places) + 4 * min(n_most, n_tokens + 1) + self._sizes.first_pairs
        n_room = int(n_places.sum()) + max(n_slots // self._sizes.spare, 2 * n_most)
        table, queue = table_for(room), queue_for(room)
        n_queued = register_frequent(counted, threshold, table, queue)
        places = np.empty(n_room, dtype=np.int32 if n_slots < 2**31 else np.int64)
        for first in range(0, n_slots, self._sizes.slots):
            find_places(pieces, first, min(first + self._sizes.slots, n_slots - 1), table, places)
            yield len(self.merges)
        merged = np.empty(n_slots // 2, dtype=places.dtype)
        befores, afters = neighbours_for(len(tokens.lengths)), neighbours_for(len(tokens.lengths))
        state = np.array([n_tokens, n_queued, n_queued, n_places.sum()], dtype=np.int64)
        n_looks, why = self._sizes.looks, -1
        while why not in (DONE, EMPTY, FULL):
            start = time.monotonic()
            why = merge_some(
                pieces, tokens, table, places, queue, befores, afters, merged,
                threshold, self._max_length, self._n_first + n_merges, n_looks, state,
            )  # fmt: skip
            seconds = time.monotonic() - start
            n_looks = max(1, n_looks * 2 if seconds < self._sizes.seconds else n_looks // 2)
            own = slice(self._n_first + len(self.merges), int(state[N_TOKENS]))
            self.merges += zip(tokens.lefts[own].tolist(), tokens.rights[own].tolist(), strict=True)
            yield len(self.merges)
        self.exhausted = why == EMPTY and threshold == (self._min_frequency, LAST_PAIR)


def _new_tokens(lengths: Integers) -> Tokens:
    """Return tokens of these lengths that take one slot each."""
    ids = np.zeros(len(lengths), dtype=np.int32)
    return Tokens(lengths, np.ones_like(lengths), ids, ids.copy())


def _more_tokens(tokens: Tokens, n_tokens: int) -> Tokens:
    """Return the same tokens, and room for as many as there will be."""
    n_more = max(0, n_tokens - len(tokens.lengths))
    return Tokens(*(np.append(array, np.ones(n_more, dtype=array.dtype)) for array in tokens))
