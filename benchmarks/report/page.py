"""How does a report look? One HTML file that needs no server and no network."""

from collections.abc import Iterator, Sequence
from html import escape

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row
from bpelab.benchmarks.report import content, plots, verdict
from bpelab.benchmarks.report.conformance_table import conformance_table
from bpelab.benchmarks.report.content import Part, Section, table_cells
from bpelab.benchmarks.report.document import anchor, details, document, header, scrolled, with_code
from bpelab.benchmarks.report.embedding_plots import heat_maps, rooflines
from bpelab.benchmarks.report.marks import Marks, marks_of
from bpelab.benchmarks.report.matrix import Matrix, matrix
from bpelab.benchmarks.report.units import digits

# With more rows than this, the table shows the ratios and no marks are drawn.
MOST_MARKS = 150
# The axis that grows, the one with a plot for each value, and the title.
GROWTH = {
    "encode_growth": ("n_bytes", None, "bytes of text"),
    "encode_long_piece": ("piece_bytes", "kind", "bytes of the piece"),
}
LIMIT_COLUMN = "of the limit"
LADDER_NOTE = (
    "One thread, the same ids, text met before; logarithmic scale. Bars show the range from pass to pass;"
    " ratios are against tiktoken."
)
MATRIX_NOTE = (
    "All with GPT-2's vocabulary. The mean is the geometric mean of the best rate divided by the encoder's,"
    " over as many tasks as it was measured in: 1.00 is the fastest at each of them. With fewer than half of"
    " the tasks there is none. The textbook encodes a shorter beginning of the code."
)


def page_html(records: Sequence[Record]) -> str:
    """Return the page of some machines' records; the same records give the same bytes.

    All text of a record is escaped, and the page's policy allows no script but the page's own.
    """
    marks = marks_of(records)
    found = content.sections(records)
    several = len(records) > 1
    body = [*_verdict(records, marks)]
    contents = [("verdict", "The verdict")]
    if any(record.get("conformance") for record in records):
        contents.append(("conformance", "Conformance"))
        body += _conformance(records)
    for section in found:
        contents.append((anchor(section.question), section.short))
        body += _section(section, marks, several=several)
    contents.append(("environment", "Where was this measured?"))
    body += _environment(records)
    return document("bpelab: the benchmark report", contents, body, records)


def _verdict(records: Sequence[Record], marks: Marks) -> Iterator[str]:
    yield "<section id='verdict'>"
    for record in records:
        yield f"<p class='machine'>{escape(content.machine_name(record))}</p>"
        yield f"<p class='sentence'>{escape(verdict.sentence(record))}</p>"
        for is_equal, line in verdict.parity_lines(record):
            kind, sign = ("good", "✓") if is_equal else ("bad", "✗")
            yield f"<p class='parity {kind}'><span aria-hidden='true'>{sign}</span> {escape(line)}</p>"
        if rungs := verdict.ladder_of(record):
            yield "<h2>The ladder: source code to GPT-2 token ids, MB/s</h2>"
            yield plots.ladder_rows(rungs, marks)
            yield f"<p class='note'>{LADDER_NOTE}</p>"
        if table := matrix(record):
            yield from _matrix(table, marks)
        if lost := verdict.lost(record):
            listed = "".join(f"<li>{escape(line)}</li>" for line in lost)
            yield f"<h2>{verdict.LOST}</h2><ul class='lost'>{listed}</ul>"
        for line in verdict.caveats(record):
            yield f"<p class='note'>{escape(line)}</p>"
    yield "</section>"


def _matrix(table: Matrix, marks: Marks) -> Iterator[str]:
    numbers = list(marks)
    yield "<h2>Who is how fast at what? MB/s, the best in bold</h2>"
    names = [task.name for task in table.tasks]
    head = header(["encoder", "mean", *names])
    lines = []
    for line in table.lines:
        cells = "".join(
            f"<td{' class=best' if value == best else ''}>{digits(value / 1e6) if value else ''}</td>"
            for value, best in zip(line.rates, table.best, strict=True)
        )
        mean = f"{digits(line.mean) if line.mean else '–'} <small>of {line.n_tasks}</small>"
        lines.append(
            f"<tr data-who='{numbers.index(line.contender)}'><th scope='row'>{marks[line.contender].svg()}"
            f" {escape(line.contender)}</th><td>{mean}</td>{cells}</tr>"
        )
    yield scrolled(
        "Encoders by tasks",
        f"<table class='matrix'>{head}<tbody>{''.join(lines)}</tbody></table>",
    )
    yield f"<p class='note'>{MATRIX_NOTE}</p>"


def _conformance(records: Sequence[Record]) -> Iterator[str]:
    yield "<section id='conformance'><h2>Who gives tiktoken's ids?</h2>"
    for record in records:
        if record.get("conformance"):
            if len(records) > 1:
                yield f"<h3>{escape(content.machine_name(record))}</h3>"
            yield from conformance_table(record["conformance"])
    yield "</section>"


def _section(section: Section, marks: Marks, *, several: bool) -> Iterator[str]:
    yield f"<section id='{anchor(section.question)}'><h2>{escape(section.title)}</h2>"
    for part in section.parts:
        if several:
            yield f"<h3>{escape(content.machine_name(part.record))}</h3>"
        if part.answer:
            yield f"<p class='answer'>{escape(part.answer)}</p>"
        yield from _figures(section.question, part, marks)
        yield from _table(section, part)
    if section.note:
        yield f"<p class='note'>{escape(section.note)}</p>"
    if section.reading:
        paragraphs = (f"<p>{with_code(paragraph)}</p>" for paragraph in section.reading.split("\n\n"))
        yield details("What varies, how it could mislead, and why", "".join(paragraphs))
    yield f"<p class='command'>Measure it again: <code>{escape(section.command)}</code></p></section>"


def _figures(question: str, part: Part, marks: Marks) -> Iterator[str]:
    """Yield the plots that suit the question; where there are curves or maps, the ratios fold away."""
    drawn = [row for row in map("".join, _plots(question, part, marks)) if row]
    yield from (f"<div class='figures'>{row}</div>" for row in drawn)
    if len(part.rows) <= MOST_MARKS and (ratios := plots.ratio_rows(part.rows, marks)):
        yield details("Ratios with their intervals", ratios) if drawn else ratios


def _plots(question: str, part: Part, marks: Marks) -> Iterator[Iterator[str]]:
    """Yield the plots that belong beside each other."""
    if question in GROWTH:
        yield _growth(part.rows, *GROWTH[question], marks)
    if question == "embedding":
        yield heat_maps(part.rows)
        yield rooflines(part.record, part.rows, marks)


def _growth(
    rows: Sequence[Row], axis: str, apart: str | None, axis_title: str, marks: Marks
) -> Iterator[str]:
    by_kind: dict[str, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(str(row.cell["axis"].get(apart, "")), []).append(row)
    for kind, found in sorted(by_kind.items()):
        title = f"Time against {axis_title}" + (f": {kind}" if kind else "")
        yield plots.growth(found, axis, axis_title, marks, title)


def _table(section: Section, part: Part) -> Iterator[str]:
    shares = [content.share_of_limit(part.record, row.cell) for row in part.rows]
    columns = [*content.COLUMNS, *([LIMIT_COLUMN] if any(shares) else [])]
    head = "".join(
        f"<th scope='col' aria-sort='none'><button type='button'>{name}</button></th>" for name in columns
    )
    lines = []
    for row, share in zip(part.rows, shares, strict=True):
        cells = _cells(row)
        if len(columns) > len(content.COLUMNS):
            cells.append((share or 0, f"{share:.0%}" if share else ""))
        first, *others = cells
        lines.append(
            f"<tr><th scope='row' data-value='{escape(str(first[0]))}'>{escape(first[1])}</th>"
            + "".join(f"<td data-value='{escape(str(value))}'>{escape(text)}</td>" for value, text in others)
            + "</tr>"
        )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    summary = f"Table: {len(part.rows)} measurements"
    yield details(summary, scrolled(f"Table: {section.title}", table) + _missing(part))


def _cells(row: Row) -> list[tuple[str | float, str]]:
    """Return, for each column, the value it is sorted by and the text it shows."""
    ratio = row.ratio
    keys: list[str | float] = [row.group, row.contender, row.typical, row.rate or 0]
    keys += [1.0 if row.is_baseline else ratio.middle if ratio else 0, ratio.high - ratio.low if ratio else 0]
    return list(zip([*keys, row.cell["baseline"]], table_cells(row), strict=True))


def _missing(part: Part) -> str:
    if not part.missing:
        return ""
    listed = "".join(
        f"<li>{escape(entry.contender)}: {escape(entry.reason)} ({entry.n_cells})</li>"
        for entry in part.missing
    )
    return f"<p>Not measured:</p><ul>{listed}</ul>"


def _environment(records: Sequence[Record]) -> Iterator[str]:
    yield "<section id='environment'><h2>Where was this measured?</h2>"
    yield f"<p>{escape(content.METHOD)}</p>"
    if left_out := content.left_out(records):
        yield f"<p>Not part of it: {escape('. '.join(left_out))}.</p>"
    for number, record in enumerate(records):
        rows = "".join(
            f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in content.environment_rows(record)
        )
        yield f"<h3>{escape(content.machine_name(record))}</h3>"
        yield scrolled(f"Environment {number + 1}", f"<table class='plain'><tbody>{rows}</tbody></table>")
        yield f"<p><button type='button' class='download' data-record='{number}'>"
        yield "Download this record</button></p>"
    yield "</section>"
