"""What is the verdict? Whether the ids are tiktoken's, how fast they come, and where bpelab loses."""

import math
from collections.abc import Iterator
from statistics import median

from bpelab.benchmarks.harness.ratios import WIDE
from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row, controls, rows
from bpelab.benchmarks.report.content import questions_of
from bpelab.benchmarks.report.findings import answer, losses
from bpelab.benchmarks.report.ladder import QUESTION, Rung, rungs
from bpelab.benchmarks.report.units import digits, times

N_WORST = 8
LOST = "Where bpelab is slower, or larger, than the best of the others:"
# As many others as this want to run before the suite begins: on a machine of two cores it never has both.
BUSY_LOAD = 1.0


def ladder_of(record: Record) -> list[Rung]:
    """Return the encoders of the ladder, the slowest first; none for a record without the ladder."""
    return rungs(record) if any(row.rate for row in rows(record, QUESTION)) else []


def sentence(record: Record) -> str:
    """Say in a sentence how fast the best of bpelab is: against tiktoken, and against the fastest of all.

    For a record without the ladder, it is what was found for its first question.
    """
    found = ladder_of(record)
    best = max((rung for rung in found if rung.kind == "ours"), key=lambda rung: rung.rate, default=None)
    if best is None:
        answers = (answer(rows(record, question)) for question in questions_of([record]))
        return next(filter(None, answers), "Nothing was compared in this run.")
    told = f"{best.contender} encode" + ("" if best.contender.endswith("s") else "s")
    told = f"On source code, {told} {digits(best.rate)} MB/s"
    if not math.isnan(best.ratio):
        told += f", {times(best.ratio)} as fast as tiktoken"
    others = [rung for rung in found if rung.kind != "ours"]
    if others:
        fastest = max(others, key=lambda rung: rung.rate)
        told += f" and {times(best.rate / fastest.rate)} as fast as {fastest.contender},"
        told += " the fastest of the others"
    return f"{told}."


def parity_lines(record: Record) -> list[tuple[bool, str]]:
    """Return, for each encoding compared, whether its ids are tiktoken's, and a line that says so."""
    lines = []
    for entry in record["parity"]:
        amount = (
            f"{entry['n_texts']:,} texts, {entry['n_bytes']:,} bytes, {entry['n_tokens']:,} tokens compared"
        )
        difference = entry.get("difference")
        if difference:
            source = difference.get("source") if isinstance(difference, dict) else difference
            lines.append((False, f"{entry['encoding']} differs from tiktoken's in {source}: {amount}."))
        else:
            lines.append((True, f"{entry['encoding']} gives the same ids as tiktoken: {amount}."))
    return lines or [(False, "Parity was not compared in this run.")]


def lost(record: Record) -> list[str]:
    """Return where bpelab loses against anyone, the worst first, each as a line."""
    lines = [line for _, line in losses(record)]
    return [*lines[:N_WORST], f"and {len(lines) - N_WORST} more"] if len(lines) > N_WORST else lines


def caveats(record: Record) -> list[str]:
    """Say how sure the ratios are: whether the machine was busy, how many are wide, what controls show."""
    n_wide, n_ratios = wide(record)
    if not n_ratios:
        return [*busy(record), "Nothing was compared in this run."]
    if n_wide:
        lines = [
            f"{n_wide} of {n_ratios} ratios have an interval beyond ±10 %: they are marked wide, and say"
            " little."
        ]
    else:
        lines = [f"All {n_ratios} ratios have an interval within ±10 %."]
    n_held, n_controls = controls_held(record)
    if n_controls:
        lines.append(
            f"The same code was measured a second time in {n_controls} groups; {n_held} of the"
            f" {n_controls} intervals hold 1×, and 95 % should."
        )
    return [*busy(record), *lines]


def busy(record: Record) -> list[str]:
    """Return a line if the machine was busy with something else: by its load before, or by the controls.

    A control's ratio should be 1. Where the typical one is a tenth off, other ratios are, too.
    """
    load = (record.get("load") or {}).get("before")
    off = [max(row.ratio.middle, 1 / row.ratio.middle) for row in controls(record) if row.ratio]
    reasons = []
    if load is not None and load >= BUSY_LOAD:
        reasons.append(f"{load:.1f} other processes wanted to run when the measurement began")
    if off and median(off) > WIDE:
        reasons.append(f"the same code measured twice differs by {(median(off) - 1):.0%}")
    if not reasons:
        return []
    return [f"The machine was busy: {', and '.join(reasons)}. Measure again when it is idle."]


def controls_held(record: Record) -> tuple[int, int]:
    """Count the controls whose interval holds 1, and all of which have an interval."""
    ratios = [row.ratio for row in controls(record) if row.ratio and row.ratio.n_passes > 1]
    return sum(ratio.low <= 1 <= ratio.high for ratio in ratios), len(ratios)


def wide(record: Record) -> tuple[int, int]:
    """Count the ratios whose interval reaches more than a tenth from its middle, and all ratios."""
    compared = [row for row in _all_rows(record) if row.ratio]
    return sum(row.is_wide for row in compared), len(compared)


def _all_rows(record: Record) -> Iterator[Row]:
    for question in sorted({cell["question"] for cell in record["cells"]}):
        yield from rows(record, question)
