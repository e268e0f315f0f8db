"""`bpelab check`: can you write BPE yourself? Eight functions to fill in, checked and explained."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from bpelab.bpe.exercise.check import Result, StepResult
    from bpelab.bpe.exercise.explanation import Explanation
    from bpelab.bpe.exercise.words import Language

MARKS = {"right": "green", "wrong": "red", "todo": "yellow", "later": "dim"}


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The Python file with your functions.")],
    new: Annotated[
        bool, typer.Option("--new", help="Write the file, with empty functions that say what they must do.")
    ] = False,
    lang: Annotated[
        Literal["en", "ko"] | None,
        typer.Option(help="English or Korean. [default: by LC_ALL, LC_MESSAGES or LANG]"),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, metavar="N", help="How long one call may take.")
    ] = 5.0,
) -> None:
    """Write BPE yourself, in eight steps; each is checked, and a mistake is explained.

    Exit code 0: everything is right; 1: something is wrong or still to do.

    Example: bpelab check --new my_bpe.py

    Example: bpelab check my_bpe.py
    """
    language = lang or language_of(os.environ)
    if new:
        write_new(file, language)
        return
    from bpelab.bpe.exercise.check import check as check_file
    from bpelab.bpe.exercise.explanation import explain

    result = check_file(file, seconds)
    print_result(result, language)
    for step in result.steps:
        if step.failure is not None:
            print_explanation(explain(step.failure, seconds, language), language)
    if not result.is_right:
        raise typer.Exit(1)


def language_of(environment: Mapping[str, str]) -> "Language":
    """Return the language of a locale, as POSIX finds it.

    >>> language_of({"LANG": "ko_KR.UTF-8"}), language_of({"LC_ALL": "C", "LANG": "ko_KR.UTF-8"})
    ('ko', 'en')
    """
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "ko" if next(filter(None, names), "").lower().startswith("ko") else "en"


def write_new(path: Path, language: "Language") -> None:
    """Write the file that a student fills in; raises `ValueError` rather than replace another."""
    from bpelab.bpe.exercise.steps import empty_file
    from bpelab.bpe.exercise.words import say

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(empty_file(path.name, language))
    except FileExistsError:
        raise ValueError(f"{path} exists already, and is not replaced: choose another name") from None
    command = f"bpelab check {shlex.quote(str(path))}"
    print(say("called.written", language, path=path, command=command))


def print_result(result: "Result", language: "Language") -> None:
    """Print a row for each step, and what is next."""
    from bpelab.bpe.exercise.words import say
    from bpelab.cli.drawing import console
    from rich.table import Table
    from rich.text import Text

    shown = Table.grid(padding=(0, 2))
    for number, step in enumerate(result.steps, 1):
        name = " " if not step.step.functions else str(number)
        functions = ", ".join(function.name for function in step.step.functions)
        status = Text(say(f"status.{step.status}", language), style=MARKS[step.status])
        shown.add_row(
            name, say(f"step.{step.step.name}", language), functions, status, _calls(step, language)
        )
    out = console()
    out.print(shown)
    out.print()
    todo = [name for step in result.steps if step.status == "todo" for name in step.todo]
    if todo:
        out.print(say("called.next", language, names=", ".join(todo)))
    elif result.is_right:
        reference = result.steps[-1].reference
        out.print(say("called.all_right", language, reference=reference), style="bold")


def _calls(step: "StepResult", language: "Language") -> str:
    from bpelab.bpe.exercise.words import say

    if step.status != "right":
        return ""
    if not step.step.functions:
        return say("called.texts", language, n=step.n_right)
    return say("called.calls", language, n=step.n_right)


def print_explanation(explanation: "Explanation", language: "Language") -> None:
    """Print what was called, what came, what was expected, and why."""
    from bpelab.bpe.exercise.words import say
    from bpelab.cli.drawing import console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(Text(explanation.heading, style="bold"))
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for label, text in explanation.rows:
        rows.add_row(Text(label, style="dim"), Text(text))
    out.print(Padding(rows, (1, 0, 0, 2), expand=False))
    for note in explanation.notes:
        out.print(Padding(Text(note), (1, 0, 0, 0), expand=False))
    for heading, lines in (("failed.trace", explanation.trace), ("failed.printed", explanation.printed)):
        if lines:
            out.print(Padding(Text(say(heading, language)), (1, 0, 0, 0), expand=False))
            for line in lines:
                out.print(Padding(Text(line, overflow="fold"), (0, 0, 0, 2), expand=False))
