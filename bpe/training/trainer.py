"""How does a corpus become an encoding?"""

import gc
import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.gpt2 import BYTE_ORDER
from bpelab.bpe.merge import merge_piece
from bpelab.bpe.training.checkpoint import Checkpoint, MergingState
from bpelab.bpe.training.corpus import Errors, Texts, n_bytes_of_files
from bpelab.bpe.training.counts import (
    MAX_COUNT,
    PieceCounts,
    Tally,
    add_counts,
    gather_counts,
    resolve_pattern,
)
from bpelab.bpe.training.merges import SEPARATOR, MergeLearner
from bpelab.bpe.training.progress import Reporter, Watch

ByteOrder = Literal["gpt2", "raw"]
MAX_VOCAB_SIZE = 2**31 - 1  # ids are int32 while training


def train(
    texts: Texts = (),
    *,
    vocab_size: int,
    counts: Iterable[PieceCounts | str | os.PathLike[str]] = (),
    pattern: str | None = None,
    special_tokens: Sequence[str] = (),
    min_frequency: int = 1,
    max_token_length: int | None = None,
    byte_order: ByteOrder = "gpt2",
    extend: Encoding | None = None,
    name: str = "trained",
    errors: Errors = "strict",
    jobs: int = 1,
    progress: Watch | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Encoding:
    """Learn an encoding of `vocab_size` tokens, special ones included, from a corpus.

    `texts`: a document (str), a file or a directory (`pathlib.Path`), or any iterable of those; merges
    never cross from one document to another, and special tokens in a document are plain text.
    `counts`: pieces counted before, as `PieceCounts` or files of them; added to those of `texts`.
    `pattern`: what splits documents into pieces: the name of an encoding, or a regular expression.
    `special_tokens`: get the last ids, in this order.
    `min_frequency`: a pair must occur so often to merge. `max_token_length`: in bytes.
    `byte_order`: how the 256 single bytes are numbered: as GPT-2 does, or "raw", byte b as id b.
    `extend`: keep all tokens and the pattern of this encoding and add to them.
    `errors`: "replace" puts U+FFFD where a file is not UTF-8. `jobs`: processes that count.
    `progress`: called with a `Progress` a few times a second. `checkpoint`: a file to resume from
    after a kill, removed at the end; at most 30 seconds of work are lost.

    The rule: the pair that occurs most often merges next, of those that occur equally often the one with
    the smallest (left id, right id). Every number of jobs, and a resumed training, gives the same encoding.
    Where no pair is left before `vocab_size` is reached, a `UserWarning` says so and the encoding is
    smaller. Raises `ValueError` for sizes and settings that contradict each other, `OverflowError`
    where the counted bytes reach 2**63, and what reading a corpus raises (`corpus.blocks`). While merges are
    learned Python's cyclic garbage collector pauses, which saves a third of the time.

    >>> encoding = train(["aaabdaaabac"], pattern=".+", vocab_size=256 + 3, byte_order="raw")
    >>> [encoding.decode_single_token_bytes(token) for token in (256, 257, 258)]
    [b'aa', b'ab', b'aaab']
    >>> encoding.encode("aaabdaaabac")
    [258, 100, 258, 97, 99]
    """
    if isinstance(special_tokens, str) or not all(isinstance(token, str) for token in special_tokens):
        raise TypeError(f"special_tokens must be a list of str, not {special_tokens!r:.60}")
    if extend is not None and extend.n_vocab + len(special_tokens) > vocab_size:
        raise ValueError(
            f"vocab_size is {vocab_size:,}: {extend.name}, which is extended, has {extend.n_vocab:,} tokens,"
            f" and there are {len(special_tokens):,} special ones to add"
        )
    tokens, specials = _first_tokens(byte_order, extend)
    n_merges = vocab_size - len(tokens) - len(special_tokens)
    _check_settings(vocab_size, n_merges, tokens, specials, special_tokens, min_frequency, max_token_length)
    if extend is not None and pattern is not None:
        raise ValueError("an encoding that is extended keeps its pattern: leave out pattern= or extend=")
    pattern = (
        extend._pat_str if extend is not None else resolve_pattern("gpt2" if pattern is None else pattern)
    )
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}: at least one process must count")

    saved = Checkpoint(
        checkpoint,
        {
            "pattern": pattern,
            "first_tokens": hashlib.sha256(repr(tokens).encode()).hexdigest()[:16],
            "min_frequency": min_frequency,
            "max_token_length": max_token_length,
            "bytes_of_files": n_bytes_of_files(texts),
        },
    )
    state = saved.merging
    if state is None:
        tally = saved.counting or Tally()
        for _ in tally.steps(texts, pattern, errors, jobs, progress):
            if saved.due:
                saved.write_counting(tally)
        add_counts(tally.counts, gather_counts(counts, pattern))
        state = MergingState([], *_segments(tally.counts, tokens, extend))
        del tally
        saved.write_merging(state)
    merges = _learn(state, tokens, n_merges, min_frequency, max_token_length, progress, saved)
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    if len(merges) < n_merges:
        warnings.warn(
            f"training stopped at {len(tokens) + len(special_tokens):,} of {vocab_size:,} tokens:"
            f" no pair is left that occurs {min_frequency:,} times"
            + ("" if max_token_length is None else f" and makes at most {max_token_length:,} bytes"),
            stacklevel=2,
        )
    ranks = {token: rank for rank, token in enumerate(tokens) if token}
    specials |= {special: len(tokens) + i for i, special in enumerate(special_tokens)}
    saved.remove()
    return Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)


def _first_tokens(byte_order: ByteOrder, extend: Encoding | None) -> tuple[list[bytes], dict[str, int]]:
    """Give the bytes of every token before training, by id (b"" where none merges), and specials."""
    if extend is None:
        if byte_order not in ("gpt2", "raw"):
            raise ValueError(f"byte_order is {byte_order!r}: it must be 'gpt2' or 'raw'")
        return [bytes([byte]) for byte in (BYTE_ORDER if byte_order == "gpt2" else range(256))], {}
    ranks = extend._mergeable_ranks
    tokens = [b""] * extend.n_vocab
    for token, rank in ranks.items():
        tokens[rank] = token
        # New merges could reach such a token in a way that training has not counted.
        if merge_piece(token, ranks) != [rank]:
            raise ValueError(f"{extend.name} cannot be extended: its merges never make its token {token!r}")
    return tokens, dict(extend._special_tokens)


def _check_settings(
    vocab_size: int,
    n_merges: int,
    tokens: Sequence[bytes],
    specials: Mapping[str, int],
    special_tokens: Sequence[str],
    min_frequency: int,
    max_token_length: int | None,
) -> None:
    if n_merges < 0 or vocab_size > MAX_VOCAB_SIZE:
        raise ValueError(
            f"vocab_size is {vocab_size:,}: it must be from {len(tokens) + len(special_tokens):,}"
            f" ({len(tokens):,} tokens to begin with and {len(special_tokens):,} special ones) to"
            f" {MAX_VOCAB_SIZE:,}"
        )
    if min_frequency < 1:
        raise ValueError(f"min_frequency is {min_frequency}: a pair that never occurs cannot merge; give 1")
    if max_token_length is not None and max_token_length < 1:
        raise ValueError(f"max_token_length is {max_token_length}: every token has at least 1 byte")
    for token in special_tokens:
        token.encode("utf-8")  # a surrogate could be neither found in a text nor decoded
    twice = {token for token in special_tokens if list(special_tokens).count(token) > 1 or token in specials}
    if twice or "" in special_tokens:
        raise ValueError(f"special_tokens must be new, different and not empty: {min(twice, default='')!r}")


def _segments(
    counts: Mapping[bytes, int], tokens: Sequence[bytes], extend: Encoding | None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Lay the pieces out for `MergeLearner`: ids with separators, and how often each piece occurs."""
    n_bytes = sum(len(piece) * count for piece, count in counts.items())
    if n_bytes > MAX_COUNT:
        raise OverflowError(f"the corpus has {n_bytes:,} bytes: counts hold up to 2**63 - 1")
    pieces = list(counts)
    if extend is None:
        id_of_byte = np.zeros(256, dtype=np.int32)
        id_of_byte[np.frombuffer(b"".join(tokens), dtype=np.uint8)] = np.arange(256)
        flat = id_of_byte[np.frombuffer(b"".join(pieces), dtype=np.uint8)]
        lengths = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    else:
        encoded = [merge_piece(piece, extend._mergeable_ranks) for piece in pieces]
        flat = np.array([token for ids in encoded for token in ids], dtype=np.int32)
        lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(pieces))
    is_token = np.ones(len(flat) + len(pieces) + 1, dtype=np.bool_)
    is_token[np.append(0, np.cumsum(lengths + 1))] = False
    ids = np.full(len(is_token), SEPARATOR, dtype=np.int32)
    ids[is_token] = flat
    return ids, np.fromiter(counts.values(), dtype=np.int64, count=len(pieces))


def _learn(
    state: MergingState,
    tokens: Sequence[bytes],
    n_merges: int,
    min_frequency: int,
    max_token_length: int | None,
    progress: Watch | None,
    saved: Checkpoint,
) -> list[tuple[int, int]]:
    """Learn the merges that `state` lacks, reporting and writing checkpoints."""
    lengths = [len(token) for token in tokens]
    for left, right in state.merges:
        lengths.append(lengths[left] + lengths[right])
    n_before = len(state.merges)
    learner = MergeLearner(
        state.ids,
        state.weights,
        token_lengths=lengths,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
    )
    report = Reporter(progress, "merging", n_merges, n_before)
    with _garbage_collection_paused():
        for n_done in learner.steps(max(0, n_merges - n_before)):
            report(n_before + n_done, len(state.weights))
            if saved.due:
                saved.write_merging(MergingState(state.merges + learner.merges, *learner.snapshot()))
    report(n_before + len(learner.merges), len(state.weights), at_end=True)
    return (state.merges + learner.merges)[:n_merges]


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    # Every registered pair is a list: the collector would walk through all of them over and over.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
