"""What did the user get wrong? In one line that can be shown on any terminal."""

import re
from collections.abc import Iterable

# Options whose argument in Python has another name.
_IN_PYTHON = {"special": "special_tokens"}


def told(error: Exception) -> str | None:
    """Say what the user can do something about; None for an error of ours."""
    message = _message(error)
    # What a child process said has lines of its own; file names and texts must not make any, nor
    # send a terminal its control characters.
    return message if message is None or isinstance(error, ChildProcessError) else _on_one_line(message)


def _message(error: Exception) -> str | None:
    # Typer's usage errors have a class of different names in its different versions.
    if (format_message := getattr(error, "format_message", None)) is not None:
        context = getattr(error, "ctx", None)
        return f"{format_message()} See '{context.command_path if context else 'bpelab'} --help'."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, KeyError):
        return str(error.args[0])
    if isinstance(error, MemoryError):
        return f"there is not enough memory{f': {error}' if str(error) else ''}"
    return str(error) if isinstance(error, OverflowError | ValueError | OSError | ImportError) else None


def _on_one_line(message: str) -> str:
    r"""Escape what would not stay on its line.

    >>> _on_one_line("a\nb\x1b[2J 안\udcff")
    'a\\nb\\x1b[2J 안\\udcff'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in message
    )


def in_options(message: str, names: Iterable[str]) -> str:
    """Say a message of the library, which names arguments of Python, with the options of a verb.

    >>> in_options("vocab_size is 9: pass errors='replace'", ["vocab_size", "errors"])
    '--vocab-size is 9: pass --errors replace'
    >>> in_options("pass its path, as get_encoding('x', path=...)", ["encoding", "path"])
    'pass its path, as --path FILE'
    >>> in_options("pass end_of_text=False (--no-end-of-text)", ["end_of_text"])
    'pass --no-end-of-text'
    >>> in_options("pass resume=True to continue it", ["resume"])
    'pass --resume to continue it'
    """
    for name in names:
        option, python = f"--{name.replace('_', '-')}", _IN_PYTHON.get(name, name)
        for pattern, replacement in (
            (rf"get_encoding\([^()]*\b{python}=\.\.\.\)", f"{option} FILE"),
            # What follows in brackets has said the option already.
            (rf"\b{python}=False\b(?: \(--[a-z-]+\))?", f"--no-{option[2:]}"),
            (rf"\b{python}=True\b", option),
            (rf"\b{python}=(['\"])(\w+)\1", rf"{option} \2"),
            (rf"\b{python}=", option),
            (rf"^{python}(?= (?:is|must be) )", option),
            (rf"(?<![-\w]){python}\b" if "_" in python else "$^", option),
        ):
            message = re.sub(pattern, replacement, message)
    return message
