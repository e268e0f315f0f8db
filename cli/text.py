"""Where does a verb's text come from, and how is a number of things said?"""

import os
import sys
from pathlib import Path
from typing import BinaryIO


def given_text(text: str | None, file: str | None, *, example: str) -> str:
    """Return what was typed, what is in a file, or what comes through standard input.

    Standard input is read for "-", and where neither text nor file is given and it is not a terminal. Raises
    `ValueError` where there is nothing to read, with an `example` of a command that has a text.
    """
    if text is not None and file is not None:
        raise ValueError("there is a text and a --file: leave one of them out")
    if file is not None:
        return read_text(file)
    if text is None:
        require_piped(f"{example}, or name a --file")
    if text is None or text == "-":
        return read_text("-")
    if os.path.isfile(text):
        print(f"bpelab: {text} is taken as text; --file {text} reads the file", file=sys.stderr)
    return _decoded(os.fsencode(text), "the text")


def require_piped(advice: str) -> None:
    """Raise `ValueError` where standard input is a terminal, at which nobody knows that a program waits."""
    if sys.stdin is not None and sys.stdin.isatty():
        raise ValueError(f"there is no text: try {advice}, or - for standard input")


def read_text(source: str | Path) -> str:
    """Read UTF-8; raises `ValueError` that names the file and the byte where it is not."""
    return _decoded(read_bytes(source), "standard input" if source == "-" else str(source))


def read_bytes(source: str | Path) -> bytes:
    """Read a file, a pipe or a URL, decompressed where its name says so, or standard input for "-".

    Raises `OSError` where there is none, and `ValueError` for a device that may never end.
    """
    if source == "-":  # the path of a file of that name is not equal to it
        return standard_input().read()
    from bpelab.bpe.corpus.sources import open_file  # loads NumPy

    with open_file(source) as file:
        return file.read()


def standard_input() -> BinaryIO:
    """Return the stream of bytes that is standard input; `OSError` where it is closed."""
    if sys.stdin is None:
        raise OSError("standard input is closed: name a file instead")
    return sys.stdin.buffer


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: not UTF-8 at byte {error.start:,} ({error.reason})") from None


def counted(number: int, noun: str, plural: str = "") -> str:
    """Say how many there are of something.

    >>> counted(1, "text"), counted(2_000, "text"), counted(0, "pass", "passes")
    ('1 text', '2,000 texts', '0 passes')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def on_one_line(message: str) -> str:
    r"""Escape what would not stay on its line.

    >>> on_one_line("a\nb\x1b[2J 안\udcff")
    'a\\nb\\x1b[2J 안\\udcff'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in message
    )


def print_path(path: Path) -> None:
    """Print a path byte for byte, so that a program can open it, whatever the console can show."""
    print_bytes(os.fsencode(path) + os.linesep.encode())


def print_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are, whatever letters the console has."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
