"""The compiled loops count what the arrays count, in threads too, and an interrupt loses nothing."""

from collections.abc import Callable, Iterator
from itertools import islice, pairwise

import pytest
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.foundation.progress import Reporter
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.training.counts import Tally
from bpelab.bpe.training.fingerprint import Fingerprint
from bpelab.bpe.training.piece_counter import count_block
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.encoders.compiled.memory import Sizes
from bpelab.bpe.training.compiled import counter as counter_module
from bpelab.bpe.training.compiled.count import PieceArrays, stride_of
from bpelab.bpe.training.compiled.counter import PieceCounter, arrays_of, ids_of
from bpelab.bpe.training.compiled.tally import CompiledTally

SMALL = Sizes(first_slots=16, most_slots=64, block=16, pieces=40, texts=2)
PATTERNS = pytest.mark.parametrize("pattern", [GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN])


def counts_of(pieces: PieceArrays) -> dict[bytes, int]:
    data, counts, start = pieces.piece_bytes.tobytes(), {}, 0
    for length, count in zip(pieces.lengths.tolist(), pieces.counts.tolist(), strict=True):
        counts[data[start : start + length]] = count
        start += length
    assert start == len(data) and len(counts) == len(pieces.lengths)
    return counts


@pytest.fixture(params=["joined", "cut"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count several texts at a time, or parts of each."""
    monkeypatch.setattr(counter_module, "JOINED_CHARS", 1 << 12 if request.param == "joined" else 20)


@PATTERNS
@pytest.mark.usefixtures("reading")
def test_it_counts_what_the_arrays_count(pattern: str) -> None:
    for seed in range(4):
        texts = [text[:300] for text in islice(fuzz_texts(seed), 150)]
        counter = PieceCounter(pattern, sizes=SMALL, first_slots=16)
        n_bytes = counter.count(texts)
        assert counts_of(counter.pieces()) == count_block(texts, pattern)
        assert counter.n_pieces == len(count_block(texts, pattern))
        from_utf8 = PieceCounter(pattern, sizes=SMALL, first_slots=16)
        assert from_utf8.count([repair_surrogates(text).encode() for text in texts]) == n_bytes
        assert counts_of(from_utf8.pieces()) == counts_of(counter.pieces())


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        " ",
        "a" * 100_000,
        " " * 100_000,
        "가" * 30_000,
        "\ud800 \udc00\ud800\udc00",
        "a\n" * 9,
        "é" * 70,
    ],
    ids=["empty", "letter", "space", "run", "spaces", "hangul", "surrogates", "lines", "accents"],
)
def test_texts_at_the_edges_are_counted(text: str) -> None:
    counter = PieceCounter(GPT2_PATTERN, sizes=SMALL, first_slots=16)
    counter.count([text, text])
    assert counts_of(counter.pieces()) == count_block([text, text], GPT2_PATTERN)


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.binary(min_size=1, max_size=40), st.integers(1, 2**40)), max_size=3))
def test_counts_are_added_up(parts: list[dict[bytes, int]]) -> None:
    counter = PieceCounter(GPT2_PATTERN, first_slots=16)
    expected: dict[bytes, int] = {}
    for counts in parts:
        counter.add(arrays_of(counts))
        for piece, count in counts.items():
            expected[piece] = expected.get(piece, 0) + count
    assert counts_of(counter.pieces()) == expected


def test_a_piece_too_long_for_the_table_is_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 1 << 24
    counter = PieceCounter(GPT2_PATTERN)
    counter.count(["b" * longest + " c"])
    counter.count(["b" * longest])
    others = {b"d": 4, b"e": 5, b"f": 6, b"g": 7}
    counter.add(arrays_of({b"d": 4, b"b" * longest: 3, b" c": 1, **others}))
    assert counts_of(counter.pieces()) == {b"b" * longest: 5, b" c": 2, **others}
    assert counter.n_pieces == 6


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 377, 610, 1000, 65_536, 1_000_003])
def test_pieces_have_their_turns_once_each_and_spread_over_all_of_them(n: int) -> None:
    places = [turn * stride_of(n) % n for turn in range(n)]
    assert sorted(places) == list(range(n))
    for n_turns in (64, 1000):
        if n > 2 * n_turns:
            gaps = [after - before for before, after in pairwise(sorted(places[:n_turns]))]
            assert max(gaps) <= 5 * n / n_turns


def test_pieces_are_laid_out_as_ids() -> None:
    pieces = arrays_of({b"ab": 3, b"c": 1})
    tokens = [bytes([byte]) for byte in reversed(range(256))]
    assert ids_of(pieces, tokens).tolist() == [-1, 158, 157, -1, 156, -1]


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_threads_count_the_same_and_keep_the_order_of_blocks(n_threads: int) -> None:
    texts = [text[:300] for text in islice(fuzz_texts(0), 200)]
    blocks = [texts[i : i + 9] for i in range(0, len(texts), 9)]
    tally = CompiledTally(Tally(), GPT2_PATTERN, n_threads)
    for _ in tally.steps(iter(blocks), Reporter(None, "counting", None)):
        assert tally.is_consistent
        n_seen = 9 * len(tally.seen.digests)
        assert tally.counts == count_block(texts[:n_seen], GPT2_PATTERN)
    expected = Fingerprint()
    for block in blocks:
        expected.add(block)
    assert tally.seen == expected


@pytest.mark.parametrize("n_threads", [1, 3])
def test_what_was_counted_when_reading_stopped_is_kept(n_threads: int) -> None:
    blocks = [["one two"], ["two three"], ["three four"], ["four five"]]

    def interrupted() -> Iterator[list[str]]:
        yield from blocks
        raise KeyboardInterrupt

    seen = Fingerprint()
    tally = CompiledTally(Tally(seen=seen), GPT2_PATTERN, n_threads)
    with pytest.raises(KeyboardInterrupt):
        for _ in tally.steps(interrupted(), Reporter(None, "counting", None)):
            pass
    assert tally.is_consistent
    n_seen = len(seen.digests)
    assert n_seen >= 3
    assert tally.counts == count_block([text for block in blocks[:n_seen] for text in block], GPT2_PATTERN)


PROGRAM = """
import warnings
warnings.simplefilter("error")
from itertools import islice
from bpelab.bpe.encoders.compiled.machine import IS_INTERPRETED
from bpelab.bpe.encoders.compiled.memory import Sizes
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.training.compiled import counter as counter_module
from bpelab.bpe.training.compiled.counter import PieceCounter
from bpelab.bpe.training.counts import counts_of_arrays
from bpelab.bpe.training.piece_counter import count_block

assert IS_INTERPRETED
for pattern in (GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN):
    for counter_module.JOINED_CHARS in (20, 1000):
        texts = [text[:90] for text in islice(fuzz_texts(1), 40)]
        small = Sizes(first_slots=16, most_slots=64, block=16, pieces=40, texts=2)
        counter = PieceCounter(pattern, sizes=small, first_slots=16)
        counter.count(texts)
        other = PieceCounter(pattern, first_slots=16)
        other.add(counter.pieces())
        names = ("piece_bytes", "piece_lengths", "counts")
        assert counts_of_arrays(dict(zip(names, other.pieces()))) == count_block(texts, pattern)
print("equal")
"""


def test_interpreted_loops_count_the_same(interpreted: Callable[[str], str]) -> None:
    assert interpreted(PROGRAM) == "equal\n"
