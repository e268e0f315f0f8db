"""What does a record say, group by group? Cells sorted and paired with their baselines."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from bpelab.benchmarks.harness.ratios import Ratio, ratio, typical
from bpelab.benchmarks.harness.record import CONTROL, SECONDS, Cell, Record


def groups(record: Record, question: str | None = None) -> Iterator[tuple[str, str, list[Cell]]]:
    """Yield (question, group, its cells), sorted: the order of measuring does not show."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in record["cells"]:
        if question in (None, cell["question"]):
            found.setdefault((cell["question"], cell["group"]), []).append(cell)
    for (name, group), cells in sorted(found.items(), key=lambda pair: _natural(pair[0])):
        yield name, group, sorted(cells, key=lambda cell: (cell["contender"] != "bpelab", cell["contender"]))


def _natural(names: Iterable[str]) -> list[list[tuple[int, int, str]]]:
    """Return a key that sorts numbers within names by size: 1,000 bytes before 100,000."""
    return [
        [_of_number(part) if part[0] in "0123456789" else (0, 0, part) for part in parts]
        for parts in (re.findall(r"[0-9][0-9,]*(?<=[0-9])|[^0-9]+", name) for name in names)
    ]


def _of_number(part: str) -> tuple[int, int, str]:
    """Return a key that sorts digits by their number, which may have more digits than Python converts."""
    digits = part.replace(",", "").lstrip("0")
    return 1, len(digits), digits


@dataclass(frozen=True)
class Row:
    """One cell, and the baseline of its group if that was measured."""

    cell: Cell
    baseline: Cell | None

    @property
    def group(self) -> str:
        """What was compared."""
        return str(self.cell["group"])

    @property
    def contender(self) -> str:
        """Who or what was measured."""
        return str(self.cell["contender"])

    @property
    def is_baseline(self) -> bool:
        """Tell whether the others of its group are compared with this one."""
        return bool(self.cell["contender"] == self.cell["baseline"])

    @property
    def is_ours(self) -> bool:
        """Tell whether this is bpelab, compared with somebody else."""
        return self.contender == "bpelab" and not self.cell["baseline"].startswith("bpelab")

    @cached_property
    def ratio(self) -> Ratio | None:
        """How many times faster (or smaller) than the baseline; None if it is the baseline, or has none."""
        return None if self.is_baseline or not self.baseline else ratio(self.cell, self.baseline)

    @property
    def is_control(self) -> bool:
        """Tell whether this is the same code as its baseline's, so that the true ratio is 1."""
        return self.contender == CONTROL

    @property
    def is_wide(self) -> bool:
        """Tell whether it has a ratio whose interval reaches more than a tenth from its middle."""
        return self.ratio is not None and self.ratio.is_wide

    @property
    def note(self) -> str:
        """What a reader of the table should know about this cell alone; mostly empty."""
        return str(self.cell.get("note") or "")

    @cached_property
    def typical(self) -> float:
        """The median of the passes' medians, in seconds or bytes."""
        return typical(self.cell)

    @property
    def rate(self) -> float | None:
        """Amount per second; None where there is no amount, or no time."""
        amount = self.cell.get("amount")
        return amount / self.typical if amount and self.cell["unit"] == SECONDS and self.typical else None


def rows(record: Record, question: str) -> list[Row]:
    """Return the cells of a question, each with its baseline."""
    found = []
    for _, _, cells in groups(record, question):
        by_name = {cell["contender"]: cell for cell in cells}
        found += [Row(cell, by_name.get(cell["baseline"])) for cell in cells]
    return found


@dataclass(frozen=True)
class Absence:
    """What was not measured for one reason, wherever that was; the reason says how to bring it."""

    reason: str
    contenders: tuple[str, ...]
    questions: tuple[str, ...]
    n_cells: int


def absences(record: Record, question: str | None = None) -> list[Absence]:
    """Return a line for each reason why something was not measured, those of most cells first."""
    by_reason: dict[str, list[dict[str, str]]] = {}
    for entry in record["missing"]:
        if question in (None, entry["question"]):
            by_reason.setdefault(entry["reason"], []).append(entry)
    found = [
        Absence(
            reason,
            tuple(sorted({entry["contender"] for entry in entries})),
            tuple(sorted({entry["question"] for entry in entries})),
            len(entries),
        )
        for reason, entries in by_reason.items()
    ]
    return sorted(found, key=lambda absence: (-absence.n_cells, absence.reason))


def controls(record: Record) -> list[Row]:
    """Return the rows of the control, the same code a second time: their true ratio is 1."""
    questions = sorted({cell["question"] for cell in record["cells"] if cell["contender"] == CONTROL})
    return [row for question in questions for row in rows(record, question) if row.is_control and row.ratio]
