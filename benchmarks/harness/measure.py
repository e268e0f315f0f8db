"""How is one cell measured? What pytest-benchmark needs to be told, and what a record needs to know."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# The suite runs the files of this folder with one of two presets; by themselves they run in full.
QUICK = os.environ.get("BPELAB_PRESET") == "quick"

SUITE_SECONDS = 0.2 if QUICK else 3.0  # for the rounds of one cell


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
    """Time a call whose answer has been checked, and note what it is compared with.

    Without `rounds` there are as many as fit into the preset's time, 3 to 20.
    """
    describe(benchmark, group=group, axis=axis, baseline=baseline, amount=amount, amount_of=amount_of)
    if rounds is None:
        rounds = rounds_within(call, SUITE_SECONDS)
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
    """Note the group, in which contenders are compared, what varies, and what a time is for."""
    benchmark.group = group
    about = {"axis": dict(axis), "baseline": baseline, "amount": amount, "amount_of": amount_of}
    benchmark.extra_info.update(about | more)


def give(benchmark: Any, values: Sequence[float], *, unit: str = "s") -> None:
    """Record values that were measured elsewhere: in another process, or of memory."""
    benchmark.extra_info.update(values=list(values), unit=unit)
    benchmark.pedantic(lambda: None, rounds=1)


def rounds_within(call: Callable[[], object], seconds: float) -> int:
    """Give how many calls fit into so many seconds, 3 to 20, by timing one."""
    import time

    start = time.perf_counter()
    call()
    return max(3, min(20, int(seconds / max(time.perf_counter() - start, 1e-9))))
