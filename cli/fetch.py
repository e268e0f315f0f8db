"""`bpelab fetch`: a text of the chapter into the user's cache."""

from pathlib import Path
from typing import Annotated

import typer
from bpelab.cli.options import QuietOption
from bpelab.cli.progress import progress_shown
from bpelab.cli.text import print_path


def fetch(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="the-verdict. Without a name, the texts are listed."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A file that has the text: it is checked and copied, not downloaded."
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Download a text with a checked SHA-256, once, and print where it is.

    Example: bpelab fetch the-verdict
    """
    from bpelab.bpe.files.public_texts import TEXTS, fetch_text, text_path

    if name is None:
        for known, text in TEXTS.items():
            there = "in the cache" if text_path(known).is_file() else "not here yet"
            print(f"{known}\t{text.title}\t{there}")
        return
    with progress_shown(quiet=quiet):
        path = fetch_text(name, source)
    print_path(path)
