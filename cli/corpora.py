"""Which texts does a verb read? Files here and elsewhere, standard input, and what directories hold."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bpelab.bpe.corpus.blocks import skipped
from bpelab.bpe.corpus.documents import Found, find_files
from bpelab.bpe.corpus.parts import parts_of
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.corpus.reading import DEFAULT, Reading
from bpelab.bpe.corpus.sources import Source, path_of, sources_of, version_of
from bpelab.cli.text import on_one_line, standard_input


def data_folder() -> Path:
    """Return where a user's own texts are: `text` in `BPELAB_DATA`, or in ../shared/data."""
    return Path(os.environ.get("BPELAB_DATA", Path("..") / "shared" / "data")) / "text"


def found_in(name: str, reading: Reading = DEFAULT) -> Found:
    """Return the files that a name stands for, as `find_files` finds them; for "-", standard input.

    Raises `ValueError` for a directory without any.
    """
    if name == "-":
        return Found([Path("/dev/stdin")])
    if name == "":  # `Path` would take it for the directory we are in
        raise ValueError("a file has an empty name: name one, or . for all files here")
    found = find_files(path_of(name), reading)
    if not found.files:
        left_out = f"; left out: {found.left_out}" if found.left_out else ""
        raise ValueError(f"there is no file of text in {name}{left_out}")
    return found


@dataclass
class Skips:
    """How many documents could not be read, and why the first of them could not."""

    n_skipped: int = 0
    first: str = ""


@contextmanager
def sources_in(name: str, found: Found, reading: Reading) -> Iterator[list[tuple[str, Source]]]:
    """List the files that were found in a name, each with what it is called; for "-", a copy of its text."""
    if name != "-":
        sources = [source for file in found.files for source in sources_of(file, reading, warns=False)]
        # As it was typed, which a path would make shorter.
        yield [(name if Path(source.name) == Path(name) else source.name, source) for source in sources]
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "standard input")
        with path.open("xb") as file:
            shutil.copyfileobj(standard_input(), file)
        size, version = path.stat().st_size, version_of(path.stat())
        yield [(name, Source(path.name, str(path), size, version, reading.kind_of(name)))]


def texts_of(source: Source, reading: Reading, skips: Skips, pattern: str = "") -> Iterator[str]:
    """Yield the documents of a file, cut in two where they are long and a `pattern` allows it."""
    for part in parts_of([source], reading, pattern):
        reader = read_part(part, reading)
        for text, _ in reader:
            yield text
        skips.n_skipped += reader.n_skipped
        skips.first = skips.first or reader.first_skipped or ""


def documents_of(name: str, found: Found, reading: Reading, skips: Skips) -> Iterator[tuple[str, str]]:
    """Yield the documents of the files that were found in a name, each with what it is called."""
    with sources_in(name, found, reading) as sources:
        for shown, source in sources:
            is_one = source.kind.format == "text" and reading.documents == "file"
            for number, text in enumerate(texts_of(source, reading, skips), 1):
                yield shown if is_one else f"{shown}, document {number:,}", text


def print_left_out(found: Found, skips: Skips | None = None) -> None:
    """Say on standard error what of the directories was not read, and what could not be."""
    if found.left_out:
        print(f"bpelab: left out: {on_one_line(found.left_out)}", file=sys.stderr)
    if skips is not None and skips.n_skipped:
        print(f"bpelab: {on_one_line(skipped(skips.n_skipped, skips.first))}", file=sys.stderr)
