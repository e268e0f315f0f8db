"""Each loop alone does what its first line says, with tables so small that it goes every way it can.

With `NUMBA_DISABLE_JIT=1` in the environment the same tests watch the source as ordinary Python.
"""

from itertools import accumulate, pairwise

import numpy as np
import pytest
from bpelab.bpe import textbook
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.encoders.compiled import split
from bpelab.bpe.encoders.compiled.call import Call, Parts
from bpelab.bpe.encoders.compiled.memory import IS_FULL, Memory, Sizes, new_memory, new_room
from bpelab.bpe.encoders.compiled.tables import as_bytes, build_tables

# The loops multiply modulo 2**64, of which NumPy warns where they are interpreted.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN}
# Words that begin or end alike, below, at and above the 15 bytes that fit into a slot, zeros among them.
SIMILAR = st.text("a\0", min_size=1, max_size=3).map(str.encode) | st.builds(
    lambda first, n, last: first + b"a" * n + last,
    st.sampled_from([b"", b"b", b"\0"]),
    st.integers(1, 40),
    st.sampled_from([b"", b"b", b"\0"]),
)
# Runs of ASCII of any length between characters of two, three and four bytes.
LINES = st.lists(
    st.text("ab 1'\n", max_size=6) | st.sampled_from(["é", "あ", "🙂", "x" * 80, " y" * 40]), max_size=6
)
TEXTS = LINES.map("".join)


def cut_in_blocks(
    pattern: str, texts: list[str], sizes: Sizes, is_last: bool
) -> tuple[list[bytes], list[int]]:
    """Return all pieces, and how many there are up to the end of each text."""
    encoded = [text.encode() for text in texts]
    data, ends = as_bytes(b"".join(encoded)), np.cumsum([0, *map(len, encoded)])[1:]
    room, cut = new_room(sizes), np.zeros(6, dtype=np.int64)
    pieces: list[bytes] = []
    text_pieces: list[int] = []
    while True:
        cut[split.BASE], cut[split.N_PIECES], cut[split.N_TEXTS] = cut[split.PLACE], 0, 0
        base, n_before = int(cut[split.BASE]), len(pieces)
        why = split.CUTS[pattern](data, ends, is_last, split.class_bytes(pattern), room, cut)
        starts = room.piece_starts[: int(cut[split.N_PIECES]) + 1].tolist()
        pieces += [data[base + start : base + end].tobytes() for start, end in pairwise(starts)]
        text_pieces += (room.text_pieces[: int(cut[split.N_TEXTS])] + n_before).tolist()
        if why == split.LONG_PIECE:
            room = new_room(sizes, 2 * int(room.block))
        elif why != split.NO_ROOM:
            assert (why == split.DONE) or not is_last
            return pieces, text_pieces


ROOMS = st.builds(
    Sizes, block=st.integers(4, 40) | st.just(200), pieces=st.integers(1, 40), texts=st.integers(1, 4)
)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@settings(max_examples=25)
@given(texts=st.lists(TEXTS, max_size=4), sizes=ROOMS)
@example(texts=[" y" * 150], sizes=Sizes(block=8, pieces=1, texts=4))  # more pieces than there is room for
def test_texts_are_cut_alike_in_blocks_of_any_size(pattern: str, texts: list[str], sizes: Sizes) -> None:
    expected = [[piece.encode() for piece in splitter(pattern)(text)] for text in texts]
    pieces, text_pieces = cut_in_blocks(pattern, texts, sizes, is_last=True)
    assert pieces == [piece for own in expected for piece in own]
    assert text_pieces == list(accumulate(map(len, expected)))


@settings(max_examples=40)
@given(text=TEXTS, sizes=ROOMS)
def test_of_a_text_that_goes_on_all_pieces_but_the_last_two_are_cut(text: str, sizes: Sizes) -> None:
    expected = [piece.encode() for piece in splitter(GPT2_PATTERN)(text)]
    pieces, _ = cut_in_blocks(GPT2_PATTERN, [text], sizes, is_last=False)
    assert pieces == expected[: max(0, len(expected) - 2)]


RANKS = st.lists(st.text("abc", min_size=2, max_size=20), unique=True, max_size=20).flatmap(st.permutations)


def a_call(ranks: dict[bytes, int], sizes: Sizes, memory: Memory | None = None, **options: object) -> Call:
    parts = Parts(build_tables(ranks), None, np.zeros(0, np.uint8), str.split, sizes)
    return Call(parts, new_room(sizes), memory or new_memory(sizes), 0, **options)  # type: ignore[arg-type]


@settings(max_examples=50)
@given(tokens=st.sets(SIMILAR, max_size=20), others=st.lists(SIMILAR, max_size=10))
def test_a_piece_that_is_a_token_has_its_id_and_any_other_is_merged(
    tokens: set[bytes], others: list[bytes]
) -> None:
    ranks = {token: rank for rank, token in enumerate(sorted(tokens | {b"\0", b"a", b"b"}, key=len))}
    pieces = [*tokens, *others]
    call = a_call(ranks, Sizes(first_slots=16))
    call.encode_pieces(pieces)
    expected = [[ranks[piece]] if piece in ranks else textbook.merge_piece(piece, ranks) for piece in pieces]
    assert call.all_ids().tolist() == [token for ids in expected for token in ids]


@settings(max_examples=80)
@given(tokens=RANKS, piece=st.text("abc", min_size=1, max_size=60), window=st.integers(2, 20), data=st.data())
def test_a_piece_is_merged_as_the_textbook_merges_it(
    tokens: list[str], piece: str, window: int, data: st.DataObject
) -> None:
    """At once, in windows, or by the heap where two windows share no token; whatever the ranks are."""
    ranks = {token.encode(): rank for rank, token in enumerate([*tokens, *"abc"])}
    sizes = Sizes(first_slots=16, window=window, overlap=data.draw(st.integers(1, window - 1)))
    call = a_call(ranks, sizes)
    call.encode_pieces([piece.encode()])
    whole = ranks.get(piece.encode())
    assert call.all_ids().tolist() == (
        textbook.merge_piece(piece.encode(), ranks) if whole is None else [whole]
    )


WORDS = st.integers(0, 60).map(lambda i: ("abc"[i % 3] * (i // 3) + "acb"[i % 2]).encode())


@settings(max_examples=40)
@given(
    calls=st.lists(st.lists(WORDS, max_size=30), max_size=3),
    first=st.sampled_from([16, 32]),
    most=st.sampled_from([16, 64]),
    limit=st.none() | st.integers(0, 30),
)
def test_pieces_met_before_have_the_same_ids_again(
    calls: list[list[bytes]], first: int, most: int, limit: int | None
) -> None:
    """Remembered, moved into a larger table, or forgotten; written or only counted."""
    ranks = {token: rank for rank, token in enumerate([b"aa", b"bb", b"aaaa", b"aabb", b"a", b"b", b"c"])}
    sizes = Sizes(first_slots=first, most_slots=most)
    memory = new_memory(sizes)
    for pieces in calls:
        expected = [rank for piece in pieces for rank in textbook.merge_piece(piece, ranks)]
        call = a_call(ranks, sizes, memory)
        call.encode_pieces(pieces)
        memory = call.memory
        assert memory.counters[IS_FULL] == 0  # what has grown, or forgotten, has room again
        assert call.all_ids().tolist() == expected
        counting = a_call(ranks, sizes, memory, limit=limit, keeps_ids=False)
        counting.encode_pieces(pieces)
        assert counting.n_ids == len(expected) or (
            limit is not None and limit < counting.n_ids <= len(expected)
        )
        assert counting.is_over == (limit is not None and len(expected) > limit)
        memory = counting.memory
