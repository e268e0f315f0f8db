"""How are the pieces of a corpus counted? By the engine that pays, with a pause after each block."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from bpelab.bpe.corpus.blocks import Texts, blocks, n_bytes_of_files
from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.files.names import resolve_pattern
from bpelab.bpe.foundation.forks import forks_wait
from bpelab.bpe.foundation.processes import require_jobs
from bpelab.bpe.foundation.progress import Reporter, Watch
from bpelab.bpe.training.arguments import check_errors, check_pattern, check_progress
from bpelab.bpe.training.compiled.when_it_pays import LEAST_BYTES, can_count, pays_to_count
from bpelab.bpe.training.counts import PieceCounts, Tally
from bpelab.bpe.training.engines import Engine, check_engine

if TYPE_CHECKING:
    from bpelab.bpe.training.compiled.tally import CompiledTally


def count_pieces(
    texts: Texts,
    *,
    pattern: str = "gpt2",
    errors: Errors = "strict",
    jobs: int = 1,
    engine: Engine = "auto",
    progress: Watch | None = None,
) -> PieceCounts:
    """Count the pieces of a corpus, to be saved, or to be trained on with counts made elsewhere.

    `texts` is what `train` takes: documents, files and directories. `pattern` is the name of an encoding
    or a regular expression. Any `engine`, and any number of `jobs` (processes, or threads of compiled
    loops), makes the same counts. Memory is that of the distinct pieces and of a few blocks of 4 MB. Raises
    what reading the corpus raises (`corpus.blocks.blocks`).
    """
    check_pattern(pattern)
    pattern = resolve_pattern(pattern)
    check_errors(errors)
    check_progress(progress)
    check_engine(engine)
    n_bytes = n_bytes_of_files(texts)
    tally, steps = begin_counting(
        Tally(),
        blocks(texts, pattern, errors),
        pattern,
        jobs=require_jobs(jobs),
        engine=engine,
        n_bytes=n_bytes,
        keeps_digests=False,
        report=Reporter(progress, "counting", n_bytes),
    )
    for _ in steps:
        pass
    return PieceCounts(pattern, tally.counts)


def begin_counting(
    before: Tally,
    all_blocks: Iterator[list[str]],
    pattern: str,
    *,
    jobs: int,
    engine: Engine,
    n_bytes: int | None,
    keeps_digests: bool,
    report: Reporter,
) -> "tuple[Tally | CompiledTally, Iterator[None]]":
    """Return what counts the blocks that come after `before`, and the steps in which it does so.

    `n_bytes` is the size of all blocks; where it is None, some are read to see how many there are. Digests
    tell the blocks from others in a checkpoint.
    """
    if engine == "auto" and n_bytes is None and can_count(pattern):
        n_bytes, read = 0, []
        for block in all_blocks:
            read.append(block)
            n_bytes += sum(map(len, block))
            if n_bytes >= LEAST_BYTES:
                break
        all_blocks = chain(read, all_blocks)
    if can_count(pattern) and (
        engine == "compiled" or (engine == "auto" and pays_to_count(n_bytes or 0, pattern))
    ):
        try:
            with forks_wait():
                from bpelab.bpe.training.compiled.compile_ahead import make_counting_ready
                from bpelab.bpe.training.compiled.tally import CompiledTally

                make_counting_ready(pattern)
        except (ImportError, RuntimeError):
            if engine == "compiled":
                raise
        else:
            tally = CompiledTally(before, pattern, jobs, keeps_digests=keeps_digests)
            return tally, tally.steps(all_blocks, report)
    return before, before.steps(all_blocks, pattern, jobs, report)
