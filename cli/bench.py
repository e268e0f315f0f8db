"""`bpelab bench`: how fast is it, against whom, on what?"""

import sys
import time
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from bpelab.benchmarks.harness.questions import FULL_ONLY, QUESTIONS, question_text
from bpelab.bpe.foundation.nearest import did_you_mean
from bpelab.cli.options import QuietOption
from bpelab.cli.progress import progress_shown
from bpelab.cli.signals import Ended
from bpelab.cli.text import counted

if TYPE_CHECKING:
    from bpelab.bpe.foundation.progress import Watch


def bench(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The record, a JSON file.")
    ] = Path("bench.json"),
    preset: Annotated[
        Literal["quick", "full"], typer.Option(help="quick takes some five minutes, full under an hour.")
    ] = "quick",
    passes: Annotated[
        int | None,
        typer.Option(min=1, max=1000, metavar="N", help="Fresh processes for each question. [default: 5]"),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Decides the order in which things are measured.")
    ] = 1,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUESTION",
            help=f"Only this question; may be repeated: {', '.join(QUESTIONS)}. [default: the preset's]",
        ),
    ] = None,
    list_questions: Annotated[
        bool, typer.Option("--list", help="Show the questions, and measure nothing.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the record that is there.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Measure against other tokenizers and trainers.

    Every answer is checked before it is timed. Ctrl-C keeps what is done, and --resume goes on.
    `bpelab report` makes a page of the record.

    Example: bpelab bench --only encode_warm --only train -o mine.json
    """
    if list_questions:
        for question in QUESTIONS:
            note = " (full preset)" if question in FULL_ONLY else ""
            print(f"{question:18} {question_text(question)[0]}{note}")
        return
    for question in only or ():
        if question not in QUESTIONS:
            nearest = did_you_mean(question, QUESTIONS)
            raise ValueError(f"--only {question!r}{nearest}: the questions are {', '.join(QUESTIONS)}")
    from bpelab.benchmarks.harness import suite

    try:
        with progress_shown(quiet=quiet) as watch:
            record = suite.run(
                output,
                preset=preset,
                n_passes=passes,
                seed=seed,
                questions=only,
                resume=resume,
                watch=None if watch is None else _Steps(watch),
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
    said = f"{counted(len(record['cells']), 'cell')} in {counted(record['n_passes'], 'pass', 'passes')}"
    print(f"{output}: {said}, {record['seconds']:.0f} s; {len(record['missing'])} not measured")
    if failed:
        raise typer.Exit(1)


class _Steps:
    """Tells a watcher of `Progress` what the suite tells: how many steps are done, and what is asked now."""

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch
        self._start = time.monotonic()

    def __call__(self, n_done: int, n_steps: int, question: str) -> None:
        from bpelab.bpe.foundation.progress import Progress

        if not n_done:  # what comes before the first step says nothing about the others
            self._start = time.monotonic()
        seconds = time.monotonic() - self._start
        self._watch(Progress(question or "the end", n_done, n_steps, "steps", seconds))
