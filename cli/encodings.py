"""Which encoding does the user mean? A name, a model or a file: every verb understands all three."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpelab.cli.progress import progress_shown

if TYPE_CHECKING:
    from bpelab.bpe import Encoding

DEFAULT = "gpt2"
_SUFFIXES = (".json", ".tiktoken", ".bpe", ".txt", ".model")


def chosen_encoding(
    encoding: str | None = None,
    *,
    path: Path | None = None,
    model: str | None = None,
    engine: str | None = None,
    quiet: bool = False,
) -> "Encoding":
    """Return the encoding that the options `--encoding`, `--path`, `--model` and `--engine` choose together.

    A published `.tiktoken` file is known by its SHA-256 and has its own pattern and special tokens. Any other
    is read with GPT-2's pattern, which is said on standard error. So is a download, unless `quiet`.

    Raises `ValueError` where the options contradict each other, and what the library raises.
    """
    from bpelab.bpe import encoding_for_model, get_encoding

    more = {} if engine is None else {"engine": engine}
    if model is not None and (encoding is not None or path is not None):
        raise ValueError("--model chooses the encoding: leave out --encoding and --path, or --model")
    with progress_shown(quiet=quiet):
        if model is not None:
            return encoding_for_model(model, **more)
        if path is not None:
            return get_encoding(encoding or DEFAULT, path=path, **more)
        return _named(encoding or DEFAULT, more)


def _named(name: str, more: Mapping[str, Any]) -> "Encoding":
    """Return the encoding of a name, or the one in a file."""
    from bpelab.bpe import get_encoding, load_encoding
    from bpelab.bpe.files.definitions import DEFINITIONS

    if name in DEFINITIONS or not names_a_file(name):
        if name not in DEFINITIONS and (known := _encoding_of_model(name)):
            raise ValueError(f"{name} is a model, not an encoding; its encoding is {known}")
        return get_encoding(name, **more)
    if Path(name).suffix != ".tiktoken":
        return load_encoding(name, **more)
    if published := _published(Path(name)):
        return get_encoding(published, path=name, **more)
    print(
        f"bpelab: {name} holds neither a pattern nor special tokens: it is used with gpt2's pattern, and"
        " without special tokens; bpelab convert writes a .json file that holds both",
        file=sys.stderr,
    )
    return load_encoding(name, pattern=DEFAULT, **more)


def require_pattern(pattern: str) -> None:
    """Raise `ValueError` for what looks like a name and is none: as a regex it would match itself only."""
    from bpelab.bpe.files.definitions import DEFINITIONS
    from bpelab.bpe.foundation.nearest import did_you_mean

    if pattern not in DEFINITIONS and re.fullmatch(r"[\w-]+", pattern):
        raise ValueError(
            f"--pattern {pattern}: no encoding has this name{did_you_mean(pattern, DEFINITIONS)}, and as a"
            " regular expression it matches nothing but itself"
        )


def names_a_file(name: str) -> bool:
    """Tell whether a name is that of a file, by what is there or by its form, and not that of an encoding."""
    return os.path.lexists(name) or os.path.dirname(name) != "" or name.endswith(_SUFFIXES)


def _encoding_of_model(name: str) -> str | None:
    from bpelab.bpe import encoding_name_for_model

    try:
        return encoding_name_for_model(name)
    except KeyError:
        return None


def _published(path: Path) -> str | None:
    """Return the name of the encoding whose published file this is, or claims to be by its name."""
    from bpelab.bpe.files.definitions import DEFINITIONS
    from bpelab.bpe.files.download import sha256

    digest = sha256(path)
    for name, definition in DEFINITIONS.items():
        if definition.file is not None and (
            digest == definition.file.sha256 or path.name == definition.file.name
        ):
            return name
    return None
