"""How is one merge applied? Only where its pair occurs, in three steps.

*Replace* the pair at its places, from the left. *Tally* the tokens that are now next to the new one, and how
often: the table of pairs is then asked once for each of these tokens, not once for each place. *Register* the
pairs that the new token makes with them, with their places.

A token gains no places after its own merge. So the places of a pair are all known once the younger of its
tokens is made, and the array of places only grows at its end. A place may have lost its pair since, which its
slots show. And a count only falls, so that one that is out of date in the queue is corrected when it comes
first.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from bpelab.bpe.encoders.compiled.machine import compiled, compiled_and_kept
from bpelab.bpe.training.compiled.pairs import PairTable, left_of, pair_of, right_of, room_of, slot_of
from bpelab.bpe.training.compiled.queue import Queue, Threshold, drop_first, is_within, push, sift_down
from bpelab.bpe.training.compiled.slots import GONE, Ids, Integers, Pieces, weight_at

# The places of `state`; the last one is the id of a token that was found not to be one of the watched.
N_TOKENS, N_QUEUED, N_PAIRS, N_PLACES, HARMLESS = range(5)
# Why the loop stopped: so that Python can look around; because there are enough tokens; because the queue is
# empty; because there may be no room for the pairs or the places that the next merge makes; because the next
# token looks like one that must not be made.
PAUSED, DONE, EMPTY, FULL, WATCHED = range(5)
NOT_REGISTERED = -1


class Tokens(NamedTuple):
    """All tokens by id, with room for those to come."""

    lengths: Integers  # in bytes
    edges: Integers  # the first byte, times 256, and the last byte
    slots: Integers  # that a token takes
    lefts: Ids  # what it was merged of
    rights: Ids


class Neighbours(NamedTuple):
    """The tokens on one side of the new one."""

    found: Ids  # each of them once
    counts: Integers  # (n_tokens,) by id: how often it is next to the new token, all weights together
    n_places: Integers  # (n_tokens,) by id: at how many places; then where to write the next of them


class Limits(NamedTuple):
    """What may be merged."""

    threshold: Threshold  # pairs beyond it are not registered
    max_length: np.int64  # of a token, in bytes
    watched: Integers  # what the tokens look like that must not be made


class Work(NamedTuple):
    """What the merges read and write, all of it together."""

    pieces: Pieces
    tokens: Tokens
    table: PairTable
    places: Integers
    queue: Queue
    befores: Neighbours
    afters: Neighbours
    merged: Integers  # room for the places of one pair
    state: Integers


@compiled_and_kept
def merge_some(work: Work, limits: Limits, n_tokens: int, n_looks: int) -> int:
    """Merge the first pair of the queue, again and again, until there are `n_tokens`; return why it stopped.

    It pauses after `n_looks` looks at places.
    """
    table, queue, state = work.table, work.queue, work.state
    while True:
        if state[N_TOKENS] == n_tokens:
            return DONE
        if n_looks <= 0:
            return PAUSED
        if not correct_first(table, queue, limits.threshold, state):
            return EMPTY
        pair = queue.pairs[0]
        if state[HARMLESS] != state[N_TOKENS] and is_watched(work.tokens, pair, limits.watched):
            return WATCHED
        n_places = table.n_places[slot_of(table, pair)]
        n_new_pairs = 2 * min(n_places, state[N_TOKENS] + 1)
        if (
            state[N_PLACES] + 2 * n_places > len(work.places)
            or state[N_PAIRS] + n_new_pairs > room_of(table)
            or state[N_QUEUED] + n_new_pairs > len(queue.pairs)
        ):
            return FULL
        merge(pair, work, limits)
        n_looks -= n_places + 1


@compiled
def correct_first(table: PairTable, queue: Queue, threshold: Threshold, state: Integers) -> bool:
    """Bring a pair to the front of the queue whose count there is right; tell whether there is one."""
    while state[N_QUEUED] > 0:
        pair = queue.pairs[0]
        count = table.counts[slot_of(table, pair)]
        if count == queue.counts[0]:
            return True
        if is_within(count, pair, threshold):
            sift_down(queue, state[N_QUEUED], 0, count, pair)
        else:
            drop_first(queue, state[N_QUEUED])
            state[N_QUEUED] -= 1
    return False


@compiled
def is_watched(tokens: Tokens, pair: int, watched: Integers) -> bool:
    """Tell whether a pair makes a token with the length, first and last byte of one that must not be made."""
    left, right = left_of(pair), right_of(pair)
    length = tokens.lengths[left] + tokens.lengths[right]
    looks = length << 16 | tokens.edges[left] & 0xFF00 | tokens.edges[right] & 0xFF
    for i in range(len(watched)):  # noqa: SIM110, since Numba knows no `any`
        if watched[i] == looks:
            return True
    return False


@compiled
def merge(pair: int, work: Work, limits: Limits) -> None:
    """Merge the pair that is first in the queue."""
    pieces, tokens, table, state = work.pieces, work.tokens, work.table, work.state
    befores, afters = work.befores, work.afters
    drop_first(work.queue, state[N_QUEUED])
    state[N_QUEUED] -= 1
    slot, new, n_pairs = slot_of(table, pair), state[N_TOKENS], state[N_PAIRS]
    table.counts[slot] = 0
    make_token(tokens, pair, new)
    state[N_TOKENS] += 1
    first = table.first_places[slot]
    own_places = work.places[first : first + table.n_places[slot]]
    merged = work.merged[: replace(pieces.ids, tokens, pair, new, own_places, work.merged)]
    n_befores, n_afters = tally(pieces, tokens.slots[new], new, merged, befores, afters)
    for i in range(n_befores):
        before = befores.found[i]
        old_before = right_of(pair) if before == new else before  # what it was until this merge
        lower_count(table, pair_of(old_before, left_of(pair)), befores.counts[before])
        register(pair_of(before, new), before, befores, work, limits)
    for i in range(n_afters):
        after = afters.found[i]
        lower_count(table, pair_of(right_of(pair), after), afters.counts[after])
        register(pair_of(new, after), after, afters, work, limits)
    if state[N_PAIRS] > n_pairs:
        write_places(pieces.ids, tokens.slots, new, merged, befores, afters, work.places)
    clear(befores, n_befores)
    clear(afters, n_afters)


@compiled
def make_token(tokens: Tokens, pair: int, new: int) -> None:
    """Note what a new token is made of."""
    left, right = left_of(pair), right_of(pair)
    tokens.lefts[new], tokens.rights[new] = left, right
    tokens.lengths[new] = tokens.lengths[left] + tokens.lengths[right]
    tokens.edges[new] = tokens.edges[left] & 0xFF00 | tokens.edges[right] & 0xFF
    tokens.slots[new] = tokens.slots[left] + tokens.slots[right]


@compiled
def replace(ids: Ids, tokens: Tokens, pair: int, new: int, places: Integers, merged: Integers) -> int:
    """Put the new token wherever the pair still is; return at how many places, which `merged` gets."""
    left, right = left_of(pair), right_of(pair)
    n_left, n_new = tokens.slots[left], tokens.slots[new]
    n_merged = 0
    for i in range(len(places)):
        at = places[i]
        if ids[at] == left and ids[at + n_left] == right:
            ids[at + n_left] = GONE
            ids[at] = ids[at + n_new - 1] = new
            merged[n_merged] = at
            n_merged += 1
    return n_merged


@compiled
def tally(
    pieces: Pieces, n_new: int, new: int, merged: Integers, befores: Neighbours, afters: Neighbours
) -> tuple[int, int]:
    """Count the tokens before and after the new one; return how many there are of each.

    Where two new ones are side by side, the first counts as the one before the second, and that is all.
    """
    n_befores, n_afters = 0, 0
    for i in range(len(merged)):
        at = merged[i]
        before, after = pieces.ids[at - 1], pieces.ids[at + n_new]
        weight = weight_at(pieces, at)
        if before >= 0:
            n_befores = note(befores, n_befores, before, weight)
        if after >= 0 and after != new:
            n_afters = note(afters, n_afters, after, weight)
    return n_befores, n_afters


@compiled
def note(neighbours: Neighbours, n_found: int, token: int, weight: int) -> int:
    """Count one more place where a token is next to the new one; return how many such tokens there are."""
    if neighbours.n_places[token] == 0:
        neighbours.found[n_found] = token
        n_found += 1
    neighbours.n_places[token] += 1
    neighbours.counts[token] += weight
    return n_found


@compiled
def lower_count(table: PairTable, pair: int, count: int) -> None:
    """Lower the count of a pair, if it is registered: one of its tokens has become another there."""
    slot = slot_of(table, pair)
    if table.pairs[slot] == pair:
        table.counts[slot] -= count


@compiled
def register(pair: int, neighbour: int, neighbours: Neighbours, work: Work, limits: Limits) -> None:
    """Put a new pair into the table and the queue, if it may merge, and leave room for its places."""
    tokens, table, state = work.tokens, work.table, work.state
    count, n_places = neighbours.counts[neighbour], neighbours.n_places[neighbour]
    length = tokens.lengths[left_of(pair)] + tokens.lengths[right_of(pair)]
    if length > limits.max_length or not is_within(count, pair, limits.threshold):
        neighbours.n_places[neighbour] = NOT_REGISTERED
        return
    slot = slot_of(table, pair)
    table.pairs[slot], table.counts[slot] = pair, count
    table.first_places[slot], table.n_places[slot] = state[N_PLACES], n_places
    neighbours.n_places[neighbour] = state[N_PLACES]
    push(work.queue, state[N_QUEUED], count, pair)
    state[N_PLACES] += n_places
    state[N_QUEUED] += 1
    state[N_PAIRS] += 1


@compiled
def write_places(
    ids: Ids,
    slots_of: Integers,
    new: int,
    merged: Integers,
    befores: Neighbours,
    afters: Neighbours,
    places: Integers,
) -> None:
    """Write where each of the pairs is that were registered."""
    for i in range(len(merged)):
        at = merged[i]
        before, after = ids[at - 1], ids[at + slots_of[new]]
        if before >= 0 and befores.n_places[before] != NOT_REGISTERED:
            places[befores.n_places[before]] = at - slots_of[before]
            befores.n_places[before] += 1
        if after >= 0 and after != new and afters.n_places[after] != NOT_REGISTERED:
            places[afters.n_places[after]] = at
            afters.n_places[after] += 1


@compiled
def clear(neighbours: Neighbours, n_found: int) -> None:
    """Forget all neighbours, so that the next merge begins with none."""
    for i in range(n_found):
        neighbours.counts[neighbours.found[i]] = 0
        neighbours.n_places[neighbours.found[i]] = 0


def neighbours_for(n_tokens: int) -> Neighbours:
    """Return room for the tokens next to a new one."""
    return Neighbours(
        np.empty(n_tokens, dtype=np.int32),
        np.zeros(n_tokens, dtype=np.int64),
        np.zeros(n_tokens, dtype=np.int64),
    )


def edges_of(token: bytes) -> int:
    """Return the first byte, times 256, and the last byte of a token; 0 for one that nothing makes."""
    return token[0] << 8 | token[-1] if token else 0


def watched_for(never_made: Iterable[bytes]) -> Integers:
    """Return what `is_watched` compares new tokens with."""
    return np.array([len(token) << 16 | edges_of(token) for token in never_made], dtype=np.int64)


def new_tokens(tokens: Sequence[bytes]) -> Tokens:
    """Return tokens that take one slot each."""
    lengths = np.array([len(token) for token in tokens], dtype=np.int64)
    edges = np.array([edges_of(token) for token in tokens], dtype=np.int64)
    ids = np.zeros(len(tokens), dtype=np.int32)
    return Tokens(lengths, edges, np.ones_like(lengths), ids, ids.copy())


def more_tokens(tokens: Tokens, n_tokens: int) -> Tokens:
    """Return the same tokens, and room for as many as there will be."""
    n_more = max(0, n_tokens - len(tokens.lengths))
    return Tokens(*(np.append(array, np.ones(n_more, dtype=array.dtype)) for array in tokens))
