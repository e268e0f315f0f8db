"""`bpelab report`: what did the benchmarks find, and what changed?"""

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bpelab.benchmarks.report.compare import Comparison


def report(
    records: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RECORDS", help="What `bpelab bench` wrote, on one machine or on several."),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The page, an HTML file.")
    ] = Path("report.html"),
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The same as Markdown. [default: next to the page, but over nothing but a report]",
        ),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="OLD NEW", help="Two records: show what changed instead of writing a page."),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Draw all records of a folder (*.json), from the oldest to the newest."
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(metavar="FACTOR", help="With --compare: slower by more than this is a regression."),
    ] = 1.1,
) -> None:
    """Write a page about benchmark records. Nothing is measured; the same records give the same page.

    The exit code of --compare is 1 where anything became slower by more than the threshold, and 0 otherwise.

    Example: bpelab bench -o mine.json && bpelab report mine.json -o report.html

    Example: bpelab report --compare old.json new.json

    Example: bpelab report --history records -o history.html
    """
    from bpelab.benchmarks.harness.record import load, load_all

    if compare:
        if records or history:
            raise ValueError("--compare OLD NEW compares two records and writes no page: leave the rest out")
        from bpelab.benchmarks.report.compare import compare as compare_records

        old, new = map(load, compare)
        found = compare_records(old, new, threshold)
        print(_changes_in_words(found, old, new))
        _print_comparison(found)
        if found.regressions or any(change.verdict == "regression" for change in found.changes):
            raise typer.Exit(1)
        return
    from bpelab.bpe.foundation.writing import write_atomically
    from bpelab.cli.outputs import check_outputs

    if history:
        if records or markdown:
            raise ValueError("--history FOLDER draws the records of a folder: leave the rest out")
        from bpelab.benchmarks.report.history import history_html, load_history

        check_outputs([output], [], make_folders=True)
        of_folder = load_history(history)
        write_atomically(output, history_html(of_folder).encode("utf-8"))
        print(f"{output}: {len(of_folder)} records")
        return
    if not records:
        raise ValueError("which records? `bpelab bench -o mine.json` writes one: bpelab report mine.json")
    from bpelab.benchmarks.report import content, verdict
    from bpelab.benchmarks.report.markdown import markdown as markdown_of
    from bpelab.benchmarks.report.page import page_html

    loaded = load_all(records)
    check_outputs([output], records, make_folders=True)
    beside = _beside(output) if markdown is None else markdown
    outputs = [output] if beside is None else [output, beside]
    check_outputs(outputs, records, make_folders=True)
    texts = {path: text_of(loaded) for path, text_of in zip(outputs, (page_html, markdown_of), strict=False)}
    for path, text in texts.items():
        write_atomically(path, text.encode("utf-8"))
    for record in loaded:
        print(content.machine_name(record))
        lines = [verdict.sentence(record), *(line for _, line in verdict.parity_lines(record))]
        lost = verdict.lost(record)
        lines += [
            *([verdict.LOST] if lost else []),
            *(f"  {line}" for line in lost),
            *verdict.caveats(record),
        ]
        print("\n".join(f"  {line}" for line in lines))
    print(" and ".join(f"{path} ({len(text.encode()) / 1e3:.0f} kB)" for path, text in texts.items()))


def _beside(page: Path) -> Path | None:
    """Return where the Markdown goes if nobody named a file: over an older report, and over nothing else."""
    from bpelab.benchmarks.report.markdown import TITLE
    from bpelab.bpe.foundation.writing import is_stream

    if is_stream(page):
        return None
    path = page.with_suffix(".md")
    if path == page or not os.path.lexists(path):
        return path
    if path.is_file():
        with path.open("rb") as file:
            if file.readline(200).rstrip() == TITLE.encode():
                return path
    raise ValueError(f"{path} would be replaced, and is not a report: name another file with --markdown")


def _changes_in_words(found: "Comparison", old: dict[str, Any], new: dict[str, Any]) -> str:
    """Say what became of everything that both records measured."""
    counts = Counter[str](change.verdict for change in found.changes)
    told = [
        f"{counts[verdict]} {'is' if counts[verdict] == 1 else 'are'} {words}"
        for verdict, words in (
            ("regression", "slower, or larger, by more than the threshold"),
            ("worse", "a little slower or larger"),
            ("better", "faster or smaller"),
            ("the same", "the same within the noise"),
        )
        if counts[verdict]
    ]
    commits = [str(record.get("commit") or "an unknown commit")[:12] for record in (old, new)]
    measured = f"{len(found.changes)} measurements of {old['started'][:10]} and {new['started'][:10]}"
    return f"From {commits[0]} to {commits[1]}, of {measured}: {', '.join(told)}."


def _print_comparison(found: "Comparison") -> None:
    from bpelab.benchmarks.report.units import times

    for line in found.differences:
        print(f"note: {line}", file=sys.stderr, flush=True)
    for line in found.regressions:
        print(f"regression: {line}")
    if found.machine is not None:
        print(f"machine: {times(found.machine)} as fast as before, by the packages that have not changed")
    for change in sorted(found.changes, key=lambda change: not change.is_ours):
        if change.verdict != "the same":
            name = f"{change.question}, {change.group}, {change.contender}"
            whose = change.verdict if change.is_ours else f"not ours, {change.verdict}"
            print(f"{whose}: {name}: {times(change.factor)} as fast as before, relative to the machine")
    same = sum(change.verdict == "the same" for change in found.changes)
    print(f"{len(found.changes)} compared, {same} of them the same within the noise", end="")
    print(f"; {len(found.only_old)} only in the old record, {len(found.only_new)} only in the new")
