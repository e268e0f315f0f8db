"""Which texts does `bpelab parity` compare? Those that every machine has, or those that a user names."""

import os
import sys
from pathlib import Path

from bpelab.bpe.corpus.documents import files_of
from bpelab.bpe.parity.corpora import Texts
from bpelab.cli.progress import warnings_as_lines
from bpelab.cli.text import read_text


def data_folder() -> Path:
    """Return where a user's own texts are: `text` in `BPELAB_DATA`, or in ../shared/data."""
    return Path(os.environ.get("BPELAB_DATA", Path("..") / "shared" / "data")) / "text"


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
