"""What is a corpus? Documents: strings, files and directories, read in blocks that fit in memory."""

import codecs
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from bpelab.bpe.training.pieces import CUTTABLE_PATTERNS, cut_text, last_cut

# A string is a document, a path is a file or a directory of files.
Texts = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Errors = Literal["strict", "replace"]

BLOCK_BYTES = 4 << 20


def blocks(texts: Texts, pattern: str, errors: Errors = "strict") -> Iterator[list[str]]:
    """Yield the corpus in lists of texts whose pieces, counted apart, are the pieces of the documents.

    Lists hold about 4 MB. A document longer than that is cut where the pattern is one of OpenAI's, and
    is held in memory as a whole for any other pattern, which might end a piece anywhere. Every file is a
    document; in a directory all files below it are, folder by folder, hidden ones left out.

    Raises `ValueError` for a file that is not UTF-8, naming the byte, unless `errors` is "replace";
    `OSError` for a file that cannot be read, `TypeError` for what is neither a string nor a path.

    >>> list(blocks(["a document", "another"], pattern="."))
    [['a document', 'another']]
    """
    block: list[str] = []
    size = 0
    for text in _parts(texts, pattern in CUTTABLE_PATTERNS, errors):
        block.append(text)
        size += len(text)
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def n_bytes_of_files(texts: Texts) -> int | None:
    """Add up the sizes of the files of a corpus; None where it holds more than files and lists of them."""
    sources = _sources(texts)
    if not isinstance(sources, Sequence) or not sources:
        return None
    paths = [Path(source) for source in sources if isinstance(source, os.PathLike)]
    if len(paths) < len(sources):
        return None
    return sum(file.stat().st_size for path in paths for file in files_of(path))


def _sources(texts: Texts) -> Iterable[str | os.PathLike[str]]:
    return [texts] if isinstance(texts, str | os.PathLike) else texts


def _parts(texts: Texts, cuttable: bool, errors: Errors) -> Iterator[str]:
    for source in _sources(texts):
        if isinstance(source, str):
            yield from cut_text(source, BLOCK_BYTES) if cuttable else [source]
        elif isinstance(source, os.PathLike):
            for path in files_of(Path(source)):
                yield from _read_file(path, cuttable, errors)
        else:
            raise TypeError(
                f"a corpus holds documents as str and files as pathlib.Path, not {type(source).__name__}"
                f" ({source!r:.40})"
            )


def files_of(path: Path) -> Iterator[Path]:
    """Yield a file itself; of a directory all files below it, folder by folder, but for hidden ones."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _read_file(path: Path, cuttable: bool, errors: Errors) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    n_read, waiting = 0, ""
    with path.open("rb") as file:
        while True:
            part = file.read(BLOCK_BYTES if cuttable else -1)
            n_pending = len(decoder.getstate()[0])  # the first bytes of a character that `part` goes on with
            try:
                waiting += decoder.decode(part, final=not part)
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise ValueError(
                    f"{path}: not UTF-8 at byte {n_read - n_pending + error.start:,}: {error.reason}"
                    f" (0x{byte:02x}). To train on it all the same, pass errors='replace'."
                ) from None
            if not part:
                break
            n_read += len(part)
            if cuttable and len(part) == BLOCK_BYTES and (end := last_cut(waiting)):
                yield waiting[:end]
                waiting = waiting[end:]
    if waiting:
        yield waiting
