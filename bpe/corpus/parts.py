"""How is a corpus cut into parts that can be read apart? At places that depend on the corpus alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from bpelab.bpe.corpus.compressed import DamagedError
from bpelab.bpe.corpus.parquet import RowGroup, row_groups
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.corpus.remote import N_REQUESTS, answers, is_url
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
    return list(parts_of(list_sources(corpus, reading), reading, pattern))


def usual_task_bytes(n_bytes: int, least: int = LEAST_TASK_BYTES) -> int:
    """Return how much text to work on at a time where nobody says it: a 256th of all, from 16 to 256 MiB.

    Work that costs more for each task has another `least`.

    >>> [usual_task_bytes(n) >> 20 for n in (10**6, 10**10, 10**12)]
    [16, 37, 256]
    """
    return min(MOST_TASK_BYTES, max(least, n_bytes // N_TASKS))


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


def parts_of(sources: Iterable[Source], reading: Reading, pattern: str) -> Iterator[Part]:
    """Yield the parts of files, as `list_parts` returns them; of a pipe, the one that is all it sends.

    What is looked up in files that are not on this machine is asked for ahead, several at a time.
    """
    sources = list(sources)
    requests = (request for source in sources for request in _requests(source, reading, pattern))
    n_at_once = N_REQUESTS if any(is_url(source.path) for source in sources) else 1
    with closing(answers(requests, n_at_once)) as looked_up:
        for source in sources:
            yield from _parts(source, reading, pattern, looked_up)


def _requests(source: Source, reading: Reading, pattern: str) -> Iterator[Callable[[], Any]]:
    """Yield the functions whose answers `_parts` takes, in order."""
    if source.is_stream:
        return
    if source.kind.format == "parquet":
        yield partial(_row_groups, source, reading)
    elif _cut(source, reading, pattern) is not None:
        for wanted in _wanted(source):
            yield partial(read_bytes, source, max(0, wanted - _WINDOW_BYTES), wanted)


def _parts(source: Source, reading: Reading, pattern: str, looked_up: Iterator[Any]) -> Iterator[Part]:
    is_document = _is_document(source, reading)
    cuttable = is_document and pattern in CUTTABLE_PATTERNS
    if source.is_stream:
        yield Part(source, 0, source.size, max(0, source.size), is_document, cuttable)
        return
    if source.kind.format == "parquet":
        yield from _parts_of_parquet(source, next(looked_up))
        return
    cut = _cut(source, reading, pattern)
    ends = [] if cut is None else list(_ends(source, cut, looked_up))
    if is_document and reading.errors == "skip" and ends and (why := _not_text(source)):
        yield Part(source, 0, source.size, source.size, skipped=why)
        return
    start = 0
    for end in [*ends, source.size] if source.size else ():
        yield Part(source, start, end, end - start, is_document and end == source.size, cuttable)
        start = end


def _is_document(source: Source, reading: Reading) -> bool:
    return source.kind.format == "text" and reading.documents == "file"


def _cut(source: Source, reading: Reading, pattern: str) -> Callable[[bytes], int] | None:
    """Return what finds the last place where to cut; None where a document is kept whole."""
    if not _is_document(source, reading):
        return partial(_cut_after, b"\n")
    return cut_in_text if pattern in CUTTABLE_PATTERNS else None


def _wanted(source: Source) -> range:
    return range(PART_BYTES, source.size, PART_BYTES)


def _row_groups(source: Source, reading: Reading) -> list[RowGroup] | str:
    """Return the row groups, or why nothing can be read of the file, where `errors` is "skip"."""
    try:
        with closing(open_source(source)) as file:
            return row_groups(file, source.name, reading.column)
    except DamagedError as error:
        if reading.errors != "skip":
            raise error.with_advice() from None
        return str(error)


def _parts_of_parquet(source: Source, groups: list[RowGroup] | str) -> Iterator[Part]:
    if isinstance(groups, str):
        yield Part(source, 0, source.size, source.size, skipped=groups)
        return
    start = n_before = n_rows = n_bytes = 0
    for end, group in enumerate(groups, 1):
        n_rows += group.n_rows
        n_bytes += group.n_bytes
        if n_rows and (n_bytes >= PART_BYTES or end == len(groups)):
            yield Part(source, start, end, n_bytes, n_rows_before=n_before, n_rows=n_rows)
            start, n_before, n_rows, n_bytes = end, n_before + n_rows, 0, 0


def _ends(source: Source, cut: Callable[[bytes], int], windows: Iterator[bytes]) -> Iterator[int]:
    """Yield where the parts of a file end, but for the last: near multiples of `PART_BYTES`."""
    end = 0
    for wanted in _wanted(source):
        window = next(windows)
        if wanted <= end:
            continue  # the last part had no place to cut for so long
        # The last place before `wanted`, or else the first one found after it.
        start = max(end, wanted - _WINDOW_BYTES)
        found = cut(window[start - wanted :])
        for window_end in range(wanted, source.size, _WINDOW_BYTES // 2)[1:]:  # windows overlap
            if found:
                break
            start = max(end, window_end - _WINDOW_BYTES)
            found = cut(read_bytes(source, start, window_end))
        end = start + found if found else source.size
        if found:
            yield end


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
