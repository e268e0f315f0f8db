"""How does a report look? One HTML file that needs no server and no network."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row
from bpelab.benchmarks.report import content, plots, verdict
from bpelab.benchmarks.report.content import Part, Section, table_cells
from bpelab.benchmarks.report.plots import Plot

FOLDER = Path(__file__).parent
MARKS = "●■▲◆✚▼▶◀"  # as `plots.SHAPES`
# With more rows than this, the table shows the ratios and no dots are drawn.
MOST_DOTS = 120
# The axis that grows, the one with a plot for each value, and the title.
GROWTH = {
    "encode_growth": ("n_bytes", None, "bytes of text"),
    "encode_long_piece": ("piece_bytes", "kind", "bytes of the piece"),
}
LIMIT_COLUMN = "of the limit"


def page_html(records: Sequence[Record]) -> str:
    """Return the page of some machines' records; the same records give the same bytes.

    All text of a record is escaped, and the page's policy allows no script but the page's own.
    """
    style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    found = content.sections(records)
    body = "\n".join(
        [
            "<header><h1>bpelab: the benchmark report</h1>",
            *(f"<p>{escape(content.machine_name(record))}</p>" for record in records),
            "</header>",
            *_verdict(records),
            "<nav aria-label='Questions'><ul>",
            *(f"<li><a href='#{_anchor(s)}'>{escape(s.title)}</a></li>" for s in found),
            "</ul></nav>",
            *(line for section in found for line in _section(section, several=len(records) > 1)),
            *_environment(records),
        ]
    )
    return (
        "<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>bpelab: the benchmark report</title>\n<style>\n{style}</style>\n"
        f"<body>\n<main>\n{body}\n</main>\n"
        f"<script type='application/json' id='records'>{_embedded(records)}</script>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _embedded(records: Sequence[Record]) -> str:
    """Return the records as JSON that no HTML parser takes for markup."""
    text = json.dumps(records, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _verdict(records: Sequence[Record]) -> Iterator[str]:
    yield "<section id='verdict'><h2>The verdict</h2>"
    for record in records:
        if len(records) > 1:
            yield f"<h3>{escape(content.machine_name(record))}</h3>"
        for is_equal, line in verdict.parity_lines(record):
            kind, mark = ("good", "✓") if is_equal else ("bad", "✗")
            yield f"<p class='parity {kind}'><span aria-hidden='true'>{mark}</span> {escape(line)}</p>"
        yield "<ul class='numbers'>"
        for number in verdict.numbers(record, records):
            yield (
                f"<li><strong>{escape(number.value)}</strong> <span>{escape(number.title)}</span>"
                f" <small>{escape(number.detail)}</small></li>"
            )
        yield "</ul>"
        yield from (f"<p>{escape(line)}</p>" for line in verdict.caveats(record))
    yield "</section>"


def _section(section: Section, *, several: bool) -> Iterator[str]:
    yield f"<section id='{_anchor(section)}'><h2>{escape(section.title)}</h2>"
    if section.reading:
        yield from (f"<p>{_with_code(paragraph)}</p>" for paragraph in section.reading.split("\n\n"))
    if section.note:
        yield f"<p class='note'>{escape(section.note)}</p>"
    for part in section.parts:
        if several:
            yield f"<h3>{escape(content.machine_name(part.record))}</h3>"
        yield from _figures(section.question, part)
        yield from _table(section, part)
        yield from _missing(part)
    yield f"<p class='command'>Measure it again: <code>{escape(section.command)}</code></p></section>"


def _with_code(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _anchor(section: Section) -> str:
    return "q-" + "".join(letter if letter.isalnum() else "-" for letter in section.question)


def _figures(question: str, part: Part) -> Iterator[str]:
    """Yield the plots that suit the question: growth, heat maps, a roofline, and the ratios."""
    marks = plots.marks_of(part.rows)
    small = [plot for plot in _small_plots(question, part, marks) if plot]
    if small:
        yield "<div class='small'>"
        yield from (
            _figure(plot.svg, plot.legend, "Plot; the table below has its numbers.") for plot in small
        )
        yield "</div>"
    if len(part.rows) > MOST_DOTS:
        return
    for width, kind in ((plots.WIDE, "wide"), (plots.NARROW, "narrow")):
        if plot := plots.ratio_dots(part.rows, width, marks):
            label = "Ratios to the baseline with their intervals; the table below has their numbers."
            yield f"<div class='{kind}'>{_figure(plot.svg, plot.legend, label)}</div>"


def _small_plots(question: str, part: Part, marks: Mapping[str, int]) -> Iterator[Plot | None]:
    if question in GROWTH:
        axis, apart, title = GROWTH[question]
        kinds = sorted({str(row.cell["axis"].get(apart, "")) for row in part.rows})
        for kind in kinds:
            rows = [row for row in part.rows if str(row.cell["axis"].get(apart, "")) == kind]
            yield plots.growth(rows, axis, title, marks, kind)
    if question == "embedding":
        by_map: dict[tuple[Any, ...], list[Row]] = {}
        names = (
            "device",
            "dtype",
            "direction",
            "distribution",
            "compiled",
            "tf32",
            "deterministic",
            "n_tokens",
        )
        for row in part.rows:
            if row.contender == "look-up":
                by_map.setdefault(tuple(row.cell["axis"].get(name) for name in names), []).append(row)
        for key, rows in sorted(by_map.items(), key=str):
            yield plots.heat_map(rows, f"{', '.join(map(str, key[:3]))}, {key[-1]:,} tokens")
        for device in ("cpu", "cuda"):
            yield plots.roofline(part.record, part.rows, device)


def _figure(svg: str, legend: Mapping[str, int], label: str) -> str:
    shown = "".join(
        f"<li><span aria-hidden='true' style='color:var(--series-{i})'>{MARKS[i]}</span> {escape(name)}</li>"
        for name, i in legend.items()
    )
    return f"<figure role='group' aria-label='{escape(label)}'><ul class='legend'>{shown}</ul>{svg}</figure>"


def _table(section: Section, part: Part) -> Iterator[str]:
    if not part.rows:
        return
    shares = [content.share_of_limit(part.record, row.cell) for row in part.rows]
    columns = [*content.COLUMNS, *([LIMIT_COLUMN] if any(shares) else [])]
    yield f"<div class='scroll' tabindex='0' role='region' aria-label='Table: {escape(section.title)}'>"
    yield f"<table><caption>{len(part.rows)} measurements; a column's name sorts by it.</caption><thead><tr>"
    for name in columns:
        yield f"<th scope='col' aria-sort='none'><button type='button'>{name}</button></th>"
    yield "</tr></thead><tbody>"
    for row, share in zip(part.rows, shares, strict=True):
        cells = _cells(row)
        if len(columns) > len(content.COLUMNS):
            cells.append((share or 0, f"{share:.0%}" if share else ""))
        first, *others = cells
        yield (
            f"<tr><th scope='row' data-value='{escape(str(first[0]))}'>{escape(first[1])}</th>"
            + "".join(f"<td data-value='{escape(str(value))}'>{escape(text)}</td>" for value, text in others)
            + "</tr>"
        )
    yield "</tbody></table></div>"


def _cells(row: Row) -> list[tuple[str | float, str]]:
    """Return, for each column, the value it is sorted by and the text it shows."""
    ratio = row.ratio
    keys: list[str | float] = [row.group, row.contender, row.typical, row.rate or 0]
    keys += [1.0 if row.is_baseline else ratio.middle if ratio else 0, ratio.high - ratio.low if ratio else 0]
    return list(zip([*keys, row.cell["baseline"]], table_cells(row), strict=True))


def _missing(part: Part) -> Iterator[str]:
    if part.missing:
        n_cells = sum(entry.n_cells for entry in part.missing)
        yield f"<details><summary>Not measured: {n_cells}</summary><ul>"
        for entry in part.missing:
            yield f"<li>{escape(entry.contender)}: {escape(entry.reason)} ({entry.n_cells})</li>"
        yield "</ul></details>"


def _environment(records: Sequence[Record]) -> Iterator[str]:
    yield "<section id='environment'><h2>Where was this measured?</h2>"
    yield f"<p>{escape(content.METHOD)}</p>"
    for number, record in enumerate(records):
        yield f"<h3>{escape(content.machine_name(record))}</h3><div class='scroll' tabindex='0' role='region'"
        yield f" aria-label='Environment {number + 1}'><table class='plain'><tbody>"
        for name, value in content.environment_rows(record):
            yield f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>"
        yield "</tbody></table></div>"
        yield f"<p><button type='button' class='download' data-record='{number}'>Download this record"
        yield "</button></p>"
    yield "</section>"
