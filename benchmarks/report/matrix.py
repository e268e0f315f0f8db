"""Who is how fast at what? Encoders by tasks, in MB/s, and how near each is to the best on the whole.

The last column is the geometric mean of the ratios to the best of each task, as rebar shows it: 1.00 is an
encoder that is the fastest at every task that it was measured in.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row, rows

ENCODING = "gpt2"


@dataclass(frozen=True)
class Task:
    """A column: what its cells have in common."""

    name: str
    questions: Sequence[str]
    axis: Mapping[str, object]  # values of the cells' axes
    words: str = ""  # in the group's name


TASKS = (
    Task("prose", ("encode_ladder", "encode_warm"), {"text": "tinyshakespeare", "form": "array"}),
    Task("code", ("encode_ladder", "encode_warm"), {"text": "standard library, 1 MB", "form": "array"}),
    Task("code", ("encode_ladder", "encode_warm"), {"text": "standard library, 12 MB", "form": "array"}),
    Task("46 languages", ("encode_ladder", "encode_warm"), {"text": "udhr-multilingual", "form": "array"}),
    Task("docs", ("encode_ladder", "encode_warm"), {"text": "documentation", "form": "array"}),
    Task("docs, list", ("encode_ladder", "encode_warm"), {"text": "documentation", "form": "list"}),
    Task("one sentence", ("encode_short",), {"form": "list"}, "a sentence"),
    Task("1,000 short texts", ("encode_short",), {"form": "list"}, "1,000 texts"),
    Task("batch, 2 threads", ("encode_threads",), {"n_threads": 2}, "a batch"),
    Task("first pass", ("first_use",), {"question": "first pass", "text": "standard library, 1 MB"}),
    Task("100 kB of letters", ("encode_long_piece",), {"kind": "random letters", "piece_bytes": 100_000}),
    Task("count", ("decode_and_count",), {"call": "count"}),
    Task("decode", ("decode_and_count",), {"call": "decode"}),
)


@dataclass(frozen=True)
class Line:
    """One encoder: its rate in bytes a second for each task, None where it was not measured."""

    contender: str
    rates: list[float | None]
    mean: float | None  # of the ratios to the best: 1 or more; None if it was measured in few tasks
    n_tasks: int


@dataclass(frozen=True)
class Matrix:
    """All encoders that were measured in some task, the best first, and the best rate of each task."""

    tasks: list[Task]
    lines: list[Line]
    best: list[float]


def matrix(record: Record) -> Matrix | None:
    """Return the rates of a record; None if no task was measured with two encoders."""
    columns = [(task, found) for task in TASKS if len(found := _rates(record, task)) > 1]
    if not columns:
        return None
    best = [max(found.values()) for _, found in columns]
    lines = []
    for name in dict.fromkeys(name for _, found in columns for name in found):
        rates = [found.get(name) for _, found in columns]
        logs = [math.log(top / own) for top, own in zip(best, rates, strict=True) if own]
        # An encoder that was measured in few tasks cannot be compared with those measured in most of them.
        mean = math.exp(sum(logs) / len(logs)) if 2 * len(logs) >= len(columns) else None
        lines.append(Line(name, rates, mean, len(logs)))
    lines.sort(key=lambda line: (line.mean is None, line.mean or -line.n_tasks, line.contender))
    return Matrix([task for task, _ in columns], lines, best)


def _rates(record: Record, task: Task) -> dict[str, float]:
    """Return the rate of each encoder in a task; of several cells, that of the largest text counts."""
    found: dict[str, Row] = {}
    for question in task.questions:
        for row in rows(record, question):
            if row.rate and _is_of(row, task) and (
                row.contender not in found or row.cell["amount"] > found[row.contender].cell["amount"]
            ):  # fmt: skip
                found[row.contender] = row
    return {name: row.rate for name, row in found.items() if row.rate}


def _is_of(row: Row, task: Task) -> bool:
    axis = row.cell["axis"]
    return (
        axis.get("encoding", ENCODING) == ENCODING
        and row.cell["baseline"] == "tiktoken"
        and task.words in row.group
        and all(axis.get(name) == value for name, value in task.axis.items())
    )
