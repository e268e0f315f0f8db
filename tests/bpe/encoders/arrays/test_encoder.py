"""The array way gives the ids of the textbook, at any size of its tables and blocks, from any thread."""

import os
import random
import signal
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, textbook
from bpelab.bpe.encoders import choice
from bpelab.bpe.encoders.arrays import blocks, chunks, encoder, long_piece, rounds
from bpelab.bpe.encoders.arrays.chunks import merge_in_blocks, merge_in_chunks
from bpelab.bpe.encoders.arrays.encoder import ArrayEncoder
from bpelab.bpe.encoders.arrays.keys import MAX_KEY_BYTES, as_words, keys_of_words
from bpelab.bpe.encoders.arrays.long_piece import merge_long_piece
from bpelab.bpe.encoders.arrays.rounds import merge_in_rounds
from bpelab.bpe.encoders.arrays.store import PieceStore, TokenTables
from bpelab.bpe.encoders.arrays.table import KeyTable
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = [
    "hello",
    " world",
    " antidisestablishmentarianism",
    "aaaaaaaaaaaaaaaaaaaaa",
    "안녕하세요",
    " é",
    "'ll",
    "\n",
    "  ",
]
WORDS += ["xqzjk" * 9, "=" * 40, "🙂" * 20, "\x00", "\x00\x00", "a\x00", "12345", "\t", "!?", "\U00032c82"]
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=25).map("".join)


@pytest.fixture(scope="module")
def tokens(gpt2: Encoding) -> TokenTables:
    return TokenTables(gpt2.ranks)


@pytest.fixture(scope="module")
def ranks(gpt2: Encoding) -> dict[bytes, int]:
    """The first two thousand tokens of gpt2, so that many a table can be built of them."""
    return {token: rank for token, rank in gpt2.ranks.items() if rank < 2000}


@pytest.mark.parametrize(
    "pattern", [GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN], ids=["gpt2", "cl100k", "o200k"]
)
@settings(deadline=None, max_examples=120)
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=5),
    block=st.integers(1, 30),
    max_pieces=st.integers(0, 12),
    few=st.integers(0, 4),
)
def test_tiny_tables_and_blocks_change_nothing(
    ranks: dict[bytes, int], pattern: str, texts: list[str], block: int, max_pieces: int, few: int
) -> None:
    arrays = ArrayEncoder(ranks, pattern, max_pieces=max_pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_CHARS", block)
        patch.setattr(rounds, "FEW_PIECES", few)
        for text in texts * 2:  # the second time the pieces are known, or forgotten
            text = text.encode("utf-8", "replace").decode("utf-8")
            ids = textbook.encode_ordinary(text, pattern, ranks)
            assert [int(token) for part in arrays.encode_blocks(text) for token in part] == ids
            assert arrays.count(text) == len(ids)


@settings(deadline=None, max_examples=60)
@given(text=TEXTS)
def test_both_sides_of_the_switch_give_the_same_ids(gpt2: Encoding, text: str) -> None:
    special = text + "<|endoftext|>" + text
    answers = []
    for limit in (0, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(choice, "SHORT_CHARS", limit)
            answers.append(
                (
                    gpt2.encode_ordinary(text),
                    gpt2.encode(special, allowed_special="all"),
                    gpt2.encode_ordinary_batch([text, special]),
                    gpt2.count(special),
                    gpt2.count(text, limit=5),
                    [
                        array.tolist()
                        for array in gpt2.encode_with_offsets(
                            special.replace("\ud800", "").encode("utf-8", "replace").decode(),
                            disallowed_special=(),
                        )
                    ],
                )
            )
    assert answers[0] == answers[1]


@settings(deadline=None, max_examples=200)
@given(pieces=st.lists(st.binary(min_size=1, max_size=70), min_size=1, max_size=20), few=st.integers(0, 9))
def test_merging_many_is_merging_each(
    gpt2: Encoding, tokens: TokenTables, pieces: list[bytes], few: int
) -> None:
    pieces += [b"hello world", b"aaaaaaaaaaaaaaaa", b"abababababab"]
    lengths = np.array(list(map(len, pieces)))
    data, starts, ranks = b"".join(pieces), np.cumsum(lengths) - lengths, gpt2.ranks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "FEW_PIECES", few)
        ids, counts = merge_in_rounds(data, as_words(data), starts, lengths, ranks, tokens)
    parts = [part.tolist() for part in np.split(ids, np.cumsum(counts)[:-1])]
    assert parts == [textbook.merge_piece(piece, ranks) for piece in pieces]


@settings(deadline=None, max_examples=200)
@given(
    piece=st.text(alphabet="ab =\n한🙂", min_size=1, max_size=60)
    | st.text("abcdefgh", min_size=1, max_size=60)
)
def test_a_long_piece_is_merged_as_the_textbook_does(gpt2: Encoding, tokens: TokenTables, piece: str) -> None:
    data = piece.encode()
    expected = textbook.merge_piece(data, gpt2.ranks)
    if data not in gpt2.ranks:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(long_piece, "BYTES_A_RANK", 0)
            patch.setattr(long_piece, "FEW_BYTES", 0)
            assert merge_long_piece(data, gpt2.ranks, tokens).tolist() == expected


@settings(deadline=None, max_examples=300)
@given(
    piece=st.text(alphabet="ab =\n한🙂", min_size=1, max_size=60)
    | st.text("abcdefgh", min_size=1, max_size=60)
    | st.lists(st.sampled_from(["ation", " international", "====", "izational"]), min_size=1).map("".join),
    chunk=st.integers(2, 20),
    overlap=st.integers(1, 10),
)
def test_a_piece_is_merged_in_chunks_as_it_is_as_a_whole(
    gpt2: Encoding, tokens: TokenTables, piece: str, chunk: int, overlap: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", max(chunk, 2 * overlap))
        patch.setattr(chunks, "OVERLAP_BYTES", overlap)
        ids = merge_in_chunks(piece.encode(), gpt2.ranks, tokens)
    assert ids.tolist() == merge_with_heap(piece.encode(), gpt2.ranks)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), piece=st.text(alphabet="abc", min_size=2, max_size=40))
def test_vocabularies_whose_ranks_make_no_sense_are_merged_right(data: Any, piece: str) -> None:
    """Where a merge makes a pair of a lower rank, joining all of one rank at once would go wrong."""
    names = data.draw(st.lists(st.text(alphabet="abc", min_size=2, max_size=5), unique=True, max_size=30))
    ranks = {bytes([byte]): 1000 + byte for byte in range(256)} | {
        name.encode(): i for i, name in enumerate(names)
    }
    tokens = TokenTables(ranks)
    expected = textbook.merge_piece(piece.encode(), ranks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_piece, "BYTES_A_RANK", 0)
        patch.setattr(long_piece, "FEW_BYTES", 0)
        if piece.encode() not in ranks:
            assert merge_long_piece(piece.encode(), ranks, tokens).tolist() == expected
        patch.setattr(chunks, "CHUNK_BYTES", 4)
        patch.setattr(chunks, "OVERLAP_BYTES", 2)
        assert merge_in_chunks(piece.encode(), ranks, tokens).tolist() == expected
        patch.setattr(rounds, "FEW_PIECES", 0)
        if piece.encode() not in ranks:
            ids, _ = merge_in_rounds(
                piece.encode(), as_words(piece.encode()), np.array([0]), np.array([len(piece)]), ranks, tokens
            )
            assert ids.tolist() == expected


@settings(deadline=None, max_examples=300)
@given(
    piece=st.text(alphabet="ab =\n한🙂", min_size=1, max_size=90)
    | st.text("abcdefgh", min_size=1, max_size=90)
    | st.lists(st.sampled_from(["ation", " international", "====", "izational"]), min_size=1).map("".join),
    block=st.integers(4, 60),
    overlap=st.integers(1, 20),
)
def test_a_piece_is_merged_in_blocks_as_it_is_as_a_whole(
    gpt2: Encoding, tokens: TokenTables, piece: str, block: int, overlap: int
) -> None:
    data, ranks = piece.encode(), gpt2.ranks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_piece, "BLOCK_BYTES", block)
        patch.setattr(long_piece, "OVERLAP_BYTES", overlap)
        assert merge_long_piece(data, ranks, tokens).tolist() == merge_with_heap(data, ranks)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), piece=st.text(alphabet="abc", min_size=2, max_size=60), block=st.integers(4, 20))
def test_blocks_that_have_no_token_in_common_are_not_put_together(data: Any, piece: str, block: int) -> None:
    names = data.draw(st.lists(st.text(alphabet="abc", min_size=2, max_size=9), unique=True, max_size=30))
    ranks = {bytes([byte]): 1000 + byte for byte in range(256)}
    ranks |= {name.encode(): rank for rank, name in enumerate(names)}
    ids = merge_in_blocks(
        piece.encode(),
        block,
        data.draw(st.integers(1, block)),
        lambda part: np.array(merge_with_heap(part, ranks), dtype=np.uint32),
        TokenTables(ranks),
    )
    assert ids is None or ids.tolist() == merge_with_heap(piece.encode(), ranks)


@pytest.mark.parametrize("kind", ["a", "random", "한"])
def test_a_piece_of_many_blocks_has_the_memory_of_one(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(long_piece, "BLOCK_BYTES", 1 << 15)
    monkeypatch.setattr(blocks, "BLOCK_CHARS", 1 << 16)
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=600_000)
    text = "".join(letters) if kind == "random" else kind * (600_000 // len(kind.encode()))
    gpt2.encode_ordinary("a" * 10_000)
    tracemalloc.start()
    try:
        ids = gpt2.encode_to_numpy(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert gpt2.decode(ids) == text
    assert peak < 30 * len(text.encode())


@pytest.mark.parametrize("kind", ["a", " ", "random", "🙂", "=", "ab"])
def test_a_hundred_thousand_bytes_in_one_piece(gpt2: Encoding, tokens: TokenTables, kind: str) -> None:
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=100_000)
    piece = "".join(letters).encode() if kind == "random" else kind.encode() * (100_000 // len(kind.encode()))
    expected = merge_with_heap(piece, gpt2.ranks)
    assert merge_long_piece(piece, gpt2.ranks, tokens).tolist() == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_piece, "BYTES_A_RANK", 0)
        assert merge_long_piece(piece, gpt2.ranks, tokens).tolist() == expected


@pytest.mark.parametrize("kind", [b"a", b" ", b"ab"])
def test_a_long_piece_of_few_pairs_is_merged_in_buckets(
    gpt2: Encoding, tokens: TokenTables, monkeypatch: pytest.MonkeyPatch, kind: bytes
) -> None:
    piece = kind * (40_000 // len(kind))
    expected = merge_with_heap(piece, gpt2.ranks)
    for another_way in ("merge_in_chunks", "merge_with_heap"):
        monkeypatch.delattr(long_piece, another_way)
    assert merge_long_piece(piece, gpt2.ranks, tokens).tolist() == expected


@settings(deadline=None, max_examples=400)
@given(
    pieces=st.sets(st.binary(min_size=16, max_size=MAX_KEY_BYTES), min_size=1, max_size=50),
    n=st.integers(1, 50),
)
def test_a_table_finds_what_was_put_in_and_nothing_else(pieces: set[bytes], n: int) -> None:
    ordered = sorted(pieces, key=len)
    lengths = np.array(list(map(len, ordered)))
    keys = keys_of_words(as_words(b"".join(ordered)), np.cumsum(lengths) - lengths, lengths, 4)
    values = np.arange(1, len(ordered) + 1, dtype=np.uint64)
    table = KeyTable(n_words=4, n_keys=1)
    for start in range(0, min(n, len(ordered)), 7):  # in several steps, so that it grows
        own = slice(start, min(start + 7, n))
        table = table.insert([word[own] for word in keys], values[own])
    expected = [value if value <= n else 0 for value in values.tolist()]
    assert table.find(keys).tolist() == expected
    assert table.insert(keys, values).find(keys).tolist() == values.tolist()


def test_every_token_of_the_vocabulary_is_found(gpt2: Encoding, tokens: TokenTables) -> None:
    lengths = np.array(list(map(len, gpt2.ranks)))
    data = b"".join(gpt2.ranks)
    ranks = tokens.ranks_of(data, as_words(data), np.cumsum(lengths) - lengths, lengths)
    assert ranks.tolist() == list(gpt2.ranks.values())


def test_a_missing_byte_is_named() -> None:
    ranks = {b"a": 0, b"b": 1, b"ab": 2}
    arrays = ArrayEncoder(ranks, r"\S+", max_pieces=10)
    with pytest.raises(KeyError, match="the byte b'c' is not a token"):
        list(arrays.encode_blocks("abc"))
    with pytest.raises(KeyError, match="the byte b'c' is not a token"):
        list(arrays.encode_blocks("ab" * 2000 + "c"))


def test_threads_that_share_an_encoding_get_the_same_ids(gpt2: Encoding) -> None:
    """A small bound, so that they also forget together."""
    shared = Encoding(
        "x",
        pat_str=GPT2_PATTERN,
        mergeable_ranks=gpt2.ranks,
        special_tokens={},
        max_cached_pieces=500,
    )

    def texts(seed: int) -> Iterator[str]:
        source = fuzz_texts(seed % 3)
        for _ in range(12):
            yield "".join(islice(source, 500))

    def encode_all(seed: int) -> list[list[int]]:
        return [shared.encode_ordinary(text) for text in texts(seed)]

    expected = {seed: [gpt2.encode_ordinary(text) for text in texts(seed)] for seed in range(3)}
    with ThreadPoolExecutor(8) as pool:
        for seed, answers in enumerate(pool.map(encode_all, range(16))):
            assert answers == expected[seed % 3]


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_threads_give_one_text_s_ids_in_order(gpt2: Encoding, tiktoken_gpt2: Any, num_threads: int) -> None:
    text = "".join(islice(fuzz_texts(4), 20_000)).encode("utf-8", "replace").decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_CHARS", 5000)
        ids = gpt2.encode_to_numpy(text, disallowed_special=(), num_threads=num_threads)
    assert ids.tolist() == tiktoken_gpt2.encode_ordinary(text)


def small(gpt2: Encoding, max_cached_pieces: int = 1000) -> Encoding:
    return Encoding(
        "x",
        pat_str=GPT2_PATTERN,
        mergeable_ranks=gpt2.ranks,
        special_tokens={},
        max_cached_pieces=max_cached_pieces,
    )


def arrays_of(enc: Encoding) -> Any:
    """The engine for long texts, which an encoding and all that share its tables have in common."""
    return enc.with_engine("arrays")._parts.engine


def new_pieces(n: int, n_chars: int = 9, seed: int = 1) -> str:
    letters = random.Random(seed).choices("bcdfghjklmnpqrstvwxz", k=n * n_chars)
    return " ".join("".join(letters[start : start + n_chars]) for start in range(0, n * n_chars, n_chars))


@pytest.mark.parametrize("write", ["insert", "add_run", "add_pieces"])
def test_a_process_forked_while_another_thread_writes_encodes(gpt2: Encoding, write: str) -> None:
    enc, text = small(gpt2), new_pieces(500) + " " + new_pieces(500, 40) + " " + new_pieces(9, 600)
    is_writing, may_end = threading.Event(), threading.Event()
    owner = KeyTable if write == "insert" else PieceStore
    original = getattr(owner, write)

    def stopped(*arguments: Any) -> Any:
        written = original(*arguments)  # but what belongs to it is not there yet
        if threading.current_thread() is thread and not is_writing.is_set():
            is_writing.set()
            may_end.wait(60)
        return written

    enc.encode_to_numpy("Hello, world. " * 1000)  # so that the encoder has a store
    thread = threading.Thread(target=enc.encode_to_numpy, args=(text,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, write, stopped)
        thread.start()
        assert is_writing.wait(60)
        child = forked(lambda: enc.encode_to_numpy(text).tolist() == gpt2.encode_ordinary(text))
        ours = enc.encode_ordinary(text)  # nor does anybody wait here
        may_end.set()
        thread.join()
    assert child == 0
    assert ours == gpt2.encode_ordinary(text)


def forked(check: Callable[[], bool]) -> int:
    """Return how a forked process ended: 0 where `check` was true in it within a minute."""
    child = os.fork()
    if not child:
        try:
            signal.alarm(60)
            os._exit(not check())
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("write", ["insert", "add_run", "add_pieces", "remember"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_an_interrupted_call_has_half_written_is_never_read(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch, write: str, error: type[BaseException]
) -> None:
    enc, text = small(gpt2, 1 << 18), new_pieces(500) + " " + new_pieces(500, 40) + " " + new_pieces(9, 600)
    owner = KeyTable if write == "insert" else PieceStore
    original = getattr(owner, write)

    def interrupted(*arguments: Any) -> Any:
        original(*arguments)
        raise error

    enc.encode_to_numpy("Hello, world. " * 1000)
    with monkeypatch.context() as patch:
        patch.setattr(owner, write, interrupted)
        for _ in range(3):
            with pytest.raises(error):
                enc.encode_to_numpy(text)
    assert enc.encode_ordinary(text) == gpt2.encode_ordinary(text)
    assert enc.encode_ordinary(text) == gpt2.encode_ordinary(text)


def test_a_byte_that_is_no_token_spoils_nothing() -> None:
    ranks = {b"a": 0, b"b": 1, b"ab": 2, b" ": 3}
    arrays = ArrayEncoder(ranks, r"\S+|\s", max_pieces=10)
    for _ in range(2):
        with pytest.raises(KeyError, match="the byte b'c' is not a token"):
            list(arrays.encode_blocks("aab bba " + "abb" * 20 + " c " + "abba" * 90))
        (ids,) = arrays.encode_blocks("aab bba " + "abb" * 20)
        assert ids.tolist() == [0, 2, 3, 1, 1, 0, 3] + [2, 1] * 20


def test_a_generator_keeps_no_store_while_it_waits(gpt2: Encoding) -> None:
    enc = small(gpt2)
    parts = enc.encode_iter(["Hello, world. " * 100_000] * 2)
    next(parts)
    (store,) = arrays_of(enc).waiting
    assert next(parts).size
    assert arrays_of(enc).waiting == [store]
    parts.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("n_chars", [4, 9, 25, 60])
def test_a_store_holds_so_many_pieces_and_few_bytes_for_each(gpt2: Encoding, n_chars: int) -> None:
    enc = small(gpt2, 5000)
    vocabulary = PieceStore(arrays_of(enc).tokens).nbytes
    kept = 0
    for seed in range(12):
        text = new_pieces(2000, n_chars, seed)
        assert enc.encode_ordinary(text) == gpt2.encode_ordinary(text)
        for store in arrays_of(enc).waiting:
            kept = max(kept, store.n_pieces)
            assert store.nbytes - vocabulary < vocabulary + 1000 * store.n_pieces
    assert 1500 < kept <= 5000


def test_calls_at_once_leave_no_more_stores_than_processors(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "WAITING_STORES", 2)
    enc = small(gpt2, 1 << 18)
    all_are_in, find = threading.Barrier(6), ArrayEncoder.look_up

    def together(*arguments: Any) -> Any:
        all_are_in.wait(60)
        return find(*arguments)

    text = new_pieces(2000)
    with monkeypatch.context() as patch, ThreadPoolExecutor(6) as pool:
        patch.setattr(ArrayEncoder, "look_up", together)
        answers = list(pool.map(enc.encode_ordinary, [text] * 6))
    assert answers == [gpt2.encode_ordinary(text)] * 6
    assert len(arrays_of(enc).waiting) == 2


def test_pieces_of_any_pattern_come_in_blocks(gpt2: Encoding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_CHARS", 1000)
    enc = Encoding("x", pat_str=r"\S+|\s+", mergeable_ranks=gpt2.ranks, special_tokens={})
    text = "Hello,  world. 안녕 " * 2000 + "long" * 300 + " end"
    parts = [part.tolist() for part in arrays_of(enc).encode_blocks(text)]
    assert len(parts) > 40
    assert [token for part in parts for token in part] == textbook.encode_ordinary(
        text, enc.pattern, enc.ranks
    )


def test_long_random_texts_have_tiktoken_s_ids(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    source = fuzz_texts(11)
    for _ in range(30):
        text = "".join(islice(source, 2000))
        assert gpt2.encode_ordinary(text) == tiktoken_gpt2.encode_ordinary(text)
