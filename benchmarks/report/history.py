"""How did the numbers move from commit to commit? A page of curves over many records."""

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path

from bpelab.benchmarks.harness.questions import question_text
from bpelab.benchmarks.harness.record import Record, load_all
from bpelab.benchmarks.harness.rows import Row, rows
from bpelab.benchmarks.report.content import SHORT, machine_name, questions_of
from bpelab.benchmarks.report.document import anchor, document, header, scrolled
from bpelab.benchmarks.report.findings import is_of_bpelab
from bpelab.benchmarks.report.marks import Marks, marks_of
from bpelab.benchmarks.report.plots import Point, curves
from bpelab.benchmarks.report.units import quantity, quantity_tick

TITLE = "bpelab: the benchmarks over time"


def load_history(folder: Path) -> list[Record]:
    """Read all records of a folder, the oldest first.

    Raises `ValueError` for a folder with fewer than two, and for a file in it that is not a record.
    """
    records = load_all(sorted(folder.glob("*.json")))
    if len(records) < 2:
        raise ValueError(f"{folder}: a history needs two records (*.json) or more, not {len(records)}")
    return sorted(records, key=lambda record: str(record["started"]))


def history_html(records: Sequence[Record]) -> str:
    """Return the page of records from the oldest to the newest; the same records give the same bytes."""
    marks = marks_of(records)
    contents, body = [("records", "The records")], [*_listed(records)]
    for question in questions_of(records):
        figures = "".join(_figures(question, records, marks))
        if figures:
            contents.append((anchor(question), SHORT.get(question, question)))
            title = escape(question_text(question)[0])
            body.append(f"<section id='{anchor(question)}'><h2>{title}</h2>")
            body.append(f"<div class='figures'>{figures}</div></section>")
    return document(TITLE, contents, body, [])


def _listed(records: Sequence[Record]) -> Iterator[str]:
    yield f"<section id='records'><h2>{len(records)} records, the oldest first</h2>"
    n_machines = len({record["machine"]["name"] for record in records})
    if n_machines > 1:
        yield f"<p>They come from {n_machines} machines, so a change may be that of the machine.</p>"
    lines = "".join(
        f"<tr><th scope='row'>{number}</th><td>{escape(_commit(record))}</td>"
        f"<td>{escape(machine_name(record))}</td></tr>"
        for number, record in enumerate(records, 1)
    )
    head = header(["record", "commit", "measured"])
    yield scrolled("Records", f"<table class='matrix'>{head}<tbody>{lines}</tbody></table>") + "</section>"


def _commit(record: Record) -> str:
    return str(record.get("commit") or "unknown")[:10] + (" with changes" if record.get("modified") else "")


def _figures(question: str, records: Sequence[Record], marks: Marks) -> Iterator[str]:
    """Yield a plot for each group that two records or more have: ours, and the baseline."""
    by_group: dict[str, list[tuple[int, Row]]] = {}
    for number, record in enumerate(records):
        for row in rows(record, question):
            if row.typical and (row.is_baseline or is_of_bpelab(row.contender)):
                by_group.setdefault(row.group, []).append((number, row))
    steps = {float(number): str(number + 1) for number in range(len(records))}
    for group, found in by_group.items():
        if len({number for number, _ in found}) < 2:
            continue
        points = [
            Point(row.contender, number, row.typical, _told(number, row, records)) for number, row in found
        ]
        unit = found[0][1].cell["unit"]
        yield curves(
            points,
            marks,
            group,
            "record",
            lambda step: (step + 0.5) / len(records),
            steps,
            partial(quantity_tick, unit=unit),
        )


def _told(number: int, row: Row, records: Sequence[Record]) -> str:
    commit = _commit(records[number])
    return f"{row.contender}, record {number + 1} ({commit}): {quantity(row.typical, row.cell['unit'])}"
