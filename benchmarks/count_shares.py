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

import argparse
import contextlib
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bpelab.benchmarks.harness.environment import commit, machine, versions
from bpelab.benchmarks.tokenize_shares import tasks_a_second
from bpelab.benchmarks.train_large_corpus import write_corpus
from bpelab.bpe import PieceCounts, count_pieces
from bpelab.bpe.corpus.parts import MOST_TASK_BYTES
from bpelab.bpe.training.archive import stored
from bpelab.bpe.training.counts import arrays_of_counts
from bpelab.bpe.training.shared_counting import FILES_A_SUM, n_sums

ALONE, BY_CLUSTER = "one thread", "two Dask workers"


def main() -> None:
    """Measure and print, or compute from what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--read", type=Path)
    parser.add_argument("--cores", type=int, default=1000)
    options = parser.parse_args()
    if options.read is not None:
        print(projection(json.loads(options.read.read_text()), options.cores))
        return
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "corpus").mkdir()
        write_corpus(folder / "corpus", options.megabytes * 1_000_000)
        seconds, counts = _measured(_contenders(folder, stack), options.rounds)
    base = median(seconds[ALONE])
    print(f"{options.megabytes} MB, {options.rounds} rounds in turns: seconds, MB/s, times {ALONE}")
    for name, values in seconds.items():
        middle = median(values)
        print(f"  {name:22} {middle:8.2f} s {options.megabytes / middle:8.1f} MB/s {base / middle:8.2f}")
    record = {
        "question": "count_shares",
        "megabytes": options.megabytes,
        "seconds": seconds,
        "n_pieces": len(counts.counts),
        "counts_bytes": len(stored(**arrays_of_counts(counts.counts))),
        "tasks_a_second": tasks_a_second(),
        "machine": machine(),
        "versions": versions(),
        "commit": commit(),
    }
    print(f"  {record['n_pieces']:,} distinct pieces: {record['counts_bytes'] / 1e6:.1f} MB of counts")
    print(f"  {record['tasks_a_second']:,.0f} empty tasks a second")
    if options.output is not None:
        options.output.write_text(json.dumps(record, indent=1) + "\n")


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


def _contenders(folder: Path, stack: contextlib.ExitStack) -> dict[str, Callable[[], PieceCounts]]:
    from distributed import LocalCluster

    corpus, kept = folder / "corpus", folder / "kept"
    options: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    address = stack.enter_context(LocalCluster(**options)).scheduler_address
    return {
        ALONE: lambda: count_pieces(corpus, engine="compiled"),
        "two threads": lambda: count_pieces(corpus, engine="compiled", jobs=2),
        "one process by shares": lambda: count_pieces(corpus, engine="compiled", checkpoint=kept),
        BY_CLUSTER: lambda: count_pieces(corpus, engine="compiled", checkpoint=kept, scheduler=address),
    }


def _measured(
    contenders: dict[str, Callable[[], PieceCounts]], n_rounds: int
) -> tuple[dict[str, list[float]], PieceCounts]:
    """Return the seconds of each round, and the counts, which have to be those of every contender."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    expected: PieceCounts | None = None
    for number in range(n_rounds + 1):
        for name, call in contenders.items():
            start = time.perf_counter()
            found = call()
            took = time.perf_counter() - start
            expected = expected or found
            assert found == expected, f"{name} has other counts than {ALONE}"
            if number:
                seconds[name].append(took)
    assert expected is not None
    return seconds, expected


if __name__ == "__main__":
    main()
