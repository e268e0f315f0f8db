"""How does a report read as Markdown? It has the page's verdict, tables and commands, but no plots."""

import re
from collections.abc import Iterator, Sequence

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.report import content, verdict
from bpelab.benchmarks.report.content import Part, Section

TITLE = "# bpelab: the benchmark report"


def markdown(records: Sequence[Record]) -> str:
    """Return the report of some machines' records; the same records give the same text."""
    return "\n".join(_lines(records)) + "\n"


def _lines(records: Sequence[Record]) -> Iterator[str]:
    yield f"{TITLE}\n\n## The verdict\n"
    for record in records:
        yield f"**{plain(content.machine_name(record))}**\n"
        for is_equal, line in verdict.parity_lines(record):
            yield f"{'✓' if is_equal else '✗'} {plain(line)}\n"
        yield "| | | |\n|--:|---|---|"
        for number in verdict.numbers(record, records):
            yield f"| **{number.value}** | {plain(number.title)} | {plain(number.detail)} |"
        yield from (f"\n{plain(line)}" for line in verdict.caveats(record))
        yield ""
    for section in content.sections(records):
        yield from _section(section, several=len(records) > 1)
    yield f"## Where was this measured?\n\n{plain(content.METHOD)}\n"
    for record in records:
        yield f"### {plain(content.machine_name(record))}\n\n| | |\n|---|---|"
        yield from (f"| {name} | {plain(value)} |" for name, value in content.environment_rows(record))
        yield ""


def _section(section: Section, *, several: bool) -> Iterator[str]:
    yield f"## {plain(section.title)}\n"
    # These come from our own files, so `code` may stay.
    yield from (f"{text}\n" for text in (section.reading, section.note) if text)
    for part in section.parts:
        if several:
            yield f"### {plain(content.machine_name(part.record))}\n"
        yield from _part(part)
    yield f"Measure it again: `{section.command.replace('`', '')}`\n"


def _part(part: Part) -> Iterator[str]:
    if part.rows:
        yield f"| {' | '.join(content.COLUMNS)} |\n|---|---|--:|--:|--:|---|---|"
        yield from (f"| {' | '.join(map(plain, content.table_cells(row)))} |" for row in part.rows)
        yield ""
    if part.missing:
        yield "Not measured:\n"
        for entry in part.missing:
            yield f"- {plain(entry.contender)}: {plain(entry.reason)} ({entry.n_cells})"
        yield ""


def plain(text: str) -> str:
    """Return text on one line, with everything escaped that Markdown or HTML would take for markup.

    >>> plain("<b>|*x*\\n`y`")
    '&lt;b>\\\\|\\\\*x\\\\* \\\\`y\\\\`'
    """
    escaped = re.sub(r"([\\`*_\[\]|])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
