"""The compiled loops learn what the textbook learns, however little is done at a time."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import textbook
from bpelab.bpe.training.learner import MergeLearner
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.training.compiled import learner as learner_module
from bpelab.bpe.training.compiled.learner import CompiledLearner, Sizes
from bpelab.bpe.training.compiled.merge import DONE, EMPTY, FULL, PAUSED, WATCHED, merge_some
from bpelab.bpe.training.compiled.slots import Ids, Integers

N_FIRST = 4
TOKENS = [bytes([byte]) for byte in range(N_FIRST)]
# Everything is done little by little: tables have no room, one merge is made at a time, few pairs registered.
SMALL = [
    Sizes(),
    Sizes(first_pairs=1, spare=1000, slots=16, looks=1, seconds=0),
    Sizes(pairs=1, first_pairs=1, spare=1000, slots=32, looks=1, seconds=0),
    Sizes(share=1, low_count=1, pairs=3, first_pairs=4, looks=3, seconds=0),
    Sizes(share=2, low_count=2),
]
pieces = st.dictionaries(
    st.lists(st.integers(0, N_FIRST - 1), min_size=1, max_size=12).map(tuple), st.integers(1, 5), max_size=12
)
some_sizes = st.sampled_from(SMALL)


def laid_out(counts: Mapping[tuple[int, ...], int]) -> tuple[Ids, Integers]:
    ids = [-1] + [id for piece in counts for id in (*piece, -1)]
    return np.array(ids, dtype=np.int32), np.array(list(counts.values()), dtype=np.int64)


def merges_of_textbook(counts: Mapping[tuple[int, ...], int], n_merges: int) -> list[tuple[int, int]]:
    tokens = textbook.train(
        {bytes(piece): n for piece, n in counts.items()}, 256 + n_merges, bytes(range(256))
    )
    by_rank = list(tokens)
    merges = []
    for new, token in enumerate(by_rank[256:], 256):
        ranks = {older: rank for rank, older in enumerate(by_rank[:new])}
        left, right = textbook.merge_piece(token, ranks)
        merges.append(
            (left - 256 + N_FIRST if left >= 256 else left, right - 256 + N_FIRST if right >= 256 else right)
        )
    return merges


@settings(max_examples=120)
@given(pieces, st.integers(0, 40), some_sizes)
@example({(0,) * 9: 1}, 10, SMALL[1])
@example({(0, 1, 0, 1): 2, (0, 1, 0, 1, 0): 1, (1, 0, 1, 0, 1): 1}, 10, SMALL[2])
@example({}, 5, SMALL[0])
@example({(0,): 7, (1,): 3}, 5, SMALL[0])
def test_it_learns_what_the_textbook_learns(
    counts: dict[tuple[int, ...], int], n_merges: int, sizes: Sizes
) -> None:
    learner = CompiledLearner(*laid_out(counts), tokens=TOKENS, sizes=sizes)
    n_seen = list(learner.steps(n_merges))
    expected = merges_of_textbook(counts, n_merges)
    assert learner.merges == expected
    assert all(earlier <= later for earlier, later in pairwise(n_seen))
    if n_seen:
        assert n_seen[-1] == len(expected)
    if len(expected) < n_merges:
        assert learner.exhausted


@settings(max_examples=120)
@given(pieces, st.integers(0, 30), st.integers(1, 6), st.none() | st.integers(1, 6), some_sizes, st.data())
def test_it_learns_what_the_other_learner_learns_under_any_settings(
    counts: dict[tuple[int, ...], int],
    n_merges: int,
    min_frequency: int,
    max_length: int | None,
    sizes: Sizes,
    data: st.DataObject,
) -> None:
    # As where an encoding is extended: tokens of any length, and one that merges with nothing.
    tokens = [bytes([byte]) * data.draw(st.integers(1, 4)) for byte in range(N_FIRST)] + [b""]
    joined = [b"".join(map(tokens.__getitem__, piece)) for piece in counts]
    never_made = data.draw(st.sets(st.sampled_from(joined), max_size=3)) if joined else set()
    ids, weights = laid_out(counts)
    kind: dict[str, Any] = {
        "tokens": tokens,
        "min_frequency": min_frequency,
        "max_token_length": max_length,
        "never_made": never_made,
    }
    other = MergeLearner(ids, weights, **kind)
    learner = CompiledLearner(ids, weights, **kind, sizes=sizes)
    list(other.steps(n_merges))
    list(learner.steps(n_merges))
    assert learner.merges == other.merges
    assert learner.exhausted or len(learner.merges) == n_merges


@settings(max_examples=100)
@given(pieces, st.integers(1, 30), some_sizes, st.integers(0, 30), st.booleans())
def test_another_learner_goes_on_from_any_moment(
    counts: dict[tuple[int, ...], int], n_merges: int, sizes: Sizes, stop: int, to_compiled: bool
) -> None:
    ids, weights = laid_out(counts)
    learner = CompiledLearner(ids, weights, tokens=TOKENS, sizes=sizes)
    for step, _ in enumerate(learner.steps(n_merges)):
        if step == stop:
            break
    tokens = list(TOKENS)
    for left, right in learner.merges:
        tokens.append(tokens[left] + tokens[right])
    follower: MergeLearner | CompiledLearner = (CompiledLearner if to_compiled else MergeLearner)(
        *learner.snapshot(), tokens=tokens
    )
    list(follower.steps(n_merges - len(learner.merges)))
    assert learner.merges + follower.merges == merges_of_textbook(counts, n_merges)


@settings(max_examples=100)
@given(pieces, st.lists(st.integers(0, 10), max_size=4), some_sizes)
def test_it_goes_on_where_more_merges_are_wanted(
    counts: dict[tuple[int, ...], int], n_more: list[int], sizes: Sizes
) -> None:
    learner = CompiledLearner(*laid_out(counts), tokens=TOKENS, sizes=sizes)
    for n_merges in np.cumsum(n_more).tolist():
        list(learner.steps(n_merges))
    assert learner.merges == merges_of_textbook(counts, sum(n_more))


def test_a_snapshot_leaves_out_pieces_of_one_token() -> None:
    learner = CompiledLearner([-1, 0, 1, -1, 0, 1, 1, -1], [5, 1], tokens=[b"a", b"b"])
    list(learner.steps(1))
    ids, weights = learner.snapshot()
    assert (ids.tolist(), weights.tolist()) == ([-1, 2, 1, -1], [1])


def test_a_token_that_must_not_be_made_is_left_out_and_one_that_looks_like_it_is_not() -> None:
    pieces = {(0, 1, 2): 9, (0, 3, 2): 8}  # both of three bytes from 0 to 2
    learner = CompiledLearner(*laid_out(pieces), tokens=TOKENS, never_made=[bytes([0, 1, 2])])
    list(learner.steps(9))
    assert learner.merges == [(0, 1), (0, 3), (5, 2)]
    assert learner.exhausted


def test_what_is_passed_is_not_written_to() -> None:
    ids, weights = laid_out({(0, 1, 0, 1, 2): 3, (2,): 1})
    before = ids.copy(), weights.copy()
    list(CompiledLearner(ids, weights, tokens=TOKENS).steps(3))
    assert (ids == before[0]).all() and (weights == before[1]).all()


def test_counts_beyond_32_bits_are_exact() -> None:
    ids, weights = laid_out({(0, 1): 2**61 + 1, (2, 3): 2**61, (2, 3, 3): 2})
    learner = CompiledLearner(ids, weights, tokens=TOKENS)
    list(learner.steps(2))
    assert learner.merges == [(2, 3), (0, 1)]


def test_one_long_piece_takes_time_in_proportion_to_its_length() -> None:
    # A loop over pieces instead of places would look at half a million slots for each of the merges.
    ids = np.random.default_rng(0).integers(0, 100, 500_002).astype(np.int32)
    ids[[0, -1]] = -1
    learner, other = (
        kind(ids, [1], tokens=[bytes([byte]) for byte in range(100)])
        for kind in (CompiledLearner, MergeLearner)
    )
    list(learner.steps(2000))
    list(other.steps(2000))
    assert learner.merges == other.merges


def test_the_sizes_above_reach_every_way_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()

    def watched(*arguments: Any) -> int:
        seen.add(why := merge_some(*arguments))
        return why

    monkeypatch.setattr(learner_module, "merge_some", watched)
    generator = np.random.default_rng(0)
    counts = {tuple(generator.integers(0, N_FIRST, 12).tolist()): 1 for _ in range(50)}
    for sizes in SMALL:
        for n_merges in (5, 1000):
            kind = {"tokens": TOKENS, "never_made": [bytes(3)]}
            list(CompiledLearner(*laid_out(counts), **kind, sizes=sizes).steps(n_merges))
    assert seen == {PAUSED, DONE, EMPTY, FULL, WATCHED}


PROGRAM = """
import warnings
warnings.simplefilter("error")
import numpy as np
from bpelab.bpe.encoders.compiled.machine import IS_INTERPRETED
from bpelab.bpe.training.compiled.learner import CompiledLearner, Sizes
from bpelab.bpe.training.learner import MergeLearner

assert IS_INTERPRETED
for seed in range(40):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 12, generator.integers(0, 30))
    pieces = [generator.integers(0, 4, length).tolist() for length in lengths]
    ids = [-1] + [id for piece in pieces for id in (*piece, -1)]
    weights = generator.integers(1, 6, len(pieces)).tolist()
    small = Sizes(pairs=2 + seed, first_pairs=1, spare=1000, slots=32, looks=1, seconds=0)
    for sizes in (small, Sizes()):
        kind = {"tokens": [b"a", b"b", b"c", b"d"], "max_token_length": 9, "never_made": [b"ab", b"abc"]}
        learner = CompiledLearner(ids, weights, **kind, sizes=sizes)
        other = MergeLearner(ids, weights, **kind)
        list(learner.steps(30)), list(other.steps(30))
        assert learner.merges == other.merges
print("equal")
"""


def test_interpreted_loops_learn_the_same(interpreted: Callable[[str], str]) -> None:
    assert interpreted(PROGRAM) == "equal\n"
