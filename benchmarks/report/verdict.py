"""What is the verdict? Whether the ids are tiktoken's, the numbers that matter, and where bpelab loses."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row, rows
from bpelab.benchmarks.report.units import times

N_WORST = 6


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
        lambda row: row.contender == "look-up" and _axis(row, "direction") == "forward",
    ),
)


def numbers(record: Record, others: Sequence[Record] = ()) -> list[Number]:
    """Return the five numbers that matter: each the median over its groups, with the lowest and highest.

    A number that was not measured says why, unless one of the `others` has it.
    """
    found = []
    for title, question, chosen in NUMBERS:
        compared = _compared(record, question, chosen)
        if compared:
            found.append(_number(title, compared))
        elif not any(_compared(other, question, chosen) for other in others):
            found.append(Number(title, "not measured", _why(record, question)))
    return found


def _compared(record: Record, question: str, chosen: Choice) -> list[Row]:
    return [row for row in rows(record, question) if row.ratio and chosen(row)]


def _number(title: str, compared: list[Row]) -> Number:
    ordered = sorted(compared, key=lambda row: row.ratio.middle if row.ratio else 0.0)
    ratios = [row.ratio for row in ordered if row.ratio]
    value = times(median(ratio.middle for ratio in ratios))
    if len(ratios) == 1:
        detail = f"{times(ratios[0].low)} to {times(ratios[0].high)} from pass to pass"
    else:
        first, last = ordered[0], ordered[-1]
        ends = f"{times(ratios[0].middle)} ({first.group}) to {times(ratios[-1].middle)} ({last.group})"
        detail = f"median of {len(ratios)}, from {ends}"
    unsteady = sum(not row.is_steady for row in ordered)
    if unsteady:
        detail += f"; {unsteady} of {len(ordered)} unstable" if len(ordered) > 1 else "; unstable"
    return Number(title, value, detail)


def _why(record: Record, question: str) -> str:
    reasons = sorted({entry["reason"] for entry in record["missing"] if entry["question"] == question})
    return "; ".join(reasons) or "not part of this run"


def slower(record: Record) -> list[Row]:
    """Return the rows where bpelab is slower, or larger, than the baseline beyond the noise, worst first."""
    found = [row for row in _all_rows(record) if row.is_ours and row.ratio and row.ratio.high < 1]
    return sorted(found, key=lambda row: row.ratio.middle if row.ratio else 0.0)


def caveats(record: Record) -> list[str]:
    """Return lines that say where bpelab loses, and how steady the machine was."""
    lost = slower(record)
    shown = [f"{row.group} {times(row.ratio.middle)}" for row in lost[:N_WORST] if row.ratio]
    more = f", and {len(lost) - N_WORST} more" if len(lost) > N_WORST else ""
    n_unstable, n_groups = unstable(record)
    lines = []
    if lost:
        lines.append(f"Where bpelab is slower, or larger: {'; '.join(shown)}{more}.")
    elif any(row.is_ours and row.ratio for row in _all_rows(record)):
        lines.append("bpelab was nowhere slower than its baseline beyond the noise.")
    if n_unstable:
        marked = "marked unstable: their baseline moved by more than a tenth between passes."
        lines.append(f"{n_unstable} of {n_groups} comparisons are {marked}")
    elif n_groups:
        lines.append(f"All {n_groups} baselines stayed within a tenth from pass to pass.")
    return lines


def unstable(record: Record) -> tuple[int, int]:
    """Count the groups whose baseline moved by more than a tenth between passes, and all groups."""
    groups = {(row.cell["question"], row.group): row.is_steady for row in _all_rows(record)}
    return sum(not steady for steady in groups.values()), len(groups)


def _all_rows(record: Record) -> Iterator[Row]:
    for question in sorted({cell["question"] for cell in record["cells"]}):
        yield from rows(record, question)
