"""Which texts does a verb read? Files, standard input, and the files of text in directories."""

import os
import sys
from pathlib import Path

from bpelab.bpe.corpus.documents import Found, find_files
from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.parity.corpora import Texts
from bpelab.cli.text import on_one_line, read_text


def data_folder() -> Path:
    """Return where a user's own texts are: `text` in `BPELAB_DATA`, or in ../shared/data."""
    return Path(os.environ.get("BPELAB_DATA", Path("..") / "shared" / "data")) / "text"


def found_in(name: str | Path) -> Found:
    """Return the files that a name stands for: itself, or the files of text in a directory; none for "-".

    Raises `ValueError` for a directory without any.
    """
    if name == "-":  # a path is never equal to it
        return Found()
    if name == "":  # `Path` would take it for the directory we are in
        raise ValueError("a file has an empty name: name one, or . for all files here")
    found = find_files(Path(name))
    if not found.files:
        left_out = f"; left out: {found.left_out}" if found.left_out else ""
        raise ValueError(f"there is no file of text in {name}{left_out}")
    return found


def texts_of(name: str, found: Found, errors: Errors) -> Texts:
    """Yield (source, text) of the files that were found in a name, or of standard input for "-"."""
    if name == "-":
        yield name, read_text("-", errors)
    for file in found.files:
        yield name if file == Path(name) else str(file), read_text(file, errors)


def print_left_out(found: Found) -> None:
    """Say on standard error what of the directories was not read."""
    if found.left_out:
        print(f"bpelab: left out: {on_one_line(found.left_out)}", file=sys.stderr)
