"""How does a report read as Markdown? It has the page's verdict, tables and commands, but no plots."""

import math
import re
from collections.abc import Iterator, Sequence

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.report import content, verdict
from bpelab.benchmarks.report.conformance_table import differences, encoders_and_kinds, of_encoder, told
from bpelab.benchmarks.report.content import Part, Section
from bpelab.benchmarks.report.matrix import matrix
from bpelab.benchmarks.report.units import digits, times

TITLE = "# bpelab: the benchmark report"


def markdown(records: Sequence[Record]) -> str:
    """Return the report of some machines' records; the same records give the same text."""
    return "\n".join(_lines(records)) + "\n"


def _lines(records: Sequence[Record]) -> Iterator[str]:
    yield f"{TITLE}\n\n## The verdict\n"
    for record in records:
        yield f"{plain(content.machine_name(record))}\n\n**{plain(verdict.sentence(record))}**\n"
        for is_equal, line in verdict.parity_lines(record):
            yield f"{'✓' if is_equal else '✗'} {plain(line)}\n"
        yield from _ladder(record)
        yield from _matrix(record)
        if lost := verdict.lost(record):
            yield f"{verdict.LOST}\n"
            yield from (f"- {plain(line)}" for line in lost)
            yield ""
        for line in verdict.caveats(record):
            yield f"{plain(line)}\n"
        yield from _conformance(record)
    for section in content.sections(records):
        yield from _section(section, several=len(records) > 1)
    yield f"## Where was this measured?\n\n{plain(content.METHOD)}\n"
    yield from (f"- Not part of it: {plain(line)}" for line in content.left_out(records))
    yield ""
    for record in records:
        yield f"### {plain(content.machine_name(record))}\n\n| | |\n|---|---|"
        yield from (f"| {name} | {plain(value)} |" for name, value in content.environment_rows(record))
        yield ""


def _ladder(record: Record) -> Iterator[str]:
    if found := verdict.ladder_of(record):
        yield "### The ladder\n\n| source code to GPT-2 token ids | MB/s | against tiktoken |\n|---|--:|--:|"
        for rung in found:
            ratio = "" if math.isnan(rung.ratio) else times(rung.ratio)
            yield f"| {plain(rung.contender)} | {digits(rung.rate)} | {ratio} |"
        yield ""


def _matrix(record: Record) -> Iterator[str]:
    if table := matrix(record):
        yield "### Who is how fast at what? MB/s, the best in bold\n"
        names = [plain(task.name) for task in table.tasks]
        yield f"| encoder | mean | {' | '.join(names)} |\n|---|--:|{'--:|' * len(names)}"
        for line in table.lines:
            cells = [
                ""
                if value is None
                else f"**{digits(value / 1e6)}**"
                if value == best
                else digits(value / 1e6)
                for value, best in zip(line.rates, table.best, strict=True)
            ]
            mean = f"{digits(line.mean) if line.mean else '–'} of {line.n_tasks}"
            yield f"| {plain(line.contender)} | {mean} | {' | '.join(cells)} |"
        yield ""


def _conformance(record: Record) -> Iterator[str]:
    if answers := record.get("conformance"):
        encoders, kinds = encoders_and_kinds(answers)
        yield f"### Who gives tiktoken's ids?\n\n{plain(told(answers))}\n"
        yield f"| encoder | {' | '.join(map(plain, kinds))} |\n|---|{'---|' * len(kinds)}"
        for name in encoders:
            found = of_encoder(answers, name)
            cells = ["" if kind not in found else "✗" if found[kind] else "✓" for kind in kinds]
            yield f"| {plain(name)} | {' | '.join(cells)} |"
        yield ""
        yield from (f"- {plain(line)}" for line in differences(answers))
        yield ""


def _section(section: Section, *, several: bool) -> Iterator[str]:
    yield f"## {plain(section.title)}\n"
    for part in section.parts:
        if several:
            yield f"### {plain(content.machine_name(part.record))}\n"
        yield from _part(part)
    # These come from our own files, so `code` may stay.
    yield from (f"{text}\n" for text in (section.note, section.reading) if text)
    yield f"Measure it again: `{section.command.replace('`', '')}`\n"


def _part(part: Part) -> Iterator[str]:
    if part.answer:
        yield f"{plain(part.answer)}\n"
    # GitHub reads Markdown within <details> where an empty line stands before it.
    yield f"<details><summary>{len(part.rows)} measurements</summary>\n"
    yield f"| {' | '.join(content.COLUMNS)} |\n|---|---|--:|--:|--:|---|---|"
    yield from (f"| {' | '.join(map(plain, content.table_cells(row)))} |" for row in part.rows)
    yield ""
    if part.missing:
        yield "Not measured:\n"
        for entry in part.missing:
            yield f"- {plain(entry.contender)}: {plain(entry.reason)} ({entry.n_cells})"
        yield ""
    yield "</details>\n"


def plain(text: str) -> str:
    """Return text on one line, with everything escaped that Markdown or HTML would take for markup.

    >>> plain("<b>|*x*\\n`y`")
    '&lt;b>\\\\|\\\\*x\\\\* \\\\`y\\\\`'
    """
    escaped = re.sub(r"([\\`*_~$\[\]|])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
