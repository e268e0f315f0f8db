"""How is a corpus cut into parts that can be encoded apart? At places that depend on the corpus alone."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

from bpelab.bpe.splitting.cuts import CUTTABLE_PATTERNS, last_cut
from bpelab.dataset.sources import Source

# What is a document: a file, a line, or the value of "text" in a line of JSON.
Documents = Literal["file", "line", "jsonl"]

PART_BYTES = 4 << 20
# Text has a place to cut in every few characters, and lines end in every few thousand.
_WINDOW_BYTES = 1 << 16


class Segment(NamedTuple):
    """Some bytes of a file, and whether a document ends with them."""

    source: Source
    start: int
    end: int
    ends_document: bool


Part = list[Segment]  # about 4 MB, encoded at a time


def n_bytes_of(part: Part) -> int:
    """Return how many bytes of text a part has."""
    return sum(segment.end - segment.start for segment in part)


def parts_of(sources: Sequence[Source], *, pattern: str, documents: Documents) -> Iterator[Part]:
    """Yield the parts of a corpus, which depend on nothing but its files, their order and their contents.

    A file that is one document is cut where the pattern surely ends a piece (`last_cut`), for OpenAI's
    patterns; for any other pattern it is one segment. Only where a cut is looked for are files read.
    """
    cut: Callable[[bytes], int] | None = partial(_cut_after, b"\n") if documents != "file" else None
    if documents == "file" and pattern in CUTTABLE_PATTERNS:
        cut = cut_in_text
    segments: Part = []
    n_bytes = 0
    for source in sources:
        start = 0
        while start < source.size:
            end = _segment_end(source, start, cut)
            segments.append(Segment(source, start, end, documents == "file" and end == source.size))
            n_bytes += end - start
            start = end
            if n_bytes >= PART_BYTES // 2:
                yield segments
                segments, n_bytes = [], 0
    if segments:
        yield segments


def _segment_end(source: Source, start: int, cut: Callable[[bytes], int] | None) -> int:
    """Return the last place to cut before `start + PART_BYTES`, or else the first one after it."""
    end = start + PART_BYTES
    if cut is None or end >= source.size:
        return source.size
    with open(source.path, "rb") as file:
        while end < source.size:
            file.seek(max(start, end - _WINDOW_BYTES))
            window = file.read(end - file.tell())
            if found := cut(window):
                return end - len(window) + found
            end += _WINDOW_BYTES // 2  # windows overlap: a cut lies between two characters
    return source.size


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


def read_segment(segment: Segment) -> bytes:
    """Read a segment's bytes; `ValueError` where its file has changed since it was listed."""
    source = segment.source
    with open(source.path, "rb") as file:
        file.seek(segment.start)
        data = file.read(segment.end - segment.start)
        now = os.fstat(file.fileno())
    if (now.st_size, now.st_mtime_ns, len(data)) != (
        source.size,
        source.mtime_ns,
        segment.end - segment.start,
    ):
        raise ValueError(
            f"{source.name}: it was changed while it was read; begin again, into another directory, when"
            " nothing writes to it"
        )
    return data
