"""Where do the chapter's texts come from? They are public, and their downloads are checked."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from bpelab.bpe.files.download import MAX_BYTES, download, sha256
from bpelab.bpe.foundation.nearest import did_you_mean
from bpelab.bpe.foundation.user_cache import cache_directory
from bpelab.bpe.foundation.writing import write_atomically


class PublicText(NamedTuple):
    """A text that anyone may read, and the SHA-256 of exactly these bytes of it."""

    title: str
    address: str
    sha256: str
    n_bytes: int = MAX_BYTES  # the most that is accepted, if the size is not known

    @property
    def file(self) -> str:
        """The name of the file, at the address and in the cache."""
        return self.address.rpartition("/")[2]


TEXTS = {
    "the-verdict": PublicText(
        'Edith Wharton, "The Verdict" (1908): the text of chapter 2',
        "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt",
        "b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f",
        n_bytes=20_479,
    ),
}


def text_path(name: str) -> Path:
    """Return the path that a text has, or would have, in the user's cache; `KeyError` for an unknown name."""
    return cache_directory() / _known(name).file


def fetch_text(name: str, source: Path | None = None) -> Path:
    """Return the path of a text in the user's cache, downloaded or copied there if it is not there yet.

    With `source`, a file with the text, nothing is downloaded. The SHA-256 is always checked. Raises
    `KeyError` for an unknown name, `ValueError` for another SHA-256, and `OSError`, which says what else to
    do, if the address cannot be reached.
    """
    known = _known(name)
    if source is not None:
        with source.open("rb") as file:
            content = file.read(known.n_bytes + 1)  # a device might never end
        if (found := hashlib.sha256(content).hexdigest()) != known.sha256:
            raise ValueError(f"{source}: its SHA-256 is {found}, that of {name} is {known.sha256}")
        path = text_path(name)
        if not path.is_file() or sha256(path) != known.sha256:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
        return path
    try:
        return download(known.address, known.sha256, known.file, known.n_bytes)
    except (OSError, ValueError) as error:
        raise OSError(
            f"{name} could not be downloaded from {known.address} ({error}): where you have the file,"
            f" name it, as fetch_text({name!r}, source=PATH)"
        ) from None


def _known(name: str) -> PublicText:
    if name not in TEXTS:
        raise KeyError(f"no text is called {name!r}{did_you_mean(name, TEXTS)}; there are {', '.join(TEXTS)}")
    return TEXTS[name]
