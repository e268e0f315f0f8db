"""How does a corpus become an encoding?"""

import gc
import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from bpelab.bpe.corpus.documents import Errors, Texts, blocks, n_bytes_of_files
from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.names import resolve_pattern
from bpelab.bpe.foundation.processes import require_jobs
from bpelab.bpe.foundation.progress import Reporter, Watch
from bpelab.bpe.training.checkpoint import Bounds, Checkpoint, MergingState
from bpelab.bpe.training.counts import (
    MAX_COUNT,
    PieceCounts,
    add_counts,
    digest_of_counts,
    gather_counts,
    n_bytes_of_counts,
)
from bpelab.bpe.training.interrupts import signals_held
from bpelab.bpe.training.learner import SEPARATOR, MergeLearner
from bpelab.bpe.training.settings import (
    as_integer,
    as_special_tokens,
    check_errors,
    check_pattern,
    check_progress,
)

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
    after a kill, removed at the end. At most 30 seconds of work are lost, or ten times what writing the file
    takes; Ctrl-C writes it first and loses nothing, a second Ctrl-C does not wait. A resume reads the texts
    again and goes on only where they, their boundaries, `counts` and the settings are the same; `vocab_size`
    and `special_tokens` may be others, and so may the names and dates of files. Texts that were not yet
    reached when counting stopped may have changed.

    The rule: the pair that occurs most often merges next, of those that occur equally often the one with
    the smallest (left id, right id). Every number of jobs, and a resumed training, gives the same encoding.
    Where no pair is left before `vocab_size` is reached, a `UserWarning` says so and the encoding is
    smaller. Raises `TypeError` for settings of other types, `ValueError` for those that contradict each
    other or a checkpoint, and `OSError` where the checkpoint cannot be written, all before any work;
    `OverflowError` where the counted bytes reach 2**63, and what reading a corpus raises (`corpus.blocks`).

    Memory is that of the distinct pieces, however long the corpus: while counting some 100 bytes for each,
    and while learning some 45 for each of its bytes. Ten million random pieces of ten letters take 5 GB;
    30 MB of source have a hundred thousand distinct pieces. While merges are learned Python's cyclic garbage
    collector pauses, which saves a third of the time.

    >>> encoding = train(["aaabdaaabac"], pattern=".+", vocab_size=256 + 3, byte_order="raw")
    >>> [encoding.decode_single_token_bytes(token) for token in (256, 257, 258)]
    [b'aa', b'ab', b'aaab']
    >>> encoding.encode("aaabdaaabac")
    [258, 100, 258, 97, 99]
    """
    vocab_size = as_integer("vocab_size", vocab_size)
    min_frequency = as_integer("min_frequency", min_frequency)
    if max_token_length is not None:
        max_token_length = as_integer("max_token_length", max_token_length)
    special_tokens = as_special_tokens(special_tokens)
    jobs = require_jobs(jobs)
    check_errors(errors)
    check_progress(progress)
    if extend is not None and not isinstance(extend, Encoding):
        raise TypeError(f"extend must be an Encoding, not {extend!r:.60}; get_encoding gives one by its name")
    if extend is not None and extend.n_vocab + len(special_tokens) > vocab_size:
        raise ValueError(
            f"vocab_size is {vocab_size:,}: {extend.name}, which is extended, has {extend.n_vocab:,} tokens,"
            f" and there are {len(special_tokens):,} special ones to add"
        )
    tokens, specials = _first_tokens(byte_order, extend)
    n_merges = vocab_size - len(tokens) - len(special_tokens)
    _check_settings(vocab_size, n_merges, tokens, specials, special_tokens, min_frequency, max_token_length)
    check_pattern(pattern)
    if extend is not None and pattern is not None:
        raise ValueError("an encoding that is extended keeps its pattern: leave out pattern= or extend=")
    pattern = (
        extend.pattern if extend is not None else resolve_pattern("gpt2" if pattern is None else pattern)
    )

    plan = _Plan(tokens, extend, pattern, n_merges, min_frequency, max_token_length, errors, jobs, progress)
    saved = Checkpoint(checkpoint)
    _check_outside(saved.path, texts)
    merges = _learn(_begin(texts, counts, plan, saved), plan, saved)
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
    if len(ranks) + tokens.count(b"") < len(tokens):  # never of what was counted in this process
        raise ValueError(
            f"{saved.path}: its pieces are not those that its merges leave; remove it to begin anew"
        )
    specials |= {special: len(tokens) + i for i, special in enumerate(special_tokens)}
    encoding = Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)
    saved.remove()
    return encoding


@dataclass(frozen=True)
class _Plan:
    """What was asked of a training, checked."""

    tokens: Sequence[bytes]  # to begin with, by id
    extend: Encoding | None
    pattern: str
    n_merges: int
    min_frequency: int
    max_token_length: int | None
    errors: Errors
    jobs: int
    progress: Watch | None


def _first_tokens(byte_order: ByteOrder, extend: Encoding | None) -> tuple[list[bytes], dict[str, int]]:
    """Give the bytes of every token before training, by id (b"" where none merges), and specials."""
    if extend is None:
        if byte_order not in ("gpt2", "raw"):
            raise ValueError(f"byte_order is {byte_order!r}: it must be 'gpt2' or 'raw'")
        return [bytes([byte]) for byte in (BYTE_ORDER if byte_order == "gpt2" else range(256))], {}
    ranks = extend.ranks
    tokens = [b""] * extend.n_vocab
    for token, rank in ranks.items():
        tokens[rank] = token
        # New merges could reach such a token in a way that training has not counted.
        if merge_with_heap(token, ranks) != [rank]:
            raise ValueError(f"{extend.name} cannot be extended: its merges never make its token {token!r}")
    return tokens, dict(extend.special_tokens)


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
    repeated = {token for token, n in Counter(special_tokens).items() if n > 1 or token in specials}
    if repeated or "" in special_tokens:
        raise ValueError(
            f"special_tokens must be new, different and not empty: {min(repeated, default='')!r}"
        )


def _check_outside(checkpoint: Path | None, texts: Texts) -> None:
    """Raise `ValueError` where a checkpoint would become one of the files of a directory that is read."""
    sources = texts if isinstance(texts, Sequence) and not isinstance(texts, str) else [texts]
    for source in sources:
        if checkpoint is None or not isinstance(source, os.PathLike) or not Path(source).is_dir():
            continue
        # Unlike `Path.resolve`, this leaves a loop of links to whoever opens it, whose error names it.
        folder, file = Path(os.path.realpath(source)), Path(os.path.realpath(checkpoint))
        if folder not in file.parents:
            continue
        if not any(part.startswith(".") for part in file.relative_to(folder).parts):  # those are not read
            raise ValueError(
                f"{checkpoint}: the checkpoint would be one of the files of {source} that are read: put it"
                " elsewhere"
            )


def _begin(
    texts: Texts, counts: Iterable[PieceCounts | str | os.PathLike[str]], plan: _Plan, saved: Checkpoint
) -> MergingState:
    """Count the corpus, or take from a checkpoint of the same corpus what was counted and merged before."""
    given = gather_counts(counts, plan.pattern)
    saved.resume(
        {
            "pattern": plan.pattern,
            "first_tokens": hashlib.sha256(repr(plan.tokens).encode()).hexdigest(),
            "counts": "" if saved.path is None else digest_of_counts(given),
            "min_frequency": plan.min_frequency,
            "max_token_length": plan.max_token_length,
        }
    )
    n_bytes = n_bytes_of_files(texts)
    all_blocks = blocks(texts, plan.pattern, plan.errors)
    saved.check_corpus(all_blocks, Reporter(plan.progress, "checking", n_bytes))
    if saved.is_merging:
        seen = saved.seen.n_bytes
        n_piece_bytes = seen + sum(map(len, given))
        bounds = Bounds(n_piece_bytes, seen + n_bytes_of_counts(given), plan.max_token_length)
        return saved.merged(plan.tokens, bounds)
    tally = saved.counted()
    report = Reporter(plan.progress, "counting", n_bytes, tally.seen.n_bytes)
    with saved.written_if_stopped(lambda: saved.write_counting(tally)):
        for _ in tally.steps(all_blocks, plan.pattern, plan.jobs, report):
            if saved.due:
                saved.write_counting(tally)
        total = tally.counts
        if given:
            add_counts(given, total)
            total = given
        state = MergingState([], *_segments(total, plan.tokens, plan.extend))
    saved.write_merging(state)
    return state


def _segments(
    counts: Mapping[bytes, int], tokens: Sequence[bytes], extend: Encoding | None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Lay the pieces out for `MergeLearner`: ids with separators, and how often each piece occurs."""
    n_bytes = n_bytes_of_counts(counts)
    if n_bytes > MAX_COUNT:
        raise OverflowError(f"the corpus has {n_bytes:,} bytes: counts hold up to 2**63 - 1")
    pieces = list(counts)
    if extend is None:
        id_of_byte = np.zeros(256, dtype=np.int32)
        id_of_byte[np.frombuffer(b"".join(tokens), dtype=np.uint8)] = np.arange(256)
        flat = id_of_byte[np.frombuffer(b"".join(pieces), dtype=np.uint8)]
        lengths = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    else:
        encoded = [merge_with_heap(piece, extend.ranks) for piece in pieces]
        flat = np.array([token for ids in encoded for token in ids], dtype=np.int32)
        lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(pieces))
    is_token = np.ones(len(flat) + len(pieces) + 1, dtype=np.bool_)
    is_token[np.append(0, np.cumsum(lengths + 1))] = False
    ids = np.full(len(is_token), SEPARATOR, dtype=np.int32)
    ids[is_token] = flat
    return ids, np.fromiter(counts.values(), dtype=np.int64, count=len(pieces))


def _learn(state: MergingState, plan: _Plan, saved: Checkpoint) -> list[tuple[int, int]]:
    """Learn the merges that `state` lacks, reporting and writing checkpoints."""
    lengths = [len(token) for token in plan.tokens]
    before = state.merges
    for left, right in before:
        lengths.append(lengths[left] + lengths[right])
    found = {"distinct pieces": len(state.weights)}
    learner = MergeLearner(
        state.ids,
        state.weights,
        token_lengths=lengths,
        min_frequency=plan.min_frequency,
        max_token_length=plan.max_token_length,
    )
    del state  # the learner has copied it

    def write() -> None:
        saved.write_merging(MergingState(before + learner.merges, *learner.snapshot()))

    report = Reporter(plan.progress, "merging", plan.n_merges, len(before), unit="merges")
    with signals_held() as deliver_signals, _garbage_collection_paused():
        for n_done in learner.steps(max(0, plan.n_merges - len(before))):
            with saved.written_if_stopped(write):  # between two steps the learner can be looked at
                report(len(before) + n_done, found)
                deliver_signals()
                if saved.due:
                    write()
    report(len(before) + len(learner.merges), found, at_end=True)
    return (before + learner.merges)[: plan.n_merges]


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
