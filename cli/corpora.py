"""Which texts does `bpelab parity` compare? Those that every machine has, or those that a user names."""

import os
import pydoc_data.topics
import sys
from collections.abc import Iterator
from pathlib import Path

from bpelab.bpe.corpus.documents import files_of
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.cli.progress import warnings_as_lines
from bpelab.cli.text import read_text

Texts = Iterator[tuple[str, str]]


def default_corpora() -> dict[str, Texts]:
    """Return the corpora of every machine, and the texts in `BPELAB_DATA` or ../shared/data, by name."""
    corpora = {
        "multilingual sample": multilingual_sample(),
        "Python's documentation": iter(pydoc_data.topics.topics.items()),
        "standard library source": standard_library(),
    }
    folder = Path(os.environ.get("BPELAB_DATA", Path("..") / "shared" / "data")) / "text"
    for path in sorted(folder.glob("*.txt")):
        corpora[path.stem] = iter([(str(path), read_text(str(path)))])
    return corpora


def named_corpus(name: str) -> Texts:
    """Yield (source, text) of a file or pipe, of standard input for "-", or of every file of a directory."""
    if name == "-" or not Path(name).is_dir():
        yield "standard input" if name == "-" else name, read_text(name)
        return
    with warnings_as_lines():
        files = files_of(Path(name))
    for path in files:
        try:
            yield str(path), read_text(str(path))
        except ValueError as error:
            print(f"bpelab: left out {error}", file=sys.stderr)
