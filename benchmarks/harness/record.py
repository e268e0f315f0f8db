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
# What may be missing or null.
_OF_RECORD = {"finished": str, "commit": str, "modified": bool, "seed": float, "done": list}
_OF_MACHINE = {
    "cpu": str, "governor": str, "system": str, "gpu": str, "driver": str, "n_cores": int, "n_threads": int,
    "memory_bytes": int, "caches": dict,
}  # fmt: skip
_OF_LIMITS = {"copy_bytes_per_second": float, "flops_per_second": dict, "cuda": dict}
_OF_CELL = {"amount": float, "amount_of": str, "bytes_moved": float, "operations": float}
_OF_AXIS = {"device": str, "dtype": str, "direction": str, "form": str, "question": str}
# What the maps of that question are drawn by.
_OF_EMBEDDING = {
    "device": str, "dtype": str, "direction": str, "vocab_size": int, "dim": int, "n_tokens": int,
}  # fmt: skip
UNITS = ("s", "B")
# Numbers beyond these are no measurements, and what is computed from them would be infinite.
SMALLEST, LARGEST = 1e-30, 1e30
SHORTEST, LONGEST = 1e-12, 1e15  # seconds or bytes
DEEPEST = 12  # lists and objects within each other
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
        _check_values(record)
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
    _may_have(record, _OF_RECORD, "the record")
    _has(record["machine"], {"name": str}, "machine")
    _may_have(record["machine"], _OF_MACHINE, "machine")
    caches = record["machine"].get("caches") or {}
    _has(caches, dict.fromkeys(caches, int), "machine: caches")
    _has(record["versions"], dict.fromkeys(record["versions"], str), "versions")
    for limits, where in ((record["limits"], "limits"), (record["limits"].get("cuda") or {}, "limits: cuda")):
        _may_have(limits, _OF_LIMITS, where)
        flops = limits.get("flops_per_second") or {}
        _may_have(flops, dict.fromkeys(flops, float), f"{where}: flops_per_second")
    for place, step in enumerate(record.get("done") or ()):
        if not (isinstance(step, list) and [type(value) for value in step] == [int, str]):
            raise ValueError(f"done {place} is {_shown(step)}, where a pass and its question were expected")
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
    _may_have(cell, _OF_CELL, where)
    _may_have(cell["axis"], _OF_AXIS, f"{where}: axis")
    if cell["question"] == "embedding":
        _has(cell["axis"], _OF_EMBEDDING, f"{where}: axis")
    for name in SIZES:
        if (value := cell["axis"].get(name)) is not None and not (
            _is_number(value) and 1 <= value <= LONGEST
        ):
            raise ValueError(
                f"{where}: {name} is {_shown(value)}, where a number from 1 to {LONGEST:g} was expected"
            )
    for samples in cell["passes"]:
        if not isinstance(samples, list) or not all(map(_is_sample, samples)):
            raise ValueError(
                f"{where}: a pass is {_shown(samples)}, where numbers of 0 or more were expected,"
                f" from {SHORTEST:g} to {LONGEST:g}"
            )
    if not any(cell["passes"]):
        raise ValueError(f"{where}: it has no sample")


def _is_number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return value == 0 or SMALLEST <= value <= LARGEST


def _is_sample(value: Any) -> bool:
    return _is_number(value) and (value == 0 or SHORTEST <= value <= LONGEST)


def _shown(value: Any) -> str:
    """Show the beginning of a value; the digits of a huge number are not written out."""
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"a number of {value.bit_length():,} bits"
    return repr(value)[:60]


def _check_values(record: Any) -> None:
    """Raise `ValueError` for text that no file can hold, for what is infinite, and what lies too deep."""
    waiting = [(record, "the record", 0)]
    while waiting:
        value, where, depth = waiting.pop()
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                raise ValueError(
                    f"{where} is {value!a:.60}, which has half a character (a surrogate)"
                ) from None
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{where} is {value}, where a finite number was expected")
        elif isinstance(value, dict | list):
            if depth == DEEPEST:
                raise ValueError(f"{where} has lists or objects more than {DEEPEST} deep")
            if isinstance(value, dict):
                waiting += [(name, f"a name in {where}", depth + 1) for name in value]
                inner: Iterable[tuple[Any, Any]] = value.items()
            else:
                inner = enumerate(value)
            before = "" if depth == 0 else f"{where}: "
            waiting += [(entry, f"{before}{_escaped(name)}", depth + 1) for name, entry in inner]


def _escaped(name: Any) -> str:
    return str(name)[:40].encode("unicode_escape").decode()


def _may_have(entry: Any, fields: Mapping[str, type], where: str) -> None:
    """Check the fields that are there and not null."""
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is {_shown(entry)}, where an object was expected")
    _has(entry, {name: kind for name, kind in fields.items() if entry.get(name) is not None}, where)


def _has(entry: Any, fields: Mapping[str, type], where: str) -> None:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is {_shown(entry)}, where an object was expected")
    for name, kind in fields.items():
        if name not in entry:
            raise ValueError(f"{where} has no {name!r}")
        value = entry[name]
        if kind in (int, float):
            if not _is_number(value):
                raise ValueError(f"{where}: {name} is {_shown(value)}, where a number was expected")
        elif not isinstance(value, kind):
            raise ValueError(f"{where}: {name} is {_shown(value)}, where a {kind.__name__} was expected")


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
        [_of_number(part) if part[0] in "0123456789" else (0, 0, part) for part in parts]
        for parts in (re.findall(r"[0-9][0-9,]*(?<=[0-9])|[^0-9]+", name) for name in names)
    ]


def _of_number(part: str) -> tuple[int, int, str]:
    """Order digits as the number that they are, which may have more of them than Python reads."""
    digits = part.replace(",", "").lstrip("0")
    return 1, len(digits), digits


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
