"""The loops learn and count little by little what the textbook does, with tables that have hardly any room.

With `NUMBA_DISABLE_JIT=1` in the environment the same tests watch the source as ordinary Python.
"""

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.bpe.training.learner import MergeLearner
from bpelab.bpe.training.piece_counter import count_block
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.encoders.compiled.memory import Sizes as RoomSizes
from bpelab.bpe.training.compiled import learner as learner_module
from bpelab.bpe.training.compiled.count import PieceArrays
from bpelab.bpe.training.compiled.counter import PieceCounter
from bpelab.bpe.training.compiled.learner import LAST_PAIR, CompiledLearner, Sizes
from bpelab.bpe.training.compiled.merge import N_QUEUED, N_TOKENS, Work, merge_some
from bpelab.bpe.training.compiled.pairs import NO_PAIR, table_for
from bpelab.bpe.training.compiled.queue import Queue, Threshold, push, queue_for
from bpelab.bpe.training.compiled.scan import TOO_MANY, count_pairs, find_places, register_frequent
from bpelab.bpe.training.compiled.slots import SEPARATOR, Ids, Integers, new_pieces

# The loops multiply modulo 2**64, of which NumPy warns where they are interpreted.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
PIECES = st.dictionaries(
    st.lists(st.integers(0, 3), min_size=1, max_size=14).map(tuple), st.integers(1, 5), max_size=10
)
SIZES = st.builds(
    Sizes,
    share=st.sampled_from([1, 2, 256]),
    low_count=st.integers(1, 4),
    pairs=st.sampled_from([1, 3, 1000]),
    first_pairs=st.sampled_from([1, 4, 60]),
    spare=st.sampled_from([2, 1000]),
    slots=st.sampled_from([16, 32, 1024]),
    looks=st.sampled_from([1, 5, 1000]),
    seconds=st.just(0.0),
)


def laid_out(counts: dict[tuple[int, ...], int]) -> tuple[Ids, Integers]:
    ids = [-1] + [token for piece in counts for token in (*piece, -1)]
    return np.array(ids, dtype=np.int32), np.array(list(counts.values()), dtype=np.int64)


@settings(max_examples=60)
@given(
    counts=PIECES,
    n_merges=st.integers(0, 30),
    sizes=SIZES,
    min_frequency=st.sampled_from([1, 2, 7]),
    max_length=st.none() | st.integers(1, 6),
    data=st.data(),
)
def test_it_learns_what_the_arrays_learn_however_little_room_there_is(
    counts: dict[tuple[int, ...], int],
    n_merges: int,
    sizes: Sizes,
    min_frequency: int,
    max_length: int | None,
    data: st.DataObject,
) -> None:
    tokens = [b"a", b"b", b"cc", b"d", b""]
    joined = [b"".join(tokens[token] for token in piece) for piece in counts]
    never_made = data.draw(st.sets(st.sampled_from([*joined, b"ab", b"aba"]), max_size=3))
    ids, weights = laid_out(counts)
    rules: dict[str, Any] = {
        "tokens": tokens,
        "min_frequency": min_frequency,
        "max_token_length": max_length,
        "never_made": never_made,
    }
    learner, other = CompiledLearner(ids, weights, **rules, sizes=sizes), MergeLearner(ids, weights, **rules)
    list(learner.steps(n_merges))
    list(other.steps(n_merges))
    assert learner.merges == other.merges
    assert learner.exhausted or len(learner.merges) == n_merges


@settings(max_examples=30)
@given(counts=PIECES)
def test_every_pair_waits_in_the_queue_once_until_it_is_merged(counts: dict[tuple[int, ...], int]) -> None:
    learner = CompiledLearner(*laid_out(counts), tokens=[b"a", b"b", b"c", b"d"], sizes=Sizes(first_pairs=60))

    def watched(work: Work, *arguments: Any) -> int:
        why = merge_some(work, *arguments[:-1], 1)  # one merge and no more
        waiting = work.queue.pairs[: work.state[N_QUEUED]].tolist()
        own = slice(4, int(work.state[N_TOKENS]))
        merged = zip(work.tokens.lefts[own].tolist(), work.tokens.rights[own].tolist(), strict=True)
        assert len({*waiting, *(left << 32 | right for left, right in merged)}) == len(waiting) + own.stop - 4
        return why

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner_module, "merge_some", watched)
        list(learner.steps(30))


def check_queue(queue: Queue, entries: list[tuple[int, int]]) -> None:
    """Entry i is before 2 i + 1 and 2 i + 2: the higher count first, of equal counts the smaller pair."""
    queued = list(zip(queue.counts.tolist(), queue.pairs.tolist(), strict=True))[: len(entries)]
    assert sorted(queued) == sorted(entries)
    keys = [(-count, pair) for count, pair in queued]
    assert all(keys[(below - 1) // 2] < keys[below] for below in range(1, len(keys)))


@settings(max_examples=50)
@given(
    counts=PIECES,
    least=st.integers(1, 6),
    max_length=st.integers(1, 4),
    n_slots=st.sampled_from([16, 32, 1024]),
)
def test_a_scan_finds_each_pair_where_it_is_and_queues_the_frequent_ones(
    counts: dict[tuple[int, ...], int], least: int, max_length: int, n_slots: int
) -> None:
    lengths = np.array([1, 1, 2, 3], dtype=np.int64)
    pieces = new_pieces(*laid_out(counts))
    n_all = len(pieces.ids)
    expected, places_of = Counter[int](), dict[int, list[int]]()
    for at, (left, right) in enumerate(pairwise(pieces.ids.tolist())):
        if min(left, right) >= 0 and lengths[left] + lengths[right] <= max_length:
            pair = left << 32 | right
            n_before = int((pieces.ids[:at] == SEPARATOR).sum())
            expected[pair] += int(pieces.weights[n_before - 1])
            places_of.setdefault(pair, []).append(at)

    counted, n_pairs = table_for(16), 0
    stretches = [(first, min(first + n_slots, n_all - 1)) for first in range(0, n_all, n_slots)]
    for first, end in stretches:
        n_pairs = count_pairs(pieces, first, end, lengths, max_length, counted, n_pairs)
    assert n_pairs == len(expected)
    taken = counted.pairs != NO_PAIR
    assert dict(zip(counted.pairs[taken].tolist(), counted.counts[taken].tolist(), strict=True)) == expected

    frequent = {pair for pair, count in expected.items() if count >= least}
    table, queue = table_for(16), queue_for(16)
    n_queued = register_frequent(counted, Threshold(np.int64(least), LAST_PAIR), table, queue)
    assert n_queued == len(frequent)
    check_queue(queue, [(expected[pair], pair) for pair in frequent])

    places = np.zeros(n_all, dtype=np.int32)
    for first, end in stretches:
        find_places(pieces, first, end, table, places)
    slots = np.flatnonzero(table.pairs != NO_PAIR).tolist()
    firsts, n_places = table.first_places, table.n_places
    found = {
        int(table.pairs[slot]): places[firsts[slot] : firsts[slot] + n_places[slot]].tolist()
        for slot in slots
    }
    assert found == {pair: places_of[pair] for pair in frequent}


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9)), unique=True, max_size=20))
def test_a_pair_put_into_the_queue_is_before_all_that_are_rarer(entries: list[tuple[int, int]]) -> None:
    queue = Queue(np.zeros(len(entries) + 1, np.int64), np.zeros(len(entries) + 1, np.int64))
    for n_queued, (count, pair) in enumerate(entries):
        push(queue, n_queued, count, pair)
    check_queue(queue, entries)


def test_a_scan_of_more_pairs_than_there_is_room_for_says_so() -> None:
    pieces = new_pieces(*laid_out({(0, 1, 2, 3, 0): 1}))
    lengths = np.ones(4, dtype=np.int64)
    assert [count_pairs(pieces, 0, 15, lengths, 9, table_for(room), 0) for room in (1, 4)] == [TOO_MANY, 4]


# Pieces below, at and above the 15 bytes that fit into a slot, some of them again and again.
WORDS = st.builds(lambda letter, n: f" {letter * n}", st.sampled_from(["a", "b", "é"]), st.integers(0, 20))


@settings(max_examples=40)
@given(
    texts=st.lists(st.lists(WORDS, max_size=40).map("".join), max_size=3),
    first_slots=st.sampled_from([16, 64]),
)
def test_pieces_are_counted_while_their_table_grows(texts: list[str], first_slots: int) -> None:
    sizes = RoomSizes(block=16, pieces=40, texts=2)
    counter, other = (PieceCounter(GPT2_PATTERN, sizes=sizes, first_slots=first_slots) for _ in range(2))
    expected = count_block(texts, GPT2_PATTERN)
    assert counter.count(texts) == sum(len(text.encode()) for text in texts)
    for _ in range(2):
        other.add(counter.pieces())
    assert counts_of_arrays(counter.pieces()) == expected
    assert counts_of_arrays(other.pieces()) == {piece: 2 * count for piece, count in expected.items()}
    assert counter.n_pieces == other.n_pieces == len(expected)


def counts_of_arrays(pieces: PieceArrays) -> dict[bytes, int]:
    ends = np.cumsum(pieces.lengths).tolist()
    data = pieces.piece_bytes.tobytes()
    cut = [data[start:end] for start, end in pairwise([0, *ends])]
    assert len(set(cut)) == len(cut)
    return dict(zip(cut, pieces.counts.tolist(), strict=True))
