"""What does it cost to share the counting of a corpus? Threads, one process by shares, and a Dask cluster.

Varies: who counts the pieces: one thread; two threads; one process by shares, whose counts it keeps in files
and adds up; and two processes of a Dask cluster on this machine, which do the same. Fixed: GPT-2's pattern,
the compiled loops, and the corpus: the standard library's source, copied; in each copy another tenth of the
words is changed, so that every copy brings new pieces.

The rounds take turns, after one round that is not counted, and the ratios are of medians. All counts have to
be equal. The cluster is started once; that takes seconds, which are not counted. How the number could
mislead: every call ends with the counts as Python objects, which takes the same time however they were
counted; the copies repeat each other more than real text does, so that there are fewer pieces to add up; the
files stay in the operating system's memory, and do not come from a disk or a network.

The answer is in a record of its own, because this takes minutes: it prints what it found, and writes it where
`--output` says. With `--read`, nothing is measured: what follows for more cores is computed from a record.

python -m bpelab.benchmarks.count_shares [--megabytes 100] [--rounds 5] [--output FILE]
python -m bpelab.benchmarks.count_shares --read FILE [--cores 1000]
"""

import contextlib
import math
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bpelab.benchmarks.harness.shares import Cluster, Times, answer, in_rounds
from bpelab.benchmarks.train_large_corpus import write_corpus
from bpelab.bpe import PieceCounts, count_pieces
from bpelab.bpe.corpus.parts import MOST_TASK_BYTES
from bpelab.bpe.training.archive import stored
from bpelab.bpe.training.counts import arrays_of_counts
from bpelab.bpe.training.shared_counting import FILES_A_SUM, n_sums

ALONE, BY_CLUSTER = "one thread", "two Dask workers"


def main() -> None:
    """Measure and print, or compute from what was measured."""
    answer("count_shares", ALONE, _measured, projection)


def projection(record: dict[str, Any], cores: int) -> str:
    """Say what so many cores would do if each did what one of two Dask workers did.

    >>> record = {"megabytes": 100, "n_pieces": 400_000, "counts_bytes": 10_000_000, "tasks_a_second": 500.0}
    >>> print(projection({**record, "seconds": {"two Dask workers": [2.0, 1.0, 3.0]}}, 1000))
    1,000 cores: 25.0 GB/s of text
    1 TB of text: 40 s, 3,726 shares of 256 MiB, whose counts are added up by 249 sums, 16 at a time
    37 GB of counts if each share has as many pieces as the corpus of this record, 25 bytes for each
    93 tasks a second, where the scheduler handed out 500
    """
    rate = record["megabytes"] * 1e6 / median(record["seconds"][BY_CLUSTER]) / 2 * cores
    n_shares = math.ceil(1e12 / MOST_TASK_BYTES)
    return (
        f"{cores:,} cores: {rate / 1e9:,.1f} GB/s of text\n"
        f"1 TB of text: {1e12 / rate:,.0f} s, {n_shares:,} shares of 256 MiB, whose counts are added up by"
        f" {n_sums(n_shares):,} sums, {FILES_A_SUM} at a time\n"
        f"{n_shares * record['counts_bytes'] / 1e9:,.0f} GB of counts if each share has as many pieces as the"
        f" corpus of this record, {record['counts_bytes'] / record['n_pieces']:.0f} bytes for each\n"
        f"{rate / MOST_TASK_BYTES:,.0f} tasks a second, where the scheduler handed out"
        f" {record['tasks_a_second']:,.0f}"
    )


def _contenders(folder: Path, address: str) -> dict[str, Callable[[int], PieceCounts]]:
    corpus, kept = folder / "corpus", folder / "kept"

    def counted(**how: Any) -> Callable[[int], PieceCounts]:
        return lambda _: count_pieces(corpus, engine="compiled", **how)

    return {
        ALONE: counted(),
        "two threads": counted(jobs=2),
        "one process by shares": counted(checkpoint=kept),
        BY_CLUSTER: counted(checkpoint=kept, scheduler=address),
    }


def _measured(
    folder: Path, n_bytes: int, n_rounds: int, stack: contextlib.ExitStack
) -> tuple[Times, dict[str, int]]:
    """Return what each round took, and how large the counts are, which every contender has to find."""
    write_corpus(folder / "corpus", n_bytes)
    cluster = Cluster(stack)
    contenders = _contenders(folder, cluster.address)
    expected = contenders[ALONE](0)

    def check(name: str, _: int, found: PieceCounts) -> None:
        assert found == expected, f"{name} has other counts than {ALONE}"

    times = in_rounds(contenders, n_rounds, check, cluster)
    counts_bytes = len(stored(**arrays_of_counts(expected.counts)))
    return times, {"n_pieces": len(expected.counts), "counts_bytes": counts_bytes}


if __name__ == "__main__":
    main()
