"""Which merges does a corpus ask for? What `training.learner` finds, found by compiled loops.

Pieces are scanned for their pairs (`scan`), and the frequent pairs are merged one after the other (`merge`),
until none of them is left or there is no room for more. Then the pieces are laid out anew and scanned again,
for rarer pairs. That bounds the memory, whatever the corpus: 4 bytes for each slot and 8 for places, some 40
for each distinct pair while pairs are counted, and some 100 for each registered pair while they are merged.
"""

import sys
import time
from collections.abc import Collection, Generator, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.training.compiled.merge import (
    EMPTY,
    HARMLESS,
    N_TOKENS,
    PAUSED,
    WATCHED,
    Limits,
    Work,
    merge_some,
    more_tokens,
    neighbours_for,
    new_tokens,
    watched_for,
)
from bpelab.bpe.training.compiled.pairs import NO_PAIR, PairTable, table_for
from bpelab.bpe.training.compiled.queue import Threshold, queue_for
from bpelab.bpe.training.compiled.scan import TOO_MANY, count_pairs, find_places, register_frequent
from bpelab.bpe.training.compiled.slots import BLOCK, SEPARATOR, Ids, Integers, compact, new_pieces

LAST_PAIR = np.int64(sys.maxsize)


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
    `tokens`: the bytes of every token so far, by id; the next merge makes the id after them.
    `never_made`: tokens that no merge may make.

    >>> learner = CompiledLearner([-1, 0, 0, 1, 0, 0, -1], [1], tokens=[b"a", b"b"])  # "aabaa"
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
        tokens: Sequence[bytes],
        min_frequency: int = 1,
        max_token_length: int | None = None,
        never_made: Collection[bytes] = (),
        sizes: Sizes = USUAL_SIZES,
    ) -> None:
        self.merges: list[tuple[int, int]] = []
        self.exhausted = False  # no pair is left that may merge
        self._pieces = new_pieces(np.array(ids, dtype=np.int32), np.array(weights, dtype=np.int64))
        self._n_first = len(tokens)
        self._first_tokens = list(tokens)
        self._tokens = new_tokens(tokens)
        self._never_made = frozenset(never_made)
        self._watched = watched_for(self._never_made)
        self._left_out: list[int] = []  # pairs that would have made one of them
        self._min_frequency = min(min_frequency, sys.maxsize)
        self._max_length = sys.maxsize if max_token_length is None else min(max_token_length, sys.maxsize)
        self._sizes = sizes
        self._room = sizes.first_pairs

    def steps(self, n_merges: int) -> Iterator[int]:
        """Learn until there are `n_merges`, yielding their number some ten times a second, and at the end.

        Where no pair is left before that, `exhausted` is true at the end.
        """
        self._tokens = more_tokens(self._tokens, self._n_first + n_merges)
        while len(self.merges) < n_merges and not self.exhausted:
            self._lay_out_anew()
            counted = yield from self._count_pairs()
            threshold = self._threshold(counted, n_merges - len(self.merges))
            work = yield from self._register(counted, threshold)
            del counted
            yield from self._merge_registered(work, threshold, n_merges)
            del work

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
        if self._left_out:
            table.counts[np.isin(table.pairs, self._left_out)] = 0
        return table

    def _threshold(self, counted: PairTable, n_wanted: int) -> Threshold:
        """Choose the last of the pairs that are registered, in the order in which they would merge."""
        count = max(self._min_frequency, int(counted.counts.max()) // self._sizes.share)
        if count < self._sizes.low_count:
            count = self._min_frequency
        n_most = max(n_wanted, self._sizes.pairs)
        own = np.flatnonzero(counted.counts >= count)
        if len(own) <= n_most:
            return Threshold(np.int64(count), LAST_PAIR)
        counts, pairs = counted.counts[own], counted.pairs[own]
        count = int(np.partition(counts, -n_most)[-n_most])
        last = n_most - int((counts > count).sum()) - 1  # among those with just this count
        return Threshold(np.int64(count), np.partition(pairs[counts == count], last)[last])

    def _register(self, counted: PairTable, threshold: Threshold) -> Generator[int, None, Work]:
        """Return what merging needs: the pairs up to the threshold, their places, and room for more."""
        pieces, n_slots, n_tokens = self._pieces, len(self._pieces.ids), self._n_first + len(self.merges)
        equal = (counted.counts == threshold.least) & (counted.pairs <= threshold.last)
        is_frequent = (counted.pairs != NO_PAIR) & (equal | (counted.counts > threshold.least))
        n_places = counted.n_places[is_frequent]
        # With so much room at least the first merge can be made.
        n_most = int(n_places.max(initial=0))
        n_pairs = 2 * len(n_places) + 4 * min(n_most, n_tokens + 1) + self._sizes.first_pairs
        n_all_places = int(n_places.sum())
        room = n_all_places + max(n_slots // self._sizes.spare, 2 * n_most)
        table, queue = table_for(n_pairs), queue_for(n_pairs)
        n_queued = register_frequent(counted, threshold, table, queue)
        places: Any = np.empty(room, dtype=np.int32 if n_slots < 2**31 else np.int64)
        for first in range(0, n_slots, self._sizes.slots):
            find_places(pieces, first, min(first + self._sizes.slots, n_slots - 1), table, places)
            yield len(self.merges)
        befores, afters = (neighbours_for(len(self._tokens.lengths)) for _ in range(2))
        merged = np.empty(n_most, dtype=places.dtype)
        state = np.array([n_tokens, n_queued, n_queued, n_all_places, 0], dtype=np.int64)
        return Work(pieces, self._tokens, table, places, queue, befores, afters, merged, state)

    def _merge_registered(
        self, work: Work, threshold: Threshold, n_merges: int
    ) -> Generator[int, None, None]:
        """Merge the registered pairs, and those that they make, as long as there is room."""
        limits = Limits(threshold, np.int64(self._max_length), self._watched)
        n_looks, why = self._sizes.looks, PAUSED
        while why in (PAUSED, WATCHED):
            start = time.monotonic()
            why = merge_some(work, limits, self._n_first + n_merges, n_looks)
            seconds = time.monotonic() - start
            own = slice(self._n_first + len(self.merges), int(work.state[N_TOKENS]))
            self.merges += zip(work.tokens.lefts[own].tolist(), work.tokens.rights[own].tolist(), strict=True)
            if why == PAUSED:
                n_looks = n_looks * 2 if seconds < self._sizes.seconds else max(1, n_looks // 2)
            elif why == WATCHED and self._is_never_made(pair := int(work.queue.pairs[0])):
                self._left_out.append(pair)
                work.table.counts[work.table.pairs == pair] = 0
            elif why == WATCHED:
                work.state[HARMLESS] = work.state[N_TOKENS]
            yield len(self.merges)
        self.exhausted = why == EMPTY and threshold == (self._min_frequency, LAST_PAIR)

    def _is_never_made(self, pair: int) -> bool:
        """Tell whether a pair makes one of the tokens that must not be made."""
        left, right = divmod(pair, 1 << 32)
        return self._bytes_of(left) + self._bytes_of(right) in self._never_made

    def _bytes_of(self, token: int) -> bytes:
        """Return the bytes of a token."""
        waiting, parts = [token], []
        while waiting:
            token = waiting.pop()
            if token < self._n_first:
                parts.append(self._first_tokens[token])
            else:
                left, right = self.merges[token - self._n_first]
                waiting += [right, left]
        return b"".join(parts)
