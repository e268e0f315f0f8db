"""Where do the texts and vocabularies that are not in the package come from? They are public, and checked."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from bpelab.bpe.files.definitions import DEFINITIONS
from bpelab.bpe.files.download import download, sha256
from bpelab.bpe.foundation.nearest import did_you_mean
from bpelab.bpe.foundation.user_cache import cache_directory
from bpelab.bpe.foundation.writing import write_atomically


class PublicFile(NamedTuple):
    """A file that anyone may read, and the SHA-256 of exactly these bytes of it."""

    title: str
    address: str
    sha256: str
    n_bytes: int
    file: str  # its name in the cache, and where others keep it


_TEXTS = {
    "the-verdict": PublicFile(
        'Edith Wharton, "The Verdict" (1908): the text of chapter 2',
        "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt",
        "b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f",
        20_479,
        "the-verdict.txt",
    ),
    "tinyshakespeare": PublicFile(
        "Scenes of Shakespeare's plays, 1.1 MB of English verse",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        1_115_394,
        "tinyshakespeare.txt",
    ),
}
_N_BYTES = {"p50k_base": 836_186, "cl100k_base": 1_681_126, "o200k_base": 3_613_922}
_ENCODINGS = {
    name: PublicFile(f"the encoding {name}", file.address, file.sha256, n_bytes, file.name)
    for name, n_bytes in _N_BYTES.items()
    if (file := DEFINITIONS[name].file) is not None
}
FILES = _TEXTS | _ENCODINGS


def public_path(name: str) -> Path:
    """Return the path that a file has, or would have, in the user's cache; `KeyError` for an unknown name."""
    return cache_directory() / _known(name).file


def is_here(name: str) -> bool:
    """Tell whether the user's cache has a file, whole and unaltered; `KeyError` for an unknown name."""
    path = public_path(name)
    return path.is_file() and sha256(path) == _known(name).sha256


def fetch_file(name: str, source: Path | None = None) -> Path:
    """Return the path of a file in the user's cache, downloaded or copied there if it is not there yet.

    With `source`, the file elsewhere or a directory that has it at any depth, nothing is downloaded. The
    SHA-256 is always checked. Raises `KeyError` for an unknown name, `ValueError` for another SHA-256,
    `FileNotFoundError` where `source` has no such file, and `OSError`, which says what else to do, if the
    address cannot be reached.
    """
    known = _known(name)
    if source is not None:
        return _copied(name, _below(source, known.file) if source.is_dir() else source)
    try:
        return download(known.address, known.sha256, known.file, known.n_bytes)
    except (OSError, ValueError) as error:
        raise OSError(
            f"{name} could not be downloaded from {known.address} ({error}): where you have the file,"
            f" name it, as fetch_file({name!r}, source=PATH)"
        ) from None


def _below(folder: Path, file: str) -> Path:
    for found in sorted(folder.rglob(file)):
        return found
    raise FileNotFoundError(f"{folder}: no {file} is in it")


def _copied(name: str, source: Path) -> Path:
    known, path = _known(name), public_path(name)
    with source.open("rb") as file:
        content = file.read(known.n_bytes + 1)  # a device might never end
    if (found := hashlib.sha256(content).hexdigest()) != known.sha256:
        raise ValueError(f"{source}: its SHA-256 is {found}, that of {name} is {known.sha256}")
    if not is_here(name):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return path


def _known(name: str) -> PublicFile:
    if name not in FILES:
        raise KeyError(f"no file is called {name!r}{did_you_mean(name, FILES)}; there are {', '.join(FILES)}")
    return FILES[name]
