"""How is one cell measured? What pytest-benchmark is told, and what goes into the record."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpelab.benchmarks.harness.record import BYTES, SECONDS

# The suite chooses one of two presets; a question's file that is run by itself takes the full one.
QUICK = os.environ.get("BPELAB_PRESET") == "quick"

CELL_SECONDS = 0.2 if QUICK else 3.0  # for all rounds of one cell


def measure(
    benchmark: Any,
    call: Callable[[], object],
    *,
    group: str,
    axis: Mapping[str, object],
    baseline: str = "tiktoken",
    amount: int | None = None,
    amount_of: str | None = "bytes",
    rounds: int | None = None,
    iterations: int = 1,
    warmup_rounds: int = 1,
) -> None:
    """Time a call whose answer has been checked, and record what it is compared with.

    Without `rounds`, as many are run as fit into the preset's time for a cell: at least 3, at most 20.
    """
    describe(benchmark, group=group, axis=axis, baseline=baseline, amount=amount, amount_of=amount_of)
    if rounds is None:
        rounds = rounds_within(call, CELL_SECONDS)
    benchmark.pedantic(call, rounds=rounds, iterations=iterations, warmup_rounds=warmup_rounds)


def describe(
    benchmark: Any,
    *,
    group: str,
    axis: Mapping[str, object],
    baseline: str = "tiktoken",
    amount: int | None = None,
    amount_of: str | None = "bytes",
    **more: object,
) -> None:
    """Record the group within which contenders are compared, what varies, and the work that a time is for."""
    benchmark.group = group
    about = {"axis": dict(axis), "baseline": baseline, "amount": amount, "amount_of": amount_of}
    benchmark.extra_info.update(about | more)


def record_times(benchmark: Any, values: Sequence[float]) -> None:
    """Record times that were measured elsewhere, such as in another process."""
    _record(benchmark, values, SECONDS)


def record_memory(benchmark: Any, n_bytes: Sequence[float]) -> None:
    """Record amounts of memory, in bytes, instead of times."""
    _record(benchmark, n_bytes, BYTES)


def _record(benchmark: Any, values: Sequence[float], unit: str) -> None:
    benchmark.extra_info.update(values=list(values), unit=unit)
    benchmark.pedantic(lambda: None, rounds=1)


def rounds_within(call: Callable[[], object], seconds: float) -> int:
    """Time one call and return how many fit into so many seconds: at least 3, at most 20."""
    start = time.perf_counter()
    call()
    return max(3, min(20, int(seconds / max(time.perf_counter() - start, 1e-9))))
