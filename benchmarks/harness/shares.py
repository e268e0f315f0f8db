"""How is shared work measured? Threads and a cluster take turns, and their times are a record of its own."""

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

from bpelab.benchmarks.harness.environment import commit, machine, versions
from bpelab.bpe.foundation.workers import Workers, map_tasks

N_TASKS = 2000

Seconds = dict[str, list[float]]  # of each contender, a time for each round


class Times(NamedTuple):
    """What the rounds took: by the clock, and of all processors together."""

    seconds: Seconds
    cpu_seconds: Seconds


# Writes a corpus of so many bytes to a folder, and times so many rounds; returns what else it found, too.
Measured = Callable[[Path, int, int, contextlib.ExitStack], tuple[Times, dict[str, int]]]
_Result = TypeVar("_Result")


def answer(question: str, baseline: str, measured: Measured, projection: Callable[..., str]) -> None:
    """Measure and print, or compute what follows for more cores from a record, as the options say."""
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
        times, found = measured(folder, options.megabytes * 1_000_000, options.rounds, stack)
    base = median(times.seconds[baseline])
    print(f"{options.megabytes} MB, {options.rounds} rounds in turns: by the clock, times {baseline}; a core")
    for name, values in times.seconds.items():
        middle, of_cores = median(values), median(times.cpu_seconds[name])
        print(
            f"  {name:22} {middle:8.2f} s {options.megabytes / middle:8.1f} MB/s {base / middle:8.2f}"
            f" {options.megabytes / of_cores:8.1f} MB/s"
        )
    record = {
        "question": question,
        "megabytes": options.megabytes,
        **times._asdict(),
        **found,
        "tasks_a_second": tasks_a_second(),
        "machine": machine(),
        "versions": versions(),
        "commit": commit(),
    }
    for name, number in found.items():
        print(f"  {name}: {number:,}")
    print(f"  {record['tasks_a_second']:,.0f} empty tasks a second")
    if options.output is not None:
        options.output.write_text(json.dumps(record, indent=1) + "\n")


class Cluster:
    """Two processes of a Dask cluster on this machine, which end with the stack."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        from distributed import Client, LocalCluster

        options: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
        self.address = str(stack.enter_context(LocalCluster(**options)).scheduler_address)
        self._client = stack.enter_context(Client(self.address, set_as_default=False))

    def cpu_seconds(self) -> float:
        """Return what this process and the workers have taken so far."""
        of_workers: dict[str, float] = self._client.run(time.process_time)
        return time.process_time() + sum(of_workers.values())


def in_rounds(
    contenders: dict[str, Callable[[int], _Result]],
    n_rounds: int,
    check: Callable[[str, int, _Result], None],
    cluster: Cluster,
) -> Times:
    """Time the contenders in turns, after a round that is not counted; each result is checked."""
    times = Times({name: [] for name in contenders}, {name: [] for name in contenders})
    for number in range(n_rounds + 1):
        for name, call in contenders.items():
            of_cores, start = cluster.cpu_seconds(), time.perf_counter()
            result = call(number)
            took, took_of_cores = time.perf_counter() - start, cluster.cpu_seconds() - of_cores
            check(name, number, result)
            if number:
                times.seconds[name].append(took)
                times.cpu_seconds[name].append(took_of_cores)
    return times


def tasks_a_second() -> float:
    """Return how many empty tasks a second a scheduler hands out."""
    from distributed import LocalCluster

    options = {"n_workers": 1, "threads_per_worker": 64, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster:
        workers = Workers(scheduler=cluster.scheduler_address)
        start = time.perf_counter()
        n_done = sum(1 for _ in map_tasks(abs, range(N_TASKS), workers, ordered=False))
        return n_done / (time.perf_counter() - start)
