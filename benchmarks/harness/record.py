"""What is in a record, and which records can be believed? The schema, and reading and writing by it.

    {"schema", "started", "finished", "preset", "seed", "n_passes", "seconds", "commit", "modified",
     "machine", "versions", "load", "parity", "conformance", "limits", "cells", "missing", "done"}

A cell holds what one contender did in one group of a question: its samples, a list for each pass, in seconds
or in bytes of memory. Those of cells that are `in_turns` are in the order of the rounds that their group took
together; others, as in older records, were measured one contender after the other and are sorted. Contenders
of a group are compared with the cell of its `baseline`. `load` is how many processes wanted to run `before`
and `after`, on average over a minute. `missing` says what was not measured and why. A record may come from
another machine, another version or an editor, so the function `load` trusts nothing in it and names the place
of whatever is wrong.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bpelab.bpe.foundation.writing import write_atomically

# The records of the repository, from which its tables and its picture are made.
RECORDS = Path(__file__).parents[1] / "records"
SCHEMA = "bpelab benchmarks 2"
# Older records are read, too. Since the first schema these questions have been renamed.
OLDER_SCHEMA = "bpelab benchmarks 1"
RENAMED = {"fresh_process": "first_use", "decode_count": "decode_and_count"}

# The fields that a record, a cell and a reason must have, and their types.
_RECORD = {
    "started": str, "preset": str, "n_passes": int, "seconds": float, "machine": dict, "versions": dict,
    "parity": list, "limits": dict, "cells": list, "missing": list,
}  # fmt: skip
_CELL = {
    "question": str, "group": str, "contender": str, "baseline": str, "unit": str, "axis": dict,
    "passes": list,
}  # fmt: skip
_MISSING = {"question": str, "group": str, "contender": str, "reason": str}
_CONFORMANCE = {"encoder": str, "encoding": str, "kind": str, "n_texts": int}
_DIFFERENCE = {"text": str, "told": str}
_COMPARISON = {"encoding": str, "n_texts": int, "n_bytes": int, "n_tokens": int}
# Fields that may be absent or null.
_OF_RECORD = {
    "finished": str, "commit": str, "modified": bool, "seed": float, "done": list, "load": dict,
    "conformance": list,
}  # fmt: skip
_OF_MACHINE = {
    "cpu": str, "governor": str, "system": str, "gpu": str, "driver": str, "n_cores": int, "n_threads": int,
    "memory_bytes": int, "caches": dict,
}  # fmt: skip
_OF_LIMITS = {
    "copy_bytes_per_second": float, "cached_copy_bytes_per_second": float, "flops_per_second": dict,
    "cuda": dict, "version": str, "device": str,
}  # fmt: skip
_OF_LOAD = {"before": float, "after": float}
_OF_CELL = {
    "amount": float, "amount_of": str, "bytes_moved": float, "operations": float, "peak_bytes": float,
    "in_turns": bool, "note": str,
}  # fmt: skip
_OF_AXIS = {"device": str, "dtype": str, "direction": str, "form": str, "question": str}
# What the heat maps of the question `embedding` need.
_OF_EMBEDDING = {
    "device": str, "dtype": str, "direction": str, "vocab_size": int, "dim": int, "n_tokens": int,
}  # fmt: skip
SECONDS, BYTES = "s", "B"  # the units: of time, and of memory
# The contender that is the same code as its baseline: its true ratio is 1, and its interval should hold that.
CONTROL = "control"
# Numbers beyond these are not measurements, and what is computed from them would be infinite.
SMALLEST, LARGEST = 1e-30, 1e30
SHORTEST, LONGEST = 1e-12, 1e15  # seconds or bytes
DEEPEST = 12  # lists and objects within each other
# What the axes of plots show.
SIZES = ("n_bytes", "piece_bytes", "vocab_size", "dim", "n_tokens")

Cell = dict[str, Any]
Record = dict[str, Any]


def load(path: Path) -> Record:
    """Read one record, an older one as if it had been written today.

    Raises `ValueError` that names the file, and the place in it, of whatever is wrong.
    """
    try:
        record = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: line {error.lineno}: {error.msg}: this is not complete JSON") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: this is not JSON: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        _check_values(record)
        record = _upgraded(record)
        _check(record)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return dict(record)


def load_all(paths: Sequence[Path]) -> list[Record]:
    """Read the records of several machines; a record that appears twice is read once."""
    records: list[Record] = []
    for path in paths:
        record = load(path)
        if record not in records:
            records.append(record)
    return records


def write(path: Path, record: Record) -> None:
    """Write a record so that `path` always holds the whole old one or the whole new one."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode("utf-8"))


def _upgraded(record: Any) -> Any:
    """Return a record of the older schema in today's; anything else as it is."""
    if not isinstance(record, dict) or record.get("schema") != OLDER_SCHEMA:
        return record
    entries = {
        field: [
            entry | {"question": _new_name(entry["question"])}
            if isinstance(entry, dict) and "question" in entry
            else entry
            for entry in record[field]
        ]
        for field in ("cells", "missing")
        if isinstance(record.get(field), list)
    }
    if isinstance(record.get("done"), list):
        entries["done"] = [
            [*map(_new_name, step)] if isinstance(step, list) else step for step in record["done"]
        ]
    return record | {"schema": SCHEMA} | entries


def _new_name(question: Any) -> Any:
    return RENAMED.get(question, question) if isinstance(question, str) else question


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it has {name}, where a number was expected")


def _check(record: Any) -> None:
    if not isinstance(record, dict):
        raise ValueError(f"an object was expected, not {type(record).__name__}")
    if record.get("schema") != SCHEMA:
        raise ValueError(
            f"its schema is {record.get('schema')!r}: this version reads {SCHEMA!r} and {OLDER_SCHEMA!r}"
        )
    _has(record, _RECORD, "the record")
    _may_have(record, _OF_RECORD, "the record")
    _has(record["machine"], {"name": str}, "machine")
    _may_have(record["machine"], _OF_MACHINE, "machine")
    _may_have(record.get("load") or {}, _OF_LOAD, "load")
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
    for place, entry in enumerate(record.get("conformance") or ()):
        _has(entry, _CONFORMANCE, f"conformance {place}")
        if entry.get("difference") is not None:
            _has(entry["difference"], _DIFFERENCE, f"conformance {place}: difference")
    for place, entry in enumerate(record["missing"]):
        _has(entry, _MISSING, f"missing {place}")
    seen = set()
    for place, cell in enumerate(record["cells"]):
        _check_cell(cell, f"cell {place}")
        name = (cell["question"], cell["group"], cell["contender"])
        if name in seen:
            raise ValueError(f"cell {place} ({', '.join(name)}) appears twice")
        seen.add(name)
    missing = {(entry["question"], entry["contender"]) for entry in record["missing"]}
    for cell in record["cells"]:
        question, group, baseline = cell["question"], cell["group"], cell["baseline"]
        if (question, group, baseline) not in seen and (question, baseline) not in missing:
            raise ValueError(
                f"{question}, {group}: the baseline {baseline!r} is neither a contender nor missing"
            )


def _check_cell(cell: Any, where: str) -> None:
    _has(cell, _CELL, where)
    where = f"{where} ({cell['question']}, {cell['group']}, {cell['contender']})"
    if cell["unit"] not in (SECONDS, BYTES):
        raise ValueError(f"{where}: its unit is {cell['unit']!r}, neither {SECONDS!r} nor {BYTES!r}")
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
    """Return the beginning of a value as text, without the digits of a huge number."""
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"a number of {value.bit_length():,} bits"
    return repr(value)[:60]


def _check_values(record: Any) -> None:
    """Raise `ValueError` for text that no file can hold, infinite numbers, and values nested too deeply."""
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
    """Check those of the fields that are present and not null."""
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
