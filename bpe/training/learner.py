"""Which merges does a corpus ask for, found without counting every pair again after each of them?

The textbook recounts. Here a merge is applied only where it occurs, and only the pairs next to those places
change their counts. A merged token keeps its first slot (see `pairs.py`) and writes its id into its last
slot too: the next token begins at `slot + slots_of[id]`, and the id of the token before is read at
`slot - 1`. No list of links is needed.

Three facts carry the rest.

*A pair's count only falls* once the younger of its two tokens is made, for no token gains places after
its merge was applied. So a pair that starts below a floor can stay unregistered until the floor sinks
to it, and a count in the queue can only be too high, never too low.

*What a merge makes is always a new token.* Where neighbours x, y have the bytes z between them, every
merge that formed them lies inside z, and is the same in any text: BPE of z alone with the merges so far
ends as x, y as well. It has one end, so no other pair makes z; and once z is a token it ends as z, so no
later pair makes it either. By the same argument the finished ranks split each piece as training left it,
and a token that must not be made is kept out by leaving out a single pair.

*Runs.* In "aaaa" the pair (a, a) counts at each of its three places, and is merged from the left.
"""

import sys
import time
from collections.abc import Collection, Iterator, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.runs import every_other
from bpelab.bpe.training.pairs import (
    SEPARATOR,
    Counts,
    Ids,
    Pair,
    Positions,
    places_by_pair,
)

GONE = -2  # in a slot where the second of two merged tokens began, so that no place there holds its pair
# From so many places on, a merge by array operations (about 150 us) beats a loop over the places.
MANY = 64
# While so many pairs have many places, the slots are an array; then they become lists, whose elements
# a loop reads six times as fast.
ENOUGH_WITH_MANY = 100
# After a scan that led to fewer merges than this, the next one registers more pairs, for lists.
FEW_MERGES = 2000
# So many pairs are registered at once for each merge still wanted; the others wait for the next scan.
# That bounds the memory for pairs, whatever the corpus, and leaves rare pairs out of every update.
PAIRS_A_MERGE = 1
SECONDS_A_STEP = 0.1


class MergeLearner:
    """Learns merges one after the other, from any state, and can be looked at between two steps.

    `ids`: (n_slots,) int32, one token a slot, -1 before, between and after the pieces.
    `weights`: (n_pieces,) int64, how often each piece occurs; all tokens together below 2**63.
    `tokens`: the bytes of every token so far, by id; the next merge makes the id after them.
    `never_made`: tokens that no merge may make.

    >>> learner = MergeLearner([-1, 0, 0, 1, 0, 0, -1], [1], tokens=[b"a", b"b"])  # "aabaa"
    >>> list(learner.steps(2))
    [2]
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
    ) -> None:
        self.merges: list[tuple[int, int]] = []
        self.exhausted = False  # no pair is left that may merge
        self._arrays_pay = True
        self._tokens = list(tokens)
        self._lengths = list(map(len, tokens))  # of the tokens, in bytes
        self._min_frequency = min_frequency
        self._max_length = sys.maxsize if max_token_length is None else max_token_length
        self._never_made = frozenset(never_made)
        self._left_out: set[tuple[int, int]] = set()  # pairs that would have made one of them
        self._restart(np.array(ids, dtype=np.int32), np.array(weights, dtype=np.int64))

    def steps(self, n_merges: int) -> Iterator[int]:
        """Learn until there are `n_merges`, yielding their number every tenth of a second, and at the end.

        Where no pair is left before that, `exhausted` is true at the end.
        """
        # left << bits | right is the key of a pair, and -count << 2 * bits | key its place in the
        # queue: one integer orders by count, then by the smallest pair, and compares fast.
        self._bits = (len(self._tokens) + n_merges - len(self.merges)).bit_length()
        while len(self.merges) < n_merges and not self.exhausted:
            n_before = len(self.merges)
            self._scan(int(PAIRS_A_MERGE * (n_merges - n_before)))
            yield from self._merge_registered_pairs(n_merges)
            self.exhausted = not self._heap and self._floor == self._min_frequency
            self._arrays_pay = len(self.merges) - n_before >= FEW_MERGES
            self._restart(*self.snapshot())
            yield len(self.merges)

    def snapshot(self) -> tuple[Ids, Counts]:
        """Return `ids` and `weights` from which another learner goes on as this one would; copies.

        Pieces that have become one token are left out: nothing in them can merge.
        """
        ids = np.asarray(self._slots, dtype=np.int32)[np.frombuffer(self._live, dtype=np.bool_)]
        ends = np.flatnonzero(ids == SEPARATOR)
        one_token = np.flatnonzero(np.diff(ends) == 2)
        kept = np.ones(len(ids), dtype=np.bool_)
        kept[ends[one_token] + 1] = kept[ends[one_token] + 2] = False
        return ids[kept], np.delete(self._weights, one_token)

    def _restart(self, ids: Ids, weights: Counts) -> None:
        self._ids, self._weights = ids, weights
        # What the loop over places reads and writes: views of the arrays, or lists made of them.
        self._slots: Any = ids
        self._loop_weights: Any = weights
        self._live = bytearray(b"\1") * len(ids)  # 0 where a slot has become the inside of a token
        self._slots_of = [1] * len(self._tokens)

    def _scan(self, n_pairs: int) -> None:
        """Register the `n_pairs` most frequent pairs with their places, and those equal to the last."""
        ids, bits = self._ids, self._bits
        slots_of_pieces = np.diff(np.flatnonzero(ids == SEPARATOR), append=len(ids))
        # (n_slots,) int64: how often the piece of each slot occurs
        self._slot_weights = np.append(self._weights, 0).repeat(slots_of_pieces)
        keys, places = places_by_pair(ids, bits)
        is_first = np.ones(len(keys), dtype=np.bool_)
        is_first[1:] = keys[1:] != keys[:-1]
        starts = np.flatnonzero(is_first)  # (n_distinct,) where a pair's places begin
        ends = np.append(starts[1:], len(keys))[: len(starts)]
        counts = np.add.reduceat(self._slot_weights[places], starts) if len(starts) else starts
        pair_keys, lengths = keys[starts], np.array(self._lengths)
        lefts, rights = pair_keys >> bits, pair_keys & ((1 << bits) - 1)
        counts[lengths[lefts] + lengths[rights] > self._max_length] = 0
        counts[np.isin(pair_keys, [left << bits | right for left, right in self._left_out])] = 0

        n_with_many = int((ends - starts >= MANY).sum())
        self._by_arrays = self._arrays_pay and n_with_many >= ENOUGH_WITH_MANY
        n_pairs = n_with_many if self._by_arrays else max(1, n_pairs)
        self._floor = self._min_frequency
        if len(counts) > n_pairs:
            self._floor = max(self._floor, int(np.partition(counts, -n_pairs)[-n_pairs]))
        kept = np.flatnonzero(counts >= self._floor)
        columns = (
            pair_keys[kept].tolist(),
            counts[kept].tolist(),
            starts[kept].tolist(),
            ends[kept].tolist(),
        )
        self._pairs: dict[int, Pair] = {
            key: Pair(count, places[start:end]) for key, count, start, end in zip(*columns, strict=True)
        }
        self._heap = [-pair.count << 2 * bits | key for key, pair in self._pairs.items()]
        heapify(self._heap)
        if self._by_arrays:
            self._slots, self._loop_weights = ids.data, self._slot_weights.data
        else:
            self._slots, self._loop_weights = ids.tolist(), self._slot_weights.tolist()

    def _merge_registered_pairs(self, n_merges: int) -> Iterator[int]:
        """Merge the first of the queue again and again, until there are `n_merges` or it is empty."""
        pairs, heap, tokens, bits = self._pairs, self._heap, self._tokens, self._bits
        key_mask, right_mask = (1 << 2 * bits) - 1, (1 << bits) - 1
        next_yield = time.monotonic() + SECONDS_A_STEP
        while heap and len(self.merges) < n_merges:
            key = heap[0] & key_mask
            pair = pairs[key]
            if pair.count != -(heap[0] >> 2 * bits):  # merges next to it have taken places since
                if pair.count >= self._floor:
                    heapreplace(heap, -pair.count << 2 * bits | key)
                else:
                    heappop(heap)
                    del pairs[key]
                continue
            if not len(self.merges) & 15 and time.monotonic() > next_yield:
                yield len(self.merges)
                next_yield = time.monotonic() + SECONDS_A_STEP
            heappop(heap)
            del pairs[key]
            left, right = key >> bits, key & right_mask
            token = tokens[left] + tokens[right]
            if token in self._never_made:
                self._left_out.add((left, right))
                continue
            self.merges.append((left, right))
            tokens.append(token)
            self._lengths.append(len(token))
            self._slots_of.append(self._slots_of[left] + self._slots_of[right])
            if isinstance(pair.places, list):
                self._merge_few(left, right, pair.places)
            elif self._by_arrays and len(pair.places) >= MANY:
                self._merge_many(left, right, pair.places)
            else:
                self._merge_few(left, right, pair.places.tolist())

    def _merge_few(self, left: int, right: int, places: list[int]) -> None:
        """Put the newest token wherever its two parts stand, place by place."""
        slots, weights, live, slots_of = self._slots, self._loop_weights, self._live, self._slots_of
        pairs, bits, new = self._pairs, self._bits, len(slots_of) - 1
        n_left, n_right = slots_of[left], slots_of[right]
        made: dict[int, Pair] = {}  # the pairs of the new token, by key
        if left == right:
            places.sort()  # in a run the leftmost pair merges first
        for at in places:
            middle = at + n_left
            if slots[at] != left or slots[middle] != right:
                continue  # a merge has taken one of the two
            end = middle + n_right
            before, after, weight = slots[at - 1], slots[end], weights[at]
            slots[middle] = GONE
            slots[at] = slots[end - 1] = new
            live[middle] = 0
            if before >= 0:
                lost = (made if before == new else pairs).get(before << bits | left)
                if lost is not None:
                    lost.count -= weight
                key, start = before << bits | new, at - slots_of[before]
                if (pair := made.get(key)) is None:
                    made[key] = Pair(weight, [start])
                else:
                    pair.count += weight
                    pair.places.append(start)
            if after >= 0:
                lost = (made if after == new else pairs).get(right << bits | after)
                if lost is not None:
                    lost.count -= weight
                key = new << bits | after
                if (pair := made.get(key)) is None:
                    made[key] = Pair(weight, [at])
                else:
                    pair.count += weight
                    pair.places.append(at)
        lengths, right_mask, floor, max_length = self._lengths, (1 << bits) - 1, self._floor, self._max_length
        for key, pair in made.items():
            if pair.count >= floor and lengths[key >> bits] + lengths[key & right_mask] <= max_length:
                pairs[key] = pair
                heappush(self._heap, -pair.count << 2 * bits | key)

    def _merge_many(self, left: int, right: int, places: Positions) -> None:
        """Do what `_merge_few` does, by array operations over all places at once."""
        ids, bits, slots_of, pairs = self._ids, self._bits, self._slots_of, self._pairs
        new = len(slots_of) - 1
        n_left, n_new = slots_of[left], slots_of[new]
        places = places[ids[places] == left]
        places = places[ids[places + n_left] == right]
        if not len(places):
            return
        if left == right:
            places = np.sort(places)
            places = places[every_other(np.diff(places) == n_left)]  # of those that overlap, from the left
        ends = places + n_new
        ids[places + n_left] = GONE
        ids[places] = ids[ends - 1] = new
        np.frombuffer(self._live, dtype=np.uint8)[places + n_left] = 0
        weights = self._slot_weights[places]
        befores, afters = ids[places - 1], ids[ends]
        afters[afters == new] = SEPARATOR  # two merges side by side: seen as `before` of the second
        for neighbours, is_before in ((befores, True), (afters, False)):
            order = neighbours.argsort()
            neighbours = neighbours[order]
            first = int(neighbours.searchsorted(0))
            if first == len(neighbours):
                continue
            starts = np.append(0, np.flatnonzero(np.diff(neighbours[first:])) + 1) + first
            counts = np.add.reduceat(weights[order], starts).tolist()
            sorted_places = places[order]
            ends_of_groups = [*starts[1:].tolist(), len(order)]
            for neighbour, count, start, end in zip(
                neighbours[starts].tolist(), counts, starts.tolist(), ends_of_groups, strict=True
            ):
                if is_before:
                    old = (right if neighbour == new else neighbour) << bits | left
                    key = neighbour << bits | new
                else:
                    old = right << bits | neighbour
                    key = new << bits | neighbour
                if old in pairs:
                    pairs[old].count -= count
                length = self._lengths[neighbour] + self._lengths[new]
                if count >= self._floor and length <= self._max_length:
                    at = sorted_places[start:end]
                    pairs[key] = Pair(count, at - slots_of[neighbour] if is_before else at)
                    heappush(self._heap, -count << 2 * bits | key)
