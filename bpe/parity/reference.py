"""What is compared with? The genuine tiktoken, with the same files."""

import os
import shutil
import tempfile
from pathlib import Path
from threading import Lock
from typing import Any

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.definitions import DEFINITIONS
from bpelab.bpe.files.tiktoken_cache import cache_name, write_tiktoken_cache
from bpelab.bpe.foundation.user_cache import cache_directory

_MISSING = "parity needs tiktoken: pip install 'bpelab[peers]'"

_environment = Lock()


def load_tiktoken(name: str, path: str | os.PathLike[str] | None = None) -> Any:
    """Load the genuine `tiktoken.Encoding` of a name by tiktoken's own loader.

    gpt2 and r50k_base need no network. The others come from `path` if one is given, from this package's cache
    if they are there, and otherwise from where tiktoken itself looks for them. Raises `ValueError` for an
    unknown name and `ImportError` if tiktoken is not installed.
    """
    if name not in DEFINITIONS:
        raise ValueError(f"no encoding is named {name!r}; there are: {', '.join(DEFINITIONS)}")
    try:
        import tiktoken
        from tiktoken import registry
    except ImportError as error:
        raise ImportError(_MISSING) from error
    file = DEFINITIONS[name].file
    if file is not None and path is None:
        path = cache_directory() / file.name
        if not path.is_file():
            return tiktoken.get_encoding(name)
    with tempfile.TemporaryDirectory() as directory, _environment:
        if file is None:
            write_tiktoken_cache(directory)
        else:
            shutil.copy(os.fspath(path or ""), Path(directory) / cache_name(file.address))
            registry.ENCODINGS.pop(name, None)  # it may have been loaded from elsewhere
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = directory
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def as_tiktoken(encoding: Encoding) -> Any:
    """Return the genuine `tiktoken.Encoding` with our encoding's pattern, ranks and special tokens.

    It is for encodings that tiktoken has no name for. Raises `ImportError` where tiktoken is not installed.
    """
    try:
        import tiktoken
    except ImportError as error:
        raise ImportError(_MISSING) from error
    return tiktoken.Encoding(
        encoding.name,
        pat_str=encoding.pattern,
        mergeable_ranks=dict(encoding.ranks),
        special_tokens=dict(encoding.special_tokens),
    )
