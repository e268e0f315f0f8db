"""Which encodings have names, and where do their tables come from?

Names, patterns, special tokens and hashes are tiktoken's:
https://github.com/openai/tiktoken/blob/0.14.0/tiktoken_ext/openai_public.py
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bpelab.bpe.data.gpt2 import gpt2_ranks
from bpelab.bpe.encoders.choice import AUTO
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.download import download
from bpelab.bpe.files.models import encoding_name_for_model
from bpelab.bpe.files.tiktoken_file import parse_tiktoken
from bpelab.bpe.foundation.user_cache import cache_directory
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.regex_splitter import splitter_of
from bpelab.bpe.splitting.specials import END_OF_TEXT

ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/"

_FIM = ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")
_O200K_SPECIALS = {END_OF_TEXT: 199999, "<|endofprompt|>": 200018}
_HARMONY_NAMES = {
    199998: "startoftext",
    199999: "endoftext",
    200002: "return",
    200003: "constrain",
    200005: "channel",
    200006: "start",
    200007: "end",
    200008: "message",
    200012: "call",
}
# Like tiktoken's, o200k_harmony has two names for the id 200018: <|reserved_200018|>, and <|endofprompt|>,
# which comes last here because an id is decoded to the last of its names.
_HARMONY_SPECIALS = {
    f"<|{_HARMONY_NAMES.get(token, f'reserved_{token}')}|>": token for token in range(199998, 201088)
} | _O200K_SPECIALS


class VocabularyFile(NamedTuple):
    """A published `.tiktoken` file."""

    name: str
    sha256: str

    @property
    def address(self) -> str:
        """Where it can be downloaded."""
        return ADDRESS + self.name


class Definition(NamedTuple):
    """What makes a named encoding; no file stands for GPT-2's own table."""

    pattern: str
    special_tokens: Mapping[str, int]
    file: VocabularyFile | None = None
    n_vocab: int | None = None


_P50K_FILE = VocabularyFile(
    "p50k_base.tiktoken", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"
)
_CL100K_FILE = VocabularyFile(
    "cl100k_base.tiktoken", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
)
_O200K_FILE = VocabularyFile(
    "o200k_base.tiktoken", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
)
_P50K_EDIT_SPECIALS = {END_OF_TEXT: 50256} | {name: 50281 + i for i, name in enumerate(_FIM)}
_CL100K_SPECIALS = {name: 100257 + i for i, name in enumerate([END_OF_TEXT, *_FIM])} | {
    "<|endofprompt|>": 100276
}

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        "gpt2": Definition(GPT2_PATTERN, {END_OF_TEXT: 50256}, None, 50257),
        "r50k_base": Definition(GPT2_PATTERN, {END_OF_TEXT: 50256}, None, 50257),
        "p50k_base": Definition(GPT2_PATTERN, {END_OF_TEXT: 50256}, _P50K_FILE, 50281),
        "p50k_edit": Definition(GPT2_PATTERN, _P50K_EDIT_SPECIALS, _P50K_FILE),
        "cl100k_base": Definition(CL100K_PATTERN, _CL100K_SPECIALS, _CL100K_FILE),
        "o200k_base": Definition(O200K_PATTERN, _O200K_SPECIALS, _O200K_FILE),
        "o200k_harmony": Definition(O200K_PATTERN, _HARMONY_SPECIALS, _O200K_FILE),
    }
)


def list_encoding_names() -> list[str]:
    """List the names that `get_encoding` knows.

    >>> list_encoding_names()
    ['gpt2', 'r50k_base', 'p50k_base', 'p50k_edit', 'cl100k_base', 'o200k_base', 'o200k_harmony']
    """
    return list(DEFINITIONS)


def get_encoding(
    encoding_name: str, *, path: str | os.PathLike[str] | None = None, engine: str = AUTO
) -> Encoding:
    """Return the encoding of that name, loaded once; `engine` is what `Encoding` takes.

    gpt2 and r50k_base are in the package. The others need their `.tiktoken` file, which is looked for
    at `path` if one is given; otherwise in tiktoken's cache, in this package's cache (`BPELAB_CACHE_DIR`
    or the user's cache directory), and at its public address. Its SHA-256 is checked wherever it is.

    Raises `ValueError` for a name that is not known or a file that is not the published one, and
    `FileNotFoundError` where the file is nowhere to be had.

    >>> get_encoding("gpt2").n_vocab
    50257
    >>> get_encoding("gpt-two")
    Traceback (most recent call last):
    ValueError: no encoding is named 'gpt-two'; there are: gpt2, r50k_base, p50k_base, p50k_edit, \
cl100k_base, o200k_base, o200k_harmony
    """
    if encoding_name not in DEFINITIONS:
        raise ValueError(f"no encoding is named {encoding_name!r}; there are: {', '.join(DEFINITIONS)}")
    encoding = _get_known(encoding_name) if path is None else _build(encoding_name, Path(path))
    return encoding.with_engine(engine) if engine != AUTO else encoding


def resolve_pattern(pattern: str) -> str:
    """Return the pattern of an encoding's name, or the pattern itself.

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
    """Read a file once, so that the bytes that are used are those whose SHA-256 was checked."""
    data = path.read_bytes()
    if (digest := hashlib.sha256(data).hexdigest()) != file.sha256:
        raise ValueError(f"{path}: its SHA-256 is {digest}, but that of {file.name} is {file.sha256}")
    return data


def _find(name: str, file: VocabularyFile) -> tuple[Path, bytes]:
    """Read the file of an encoding from the first place that has it whole, or download it."""
    unusable = []
    for cached in (tiktoken_cache_path(file), cache_directory() / file.name):
        try:
            if cached is not None:
                return cached, _read_published(cached, file)
        except (FileNotFoundError, NotADirectoryError):
            pass  # it is not there
        except (OSError, ValueError) as error:
            unusable.append(str(error))
    try:
        path = download(file.address, file.sha256, file.name)
        return path, _read_published(path, file)
    except (OSError, ValueError) as error:
        # What requests raises for a lost connection holds the actual reason two levels down.
        reason = getattr(error.args[0] if error.args else None, "reason", error)
        found = f"; what was found is not it: {'; '.join(unusable)}" if unusable else ""
        raise FileNotFoundError(
            f"{name} needs {file.name}, which is in no cache, and could not be downloaded ({reason}){found}."
            f" Any of three ways will do: pass its path, as get_encoding({name!r}, path=...);"
            f" set TIKTOKEN_CACHE_DIR to a directory in which tiktoken has cached it;"
            f" or download {file.address} to {cache_directory()}"
        ) from error


def tiktoken_cache_path(file: VocabularyFile) -> Path | None:
    """Give the path at which tiktoken keeps a file; None where its cache is switched off.

    https://github.com/openai/tiktoken/blob/0.14.0/tiktoken/load.py
    """
    default = os.path.join(tempfile.gettempdir(), "data-gym-cache")
    directory = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR", default))
    if not directory:
        return None
    return Path(directory) / hashlib.sha1(file.address.encode()).hexdigest()
