"""How often does each piece of a corpus occur? Counted here, or by the workers of a cluster."""

import os
from typing import TYPE_CHECKING

from bpelab.bpe.corpus.blocks import Texts, blocks, n_bytes_of_files
from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.files.names import resolve_pattern
from bpelab.bpe.foundation.progress import Reporter, Watch
from bpelab.bpe.foundation.workers import Workers
from bpelab.bpe.training.arguments import check_errors, check_pattern, check_progress
from bpelab.bpe.training.counts import PieceCounts, Tally
from bpelab.bpe.training.engines import Engine, check_engine
from bpelab.bpe.training.shared_counting import SharedCounting
from bpelab.bpe.training.tallies import begin_counting

if TYPE_CHECKING:
    from distributed import Client


def count_pieces(
    texts: Texts,
    *,
    pattern: str = "gpt2",
    errors: Errors = "strict",
    jobs: int = 1,
    engine: Engine = "auto",
    progress: Watch | None = None,
    scheduler: "str | Client | None" = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> PieceCounts:
    """Count the pieces of a corpus, to be saved, or to be trained on with counts made elsewhere.

    `texts` is what `train` takes: documents, files and directories. `pattern` is the name of an encoding
    or a regular expression. Any `engine`, and any number of `jobs` (processes, or threads of compiled
    loops), makes the same counts. Memory is that of the distinct pieces and of a few blocks of 4 MB.

    With a `checkpoint`, a directory or a URL, a corpus of files is counted in shares, whose counts are kept
    there until the end: after a kill, another call with the same arguments counts only what lacks or has
    changed. The workers of a Dask cluster, whose `scheduler` is named by its address, need one that all of
    them share. They count the shares (`shares.ShareCounter` says what a worker holds) and add the counts up;
    this process reads the result, however large the corpus. One call at a time may use a checkpoint.

    Raises what reading the corpus raises (`corpus.blocks.blocks`), and for workers that fail what `map_tasks`
    raises.
    """
    check_pattern(pattern)
    pattern = resolve_pattern(pattern)
    check_errors(errors)
    check_progress(progress)
    check_engine(engine)
    workers = Workers(jobs, scheduler=scheduler)
    if scheduler is not None or checkpoint is not None:
        shared = SharedCounting.at(checkpoint, workers)
        counted = PieceCounts(pattern, shared.count(texts, pattern, errors, engine, progress))
        shared.forget()
        return counted
    n_bytes = n_bytes_of_files(texts)
    tally, steps = begin_counting(
        Tally(),
        blocks(texts, pattern, errors),
        pattern,
        jobs=workers.jobs,
        engine=engine,
        n_bytes=n_bytes,
        keeps_digests=False,
        report=Reporter(progress, "counting", n_bytes),
    )
    for _ in steps:
        pass
    return PieceCounts(pattern, tally.counts)
