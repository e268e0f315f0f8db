"""Which texts are compared with tiktoken by default? Those of every machine, and those of a data folder."""

import pydoc_data.topics
from collections.abc import Iterator
from pathlib import Path

from bpelab.bpe.foundation.reading import refuse
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.parity.standard_library import standard_library

Texts = Iterator[tuple[str, str]]


def default_corpora(folder: Path) -> dict[str, Texts]:
    """Return corpora by name, as (source, text) pairs: three of every machine, and `folder`'s .txt files.

    A folder that does not exist adds none. Raises `ValueError`, naming the file, for text that is not UTF-8.
    """
    corpora = {
        "multilingual sample": multilingual_sample(),
        "Python's documentation": iter(pydoc_data.topics.topics.items()),
        "standard library source": standard_library(),
    }
    for path in sorted(folder.glob("*.txt")):
        corpora[path.stem] = iter([(str(path), _read(path))])
    return corpora


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        refuse(path, None, f"not UTF-8 at byte {error.start:,} ({error.reason})")
