"""Which engine counts pieces? The compiled loops where they pay, and arrays where they do not."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from bpelab.bpe.foundation.forks import forks_wait
from bpelab.bpe.foundation.progress import Reporter
from bpelab.bpe.training.compiled.when_it_pays import LEAST_BYTES, can_count, pays_to_count
from bpelab.bpe.training.counts import Tally
from bpelab.bpe.training.engines import Engine

if TYPE_CHECKING:
    from bpelab.bpe.training.compiled.tally import CompiledTally


def begin_counting(
    before: Tally,
    all_blocks: Iterator[list[str | bytes]],
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
