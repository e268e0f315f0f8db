"""`bpelab fetch`: the public texts and encodings into the user's cache."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from bpelab.cli.mistakes import in_options, told
from bpelab.cli.options import QuietOption
from bpelab.cli.progress import progress_shown
from bpelab.cli.text import print_path


def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="the-verdict, tinyshakespeare, p50k_base, cl100k_base or o200k_base. Without a name, all"
            " are listed.",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A file that is the one named, or a directory that has it: it is checked and copied, not"
            " downloaded.",
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Download public files with checked SHA-256s, each once, and print where they are.

    What is in the cache is not downloaded again, so that the same command goes on after an interruption.

    Example: bpelab fetch --all
    """
    from bpelab.bpe.files.public_files import FILES, fetch_file, is_here

    if every and names:
        raise ValueError(f"--all fetches {', '.join(FILES)}: leave out {', '.join(names)}")
    if source is not None and len(names or ()) != 1 and not source.is_dir():
        raise ValueError(f"--source {source} is a file, and for one NAME: name it, or give a directory")
    wanted = list(FILES) if every else names or []
    if not wanted:
        for name, file in FILES.items():
            print(f"{name}\t{file.title}\t{'in the cache' if is_here(name) else 'not here yet'}")
        return
    failed = False
    for name in wanted:
        try:
            with progress_shown(quiet=quiet):
                path = fetch_file(name, source)
        except (OSError, ValueError) as error:
            if len(wanted) == 1:
                raise
            print(
                f"bpelab: {told(in_options(error, ['source']))}", file=sys.stderr
            )  # the others may still be had
            failed = True
        else:
            print_path(path)
    if failed:
        raise typer.Exit(1)
