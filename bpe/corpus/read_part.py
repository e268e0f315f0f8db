"""What is in a part of a corpus? Its texts one after the other, and what could not be read."""

import hashlib
import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from bpelab.bpe.corpus.parts import Part
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.corpus.sources import version_of


class Text(NamedTuple):
    """Some text of a document; a long document comes as several, which may be tokenized apart."""

    text: str  # never empty
    ends_document: bool


class PartReader(Iterator[Text]):
    """Yields the texts of a part; once it is exhausted, it knows what it has read."""

    n_skipped: int  # documents that could not be read
    first_skipped: str | None  # why the first of them could not, in words that name file and place

    def __init__(self, part: Part, reading: Reading) -> None:
        self._part, self._reading = part, reading
        self.n_skipped, self.first_skipped = 0, None
        self._hash = hashlib.sha256()
        self._is_exhausted = False
        self._texts = self._read()

    def __next__(self) -> Text:
        return next(self._texts)

    @property
    def sha256(self) -> str:
        """The hash of everything that was read; `ValueError` before all is."""
        if not self._is_exhausted:
            raise ValueError(f"{self._part.name}: its hash is known when all of it is read")
        return self._hash.hexdigest()

    def _read(self) -> Iterator[Text]:
        part, reading = self._part, self._reading
        data = self._bytes()
        if part.format == "text" and reading.documents == "file":
            yield Text(_decoded(data, part.source.name, part.start, reading), part.ends_document)
        else:
            at = part.start
            for line in data.split(b"\n"):
                text = _decoded(line.removesuffix(b"\r"), part.source.name, at, reading)
                if part.format == "jsonl" and text.strip():
                    text = _text_of_record(text, part.source.name, at, reading.column)
                if text:
                    yield Text(text, True)
                at += len(line) + 1
        self._is_exhausted = True

    def _bytes(self) -> bytes:
        """Read a part of a file; `ValueError` where the file has changed since it was listed."""
        part, source = self._part, self._part.source
        with open(source.path, "rb") as file:
            file.seek(part.start)
            data = file.read(part.end - part.start)
            now = os.fstat(file.fileno())
        if (now.st_size, version_of(now)) != (source.size, source.version):
            raise ValueError(
                f"{source.name}: it was changed while it was read; start again when nothing writes to it"
            )
        self._hash.update(data)
        return data


def read_part(part: Part, reading: Reading) -> PartReader:
    """Return an iterator over the texts of a part, of which it holds a few MB at a time.

    Iterating raises `ValueError`, which names the file and the byte or row, for what cannot be read, unless
    `reading.errors` says to replace or skip it, and for a file that has changed since it was listed;
    `OSError`.

    >>> from bpelab.bpe.corpus.parts import list_parts
    >>> reading = Reading()
    >>> [part] = list_parts(["bpe/corpus/__init__.py"], reading, pattern=".")
    >>> reader = read_part(part, reading)
    >>> [(text[:12], ends_document) for text, ends_document in reader]
    [('""\"How is a ', True)]
    >>> reader.n_skipped, len(reader.sha256)
    (0, 64)
    """
    return PartReader(part, reading)


def _decoded(data: bytes, name: str, at: int, reading: Reading) -> str:
    try:
        return data.decode("utf-8", "replace" if reading.errors == "replace" else "strict")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}: not UTF-8 at byte {at + error.start:,} ({error.reason});"
            " errors='replace' puts U+FFFD there"
        ) from None


def _text_of_record(line: str, name: str, at: int, column: str) -> str:
    try:
        text = json.loads(line)[column]
    except RecursionError:
        raise ValueError(f"{name}: the line at byte {at:,} is JSON nested too deeply to be read") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{name}: the line at byte {at:,} is not JSON with a "{column}": {error!r}'
        ) from None
    if not isinstance(text, str):
        raise ValueError(
            f'{name}: the "{column}" of the line at byte {at:,} is {type(text).__name__}, not a string'
        )
    # JSON can spell lone surrogates.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
