"""`bpelab bench`: how fast is it, against whom, on what?"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import Annotated

import typer
from bpelab.cli.signals import Ended


def bench(
    output: Annotated[Path, typer.Option("-o", "--output", help="The record, a JSON file.")] = Path(
        "bench.json"
    ),
    preset: Annotated[str, typer.Option(help="quick (minutes) or full (an hour or two).")] = "quick",
    passes: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Fresh processes for each question. [default: 3, full: 5]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the order in which things are measured.")] = 1,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this question; may be repeated. [default: all]")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the record that is there.")] = False,
) -> None:
    """Measure against other tokenizers and trainers; every answer is checked before it is timed.

    Ctrl-C keeps what is done, and --resume goes on. `bpelab report` makes a page of the record.

    Example: bpelab bench --only encode_warm --only train -o mine.json
    """
    from bpelab.benchmarks.harness import suite
    from bpelab.benchmarks.harness.questions import QUESTIONS

    if preset not in suite.PASSES:
        raise ValueError(f"--preset {preset!r}: it must be {' or '.join(suite.PASSES)}")
    for question in only or ():
        if question not in QUESTIONS:
            raise ValueError(f"--only {question!r}: the questions are {', '.join(QUESTIONS)}")
    try:
        with _progress() as watch:
            record = suite.run(
                output,
                preset=preset,
                n_passes=passes,
                seed=seed,
                questions=only,
                resume=resume,
                watch=watch,
            )
    except (KeyboardInterrupt, Ended) as ended:
        kept = (
            f"{output} has what was measured, and --resume goes on" if output.exists() else "nothing is kept"
        )
        raise Ended(ended.number if isinstance(ended, Ended) else SIGINT, kept) from None
    failed = [entry for entry in record["missing"] if entry["reason"].startswith("failed")]
    for entry in failed:
        print(
            f"{entry['question']}, {entry['group']}, {entry['contender']}: {entry['reason']}", file=sys.stderr
        )
    print(
        f"{output}: {len(record['cells'])} cells in {record['n_passes']} passes, {record['seconds']:.0f} s;"
        f" {len(record['missing'])} not measured"
    )
    if failed:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    """A bar on standard error with the time left, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None, left="")
        start = time.perf_counter()

        def watch(n_done: int, n_steps: int, question: str) -> None:
            left = (time.perf_counter() - start) / n_done * (n_steps - n_done) if n_done else 0
            shown = f"{left / 60:.0f} min left" if left else ""
            bar.update(task, completed=n_done, total=n_steps, description=question, left=shown)

        yield watch
