"""Which records can be believed? Reading them, and refusing by name what is broken.

What a record holds is written by `bpelab.benchmarks.harness.suite`; here nothing is trusted, since a record
may come from another machine, another version, or an editor.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bpelab.benchmarks.harness.ratios import Ratio, is_steady, ratio, typical

SCHEMA = "bpelab benchmarks 1"

# What a record, a cell of it and a reason must have, and of which type; None where nothing is known.
_RECORD = {
    "started": str, "preset": str, "n_passes": int, "seconds": float, "machine": dict, "versions": dict,
    "parity": list, "limits": dict, "cells": list, "missing": list,
}  # fmt: skip
_CELL = {
    "question": str, "group": str, "contender": str, "baseline": str, "unit": str, "axis": dict,
    "passes": list,
}  # fmt: skip
_MISSING = {"question": str, "group": str, "contender": str, "reason": str}
_COMPARISON = {"encoding": str, "n_texts": int, "n_bytes": int, "n_tokens": int}
UNITS = ("s", "B")
# What plots have on their axes.
SIZES = ("n_bytes", "piece_bytes", "vocab_size", "dim", "n_tokens")

Cell = dict[str, Any]
Record = dict[str, Any]


def load(path: Path) -> Record:
    """Read one record; raises `ValueError` that names the file, and in it the place, of what is wrong."""
    try:
        record = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: line {error.lineno}: {error.msg}: this is no whole JSON") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: this is no JSON: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        _check(record)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return dict(record)


def load_all(paths: Sequence[Path]) -> list[Record]:
    """Read the records of several machines, the same one only once."""
    records: list[Record] = []
    for path in paths:
        record = load(path)
        if record not in records:
            records.append(record)
    return records


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it has {name}, where a number was expected")


def _check(record: Any) -> None:
    if not isinstance(record, dict):
        raise ValueError(f"an object was expected, not {type(record).__name__}")
    if record.get("schema") != SCHEMA:
        raise ValueError(
            f"its schema is {record.get('schema')!r}, and {SCHEMA!r} is the one that is read here"
        )
    _has(record, _RECORD, "the record")
    _has(record["machine"], {"name": str}, "machine")
    for place, entry in enumerate(record["parity"]):
        _has(entry, _COMPARISON, f"parity {place}")
    for place, entry in enumerate(record["missing"]):
        _has(entry, _MISSING, f"missing {place}")
    seen = set()
    for place, cell in enumerate(record["cells"]):
        _check_cell(cell, f"cell {place}")
        name = (cell["question"], cell["group"], cell["contender"])
        if name in seen:
            raise ValueError(f"cell {place} ({', '.join(name)}) is there twice")
        seen.add(name)
    for question, group, cells in groups(record):
        missing = {e["contender"] for e in record["missing"] if e["question"] == question}
        for baseline in sorted({cell["baseline"] for cell in cells}):
            if baseline not in {cell["contender"] for cell in cells} | missing:
                raise ValueError(
                    f"{question}, {group}: its baseline {baseline!r} is neither there nor missing"
                )


def _check_cell(cell: Any, where: str) -> None:
    _has(cell, _CELL, where)
    where = f"{where} ({cell['question']}, {cell['group']}, {cell['contender']})"
    if cell["unit"] not in UNITS:
        raise ValueError(f"{where}: its unit is {cell['unit']!r}, not one of {', '.join(UNITS)}")
    for name in ("amount", "bytes_moved", "operations"):
        if (value := cell.get(name)) is not None and not _is_number(value):
            raise ValueError(f"{where}: {name} is {value!r}, where a number was expected")
    for name in SIZES:
        if (value := cell["axis"].get(name)) is not None and not (_is_number(value) and value > 0):
            raise ValueError(f"{where}: {name} is {value!r}, where a number above 0 was expected")
    for samples in cell["passes"]:
        if not isinstance(samples, list) or not all(_is_number(value) for value in samples):
            raise ValueError(
                f"{where}: a pass is {str(samples)[:60]}, where numbers of 0 or more were expected"
            )
    if not any(cell["passes"]):
        raise ValueError(f"{where}: it has no sample")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _has(entry: Any, fields: Mapping[str, type], where: str) -> None:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is {str(entry)[:60]}, where an object was expected")
    for name, kind in fields.items():
        if name not in entry:
            raise ValueError(f"{where} has no {name!r}")
        value = entry[name]
        if kind in (int, float):
            if not _is_number(value):
                raise ValueError(f"{where}: {name} is {value!r}, where a number was expected")
        elif not isinstance(value, kind):
            raise ValueError(f"{where}: {name} is {str(value)[:60]!r}, where a {kind.__name__} was expected")


def groups(record: Record, question: str | None = None) -> Iterator[tuple[str, str, list[Cell]]]:
    """Yield (question, group, its cells), all in an order of their own that measuring has no part in."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in record["cells"]:
        if question in (None, cell["question"]):
            found.setdefault((cell["question"], cell["group"]), []).append(cell)
    for (name, group), cells in sorted(found.items(), key=lambda pair: _natural(pair[0])):
        yield name, group, sorted(cells, key=lambda cell: (cell["contender"] != "bpelab", cell["contender"]))


def _natural(names: Iterable[str]) -> list[list[tuple[int, int, str]]]:
    """Order numbers within names by size: 1,000 bytes before 100,000."""
    return [
        [(1, int(part.replace(",", "")), "") if part[0].isdigit() else (0, 0, part) for part in parts]
        for parts in (re.findall(r"\d[\d,]*(?<=\d)|\D+", name) for name in names)
    ]


@dataclass(frozen=True)
class Row:
    """One cell beside the baseline of its group, if that was measured."""

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
        """Tell whether this is bpelab beside somebody else."""
        return self.contender == "bpelab" and not self.cell["baseline"].startswith("bpelab")

    @cached_property
    def ratio(self) -> Ratio | None:
        """How many times faster than the baseline, or smaller; None for the baseline and without one."""
        return None if self.is_baseline or not self.baseline else ratio(self.cell, self.baseline)

    @cached_property
    def is_steady(self) -> bool:
        """Tell whether the baseline stood still."""
        return is_steady(self.baseline or self.cell)

    @cached_property
    def typical(self) -> float:
        """The median of the passes' medians, in seconds or bytes."""
        return typical(self.cell)

    @property
    def rate(self) -> float | None:
        """Amount a second; None where it means nothing."""
        amount = self.cell.get("amount")
        return amount / self.typical if amount and self.cell["unit"] == "s" and self.typical else None


def rows(record: Record, question: str) -> list[Row]:
    """Give the cells of a question, each with what it is compared with."""
    found = []
    for _, _, cells in groups(record, question):
        by_name = {cell["contender"]: cell for cell in cells}
        found += [Row(cell, by_name.get(cell["baseline"])) for cell in cells]
    return found
