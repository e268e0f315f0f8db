"""What several verbs share: their arguments, and reading what a user points at."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

EncodingName = Annotated[str, typer.Option("--encoding", help="The name of the encoding.")]
VocabularyPath = Annotated[
    Path | None, typer.Option("--path", help="The .tiktoken file of an encoding that is not in the package.")
]
Source = Annotated[str, typer.Argument(help="A file, or - for standard input.")]
ENCODING_OUTPUT = (
    "NAME.tiktoken, NAME.json (Hugging Face), or vocab.bpe or merges.txt, beside which encoder.json or"
    " vocab.json is written."
)
# Longer numbers are no ids, and Python reads none of more than 4300 digits.
MAX_DIGITS = 40
AsJson = Annotated[bool, typer.Option("--json", help="Read or write JSON.")]


def check_jobs(jobs: int) -> int:
    """Return a number of processes that is of use; raises `typer.BadParameter` for any other."""
    from bpelab.bpe.foundation.processes import require_jobs

    try:
        return require_jobs(jobs)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def print_path(path: Path) -> None:
    """Print a path byte for byte, so that what reads it finds the file, whatever the console can show."""
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(path) + os.linesep.encode())
    sys.stdout.buffer.flush()


def read_bytes(source: str) -> bytes:
    """Read a file or a pipe, or standard input for "-".

    Raises `OSError` where there is none, and `ValueError` for a device that may never end.
    """
    if source != "-":
        from bpelab.bpe.corpus.documents import require_readable  # with all of NumPy behind it

        require_readable(source)
        return Path(source).read_bytes()
    if sys.stdin is None:
        raise OSError("standard input is closed: name a file instead")
    return sys.stdin.buffer.read()


def read_text(source: str) -> str:
    """Read UTF-8; raises `ValueError` that names the file and the byte where it is not."""
    data = read_bytes(source)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        name = "standard input" if source == "-" else source
        raise ValueError(f"{name}: not UTF-8 at byte {error.start:,} ({error.reason})") from None
