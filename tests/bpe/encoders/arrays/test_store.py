"""Pieces that were met are remembered within bounds, by threads, forks and calls that are interrupted."""

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.encoders.arrays import encoder
from bpelab.bpe.encoders.arrays.encoder import ArrayEncoder
from bpelab.bpe.encoders.arrays.keys import MAX_KEY_BYTES, as_words, keys_of_words
from bpelab.bpe.encoders.arrays.store import PieceStore, TokenTables
from bpelab.bpe.encoders.arrays.table import KeyTable
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=400)
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
