"""Put the tables of a record into README.md, each between its two markers.

python -m bpelab.benchmarks.readme benchmarks/records/quick.json
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bpelab.benchmarks.ratios import is_steady, ratio, typical

README = Path(__file__).parents[1] / "README.md"
RECORD = Path(__file__).parent / "records" / "quick.json"

# Marker in the README, the questions in its table, and whom bpelab is compared with there.
TABLES = {
    "encode": (
        ("encode_warm", "encode_short", "fresh_process", "encode_long_piece", "decode_count"),
        ("tiktoken",),
    ),
    "train": (("train",), ("tokenizers", "rustbpe", "tiktoken._educational")),
}


def table(record: dict[str, Any], name: str) -> str:
    """Write a table: medians of both, and how many times faster (or smaller) bpelab is."""
    questions, peers = TABLES[name]
    lines = ["| | bpelab | the other | | ratio |", "|---|--:|--:|---|--:|"]
    for group, cells in _groups(record, questions):
        ours = cells.get("bpelab")
        for peer in peers:
            theirs = cells.get(peer)
            compared = ratio(ours, theirs) if ours and theirs else None
            if ours and theirs and compared:
                mark = "" if is_steady(theirs) else " *"
                shown = f"{compared.middle:.2f} ({compared.low:.2f} to {compared.high:.2f}){mark}"
                lines.append(f"| {group} | {_amount(ours)} | {_amount(theirs)} | {peer} | {shown} |")
    versions = record["versions"]
    lines.append("")
    lines.append(
        f"Measured on {record['started'][:10]}, preset {record['preset']}, {record['n_passes']} passes:"
        f" {record['machine']['name']}, Python {versions['python']}, tiktoken {versions['tiktoken']}."
        " In brackets the 95 % interval over passes; * marks a baseline that moved by more than a tenth."
    )
    return "\n".join(lines) + "\n"


def _groups(
    record: dict[str, Any], questions: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Yield the groups of some questions in their order, each by contender."""
    groups: dict[tuple[int, str], dict[str, dict[str, Any]]] = {}
    for cell in record["cells"]:
        if cell["question"] in questions:
            key = (questions.index(cell["question"]), cell["group"])
            groups.setdefault(key, {})[cell["contender"]] = cell
    for (_, group), cells in sorted(groups.items()):
        yield group, cells


def _amount(cell: dict[str, Any]) -> str:
    value = typical(cell)
    if cell["unit"] == "B":
        return f"{value / 1e6:.0f} MB"
    if cell.get("amount") and cell["amount"] >= 1000:
        return f"{cell['amount'] / value / 1e6:.1f} MB/s"
    scale, unit = next(
        pair for pair in ((1, "s"), (1e3, "ms"), (1e6, "µs")) if value * pair[0] >= 1 or pair[0] == 1e6
    )
    return f"{value * scale:.1f} {unit}"


def spliced(readme: str, record: dict[str, Any]) -> str:
    """Give the README with the tables of a record between their markers."""
    for name in TABLES:
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = readme.partition(begin)
        readme = before + begin + table(record, name) + end + rest.partition(end)[2]
    return readme


def main() -> None:
    """Rewrite README.md from the record that the command line names."""
    record = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    README.write_text(spliced(README.read_text(encoding="utf-8"), record), encoding="utf-8")


if __name__ == "__main__":
    main()
