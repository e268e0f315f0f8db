"""How does a corpus larger than memory become token files, by any number of workers, through kills?

The corpus is cut into parts at places that depend on nothing but the corpus, and it is planned which parts
are which shard. Then whoever is free makes a shard, straight to its place, and its record. Another run plans
again, compares what the records say with the plan and with the corpus, and makes the shards that lack.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore
from typing import TYPE_CHECKING

from bpelab.bpe.corpus.parts import list_parts, usual_task_bytes
from bpelab.bpe.corpus.places import Place, require_apart
from bpelab.bpe.corpus.reading import DEFAULT, Reading
from bpelab.bpe.corpus.sources import Source, for_any_process, open_sources
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.progress import Reporter, Watch
from bpelab.bpe.foundation.workers import Workers, map_tasks
from bpelab.bpe.splitting.specials import END_OF_TEXT
from bpelab.dataset.checks import whole_number
from bpelab.dataset.earlier_run import (
    ShardChecker,
    begun,
    not_as_before,
    require_same_settings,
    shards_done,
)
from bpelab.dataset.lease import leased
from bpelab.dataset.lock import only_writer
from bpelab.dataset.make_shard import ShardMaker
from bpelab.dataset.manifest import NAME, Manifest, Settings, Shard
from bpelab.dataset.plan import Plan, PlannedShard, is_copy, plan_shards
from bpelab.dataset.token_files import tokenizer_fingerprint

if TYPE_CHECKING:
    from distributed import Client

_OUTPUTS = ("tokens-*.bin", "sources-*.jsonl", NAME)


def tokenize_corpus(
    corpus: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    encoding: Encoding,
    *,
    reading: Reading = DEFAULT,
    end_of_text: bool = True,
    shard_bytes: int | None = None,
    jobs: int = 1,
    scheduler: "str | Client | None" = None,
    progress: Watch | None = None,
) -> Manifest:
    """Encode files, directories of files and URLs into token files in a directory, or go on with a run.

    `folder` may be a URL of any store that fsspec knows. `reading` says what the files hold and what a
    document is. `<|endoftext|>` follows each document, unless `end_of_text` is False; in the text, special
    tokens are plain text. Empty documents are left out. A shard is full when it has `shard_bytes` of text,
    without which `usual_task_bytes` decides; since it ends with a part, it may have a few MB more.

    The work is shared by `jobs` processes, or where the engine is the compiled one by threads: so many encode
    at a time, and others read, hash and write, so that one job uses up to two cores. Or it is shared by the
    workers of a Dask cluster, whose `scheduler` is named by its address; these need to see the corpus and
    the folder. The files are the same to the byte whoever makes them. A worker holds some MB of text and of
    ids, if the pattern is one of OpenAI's or documents are lines, records or rows.

    What comes through a pipe is first copied into the directory that is written, and the copy is removed at
    the end. `progress` is called with a `Progress` a few times a second.

    The records of the shards keep hashes of everything that was read. A run that goes on, or finds everything
    finished, reads the text of the finished shards again, without encoding it. Text that was not in them may
    have changed. One run at a time writes into a directory (`lock.only_writer`) or to a URL (`lease.leased`).

    Raises `ValueError` for a directory that was begun from another corpus or with other settings, naming the
    first file that differs, for a file that changes while it is read, for a shard that is not sound, and for
    what `read_part` cannot read; `BlockingIOError` while another run writes there; `OSError`; and what
    `map_tasks` raises for workers that fail.
    """
    workers = Workers(jobs, scheduler=scheduler)
    if shard_bytes is not None:
        shard_bytes = whole_number(shard_bytes, "shard_bytes", least=1)
    if end_of_text and END_OF_TEXT not in encoding.special_tokens_set:
        raise ValueError(
            f"{encoding.name} has no {END_OF_TEXT} to put after each document; pass end_of_text=False"
        )
    settings = Settings(
        encoding=encoding.name,
        n_vocab=encoding.n_vocab,
        tokenizer=tokenizer_fingerprint(encoding),
        end_of_text=encoding.eot_token if end_of_text else None,
        format=reading.format,
        documents=reading.documents,
        column=reading.column,
        errors=reading.errors,
        shard_bytes=shard_bytes or 0,
    )
    place = Place.of(folder)
    require_apart(corpus, place, _OUTPUTS)
    with _only_writer(place) as (scratch, require_held), open_sources(corpus, scratch, reading) as sources:
        if scheduler is not None:
            _require_no_copies(sources)
        parts = list_parts(list(map(for_any_process, sources)), reading, encoding.pattern)
        before = begun(place)
        if not shard_bytes:
            usual = usual_task_bytes(sum(part.n_bytes for part in parts))
            settings = replace(settings, shard_bytes=before.settings.shard_bytes if before else usual)
        plan = plan_shards(parts, settings.shard_bytes)
        manifest = Manifest(settings, len(plan.shards), plan.n_bytes, plan.sha256)
        done: dict[int, Shard] = {}
        if before is not None:
            require_same_settings(place, before.settings, settings)
            done = shards_done(place, plan)
            _check(place, manifest, plan, done, workers, progress)
            lacking = _lacking(plan, done)
            if before.finished and not lacking:
                return before
            if before.finished and plan.sha256 != before.plan_sha256:
                raise not_as_before(f"{lacking[0].parts[0].source.name}: it has joined the corpus", place)
        manifest.write(place)
        _make(place, manifest, plan, done, encoding, workers, progress, require_held)
        manifest.shards = [done[number] for number in range(len(plan.shards))]
        manifest.finished = True
        require_held()
        manifest.write(place)
        return manifest


def _check(
    place: Place,
    manifest: Manifest,
    plan: Plan,
    done: dict[int, Shard],
    workers: Workers,
    progress: Watch | None,
) -> None:
    """Compare the text of the finished shards with what it was."""
    report = Reporter(progress, "checking", plan.n_bytes)
    n_bytes = 0
    tasks = [shard for shard in plan.shards if shard.number in done]
    with closing(map_tasks(ShardChecker(place.absolute(), manifest), tasks, workers)) as checked:
        for shard, _ in checked:
            n_bytes += shard.n_bytes
            report(n_bytes)


def _make(
    place: Place,
    manifest: Manifest,
    plan: Plan,
    done: dict[int, Shard],
    encoding: Encoding,
    workers: Workers,
    progress: Watch | None,
    require_held: Callable[[], None],
) -> None:
    """Make the shards that lack, and add them to what is done."""
    tasks = _lacking(plan, done)
    n_bytes = plan.n_bytes - sum(shard.n_bytes for shard in tasks)
    n_bytes_each = (plan.n_bytes - n_bytes) // (
        workers.jobs if workers.scheduler is None else len(tasks) or 1
    )
    if workers.scheduler is None:
        encoding = encoding.with_engine_for(n_bytes_each)
    make = ShardMaker(place.absolute(), manifest.settings, manifest.plan_sha256, encoding, n_bytes_each)
    if workers.scheduler is None and encoding.engine == "compiled":
        # Most of the time goes to compiled loops, which threads share: no process has to start and load them.
        make = replace(make, turn=Semaphore(workers.jobs))
        workers = replace(workers, threads=True, n_spare=1)
    report = Reporter(progress, "encoding", plan.n_bytes, n_bytes)
    n_tokens = sum(shard.n_tokens for shard in done.values())
    with closing(map_tasks(make, tasks, workers, ordered=False)) as made:
        for planned, shard in made:
            require_held()
            done[planned.number] = shard
            n_bytes += planned.n_bytes
            n_tokens += shard.n_tokens
            report(n_bytes, {"tokens": n_tokens, "shards": len(done)})


def _lacking(plan: Plan, done: dict[int, Shard]) -> list[PlannedShard]:
    return [shard for shard in plan.shards if shard.number not in done]


@contextmanager
def _only_writer(place: Place) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Hold a place; yield a directory for copies of pipes, and what raises if another run has taken over."""
    if place.folder is not None:
        with only_writer(place.folder) as locked:
            if locked:
                _remove_left_over(place.folder)
            try:
                yield place.folder, lambda: None
            finally:
                if locked:  # of workers that were killed, here when the work is given up
                    _remove_left_over(place.folder)
    else:
        with leased(place) as require_held, TemporaryDirectory() as scratch:
            yield Path(scratch), require_held


def _remove_left_over(folder: Path) -> None:
    """Remove what a kill left of files that were being written, and of copies of pipes."""
    for name in (*_OUTPUTS, "pipe"):
        for left in folder.glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def _require_no_copies(sources: Sequence[Source]) -> None:
    for source in sources:
        if is_copy(source):
            raise ValueError(
                f"{source.name}: a pipe can be read only on this machine; write what it sends to a file,"
                " or leave out scheduler="
            )
