"""What is trained on? Documents: strings, files, folders and corpora, read in blocks that fit in memory."""

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bpelab.bpe.corpus.parts import Part, filled, parts_of
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.corpus.reading import DEFAULT, TEXT, Errors, Reading
from bpelab.bpe.corpus.sources import Named, Source, for_any_process, path_of, sources_of
from bpelab.bpe.splitting.cuts import CUTTABLE_PATTERNS, cut_text

BLOCK_BYTES = 4 << 20


@dataclass(frozen=True)
class Corpus:
    """Files to train on, and how to read them: paths of files and folders, patterns of names, and URLs.

    >>> corpus = Corpus(["s3://bucket/*.parquet"], Reading(column="content"))
    """

    sources: Sequence[Named]
    reading: Reading = DEFAULT


# A string is a document, a path is a file or a directory of files.
Texts = str | os.PathLike[str] | Corpus | Iterable[str | os.PathLike[str] | Corpus]


def blocks(texts: Texts, pattern: str, errors: Errors = "strict") -> Iterator[list[str | bytes]]:
    """Yield the corpus in lists of texts; the pieces of the texts are the pieces of the documents.

    A list has about 4 MB. Of documents in memory the texts are strings, of files they are UTF-8. A longer
    document is cut if the pattern is one of OpenAI's. Any other pattern might end a piece anywhere, and the
    document is held in memory as a whole. What is a document of a file, its name tells (`Reading.kind_of`),
    or the `Reading` of a `Corpus`; of a directory, every file that `files_of` returns is read. At the end a
    `UserWarning` counts what was skipped.

    Raises `ValueError`, which names file and byte, for what cannot be read, unless `errors` is "replace" or
    "skip", and for a file that changes while it is read; `OSError` for a file that cannot be read;
    `TypeError` for a source that is neither a string nor a path.

    >>> list(blocks(["a document", "another"], pattern="."))
    [['a document', 'another']]
    """
    yield from in_blocks(_texts(texts, pattern, errors))


def in_blocks(texts: Iterable[str | bytes]) -> Iterator[list[str | bytes]]:
    """Yield texts in lists of about 4 MB."""
    return filled(texts, BLOCK_BYTES, len)


def parts_of_files(texts: Texts, pattern: str, errors: Errors) -> Iterator[tuple[Part, Reading]]:
    """Yield the parts of a corpus of files, which any process can read, each with how it is read.

    Raises `ValueError` for documents that are strings and for pipes, which only this process can read.
    """
    for one in _listed(texts):
        if isinstance(one, str):
            raise ValueError(
                f"{one!r:.40} is a document in memory, which other machines cannot read: write documents to"
                " files, and name those as pathlib.Path or in a Corpus"
            )
        reading = _reading(one, errors)
        sources = list(_sources(one, errors, warns=True))
        for source in sources:
            if source.size < 0:
                raise ValueError(
                    f"{source.name}: a pipe can be read only on this machine; write what it sends to a file"
                )
        for part in parts_of(map(for_any_process, sources), reading, pattern):
            yield part, reading


def n_bytes_of_files(texts: Texts) -> int | None:
    """Return the total size of a corpus of files of text; None if it contains anything else.

    That is strings, whose iterator cannot be asked twice; pipes, whose size is not known before their end;
    and records and compressed files, whose texts have another size.
    """
    listed = _listed(texts)
    if not isinstance(listed, Sequence) or not listed or any(isinstance(one, str) for one in listed):
        return None
    sources = [
        source
        for one in listed
        if isinstance(one, os.PathLike | Corpus)
        for source in _sources(one, "strict", warns=False)
    ]
    if any(source.kind != TEXT or source.size < 0 for source in sources):
        return None
    return sum(source.size for source in sources)


def paths_of(texts: Texts) -> list[str | os.PathLike[str]]:
    """Return the names of all files and folders of a corpus; none where it cannot be listed twice."""
    listed = _listed(texts)
    found: list[str | os.PathLike[str]] = []
    for one in listed if isinstance(listed, Sequence) else ():
        if isinstance(one, Corpus):
            found += [named.path if isinstance(named, Source) else named for named in one.sources]
        elif isinstance(one, os.PathLike):
            found.append(one)
    return found


def _listed(texts: Texts) -> Iterable[str | os.PathLike[str] | Corpus]:
    return [texts] if isinstance(texts, str | os.PathLike | Corpus) else texts


def _sources(one: os.PathLike[str] | Corpus, errors: Errors, *, warns: bool) -> Iterator[Source]:
    if isinstance(one, Corpus):
        for named in one.sources:
            yield from sources_of(named, one.reading, warns=warns)
    else:
        yield from sources_of(path_of(one), Reading(errors=errors), warns=warns)


def _texts(texts: Texts, pattern: str, errors: Errors) -> Iterator[str | bytes]:
    n_skipped, first_skipped = 0, ""
    for one in _listed(texts):
        if isinstance(one, str):
            yield from cut_text(one, BLOCK_BYTES) if pattern in CUTTABLE_PATTERNS else [one]
            continue
        reading = _reading(one, errors)
        for part in parts_of(_sources(one, errors, warns=True), reading, pattern):
            reader = read_part(part, reading, hashes=False)
            for data, _ in reader.utf8():
                yield data
            n_skipped += reader.n_skipped
            first_skipped = first_skipped or reader.first_skipped or ""
    if n_skipped:
        warnings.warn(skipped(n_skipped, first_skipped), stacklevel=2)


def _reading(one: os.PathLike[str] | Corpus, errors: Errors) -> Reading:
    if not isinstance(one, os.PathLike | Corpus):
        raise TypeError(
            f"a corpus holds documents as str and files as pathlib.Path, not {type(one).__name__}"
            f" ({one!r:.40})"
        )
    return one.reading if isinstance(one, Corpus) else Reading(errors=errors)


def skipped(n_skipped: int, first: str) -> str:
    """Say what was skipped.

    >>> skipped(3, "a.jsonl, line 7: not JSON at byte 90")
    'skipped 3 documents that cannot be read; the first: a.jsonl, line 7: not JSON at byte 90'
    """
    documents = "1 document" if n_skipped == 1 else f"{n_skipped:,} documents"
    return f"skipped {documents} that cannot be read; the first: {first}"
