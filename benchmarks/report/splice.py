"""Put the tables of the committed records into README.md, each between its two markers.

python -m bpelab.benchmarks.harness.readme
"""

from functools import cache
from pathlib import Path

from bpelab.benchmarks.report.records import Record, Row, load, rows
from bpelab.benchmarks.report.units import quantity, rate, times

README = Path(__file__).parents[2] / "README.md"
RECORDS = Path(__file__).parents[1] / "records"

# Marker in the README, the record and the questions of its table, and whom bpelab is compared with there.
TABLES = {
    "encode": (
        "quick.json",
        ("encode_warm", "encode_short", "fresh_process", "encode_long_piece", "decode_count"),
        ("tiktoken",),
    ),
    "train": ("quick.json", ("train",), ("tokenizers", "rustbpe", "ffbpe", "tiktoken._educational")),
    "loader": ("quick.json", ("loader",), ("the book", "nanoGPT, memory map")),
}
# Marker in the README, the record and the question of a table of rates, a column for each contender.
RATES = {"growth": ("growth.json", "encode_growth")}


@cache
def record_of(file: str) -> Record:
    """Give a committed record."""
    return load(RECORDS / file)


def table(name: str) -> str:
    """Write a table: medians of both, and how many times faster (or smaller) bpelab is."""
    file, questions, peers = TABLES[name]
    record = record_of(file)
    lines = ["| | bpelab | the other | | ratio |", "|---|--:|--:|---|--:|"]
    for question in questions:
        by_group: dict[str, dict[str, Row]] = {}
        for row in rows(record, question):
            by_group.setdefault(row.group, {})[row.contender] = row
        for group, found in by_group.items():
            lines += [
                _line(group, found["bpelab"], found[peer]) for peer in peers if {"bpelab", peer} <= {*found}
            ]
    interval = (
        "In brackets the 95 % interval over passes; * marks a baseline that moved by more than a tenth."
    )
    lines += ["", f"{_about(record)} {interval}"]
    return "\n".join(lines) + "\n"


def rates_table(name: str) -> str:
    """Write how fast each contender is, a row for each group."""
    file, question = RATES[name]
    record = record_of(file)
    found = rows(record, question)
    contenders = sorted(
        {row.contender for row in found}, key=lambda name: (not name.startswith("bpelab"), name)
    )
    lines = [f"| | {' | '.join(contenders)} |", f"|---|{'--:|' * len(contenders)}"]
    for group in dict.fromkeys(row.group for row in found):
        shown = {row.contender: _amount(row) for row in found if row.group == group}
        lines.append(f"| {group} | {' | '.join(shown.get(name, '') for name in contenders)} |")
    lines += ["", _about(record)]
    return "\n".join(lines) + "\n"


def _about(record: Record) -> str:
    versions = record["versions"]
    return (
        f"Measured on {record['started'][:10]}, preset {record['preset']}, {record['n_passes']} passes:"
        f" {record['machine']['name']}, Python {versions['python']}, tiktoken {versions.get('tiktoken')}."
    )


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


def spliced(readme: str) -> str:
    """Give the README with the tables of the committed records between their markers."""
    texts = {name: table(name) for name in TABLES} | {name: rates_table(name) for name in RATES}
    for name, text in texts.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = readme.partition(begin)
        readme = before + begin + text + end + rest.partition(end)[2]
    return readme


def main() -> None:
    """Rewrite README.md."""
    README.write_text(spliced(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
