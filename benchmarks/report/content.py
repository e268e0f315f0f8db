"""What does a report say of each question? As values that the page and Markdown both write."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bpelab.benchmarks.harness.ratios import typical
from bpelab.benchmarks.harness.suite import QUESTIONS
from bpelab.benchmarks.report.records import Cell, Record, Row, rows
from bpelab.benchmarks.report.units import quantity, rate, times

FOLDER = Path(__file__).parents[1]
COLUMNS = ("what", "who", "typical", "rate", "ratio", "95 % interval", "baseline")
METHOD = (
    "Every question was asked in fresh processes, in a shuffled order, as many times as there were passes; of"
    " each pass the median counts. A ratio is the median over passes of the baseline's time (or memory) by"
    " the contender's, and its interval holds 95 % of the medians of passes drawn again and again. A baseline"
    " that moved by more than a tenth between passes is marked unstable: the machine did something else, and"
    " the figure may be off. Answers were compared before the clock started; a wrong answer has no time."
)
NO_CUDA = "CUDA has not been measured yet: none of these records comes from a machine with a GPU."


@dataclass(frozen=True)
class Missing:
    """What was not measured, and why."""

    contender: str
    reason: str
    n_cells: int


@dataclass(frozen=True)
class Part:
    """What one machine answered to a question."""

    record: Record
    rows: list[Row]
    missing: list[Missing]


@dataclass(frozen=True)
class Section:
    """One question: how to read its answers, the answers, and the command that asks again."""

    question: str
    title: str
    reading: str
    note: str  # what no record has
    command: str
    parts: list[Part]


def sections(records: Sequence[Record]) -> list[Section]:
    """Give a section for each question that any record asked, in the order of the suite."""
    asked = {cell["question"] for record in records for cell in record["cells"]}
    asked |= {entry["question"] for record in records for entry in record["missing"]}
    order = [*(name for name in QUESTIONS if name in asked), *sorted(asked - set(QUESTIONS))]
    found = []
    for question in order:
        title, reading = _docstring(question)
        parts = [Part(record, rows(record, question), _missing(record, question)) for record in records]
        command = f"bpelab bench --preset {_preset(records, question)} --only {question} -o {question}.json"
        note = NO_CUDA if question == "embedding" and not has_cuda(records) else ""
        parts = [part for part in parts if part.rows or part.missing]
        found.append(Section(question, title, reading, note, command, parts))
    return found


def _preset(records: Sequence[Record], question: str) -> str:
    presets = {
        record["preset"] for record in records if any(c["question"] == question for c in record["cells"])
    }
    return "full" if "full" in presets else "quick"


def _docstring(question: str) -> tuple[str, str]:
    """Give a benchmark file's question and how to read its answers; a foreign one only has its name."""
    path = FOLDER / f"{question}.py"
    # A record's text is not trusted with the choice of a file.
    if question not in QUESTIONS or not path.is_file():
        return question, ""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or question
    title, _, reading = text.partition("\n\n")
    return " ".join(title.split()), " ".join(reading.split())


def _missing(record: Record, question: str) -> list[Missing]:
    counts: dict[tuple[str, str], int] = {}
    for entry in record["missing"]:
        if entry["question"] == question:
            key = (entry["contender"], entry["reason"])
            counts[key] = counts.get(key, 0) + 1
    return [Missing(*key, n_cells) for key, n_cells in sorted(counts.items())]


def machine_name(record: Record) -> str:
    """Give the name of the machine a record comes from, with what makes it another record.

    >>> machine_name({"machine": {"name": "2 cores"}, "started": "2026-11-23T18:53:24", "preset": "quick"})
    '2 cores, quick, 2026-11-23'
    """
    return f"{record['machine']['name']}, {record['preset']}, {record['started'][:10]}"


def has_cuda(records: Sequence[Record]) -> bool:
    """Tell whether any record measured CUDA."""
    return any(cell["axis"].get("device") == "cuda" for record in records for cell in record["cells"])


def table_cells(row: Row) -> list[str]:
    """Give what a table shows of a row, for each of `COLUMNS`."""
    ratio = row.ratio
    return [
        row.group,
        row.contender,
        quantity(row.typical, row.cell["unit"]),
        rate(row.rate, row.cell.get("amount_of")) if row.rate else "",
        "1 (baseline)" if row.is_baseline else times(ratio.middle) if ratio else "no baseline",
        f"{times(ratio.low)} to {times(ratio.high)}" if ratio else "",
        f"{row.cell['baseline']}, {'steady' if row.is_steady else 'unstable'}",
    ]


def share_of_limit(record: Record, cell: Cell) -> float | None:
    """Tell how near a cell comes to what the machine could do: the model's time by the measured one.

    The model moves the cell's bytes at the bandwidth of a copy and does its operations at the FLOP/s of a
    large product, at the same time; both were measured in the same run. Above 1 a cell works within caches.
    None where a cell has no model, or the run no limit.
    """
    limits = limits_of(record, cell["axis"].get("device"))
    bandwidth = limits.get("copy_bytes_per_second")
    flops = (limits.get("flops_per_second") or {}).get(cell["axis"].get("dtype"))
    moved, operations = cell.get("bytes_moved"), cell.get("operations")
    if not bandwidth or moved is None or (operations and not flops) or not typical(cell):
        return None
    return float(max(moved / bandwidth, operations / flops if operations else 0.0)) / typical(cell)


def limits_of(record: Record, device: str | None) -> dict[str, Any]:
    """Give the limits that were measured of a device, none if they were not."""
    limits: dict[str, Any] = record["limits"]
    return limits.get("cuda") or {} if device == "cuda" else limits


def environment_rows(record: Record) -> list[tuple[str, str]]:
    """Say on what, and with which versions, a record was measured."""
    machine, limits = record["machine"], record["limits"]
    caches = machine.get("caches") or {}
    flops = limits.get("flops_per_second") or {}
    commit = record.get("commit")
    found = [
        ("Processor", machine.get("cpu")),
        ("Cores", machine.get("n_cores")),
        ("Threads of PyTorch", machine.get("n_threads")),
        ("Memory", machine.get("memory_bytes") and f"{machine['memory_bytes'] / 2**30:.1f} GiB"),
        ("Caches", ", ".join(f"{name} {size // 1024:,} KiB" for name, size in caches.items())),
        ("Governor", machine.get("governor")),
        ("System", machine.get("system")),
        ("GPU", machine.get("gpu") and f"{machine['gpu']}, driver {machine.get('driver')}"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record["versions"].items())),
        ("Commit", commit and str(commit)[:12] + (", with changes" if record.get("modified") else "")),
        (
            "Limits measured in the run",
            limits.get("copy_bytes_per_second")
            and f"copying {limits['copy_bytes_per_second'] / 1e9:.1f} GB/s"
            + "".join(f", {name} {value / 1e9:,.0f} GFLOP/s" for name, value in flops.items() if value),
        ),
        (
            "Run",
            f"preset {record['preset']}, {record['n_passes']} passes, seed {record.get('seed')},"
            f" {record['seconds']:.0f} s, begun {record['started']}"
            + ("" if record.get("finished") else "; interrupted: what was done is here"),
        ),
    ]
    return [(name, str(value) if value else "unknown") for name, value in found if value or name != "GPU"]
