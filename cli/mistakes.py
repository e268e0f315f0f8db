"""What did the user get wrong? Said in one line, in the words of the command line, on any terminal."""

import re
from collections.abc import Iterable

from bpelab.cli.text import on_one_line

# Options whose argument in Python has another name.
_IN_PYTHON = {"special": "special_tokens"}
# What the library advises its callers, in the words of the command line.
_ADVICE = (
    (r"pass its path, as get_encoding\([^()]*\)", "name the file itself instead"),
    (r"pass the encoding's own name to get_encoding instead", "use the encoding's own name, by --encoding"),
    (r"name it, as fetch_file\([^()]*\)", "name it by --source FILE"),
    (r"; give texts in NFC and pass nfc_is_mine=True", ""),
)


def told(error: Exception) -> str | None:
    """Return what the user can do something about; None for an error of ours."""
    message = _message(error)
    # A child process may have said several lines. File names and texts must not make any, nor send a terminal
    # control characters.
    return message if message is None or isinstance(error, ChildProcessError) else on_one_line(message)


def _message(error: Exception) -> str | None:
    # Typer's usage errors have a class of different names in its different versions.
    if (format_message := getattr(error, "format_message", None)) is not None:
        context = getattr(error, "ctx", None)
        said = format_message().replace(": Value error, ", ": ")
        said += "" if said.endswith((".", "?")) else "."
        return f"{said} See '{context.command_path if context else 'bpelab'} --help'."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, KeyError):
        return str(error.args[0])
    if isinstance(error, MemoryError):
        return f"there is not enough memory{f': {error}' if str(error) else ''}"
    return str(error) if isinstance(error, OverflowError | ValueError | OSError | ImportError) else None


def in_options(error: Exception, names: Iterable[str]) -> Exception:
    """Return an error of the library, which names arguments of Python, with the options of a verb instead.

    An error that names none of them, such as that of a file that is not there, is returned as it is.

    >>> in_options(ValueError("vocab_size is 9: pass errors='replace'"), ["vocab_size", "errors"])
    ValueError('--vocab-size is 9: pass --errors replace')
    >>> in_options(KeyError("pass the encoding's own name to get_encoding instead"), ["model"])
    ValueError("use the encoding's own name, by --encoding")
    """
    if isinstance(error, OSError) and error.strerror:  # the system's own words, and a file's name
        return error
    message = _message(error)
    if message is None or (said := _with_options(message, names)) == message:
        return error
    return ValueError(said)


def _with_options(message: str, names: Iterable[str]) -> str:
    """Replace arguments of Python by options.

    >>> _with_options("pass end_of_text=False", ["end_of_text"])
    'pass --no-end-of-text'
    >>> _with_options("leave out pattern= or extend=", ["pattern", "extend"])
    'leave out --pattern or --extend'
    """
    for pattern, replacement in _ADVICE:
        message = re.sub(pattern, replacement, message)
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
