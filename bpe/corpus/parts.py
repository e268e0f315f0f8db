"""How is a corpus cut into parts that can be read apart? At places that depend on the corpus alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bpelab.bpe.corpus.compressed import DamagedError
from bpelab.bpe.corpus.parquet import row_groups
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.corpus.sources import Named, Source, list_sources, open_source, read_bytes
from bpelab.bpe.corpus.texts import UnreadableError, stretches
from bpelab.bpe.splitting.cuts import CUTTABLE_PATTERNS, last_cut

PART_BYTES = 4 << 20
# Text has a place to cut in every few characters, and lines end in every few thousand.
_WINDOW_BYTES = 1 << 16
# Some parts are worked on at a time: many such tasks keep all workers busy to the end, and a kill costs less.
# Few keep the number of files small that they make.
LEAST_TASK_BYTES = 16 << 20
MOST_TASK_BYTES = 256 << 20
N_TASKS = 256

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Part:
    """A stretch of a file that is read at a time, with everything that a process elsewhere needs for it."""

    source: Source
    start: int  # in bytes, or for Parquet in row groups
    end: int
    n_bytes: int  # how large it is, for progress; of Parquet, the column alone, not compressed
    ends_document: bool = False  # whether a document that is a whole file ends here
    cuttable: bool = False  # whether the text may be cut in two where `last_cut` says so
    n_rows_before: int = 0  # of Parquet
    n_rows: int = 0
    skipped: str = ""  # why nothing of it can be read, where `errors` is "skip"

    @property
    def name(self) -> str:
        """What messages call it: "a.txt", "a.txt, bytes 0-4,194,303" or "a.parquet, rows 0-9,999"."""
        if self.n_rows:
            return f"{self.source.name}, rows {self.n_rows_before:,}-{self.n_rows_before + self.n_rows - 1:,}"
        if (self.start, self.end) == (0, self.source.size):
            return self.source.name
        return f"{self.source.name}, bytes {self.start:,}-{self.end - 1:,}"


def list_parts(corpus: Sequence[Named], reading: Reading, pattern: str) -> list[Part]:
    """Return the parts of a corpus, of about 4 MB, which depend on nothing but its files and their contents.

    A text that is one document is cut where the pattern surely ends a piece (`last_cut`), for OpenAI's
    patterns; for any other pattern it is one part. Lines are kept whole, and so are row groups of Parquet. A
    compressed file is one part, which is read as a stream. Of files, only the footers of Parquet are read,
    and 64 KB around each place where text is cut; of long texts everything, where `errors` is "skip", to
    know which are not UTF-8 and are left out as a whole. Empty files have no parts.

    Raises what `list_sources` and `parquet.row_groups` raise.
    """
    return [part for source in list_sources(corpus, reading) for part in parts_of(source, reading, pattern)]


def usual_task_bytes(n_bytes: int) -> int:
    """Return how much text to work on at a time where nobody says it: a 256th of all, from 16 to 256 MiB.

    >>> [usual_task_bytes(n) >> 20 for n in (10**6, 10**10, 10**12)]
    [16, 37, 256]
    """
    return min(MOST_TASK_BYTES, max(LEAST_TASK_BYTES, n_bytes // N_TASKS))


def filled(items: Iterable[_Item], n_bytes: int, size: Callable[[_Item], int]) -> Iterator[list[_Item]]:
    """Yield items in lists, in order: each is full when it has so many bytes.

    >>> list(filled(["a", "bb", "c", "d"], 3, len))
    [['a', 'bb'], ['c', 'd']]
    """
    some: list[_Item] = []
    n = 0
    for item in items:
        some.append(item)
        n += size(item)
        if n >= n_bytes:
            yield some
            some, n = [], 0
    if some:
        yield some


def parts_of(source: Source, reading: Reading, pattern: str) -> Iterator[Part]:
    """Yield the parts of a file, as `list_parts` returns them; of a pipe, the one that is all it sends."""
    is_document = source.kind.format == "text" and reading.documents == "file"
    cuttable = is_document and pattern in CUTTABLE_PATTERNS
    if source.is_stream:
        yield Part(source, 0, source.size, max(0, source.size), is_document, cuttable)
    elif source.kind.format == "parquet":
        yield from _parts_of_parquet(source, reading)
    else:
        cut = cut_in_text if cuttable else None if is_document else partial(_cut_after, b"\n")
        ends = list(_ends(source, cut))
        if is_document and reading.errors == "skip" and len(ends) > 1 and (why := _not_text(source)):
            yield Part(source, 0, source.size, source.size, skipped=why)
            return
        start = 0
        for end in ends:
            yield Part(source, start, end, end - start, is_document and end == source.size, cuttable)
            start = end


def _parts_of_parquet(source: Source, reading: Reading) -> Iterator[Part]:
    try:
        with closing(open_source(source)) as file:
            groups = row_groups(file, source.name, reading.column)
    except DamagedError as error:
        if reading.errors != "skip":
            raise error.with_advice() from None
        yield Part(source, 0, source.size, source.size, skipped=str(error))
        return
    start = n_before = n_rows = n_bytes = 0
    for end, group in enumerate(groups, 1):
        n_rows += group.n_rows
        n_bytes += group.n_bytes
        if n_rows and (n_bytes >= PART_BYTES or end == len(groups)):
            yield Part(source, start, end, n_bytes, n_rows_before=n_before, n_rows=n_rows)
            start, n_before, n_rows, n_bytes = end, n_before + n_rows, 0, 0


def _ends(source: Source, cut: Callable[[bytes], int] | None) -> Iterator[int]:
    """Yield where the parts of a file end: near multiples of `PART_BYTES`, and at its end."""
    end = 0
    for wanted in range(PART_BYTES, source.size, PART_BYTES):
        if cut is None or wanted <= end:
            continue  # the last part had no place to cut for so long
        # The last place before `wanted`, or else the first one found after it.
        for window_end in range(wanted, source.size, _WINDOW_BYTES // 2):  # windows overlap
            start = max(end, window_end - _WINDOW_BYTES)
            if found := cut(read_bytes(source, start, window_end)):
                end = start + found
                yield end
                break
        else:
            break
    if source.size:
        yield source.size


def _not_text(source: Source) -> str:
    """Say where a file is not UTF-8; empty if it is."""
    with closing(open_source(source)) as file:
        try:
            for _ in stretches(file, cuttable=True, errors="strict"):
                pass
        except UnreadableError as error:
            return f"{source.name}: {error.what} at byte {error.at:,}: {error.reason}"
    return ""


def _cut_after(separator: bytes, window: bytes) -> int:
    return window.rfind(separator) + 1


def cut_in_text(window: bytes) -> int:
    """Find the last byte of UTF-8 text, which may begin or end within a character, where to cut, or 0.

    >>> cut_in_text("é one two".encode()[1:])
    5
    """
    # Halves of characters become surrogates, which neither end a word nor begin what follows.
    text = window.decode("utf-8", "surrogateescape")
    return len(text[: last_cut(text)].encode("utf-8", "surrogateescape"))
