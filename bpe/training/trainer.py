"""How does a corpus become an encoding?"""

import gc
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from bpelab.bpe.corpus.blocks import Texts, blocks, n_bytes_of_files, paths_of
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.progress import Reporter, Watch
from bpelab.bpe.foundation.workers import Workers
from bpelab.bpe.training.arguments import check_progress
from bpelab.bpe.training.checkpoint import Checkpoint
from bpelab.bpe.training.counts import (
    PieceCounts,
    Tally,
    add_counts,
    digest_of_counts,
    gather_counts,
    n_bytes_of_counts,
)
from bpelab.bpe.training.engines import learner_for
from bpelab.bpe.training.interrupts import signals_held
from bpelab.bpe.training.merging_state import Bounds, MergingState, first_state, tokens_after
from bpelab.bpe.training.settings import SettingsKeywords, TrainSettings
from bpelab.bpe.training.shared_counting import SharedCounting
from bpelab.bpe.training.tallies import begin_counting

if TYPE_CHECKING:
    from distributed import Client


def train(
    texts: Texts = (),
    settings: TrainSettings | None = None,
    *,
    counts: Iterable[PieceCounts | str | os.PathLike[str]] = (),
    progress: Watch | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    scheduler: "str | Client | None" = None,
    **keywords: Unpack[SettingsKeywords],
) -> Encoding:
    """Learn an encoding of `vocab_size` tokens, special ones included, from a corpus.

    `texts`: a document (str), a file or a directory (`pathlib.Path`), or any iterable of those. Merges
    never cross from one document to another, and special tokens in a document are plain text.
    `settings`: what is asked for; or pass the fields of `TrainSettings` as keywords: `vocab_size`,
    `pattern`, `special_tokens`, `min_frequency`, `max_token_length`, `byte_order`, `extend`, `name`,
    `errors`, `jobs`, `engine`.
    `counts`: pieces counted before, as `PieceCounts` or files of them; added to those of `texts`.
    `progress`: called with a `Progress` a few times a second.
    `checkpoint`: a file to resume from after a kill, removed at the end. At most 30 seconds of work are
    lost, or ten times what writing the file takes. Ctrl-C writes it first and loses nothing; a second
    Ctrl-C does not wait. A resumed training reads the texts again and goes on only if they, their
    boundaries, `counts` and the settings are the same. `vocab_size`, `name`, `jobs` and `engine` may
    change, and so may a special token that no merge could have made; names and dates of files may change
    too. Texts that were not yet reached when counting stopped may have changed.
    `scheduler`: the address of a Dask cluster, whose workers count a corpus of files, as `count_pieces` says;
    merges are learned here. The checkpoint is then a directory that all workers share, or a URL, and holds
    counts alone: merges, which take seconds, are learned again.

    The rule: the pair that occurs most often merges next. Of pairs that occur equally often, the one with
    the smallest (left id, right id) merges. Any number of jobs, either engine and a resumed training lead
    to the same encoding. No merge makes a special token, so that it costs no id twice.

    With `byte_order="gpt2"` the merges are those of Hugging Face's `BpeTrainer`, with two exceptions. Its
    `max_token_length=n` keeps every token shorter than n bytes, although it is documented as the length
    allowed (and two single bytes always merge): it equals `max_token_length=n - 1` here, for n of 3 or
    more. And it lets a merge make a special token, which then has one id as text and as a special token.

    Where no pair is left before `vocab_size` is reached, a `UserWarning` says so and the encoding is
    smaller. Raises what `TrainSettings` raises, `ValueError` where a checkpoint is of another training, and
    `OSError` where it cannot be written, all before any work; `OverflowError` where the counted bytes reach
    2**63; and what reading a corpus raises (`corpus.blocks.blocks`).

    Memory follows the number of distinct pieces, however long the corpus: about 100 bytes for each while
    counting, and about 45 for each of its bytes while learning. Ten million random pieces of ten letters
    take 5 GB, or 2.1 GB with compiled loops; 30 MB of source have a hundred thousand distinct pieces. While
    merges are learned Python's cyclic garbage collector pauses, which saves a third of the time.

    >>> encoding = train(["aaabdaaabac"], pattern=".+", vocab_size=256 + 3, byte_order="raw")
    >>> [encoding.decode_single_token_bytes(token) for token in (256, 257, 258)]
    [b'aa', b'ab', b'aaab']
    >>> encoding.encode("aaabdaaabac")
    [258, 100, 258, 97, 99]
    """
    settings = _settings(settings, keywords)
    check_progress(progress)
    saved = Checkpoint(checkpoint if scheduler is None else None)
    shared = None
    if scheduler is None:
        _check_outside(saved.path, texts)
        state = _begin(texts, counts, settings, saved, progress)
    else:
        shared = SharedCounting.at(checkpoint, Workers(scheduler=scheduler))
        state = _counted_by_workers(texts, counts, settings, shared, progress)
    merges = _learn(state, settings, saved, progress)
    if len(merges) < settings.n_merges:
        warnings.warn(_stopped_early(len(merges), settings), stacklevel=2)
    tokens = tokens_after(settings.first_tokens(), merges)
    ranks = {token: rank for rank, token in enumerate(tokens) if token}
    if len(ranks) + tokens.count(b"") < len(tokens):  # never of what was counted in this process
        raise ValueError(
            f"{saved.path}: its pieces are not those that its merges leave; remove it to begin anew"
        )
    specials = settings.kept_special_tokens
    specials |= {special: len(tokens) + i for i, special in enumerate(settings.special_tokens)}
    encoding = Encoding(
        settings.name, pat_str=settings.split_pattern, mergeable_ranks=ranks, special_tokens=specials
    )
    saved.remove()
    if shared is not None:
        shared.forget()
    return encoding


def _settings(settings: TrainSettings | None, keywords: SettingsKeywords) -> TrainSettings:
    if settings is None:
        if "vocab_size" not in keywords:
            raise TypeError("train needs to know how many tokens to learn: pass vocab_size=...")
        return TrainSettings(**keywords)
    if not isinstance(settings, TrainSettings):
        raise TypeError(
            f"settings must be TrainSettings, not {settings!r:.60}; other settings are keywords, as in"
            " train(texts, vocab_size=8192)"
        )
    if keywords:
        raise TypeError(
            f"pass settings or keywords, not both: {', '.join(keywords)}; dataclasses.replace changes a field"
        )
    return settings


def _stopped_early(n_merges: int, settings: TrainSettings) -> str:
    n_tokens = settings.vocab_size - settings.n_merges + n_merges
    limit = settings.max_token_length
    wanted = [f"occurs {settings.min_frequency:,} times"] if settings.min_frequency > 1 else []
    wanted += [] if limit is None else [f"makes at most {limit:,} byte{'' if limit == 1 else 's'}"]
    return f"training stopped at {n_tokens:,} of {settings.vocab_size:,} tokens: no pair is left" + (
        f" that {' and '.join(wanted)}" if wanted else ""
    )


def _check_outside(checkpoint: Path | None, texts: Texts) -> None:
    """Raise `ValueError` where a checkpoint would become one of the files of a directory that is read."""
    for source in paths_of(texts):
        if checkpoint is None or not Path(source).is_dir():
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
    texts: Texts,
    counts: Iterable[PieceCounts | str | os.PathLike[str]],
    settings: TrainSettings,
    saved: Checkpoint,
    progress: Watch | None,
) -> MergingState:
    """Count the corpus, or take from a checkpoint of the same corpus what was counted and merged before."""
    given = gather_counts(counts, settings.split_pattern)
    saved.resume(settings, "" if saved.path is None else digest_of_counts(given))
    n_bytes = n_bytes_of_files(texts)
    all_blocks = blocks(texts, settings.split_pattern, settings.errors)
    saved.check_corpus(all_blocks, Reporter(progress, "checking", n_bytes))
    if saved.is_merging:
        seen = saved.seen.n_bytes
        n_piece_bytes = seen + sum(map(len, given))
        return saved.merged(
            settings, Bounds(n_piece_bytes, seen + n_bytes_of_counts(given), settings.max_token_length)
        )
    before = saved.counted()
    tally, steps = begin_counting(
        before,
        all_blocks,
        settings.split_pattern,
        jobs=settings.jobs,
        engine=settings.engine,
        n_bytes=n_bytes,
        keeps_digests=saved.path is not None,
        report=Reporter(progress, "counting", n_bytes, before.seen.n_bytes),
    )
    with saved.written_if_stopped(lambda: saved.write_counting(tally)):
        for _ in steps:
            if saved.due:
                saved.write_counting(tally)
        if isinstance(tally, Tally):
            total = tally.counts
            if given:
                add_counts(given, total)
                total = given
            state = first_state(total, settings)
        else:
            state = tally.first_state(given, settings)
    saved.write_merging(state)
    return state


def _counted_by_workers(
    texts: Texts,
    counts: Iterable[PieceCounts | str | os.PathLike[str]],
    settings: TrainSettings,
    shared: SharedCounting,
    progress: Watch | None,
) -> MergingState:
    total = gather_counts(counts, settings.split_pattern)
    add_counts(total, shared.count(texts, settings.split_pattern, settings.errors, settings.engine, progress))
    return first_state(total, settings)


def _learn(
    state: MergingState, settings: TrainSettings, saved: Checkpoint, progress: Watch | None
) -> list[tuple[int, int]]:
    """Learn the merges that `state` lacks, reporting and writing checkpoints."""
    before, n_pieces = state.merges, len(state.weights)
    learner = learner_for(len(state.ids), settings.engine)(
        state.ids,
        state.weights,
        tokens=tokens_after(settings.first_tokens(), before),
        min_frequency=settings.min_frequency,
        max_token_length=settings.max_token_length,
        never_made=[special.encode("utf-8") for special in settings.special_tokens],
    )
    del state  # the learner has copied it

    def write() -> None:
        saved.write_merging(MergingState(before + learner.merges, *learner.snapshot()))

    report = Reporter(progress, "merging", settings.n_merges, len(before), unit="merges")
    found = {"distinct pieces": n_pieces}
    with signals_held() as deliver_signals, _garbage_collection_paused():
        for n_done in learner.steps(max(0, settings.n_merges - len(before))):
            with saved.written_if_stopped(write):  # between two steps the learner can be looked at
                report(len(before) + n_done, found)
                deliver_signals()
                if saved.due:
                    write()
    report(len(before) + len(learner.merges), found, at_end=True)
    return (before + learner.merges)[: settings.n_merges]


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    # Every registered pair is an object: the collector would walk through all of them over and over.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
