"""How does a name become an encoding? From the package, or from a file that is found or downloaded."""

import hashlib
import os
from functools import cache
from pathlib import Path

from bpelab.bpe.data.gpt2 import gpt2_ranks
from bpelab.bpe.encoders.choice import AUTO
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.definitions import DEFINITIONS, VocabularyFile
from bpelab.bpe.files.download import download
from bpelab.bpe.files.models import encoding_name_for_model
from bpelab.bpe.files.tiktoken_cache import tiktoken_cache_path
from bpelab.bpe.files.tiktoken_file import parse_tiktoken
from bpelab.bpe.foundation.nearest import did_you_mean
from bpelab.bpe.foundation.user_cache import cache_directory
from bpelab.bpe.splitting.regex_splitter import splitter_of


def list_encoding_names() -> list[str]:
    """Return the names that `get_encoding` knows.

    >>> list_encoding_names()
    ['gpt2', 'r50k_base', 'p50k_base', 'p50k_edit', 'cl100k_base', 'o200k_base', 'o200k_harmony']
    """
    return list(DEFINITIONS)


def get_encoding(
    encoding_name: str, *, path: str | os.PathLike[str] | None = None, engine: str = AUTO
) -> Encoding:
    """Return the encoding of that name, loaded once; `engine` is what `Encoding` takes.

    gpt2 and r50k_base are in the package. Each of the others needs its `.tiktoken` file: the one at `path` if
    that is given, or else the one in tiktoken's cache, in this package's cache (`BPELAB_CACHE_DIR` or the
    user's cache directory), or at its public address. The SHA-256 is checked wherever the file comes from.

    Raises `ValueError` for an unknown name or a file that is not the published one, and `FileNotFoundError`
    if the file is not found anywhere.

    >>> get_encoding("gpt2").n_vocab
    50257
    >>> get_encoding("gpt-two")
    Traceback (most recent call last):
    ValueError: no encoding is named 'gpt-two'; there are: gpt2, r50k_base, p50k_base, p50k_edit, \
cl100k_base, o200k_base, o200k_harmony
    """
    if encoding_name not in DEFINITIONS:
        raise ValueError(
            f"no encoding is named {encoding_name!r}{did_you_mean(encoding_name, DEFINITIONS)};"
            f" there are: {', '.join(DEFINITIONS)}"
        )
    encoding = _get_known(encoding_name) if path is None else _build(encoding_name, Path(path))
    return encoding.with_engine(engine) if engine != AUTO else encoding


def resolve_pattern(pattern: str) -> str:
    """Return the pattern of a named encoding, or the pattern itself.

    Raises `ValueError` for an empty one, and for one that `Splitter` refuses.

    >>> resolve_pattern("p50k_base") == resolve_pattern("gpt2")
    True
    """
    if pattern in DEFINITIONS:
        return DEFINITIONS[pattern].pattern
    names = ", ".join(DEFINITIONS)
    if not pattern:
        raise ValueError(
            f"the pattern is empty: it must be the name of an encoding ({names}) or a regular expression"
        )
    try:
        splitter_of(pattern)
    except ValueError as error:
        raise ValueError(f"not the name of a pattern ({names}), and {error}") from None
    return pattern


def encoding_for_model(model_name: str, *, engine: str = AUTO) -> Encoding:
    """Give the encoding that a model uses; `KeyError` for a model that is not known.

    >>> encoding_for_model("gpt2").name
    'gpt2'
    """
    return get_encoding(encoding_name_for_model(model_name), engine=engine)


@cache
def _get_known(name: str) -> Encoding:
    return _build(name, None)


def _build(name: str, path: Path | None) -> Encoding:
    definition = DEFINITIONS[name]
    file = definition.file
    if file is None:
        if path is not None:
            raise ValueError(f"{name} is in the package and takes no file; leave {path} out")
        ranks = gpt2_ranks()
    else:
        source, data = _find(name, file) if path is None else (path, _read_published(path, file))
        ranks = parse_tiktoken(data, source, frozenset(definition.special_tokens.values()))
    return Encoding(
        name,
        pat_str=definition.pattern,
        mergeable_ranks=ranks,
        special_tokens=definition.special_tokens,
        explicit_n_vocab=definition.n_vocab,
    )


def _read_published(path: Path, file: VocabularyFile) -> bytes:
    """Read a file once, so that the bytes in use are the bytes whose SHA-256 was checked."""
    data = path.read_bytes()
    if (digest := hashlib.sha256(data).hexdigest()) != file.sha256:
        raise ValueError(f"{path}: its SHA-256 is {digest}, but that of {file.name} is {file.sha256}")
    return data


def _find(name: str, file: VocabularyFile) -> tuple[Path, bytes]:
    """Read the file of an encoding from the first place that has it intact, or download it."""
    unusable = []
    for cached in (tiktoken_cache_path(file.address), cache_directory() / file.name):
        try:
            if cached is not None:
                return cached, _read_published(cached, file)
        except (FileNotFoundError, NotADirectoryError):
            pass  # not in this cache
        except (OSError, ValueError) as error:
            unusable.append(str(error))
    try:
        path = download(file.address, file.sha256, file.name)
        return path, _read_published(path, file)
    except (OSError, ValueError) as error:
        # The error that requests raises for a lost connection has the actual reason two levels down.
        reason = getattr(error.args[0] if error.args else None, "reason", error)
        found = f"; what was found cannot be used: {'; '.join(unusable)}" if unusable else ""
        raise FileNotFoundError(
            f"{name} needs {file.name}, which is in no cache, and could not be downloaded ({reason}){found}."
            f" There are three ways out: pass its path, as get_encoding({name!r}, path=...);"
            f" set TIKTOKEN_CACHE_DIR to a directory in which tiktoken has cached it;"
            f" or download {file.address} to {cache_directory()}"
        ) from error
