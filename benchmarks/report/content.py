"""What does a report say about each question? Values that the page and the Markdown both write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bpelab.benchmarks.harness.limits import bandwidth
from bpelab.benchmarks.harness.questions import QUESTIONS, question_text
from bpelab.benchmarks.harness.ratios import typical
from bpelab.benchmarks.harness.record import Cell, Record
from bpelab.benchmarks.harness.rows import Row, rows
from bpelab.benchmarks.report.findings import answer
from bpelab.benchmarks.report.units import interval_text, quantity, rate, times

COLUMNS = ("what", "who", "typical", "rate", "ratio", "95 % interval", "baseline")
# What the contents list calls a question; a question that is not here has its own name.
SHORT = {
    "encode_ladder": "The ladder",
    "encode_warm": "Text met before",
    "first_use": "First use",
    "encode_short": "Short texts",
    "encode_growth": "Longer and longer",
    "encode_long_piece": "Long pieces",
    "encode_threads": "Threads",
    "encode_memory": "Memory",
    "decode_and_count": "Decode and count",
    "train": "Training",
    "train_memory": "Memory of training",
    "loader": "Loading",
    "loader_resume": "Resuming",
    "embedding": "Embedding",
    "embedding_training": "Training with it",
}
METHOD = (
    "A pass asks each question once, in a fresh process, which it shares with questions about the same"
    " encoders. There the contenders of a group took turns, round by round. A ratio is the baseline's time"
    " (or memory) divided by the contender's in the same round; the median of a pass counts, and the"
    " geometric mean over passes is shown. Its interval is Student's 95 % t-interval of the mean of the"
    " logarithms over passes. A ratio whose interval reaches more than a tenth from it is marked. The"
    " contender named control is the same code a second time: its true ratio is 1. Answers were compared"
    " before the clock started; a contender with a wrong answer was not timed."
)
NO_CUDA = "CUDA was not measured: none of these records comes from a machine with a GPU."


@dataclass(frozen=True)
class Missing:
    """What was not measured, and why."""

    contender: str
    reason: str
    n_cells: int


@dataclass(frozen=True)
class Part:
    """What one machine measured for a question."""

    record: Record
    rows: list[Row]
    missing: list[Missing]
    answer: str  # what was found, in a sentence or two


@dataclass(frozen=True)
class Section:
    """One question: how to read its answers, the answers, and the command that measures them again."""

    question: str
    title: str
    short: str  # its name in the contents list
    reading: str  # paragraphs with an empty line between them
    note: str  # what no record has
    command: str
    parts: list[Part]


def sections(records: Sequence[Record]) -> list[Section]:
    """Return a section for each question that any record has an answer to, in the order of the suite."""
    found = []
    for question in questions_of(records):
        title, reading = question_text(question)
        parts = [_part(record, question) for record in records]
        command = f"bpelab bench --preset {_preset(records, question)} --only {question} -o {question}.json"
        note = NO_CUDA if question == "embedding" and not has_cuda(records) else ""
        parts = [part for part in parts if part.rows]
        short = SHORT.get(question, question)
        found.append(Section(question, title, short, reading, note, command, parts))
    return found


def questions_of(records: Sequence[Record]) -> list[str]:
    """Return the questions that any record has an answer to, in the order of the suite."""
    asked = {cell["question"] for record in records for cell in record["cells"]}
    return [*(name for name in QUESTIONS if name in asked), *sorted(asked - set(QUESTIONS))]


def left_out(records: Sequence[Record]) -> list[str]:
    """Return a line for each question that no record has an answer to, with the reasons."""
    asked = questions_of(records)
    reasons: dict[str, set[str]] = {}
    for record in records:
        for entry in record["missing"]:
            if entry["question"] not in asked:
                reasons.setdefault(entry["question"], set()).add(entry["reason"])
    return [f"{question}: {'; '.join(sorted(told))}" for question, told in sorted(reasons.items())]


def _part(record: Record, question: str) -> Part:
    found = rows(record, question)
    return Part(record, found, _missing(record, question), answer(found))


def _preset(records: Sequence[Record], question: str) -> str:
    presets = {
        record["preset"] for record in records if any(c["question"] == question for c in record["cells"])
    }
    return "full" if "full" in presets else "quick"


def _missing(record: Record, question: str) -> list[Missing]:
    counts: dict[tuple[str, str], int] = {}
    for entry in record["missing"]:
        if entry["question"] == question:
            key = (entry["contender"], entry["reason"])
            counts[key] = counts.get(key, 0) + 1
    return [Missing(*key, n_cells) for key, n_cells in sorted(counts.items())]


def machine_name(record: Record) -> str:
    """Name the machine that a record comes from, with its preset and date.

    >>> machine_name({"machine": {"name": "2 cores"}, "started": "2026-11-23T18:53:24", "preset": "quick"})
    '2 cores, quick, 2026-11-23'
    """
    return f"{record['machine']['name']}, {record['preset']}, {record['started'][:10]}"


def has_cuda(records: Sequence[Record]) -> bool:
    """Tell whether any record measured CUDA."""
    return any(cell["axis"].get("device") == "cuda" for record in records for cell in record["cells"])


def table_cells(row: Row) -> list[str]:
    """Return the text that a table shows of a row, for each of `COLUMNS`."""
    ratio = row.ratio
    return [
        row.group,
        row.contender,
        quantity(row.typical, row.cell["unit"]),
        rate(row.rate, row.cell.get("amount_of")) if row.rate else "",
        "1 (baseline)" if row.is_baseline else times(ratio.middle) if ratio else "no baseline",
        f"{interval_text(ratio)}{' (wide)' if row.is_wide else ''}" if ratio else "",
        str(row.cell["baseline"]),
    ]


def share_of_limit(record: Record, cell: Cell) -> float | None:
    """Return the time that the machine's limits allow divided by the measured time: 1 is as fast as possible.

    The limits are the bandwidth of copies, in memory or in the caches, and the FLOP/s of a large product, all
    measured in the same run; bytes and operations may overlap. None for a cell without bytes and operations,
    or a run without limits.
    """
    axis = cell["axis"]
    limits = limits_of(record, axis.get("device"))
    # The size of a GPU's cache is not in the record: what is flushed before every call comes from memory.
    caches = {} if axis.get("device") == "cuda" else record["machine"].get("caches") or {}
    copied = bandwidth(limits, cell.get("peak_bytes"), max(caches.values(), default=None))
    flops = (limits.get("flops_per_second") or {}).get("tf32" if axis.get("tf32") else axis.get("dtype"))
    moved, operations = cell.get("bytes_moved"), cell.get("operations")
    if not copied or moved is None or (operations and not flops) or not typical(cell):
        return None
    return float(max(moved / copied, operations / flops if operations else 0.0)) / typical(cell)


def limits_of(record: Record, device: str | None) -> dict[str, Any]:
    """Return the limits that were measured for a device; empty if none were."""
    limits: dict[str, Any] = record["limits"]
    return limits.get("cuda") or {} if device == "cuda" else limits


def environment_rows(record: Record) -> list[tuple[str, str]]:
    """Return (name, value) pairs that say where, and with which versions, a record was measured."""
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
            f" {record['seconds']:.0f} s, started {record['started']}"
            + ("" if record.get("finished") else "; interrupted: it holds what was done until then"),
        ),
    ]
    return [(name, str(value) if value else "unknown") for name, value in found if value or name != "GPU"]
