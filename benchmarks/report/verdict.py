"""What is the verdict? Whether the ids are tiktoken's, how fast they come, and where bpelab loses."""

import math

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import rows
from bpelab.benchmarks.report.content import questions_of
from bpelab.benchmarks.report.findings import answer, losses
from bpelab.benchmarks.report.ladder import QUESTION, Rung, rungs
from bpelab.benchmarks.report.units import digits, times

N_WORST = 8
LOST = "Where bpelab is slower, or larger, than the best of the others:"


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


def caveat(record: Record) -> str:
    """Say how sure the ratios are."""
    compared = [row for question in questions_of([record]) for row in rows(record, question) if row.ratio]
    n_wide = sum(row.is_wide for row in compared)
    if not compared:
        return "Nothing was compared in this run."
    if not n_wide:
        return f"All {len(compared)} ratios have an interval within ±10 %."
    told = f"{n_wide} of {len(compared)} ratios have an interval beyond ±10 %"
    return f"{told}: they are marked wide, and say little."
