"""How is one cell measured? What the contender of a group is told, and what goes into the record."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from bpelab.benchmarks.harness import turns
from bpelab.benchmarks.harness.record import BYTES, SECONDS
from bpelab.benchmarks.harness.turns import Contender, Context, Timer, seconds_of

# The suite chooses one of two presets; a question's file that is run by itself takes the full one.
QUICK = os.environ.get("BPELAB_PRESET") == "quick"

CELL_SECONDS = 0.05 if QUICK else 0.2  # for all rounds of one cell
# A round of short calls makes so many that it takes this long, and the clock's own microsecond does not
# count.
ROUND_SECONDS = 0.001 if QUICK else 0.005


class Group:
    """The contenders of a group that wait for their rounds, with what pytest-benchmark keeps of each."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Contender, Any]] = []

    def add(self, contender: Contender, benchmark: Any) -> None:
        """Let a contender wait until its group is complete."""
        self._waiting.append((contender, benchmark))

    def run(self, seed: str) -> list[tuple[str, Exception]]:
        """Run the rounds of all who wait, and record their times; return who failed, and how."""
        waiting, self._waiting = self._waiting, []
        contenders = [contender for contender, _ in waiting]
        outcomes = turns.run(contenders, seed=seed, seconds_each=CELL_SECONDS) if waiting else []
        failed = []
        for outcome, (contender, benchmark) in zip(outcomes, waiting, strict=True):
            if outcome.errors:
                failed.append((contender.name, outcome.errors[0]))
            else:
                benchmark.extra_info.update(values=outcome.seconds, unit=SECONDS, in_turns=True)
        return failed


GROUP = Group()


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
    iterations: int | None = None,
    warm: bool = True,
    timer: Timer = seconds_of,
    context: Context = nullcontext,
    **more: object,
) -> None:
    """Let a call whose answer has been checked take its turns, and record what it is compared with.

    Without `rounds`, as many are run as fit into the preset's time for a cell: at least 3, at most 20;
    without `iterations`, a round makes as many calls as fill its time. `warm` makes a call before them that
    nobody counts; one that takes long was made when its answer was checked, and makes one call in each round.
    """
    describe(benchmark, group=group, axis=axis, baseline=baseline, amount=amount, amount_of=amount_of, **more)
    with context():
        benchmark.pedantic(call if warm else lambda: None, rounds=1)
    first = benchmark.stats.stats.total if benchmark.stats and warm else ROUND_SECONDS
    if warm and iterations is None and first < ROUND_SECONDS:
        # The first call of a few microseconds takes many times as long as the next ones.
        with context():
            first = min(seconds_of(call, 1) for _ in range(3))
    n_calls = iterations or max(1, int(ROUND_SECONDS / max(first, 1e-7)))
    GROUP.add(Contender(benchmark.name, call, n_calls, timer, context, rounds), benchmark)


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


def record_times(benchmark: Any, values: Sequence[float], *, in_turns: bool = False) -> None:
    """Record times that were measured elsewhere, such as in another process."""
    _record(benchmark, values, SECONDS, in_turns)


def record_memory(benchmark: Any, n_bytes: Sequence[float], *, in_turns: bool = False) -> None:
    """Record amounts of memory, in bytes, instead of times.

    Turns would add nothing: what else the machine does slows contenders down, but takes none of their memory.
    """
    _record(benchmark, n_bytes, BYTES, in_turns)


def _record(benchmark: Any, values: Sequence[float], unit: str, in_turns: bool) -> None:
    benchmark.extra_info.update(values=list(values), unit=unit, in_turns=in_turns)
    benchmark.pedantic(lambda: None, rounds=1)
