"""What is the verdict? Whether the ids are tiktoken's, the numbers that matter, and where bpelab loses."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bpelab.benchmarks.harness.ratios import WIDE
from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row, controls, rows
from bpelab.benchmarks.report.units import interval_text, times

N_WORST = 6
# As many others as this want to run before the suite begins: on a machine of two cores it never has both.
BUSY_LOAD = 1.0


@dataclass(frozen=True)
class Number:
    """One of the numbers that matter: a ratio, over all groups that it was measured in."""

    title: str
    value: str  # "5.55×", or "not measured"
    detail: str


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


Choice = Callable[[Row], bool]


def _axis(row: Row, name: str) -> Any:
    return row.cell["axis"].get(name)


def _is_look_up(row: Row) -> bool:
    return row.contender == "look-up" and _axis(row, "direction") == "forward"


NUMBERS: Sequence[tuple[str, str, Choice]] = (
    (
        "encoding text met before to an array, against tiktoken",
        "encode_warm",
        lambda row: row.is_ours and _axis(row, "form") == "array",
    ),
    (
        "the first pass over a text in a fresh process, against tiktoken",
        "first_use",
        lambda row: row.is_ours and _axis(row, "question") == "first pass",
    ),
    (
        "training to the same merges, against Hugging Face's tokenizers",
        "train",
        lambda row: row.is_ours and row.cell["baseline"] == "tokenizers",
    ),
    (
        "tokens through the loader, against the book's",
        "loader",
        lambda row: row.is_ours and row.group == "tokens through the loader",
    ),
    (
        "an embedding by look-up, against one-hot @ Linear, forward",
        "embedding",
        lambda row: _is_look_up(row) and _axis(row, "device") != "cuda",
    ),
    (
        "the same on CUDA",
        "embedding",
        lambda row: _is_look_up(row) and _axis(row, "device") == "cuda",
    ),
)
# Numbers that most machines cannot have are left out where they are missing.
OPTIONAL = ("the same on CUDA",)


def numbers(record: Record, others: Sequence[Record] = ()) -> list[Number]:
    """Return the numbers that matter: each the median over its groups, with the lowest and highest.

    A number that was not measured says why, unless one of the `others` has it.
    """
    found = []
    for title, question, chosen in NUMBERS:
        compared = _compared(record, question, chosen)
        if compared:
            found.append(_number(title, compared))
        elif title not in OPTIONAL and not any(_compared(other, question, chosen) for other in others):
            found.append(Number(title, "not measured", _why(record, question)))
    return found


def _compared(record: Record, question: str, chosen: Choice) -> list[Row]:
    return [row for row in rows(record, question) if row.ratio and chosen(row)]


def _number(title: str, compared: list[Row]) -> Number:
    ordered = sorted(compared, key=lambda row: row.ratio.middle if row.ratio else 0.0)
    ratios = [row.ratio for row in ordered if row.ratio]
    value = times(median(ratio.middle for ratio in ratios))
    if len(ratios) == 1:
        detail = interval_text(ratios[0])
    else:
        first, last = ordered[0], ordered[-1]
        ends = f"{times(ratios[0].middle)} ({first.group}) to {times(ratios[-1].middle)} ({last.group})"
        detail = f"median of {len(ratios)}, from {ends}"
    n_wide = sum(row.is_wide for row in ordered)
    if n_wide:
        detail += f"; {n_wide} of {len(ordered)} uncertain" if len(ordered) > 1 else "; uncertain"
    return Number(title, value, detail)


def _why(record: Record, question: str) -> str:
    reasons = sorted({entry["reason"] for entry in record["missing"] if entry["question"] == question})
    return "; ".join(reasons) or "not part of this run"


def slower(record: Record) -> list[Row]:
    """Return the rows where bpelab is slower, or larger, than the baseline beyond the noise, worst first."""
    found = [row for row in _all_rows(record) if row.is_ours and row.ratio and row.ratio.is_below(1)]
    return sorted(found, key=lambda row: row.ratio.middle if row.ratio else 0.0)


def caveats(record: Record) -> list[str]:
    """Return lines that say where bpelab loses, and what the record itself says about its intervals."""
    lost = slower(record)
    shown = [f"{row.group} {times(row.ratio.middle)}" for row in lost[:N_WORST] if row.ratio]
    more = f", and {len(lost) - N_WORST} more" if len(lost) > N_WORST else ""
    lines = []
    if lost:
        lines.append(f"Where bpelab is slower, or larger: {'; '.join(shown)}{more}.")
    elif any(row.is_ours and row.ratio for row in _all_rows(record)):
        lines.append("bpelab was nowhere slower than its baseline beyond the noise.")
    n_wide, n_ratios = wide(record)
    if n_wide:
        lines.append(
            f"{n_wide} of {n_ratios} ratios are uncertain: their interval reaches more than a tenth from the"
            " middle."
        )
    elif n_ratios:
        lines.append(f"The intervals of all {n_ratios} ratios stay within a tenth of the middle.")
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
