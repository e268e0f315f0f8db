"""Put the table of a record into README.md, between its two markers.

python benchmarks/readme.py benchmarks/records/encode.json
"""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- speed: begin -->\n", "<!-- speed: end -->\n"


def values_of(record: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """Give the measured values by group and contender."""
    groups: dict[str, dict[str, list[float]]] = {}
    for entry in record["benchmarks"]:
        values = entry["extra_info"].get("values", entry["stats"]["data"])
        groups.setdefault(entry["group"], {})[entry["params"]["contender"]] = values
    return groups


def table(record: dict[str, Any]) -> str:
    """Write the table: medians of both, and how many times faster (or smaller) bpelab is."""
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
    machine = record["machine_info"]
    lines.append("")
    lines.append(
        f"Measured on {record['datetime'][:10]}: {machine['cpu'].get('brand_raw', machine['processor'])},"
        f" {machine['cpu']['count']} cores, Python {machine['python_version']}; medians, tiktoken 0.14."
    )
    return "\n".join(lines) + "\n"


def spliced(readme: str, content: str) -> str:
    """Give the README with new content between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{content}{END}{after}"


def main() -> None:
    """Read the record that the command line names, and rewrite README.md."""
    record = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    README.write_text(spliced(README.read_text(encoding="utf-8"), table(record)), encoding="utf-8")


if __name__ == "__main__":
    main()
