"""Which pair is next? A binary heap: the highest count first, of equal counts the smallest pair."""

from typing import Any, NamedTuple

import numpy as np
from bpelab.bpe.encoders.compiled.machine import compiled
from bpelab.bpe.training.compiled.slots import Integers


class Queue(NamedTuple):
    """Pairs with the counts they had when they were put here; entry i is before 2 i + 1 and 2 i + 2."""

    counts: Integers
    pairs: Integers


class Threshold(NamedTuple):
    """The last pair, in the order in which pairs merge, that may be in the queue."""

    least: Any  # np.int64: what it must occur
    last: Any  # np.int64: of the pairs that occur just so often


@compiled
def is_within(count: int, pair: int, threshold: Threshold) -> bool:
    """Tell whether a pair may be in the queue."""
    return not is_before(threshold.least, threshold.last, count, pair)


@compiled
def is_before(count: int, pair: int, other_count: int, other_pair: int) -> bool:
    """Tell whether one pair merges before another."""
    return count > other_count or (count == other_count and pair < other_pair)


@compiled
def push(queue: Queue, n_queued: int, count: int, pair: int) -> None:
    """Put a pair into a queue of so many."""
    counts, pairs = queue
    at = n_queued
    while at > 0:
        above = at - 1 >> 1
        if not is_before(count, pair, counts[above], pairs[above]):
            break
        counts[at], pairs[at] = counts[above], pairs[above]
        at = above
    counts[at], pairs[at] = count, pair


@compiled
def sift_down(queue: Queue, n_queued: int, at: int, count: int, pair: int) -> None:
    """Put a pair at a place or below it, where what was at this place is no longer wanted."""
    counts, pairs = queue
    while 2 * at + 1 < n_queued:
        below = 2 * at + 1
        if below + 1 < n_queued and is_before(
            counts[below + 1], pairs[below + 1], counts[below], pairs[below]
        ):
            below += 1
        if is_before(count, pair, counts[below], pairs[below]):
            break
        counts[at], pairs[at] = counts[below], pairs[below]
        at = below
    counts[at], pairs[at] = count, pair


@compiled
def drop_first(queue: Queue, n_queued: int) -> None:
    """Take the first pair out of a queue of so many."""
    last = n_queued - 1
    sift_down(queue, last, 0, queue.counts[last], queue.pairs[last])


@compiled
def put_in_order(queue: Queue, n_queued: int) -> None:
    """Make a queue of so many pairs that lie in any order."""
    for at in range(n_queued // 2 - 1, -1, -1):
        sift_down(queue, n_queued, at, queue.counts[at], queue.pairs[at])


def queue_for(n_pairs: int) -> Queue:
    """Return an empty queue with room for so many pairs."""
    return Queue(np.empty(n_pairs, dtype=np.int64), np.empty(n_pairs, dtype=np.int64))
