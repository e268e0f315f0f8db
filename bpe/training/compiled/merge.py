"""How is one merge applied? Only where its pair occurs, in three steps.

*Replace* the pair at its places, from the left. *Tally* the tokens that are now next to the new one, and how
often: the table of pairs is then asked once for each of these tokens, not once for each place. *Register* the
pairs that the new token makes with them, with their places.

A token gains no places after its own merge. So the places of a pair are all known once the younger of its
tokens is made, and the array of places only grows at its end. A place may have lost its pair since, which its
slots show. And a count only falls, so that one that is out of date in the queue is corrected when it comes
first.
"""

from typing import NamedTuple

import numpy as np
from bpelab.bpe.encoders.compiled.machine import compiled, compiled_and_kept
from bpelab.bpe.training.compiled.pairs import PairTable, left_of, pair_of, right_of, room_of, slot_of
from bpelab.bpe.training.compiled.queue import Queue, Threshold, drop_first, is_within, push, sift_down
from bpelab.bpe.training.compiled.slots import GONE, Ids, Integers, Pieces, weight_at

# The places of `state`.
N_TOKENS, N_QUEUED, N_PAIRS, N_PLACES = range(4)
# Why the loop stopped: so that Python can look around; because there are enough tokens; because the queue is
# empty; because there may be no room for the pairs or the places that the next merge makes.
PAUSED, DONE, EMPTY, FULL = range(4)
NOT_REGISTERED = -1


class Tokens(NamedTuple):
    """All tokens, those to come included, by id."""

    lengths: Integers  # in bytes
    slots: Integers  # that a token takes
    lefts: Ids  # what it was merged of
    rights: Ids


class Neighbours(NamedTuple):
    """The tokens on one side of the new one."""

    found: Ids  # each of them once
    counts: Integers  # (n_tokens,) by id: how often it is beside the new token, all weights together
    n_places: Integers  # (n_tokens,) by id: at how many places; then where to write the next of them


@compiled_and_kept
def merge_some(
    pieces: Pieces,
    tokens: Tokens,
    table: PairTable,
    places: Integers,
    queue: Queue,
    befores: Neighbours,
    afters: Neighbours,
    room: Integers,
    threshold: Threshold,
    max_length: int,
    n_tokens: int,
    n_looks: int,
    state: Integers,
) -> int:
    """Merge the first pair of the queue, again and again, until there are `n_tokens`; return why it stopped.

    It pauses after so many looks at places. Pairs beyond the threshold are not registered.
    `room` has room for the places of a pair.
    """
    while True:
        if state[N_TOKENS] == n_tokens:
            return DONE
        if n_looks <= 0:
            return PAUSED
        if not correct_first(table, queue, threshold, state):
            return EMPTY
        slot = slot_of(table, queue.pairs[0])
        n_places = table.n_places[slot]
        n_new_pairs = 2 * min(n_places, state[N_TOKENS] + 1)
        if (
            state[N_PLACES] + 2 * n_places > len(places)
            or state[N_PAIRS] + n_new_pairs > room_of(table)
            or state[N_QUEUED] + n_new_pairs > len(queue.pairs)
        ):
            return FULL
        merge(slot, pieces, tokens, table, places, queue, befores, afters, room, threshold, max_length, state)
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
def merge(
    slot: int,
    pieces: Pieces,
    tokens: Tokens,
    table: PairTable,
    places: Integers,
    queue: Queue,
    befores: Neighbours,
    afters: Neighbours,
    room: Integers,
    threshold: Threshold,
    max_length: int,
    state: Integers,
) -> None:
    """Merge the pair that is first in the queue and in a slot of the table."""
    pair, new = table.pairs[slot], state[N_TOKENS]
    drop_first(queue, state[N_QUEUED])
    state[N_QUEUED] -= 1
    table.counts[slot] = 0
    make_token(tokens, pair, new)
    state[N_TOKENS] += 1
    first = table.first_places[slot]
    own_places = places[first : first + table.n_places[slot]]
    n_places = replace(pieces.ids, tokens, pair, new, own_places, room)
    merged = room[:n_places]
    n_befores, n_afters = tally(pieces, tokens.slots[new], new, merged, befores, afters)
    n_registered = state[N_PAIRS]
    for i in range(n_befores):
        before = befores.found[i]
        old_before = right_of(pair) if before == new else before  # which may be merged by now as well
        forget(table, pair_of(old_before, left_of(pair)), befores.counts[before])
        register(pair_of(before, new), before, befores, tokens, table, queue, threshold, max_length, state)
    for i in range(n_afters):
        after = afters.found[i]
        forget(table, pair_of(right_of(pair), after), afters.counts[after])
        register(pair_of(new, after), after, afters, tokens, table, queue, threshold, max_length, state)
    if state[N_PAIRS] > n_registered:
        write_places(pieces.ids, tokens.slots, new, merged, befores, afters, places)
    clear(befores, n_befores)
    clear(afters, n_afters)


@compiled
def make_token(tokens: Tokens, pair: int, new: int) -> None:
    """Note what a new token is made of."""
    left, right = left_of(pair), right_of(pair)
    tokens.lefts[new], tokens.rights[new] = left, right
    tokens.lengths[new] = tokens.lengths[left] + tokens.lengths[right]
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
    """Count one place more at which a token is beside the new one; return how many such tokens there are."""
    if neighbours.n_places[token] == 0:
        neighbours.found[n_found] = token
        n_found += 1
    neighbours.n_places[token] += 1
    neighbours.counts[token] += weight
    return n_found


@compiled
def forget(table: PairTable, pair: int, count: int) -> None:
    """Lower the count of a pair, if it is registered, of which one token has become another."""
    slot = slot_of(table, pair)
    if table.pairs[slot] == pair:
        table.counts[slot] -= count


@compiled
def register(
    pair: int,
    neighbour: int,
    neighbours: Neighbours,
    tokens: Tokens,
    table: PairTable,
    queue: Queue,
    threshold: Threshold,
    max_length: int,
    state: Integers,
) -> None:
    """Put a new pair into table and queue, if it may merge, and leave room for its places."""
    count, n_places = neighbours.counts[neighbour], neighbours.n_places[neighbour]
    length = tokens.lengths[left_of(pair)] + tokens.lengths[right_of(pair)]
    if not is_within(count, pair, threshold) or length > max_length:
        neighbours.n_places[neighbour] = NOT_REGISTERED
        return
    slot = slot_of(table, pair)
    table.pairs[slot], table.counts[slot] = pair, count
    table.first_places[slot], table.n_places[slot] = state[N_PLACES], n_places
    neighbours.n_places[neighbour] = state[N_PLACES]
    push(queue, state[N_QUEUED], count, pair)
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
    """Forget all neighbours, so that the next merge finds none."""
    for i in range(n_found):
        neighbours.counts[neighbours.found[i]] = 0
        neighbours.n_places[neighbours.found[i]] = 0


def neighbours_for(n_tokens: int) -> Neighbours:
    """Return room for the tokens beside a new one."""
    return Neighbours(
        np.empty(n_tokens, dtype=np.int32),
        np.zeros(n_tokens, dtype=np.int64),
        np.zeros(n_tokens, dtype=np.int64),
    )
