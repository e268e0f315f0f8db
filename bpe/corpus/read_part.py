"""What is in a part of a corpus? Its texts one after the other, and what could not be read."""

import hashlib
import io
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, BinaryIO, NamedTuple

from bpelab.bpe.corpus.compressed import DamagedError, decompressed
from bpelab.bpe.corpus.parquet import rows
from bpelab.bpe.corpus.parts import Part
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.corpus.remote import is_url
from bpelab.bpe.corpus.sources import open_source, read_bytes, require_unchanged
from bpelab.bpe.corpus.texts import UnreadableError, as_utf8, stretches, utf8_of_line, utf8_of_record
from bpelab.bpe.foundation.writing import named

_BUFFER_BYTES = 1 << 18


class Text(NamedTuple):
    """Some text of a document; a long document comes as several, which may be tokenized apart."""

    text: str  # never empty
    ends_document: bool


class Utf8(NamedTuple):
    """A `Text` as UTF-8."""

    data: bytes
    ends_document: bool


class PartReader(Iterator[Text]):
    """Yields the texts of a part; once it is exhausted, it knows what it has read."""

    n_skipped: int  # documents that could not be read
    first_skipped: str | None  # why the first of them could not, in words that name file and place

    def __init__(self, part: Part, reading: Reading, *, hashes: bool = True) -> None:
        self._part, self._reading = part, reading
        self.n_skipped, self.first_skipped = 0, None
        self._hash = hashlib.sha256() if hashes else None
        self._is_exhausted = False
        self._texts = self._read()

    def __next__(self) -> Text:
        data, ends_document = next(self._texts)
        return Text(data.decode(), ends_document)

    def utf8(self) -> Iterator[Utf8]:
        """Return an iterator over the same texts as UTF-8, which is what most files hold."""
        return self._texts

    @property
    def sha256(self) -> str:
        """The hash of everything that was read; `ValueError` before all is, and where none is kept."""
        if self._hash is None:
            raise ValueError(f"{self._part.name}: it was read without hashing it")
        if not self._is_exhausted:
            raise ValueError(f"{self._part.name}: its hash is known when all of it is read")
        return self._hash.hexdigest()

    def _read(self) -> Generator[Utf8, None, None]:
        part, format = self._part, self._part.source.kind.format
        try:
            if part.skipped:
                self._skip(part.skipped)
            elif format == "parquet":
                yield from self._rows()
            elif format == "jsonl" or self._reading.documents == "line":
                yield from self._lines()
            else:
                yield from self._one_document()
        except DamagedError as error:
            if self._reading.errors != "skip":
                require_unchanged(part.source)
                raise error.with_advice() from None
            self._skip(str(error))
        require_unchanged(part.source)
        self._is_exhausted = True

    def _one_document(self) -> Iterator[Utf8]:
        """Yield a document that is a file, or a stretch of one."""
        part, errors = self._part, self._reading.errors
        try:
            if not self._part.source.is_stream:
                yield Utf8(as_utf8(self._bytes(), errors), part.ends_document)
                return
            # What cannot be read is left out as a whole, which takes a look at all of it first.
            with self._copy() if errors == "skip" else self._stream() as file:
                if errors == "skip":
                    for _ in stretches(file, cuttable=True, errors=errors):
                        pass
                    file.seek(0)
                before = ""
                for text in stretches(file, cuttable=part.cuttable, errors=errors):
                    if before:
                        yield Utf8(before.encode(), False)
                    before = text
                if before:
                    yield Utf8(before.encode(), True)
        except UnreadableError as error:
            self._refuse(error, lambda: part.source.name, part.start, "file")

    def _lines(self) -> Iterator[Utf8]:
        """Yield documents that are lines, or records in lines, without the empty ones."""
        reading, is_text, at = self._reading, self._part.source.kind.format == "text", self._part.start
        with self._stream() if self._part.source.is_stream else io.BytesIO(self._bytes()) as file:
            for number, line in enumerate(file):
                try:
                    if is_text:
                        data = utf8_of_line(line, reading.errors)
                    else:
                        data = utf8_of_record(line, reading.column, reading.errors)
                    if data:
                        yield Utf8(data, True)
                except UnreadableError as error:
                    noun = "line" if is_text else "record"
                    self._refuse(error, partial(self._place_of_line, number), at, noun)
                at += len(line)

    def _rows(self) -> Iterator[Utf8]:
        """Yield documents that are rows, without the empty ones."""
        part, reading, name = self._part, self._reading, self._part.source.name
        is_stream = part.source.is_stream
        groups = None if is_stream else range(part.start, part.end)
        with self._copy() if is_stream else closing(open_source(part.source)) as file:
            values = rows(file, name, reading.column, groups)
            for number, value in enumerate(values, part.n_rows_before):
                if not is_stream:  # otherwise the whole file is hashed
                    n_bytes = -1 if value is None else len(value)
                    self._add_to_hash(n_bytes.to_bytes(8, "little", signed=True) + (value or b""))
                try:
                    if value is None:
                        raise UnreadableError("null, and not text", None)
                    if value:
                        yield Utf8(as_utf8(value, reading.errors), True)
                except UnreadableError as error:
                    self._refuse(error, partial("{}, row {:,}".format, name, number), 0, "row")

    def _bytes(self) -> bytes:
        part = self._part
        data = read_bytes(part.source, part.start, part.end)
        if len(data) < part.end - part.start:
            require_unchanged(part.source)
        self._add_to_hash(data)
        return data

    def _add_to_hash(self, data: bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)

    @contextmanager
    def _stream(self) -> Iterator[BinaryIO]:
        source = self._part.source
        if source.size == 0 and source.kind.compression:  # which Python takes for nothing, compressed
            raise DamagedError(f"{source.name}: not {source.kind.compression}: the file is empty")
        with closing(open_source(source)) as file:
            hashed = io.BufferedReader(_Hashed(file, self._add_to_hash), _BUFFER_BYTES)
            yield decompressed(hashed, source.kind.compression, source.name)

    @contextmanager
    def _copy(self) -> Iterator[BinaryIO]:
        """Copy a stream into a file that has no name, to read it more than once or in another order."""
        with tempfile.TemporaryFile() as copy:
            with self._stream() as file:
                while data := file.read(_BUFFER_BYTES):
                    with named(tempfile.gettempdir()):
                        copy.write(data)
            with named(tempfile.gettempdir()):
                copy.seek(0)
            yield copy

    def _skip(self, why: str) -> None:
        self.n_skipped += 1
        self.first_skipped = self.first_skipped or why

    def _refuse(self, error: UnreadableError, place: Callable[[], str], at: int, noun: str) -> None:
        """Skip a document that cannot be read, or raise the `ValueError` that says so."""
        if self._reading.errors == "skip" and self.first_skipped:
            self.n_skipped += 1
            return
        of = " of the row" if noun == "row" else " of its text" if self._part.source.kind.compression else ""
        said = f"{place()}: {error.what}"
        said += "" if error.at is None else f" at byte {at + error.at:,}{of}"
        said += f": {error.reason}" if error.reason else ""
        if self._reading.errors == "skip":
            self._skip(said)
            return
        require_unchanged(self._part.source)  # which would be the better explanation
        advice = f"{error.advice}, " if error.advice else ""
        raise ValueError(f"{said}; {advice}errors='skip' leaves out the {noun}") from None

    def _place_of_line(self, number: int) -> str:
        """Name a line by its number in the file, which is read up to here to know it, unless it is remote."""
        source, start = self._part.source, self._part.start
        if start and is_url(source.path):
            return source.name
        with closing(open_source(source)) as file:
            while start > 0:
                data = file.read(min(start, _BUFFER_BYTES))
                number += data.count(b"\n")
                start -= len(data) or start
        return f"{source.name}, line {number + 1:,}"


class _Hashed(io.RawIOBase):
    """Passes on what is read, and hashes it."""

    def __init__(self, file: BinaryIO, add_to_hash: Callable[[bytes], None]) -> None:
        self._file, self._add_to_hash = file, add_to_hash

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._add_to_hash(data)
        return len(data)


def read_part(part: Part, reading: Reading, *, hashes: bool = True) -> PartReader:
    """Return an iterator over the texts of a part, of which it holds a few MB at a time.

    Without `hashes` it takes no SHA-256 of what it reads, which would be a third of the time. A text that is
    one document and cannot be cut is held as a whole, and so are a line and a row. With `errors` "skip",
    compressed texts that are one document each are first copied to a temporary file.

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
    return PartReader(part, reading, hashes=hashes)
