"""Put the tables of the records into README.md, each between its two markers.

python benchmarks/readme.py
"""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

README = Path(__file__).parents[1] / "README.md"
RECORDS = Path(__file__).parent / "records"


def values_of(record: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """Give the measured values by group and contender."""
    groups: dict[str, dict[str, list[float]]] = {}
    for entry in record["benchmarks"]:
        values = entry["extra_info"].get("values", entry["stats"]["data"])
        groups.setdefault(entry["group"], {})[entry["params"]["contender"]] = values
    return groups


def encode_table(record: dict[str, Any]) -> str:
    """Write the table of encoding: medians of both, and how many times faster (or smaller) bpelab is."""
    n_bytes = {entry["group"]: entry["extra_info"]["n_bytes"] for entry in record["benchmarks"]}
    lines = ["| one thread | bpelab | tiktoken | ratio |", "|---|--:|--:|--:|"]
    for group, values in values_of(record).items():
        if not {"bpelab", "tiktoken"} <= values.keys() or group.endswith((" 10,000 bytes", " 100,000 bytes")):
            continue  # bpelab against itself, and the growth of long pieces, are for the record
        ours, theirs = median(values["bpelab"]), median(values["tiktoken"])
        if "memory" in group:
            cells = [f"{value / 1e6:.0f} MB" for value in (ours, theirs)]
        elif "import" in group or "load" in group:
            cells = [f"{value * 1000:.0f} ms" for value in (ours, theirs)]
        elif "sentence" in group:
            cells = [f"{value * 1e6:.1f} µs" for value in (ours, theirs)]
        else:
            cells = [f"{n_bytes[group] / value / 1e6:.1f} MB/s" for value in (ours, theirs)]
        lines.append(f"| {group} | {cells[0]} | {cells[1]} | {theirs / ours:.2f} |")
    return "\n".join([*lines, "", f"{measured(record)}, tiktoken 0.14."]) + "\n"


def train_table(record: dict[str, Any]) -> str:
    """Write the table of training: medians in seconds, and how many times faster bpelab is than each."""
    lines = ["| one thread, in seconds | bpelab | the other | ratio |", "|---|--:|--:|--:|"]
    for group, values in values_of(record).items():
        ours = values.pop("bpelab", None)
        for contender, theirs in values.items() if ours else ():
            seconds, baseline = median(ours or []), median(theirs)
            ratio = f"{baseline / seconds:.2f}"
            lines.append(f"| {group}, {contender} | {seconds:.2f} | {baseline:.2f} | {ratio} |")
    return "\n".join([*lines, "", f"{measured(record)}."]) + "\n"


def measured(record: dict[str, Any]) -> str:
    """Say when and on what a record was made."""
    machine = record["machine_info"]
    cpu = machine["cpu"].get("brand_raw", machine["processor"])
    return (
        f"Measured on {record['datetime'][:10]}: {cpu}, {machine['cpu']['count']} cores,"
        f" Python {machine['python_version']}; medians"
    )


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {"encode": encode_table, "train": train_table}


def spliced(readme: str) -> str:
    """Give the README with the tables of the records between their markers."""
    for name, table in TABLES.items():
        content = table(json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8")))
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = readme.partition(begin)
        readme = before + begin + content + end + rest.partition(end)[2]
    return readme


if __name__ == "__main__":
    README.write_text(spliced(README.read_text(encoding="utf-8")), encoding="utf-8")
