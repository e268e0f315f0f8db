"""Put the tables of a record into README.md, each between its two markers.

python -m bpelab.benchmarks.readme benchmarks/records/quick.json
"""

import sys
from pathlib import Path

from bpelab.benchmarks.report.records import Record, Row, load, rows
from bpelab.benchmarks.report.units import quantity, rate, times

README = Path(__file__).parents[1] / "README.md"
RECORD = Path(__file__).parent / "records" / "quick.json"

# Marker in the README, the questions in its table, and whom bpelab is compared with there.
TABLES = {
    "encode": (
        ("encode_warm", "encode_short", "fresh_process", "encode_long_piece", "decode_count"),
        ("tiktoken",),
    ),
    "train": (("train",), ("tokenizers", "rustbpe", "tiktoken._educational")),
    "loader": (("loader",), ("the book", "nanoGPT, memory map")),
}


def table(record: Record, name: str) -> str:
    """Write a table: medians of both, and how many times faster (or smaller) bpelab is."""
    questions, peers = TABLES[name]
    lines = ["| | bpelab | the other | | ratio |", "|---|--:|--:|---|--:|"]
    for question in questions:
        by_group: dict[str, dict[str, Row]] = {}
        for row in rows(record, question):
            by_group.setdefault(row.group, {})[row.contender] = row
        for group, found in by_group.items():
            lines += [
                _line(group, found["bpelab"], found[peer]) for peer in peers if {"bpelab", peer} <= {*found}
            ]
    versions = record["versions"]
    lines.append("")
    lines.append(
        f"Measured on {record['started'][:10]}, preset {record['preset']}, {record['n_passes']} passes:"
        f" {record['machine']['name']}, Python {versions['python']}, tiktoken {versions.get('tiktoken')}."
        " In brackets the 95 % interval over passes; * marks a baseline that moved by more than a tenth."
    )
    return "\n".join(lines) + "\n"


def _line(group: str, ours: Row, theirs: Row) -> str:
    compared = Row(ours.cell, theirs.cell)
    assert compared.ratio
    spread = f"{times(compared.ratio.low)} to {times(compared.ratio.high)}"
    mark = "" if compared.is_steady else " *"
    amounts = f"{_amount(ours)} | {_amount(theirs)} | {theirs.contender}"
    return f"| {group} | {amounts} | {times(compared.ratio.middle)} ({spread}){mark} |"


def _amount(row: Row) -> str:
    if row.rate and row.cell["amount"] >= 1000:
        return rate(row.rate, row.cell["amount_of"])
    return quantity(row.typical, row.cell["unit"])


def spliced(readme: str, record: Record) -> str:
    """Give the README with the tables of a record between their markers."""
    for name in TABLES:
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = readme.partition(begin)
        readme = before + begin + table(record, name) + end + rest.partition(end)[2]
    return readme


def main() -> None:
    """Rewrite README.md from the record that the command line names."""
    record = load(Path(sys.argv[1]))
    README.write_text(spliced(README.read_text(encoding="utf-8"), record), encoding="utf-8")


if __name__ == "__main__":
    main()
