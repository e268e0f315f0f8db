"""What does it cost to share the tokenising of a corpus? Threads, processes of a Dask cluster, and one alone.

Varies: who makes the shards: one thread, two threads, or two processes of a Dask cluster on this machine; and
the engine alone, which encodes the same texts in memory, without files and hashes. Fixed: GPT-2's encoding,
the corpus (copies of the standard library's source, a file each), and the shards.

The rounds take turns, after one round that is not counted, and the ratios are of medians. The cluster is
started once; that takes seconds, which are not counted. How the number could mislead: two workers on two
cores leave nothing for the threads that hash and write; the copies repeat each other more than real text
does; the files come from the operating system's memory, not from a disk or a network. The empty tasks, which
show how many a scheduler hands out, are computed by 64 threads of one process: they share its lock with the
scheduler, which is then slower than one that is alone.

The answer is in a record of its own, because this takes minutes: it prints what it found, and writes it where
`--output` says. With `--read`, nothing is measured: what follows for more cores is computed from a record.

python -m bpelab.benchmarks.tokenize_shares [--megabytes 100] [--rounds 5] [--output FILE]
python -m bpelab.benchmarks.tokenize_shares --read FILE [--cores 1000]
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
from bpelab.bpe import get_encoding
from bpelab.bpe.foundation.workers import Workers, map_tasks
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.dataset.manifest import Manifest
from bpelab.dataset.tokenize_corpus import tokenize_corpus

N_TASKS = 2000
SHARD_BYTES = 256 << 20  # of a large corpus


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
        _write_corpus(folder / "corpus", options.megabytes * 1_000_000)
        seconds = _measured(folder, _contenders(folder, stack), options.rounds)
    base = median(seconds["the engine alone"])
    print(f"{options.megabytes} MB, {options.rounds} rounds in turns: seconds, MB/s, times the engine alone")
    for name, values in seconds.items():
        middle = median(values)
        print(f"  {name:22} {middle:8.2f} s {options.megabytes / middle:8.1f} MB/s {base / middle:8.2f}")
    record = {
        "question": "tokenize_shares",
        "megabytes": options.megabytes,
        "seconds": seconds,
        "tasks_a_second": tasks_a_second(),
        "machine": machine(),
        "versions": versions(),
        "commit": commit(),
    }
    print(f"  {record['tasks_a_second']:,.0f} empty tasks a second")
    if options.output is not None:
        options.output.write_text(json.dumps(record, indent=1) + "\n")


def projection(record: dict[str, Any], cores: int) -> str:
    """Say what so many cores would do if each did what one of two Dask workers did.

    >>> seconds = {"two Dask workers": [2.0, 1.0, 3.0]}
    >>> print(projection({"megabytes": 100, "seconds": seconds, "tasks_a_second": 500.0}, 1000))
    1,000 cores: 25.0 GB/s of text, and 12.5 GB/s of ids in two bytes if a token has four bytes of text
    1 TB of text: 40 s, 3,726 shards of 256 MiB
    93 tasks a second, where the scheduler handed out 500
    """
    core = record["megabytes"] * 1e6 / median(record["seconds"]["two Dask workers"]) / 2
    rate = core * cores
    return (
        f"{cores:,} cores: {rate / 1e9:,.1f} GB/s of text, and {rate / 2e9:,.1f} GB/s of ids in two bytes if"
        " a token has four bytes of text\n"
        f"1 TB of text: {1e12 / rate:,.0f} s, {math.ceil(1e12 / SHARD_BYTES):,} shards of 256 MiB\n"
        f"{rate / SHARD_BYTES:,.0f} tasks a second, where the scheduler handed out"
        f" {record['tasks_a_second']:,.0f}"
    )


def tasks_a_second() -> float:
    """Return how many empty tasks a second a scheduler hands out."""
    from distributed import LocalCluster

    options = {"n_workers": 1, "threads_per_worker": 64, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster:
        workers = Workers(scheduler=cluster.scheduler_address)
        start = time.perf_counter()
        n_done = sum(1 for _ in map_tasks(abs, range(N_TASKS), workers, ordered=False))
        return n_done / (time.perf_counter() - start)


def _write_corpus(folder: Path, n_bytes: int) -> None:
    """Write copies of the standard library's source until there are so many bytes."""
    source = "".join(text for _, text in standard_library()).encode("utf-8", "replace")
    for number, start in enumerate(range(0, n_bytes, len(source))):
        data = source[: n_bytes - start].decode("utf-8", "ignore")
        (folder / f"{number:04}.py").write_text(data, encoding="utf-8", newline="")


def _contenders(folder: Path, stack: contextlib.ExitStack) -> dict[str, Callable[[Path], object]]:
    corpus = folder / "corpus"
    encoding = get_encoding("gpt2").with_engine_for(10**9)
    texts = [path.read_text(encoding="utf-8") for path in sorted(corpus.iterdir())]

    def alone(_: Path) -> None:
        for text in texts:
            encoding.encode_to_numpy(text, disallowed_special=())

    def here(jobs: int) -> Callable[[Path], Manifest]:
        return lambda output: tokenize_corpus([corpus], output, encoding, jobs=jobs)

    found: dict[str, Callable[[Path], object]] = {
        "the engine alone": alone,
        "one job": here(1),
        "two jobs": here(2),
    }
    from distributed import LocalCluster

    cluster = stack.enter_context(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0"))
    address = cluster.scheduler_address
    found["two Dask workers"] = lambda output: tokenize_corpus([corpus], output, encoding, scheduler=address)
    return found


def _measured(
    folder: Path, contenders: dict[str, Callable[[Path], object]], n_rounds: int
) -> dict[str, list[float]]:
    """Return the seconds of each round; every contender that writes has to write the same bytes."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    written: set[str] = set()
    for number in range(n_rounds + 1):
        for name, call in contenders.items():
            output = folder / f"{name} {number}"
            start = time.perf_counter()
            found = call(output)
            took = time.perf_counter() - start
            if isinstance(found, Manifest):
                written.add((output / "manifest.json").read_text())
            if number:
                seconds[name].append(took)
    assert len(written) == 1, "the token files differ"
    return seconds


if __name__ == "__main__":
    main()
