"""How is a corpus of any size cut into parts that can be encoded apart, always at the same places?"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.training.pieces import CUTTABLE_PATTERNS, last_cut

# What is a document: a file, a line, or the value of "text" in a line of JSON.
Documents = Literal["file", "line", "jsonl"]
Errors = Literal["strict", "replace"]

PART_BYTES = 4 << 20
# Text has a place to cut in every few characters, and lines end in every few thousand.
_WINDOW_BYTES = 1 << 16


class Segment(NamedTuple):
    """Some bytes of a file, and whether a document ends with them."""

    path: str
    start: int
    end: int
    ends_document: bool


class Position(NamedTuple):
    """A place in a corpus: a file, counted from 0, and a byte of it."""

    file: int
    byte: int


class Part(NamedTuple):
    """Segments to encode at a time, about 4 MB, and the place where the next part begins."""

    segments: list[Segment]
    next: Position


def parts_of(
    files: Sequence[str], position: Position, *, pattern: str, documents: Documents
) -> Iterator[Part]:
    """Yield the parts of a corpus from a position on; each depends on nothing but where it begins.

    A file that is one document is cut where the pattern surely ends a piece (`last_cut`), for OpenAI's
    patterns; for any other pattern it is one segment. Only where a cut is looked for are files read.
    """
    cut: Callable[[bytes], int] | None = partial(_cut_after, b"\n") if documents != "file" else None
    if documents == "file" and pattern in CUTTABLE_PATTERNS:
        cut = cut_in_text
    segments: list[Segment] = []
    n_bytes = 0
    for number in range(position.file, len(files)):
        path, start = files[number], position.byte if number == position.file else 0
        size = os.stat(path).st_size
        while start < size:
            end = _segment_end(path, start, size, cut)
            segments.append(Segment(path, start, end, documents == "file" and end == size))
            n_bytes += end - start
            start = end
            if n_bytes >= PART_BYTES // 2:
                yield Part(segments, Position(number, start) if start < size else Position(number + 1, 0))
                segments, n_bytes = [], 0
    if segments:
        yield Part(segments, Position(len(files), 0))


def _segment_end(path: str, start: int, size: int, cut: Callable[[bytes], int] | None) -> int:
    """Give the last place to cut before `start + PART_BYTES`, or else the first ones after it."""
    end = start + PART_BYTES
    if cut is None or end >= size:
        return size
    with open(path, "rb") as file:
        while end < size:
            file.seek(max(start, end - _WINDOW_BYTES))
            window = file.read(end - file.tell())
            if found := cut(window):
                return end - len(window) + found
            end += _WINDOW_BYTES // 2  # windows overlap: a cut lies between two characters
    return size


def _cut_after(separator: bytes, window: bytes) -> int:
    return window.rfind(separator) + 1


def cut_in_text(window: bytes) -> int:
    """Find the last byte of UTF-8 text, which may begin or end within a character, where to cut, or 0.

    >>> cut_in_text("é one two".encode()[1:])
    5
    """
    # What is not a whole character becomes surrogates, which neither end a word nor begin what follows.
    text = window.decode("utf-8", "surrogateescape")
    return len(text[: last_cut(text)].encode("utf-8", "surrogateescape"))


def encode_segments(
    segments: Sequence[Segment],
    *,
    encoding: Encoding,
    documents: Documents,
    end_of_text: int | None,
    errors: Errors,
    dtype: npt.DTypeLike,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Give the ids of some segments (n_tokens,), and where among them documents end (n_documents,) int64.

    Special tokens in the text are plain text. Empty documents are left out. Raises `ValueError` that names
    file and byte for what is not UTF-8 (unless `errors` is "replace") or not a line of JSON with "text".
    """
    chunks: list[npt.NDArray[Any]] = []
    ends: list[int] = []
    n_tokens = 0
    for segment in segments:
        for text, ends_document in _texts(segment, documents, errors):
            ids = encoding.encode_to_numpy(text, disallowed_special=())
            chunks.append(ids)
            n_tokens += len(ids)
            if ends_document:
                if end_of_text is not None:
                    chunks.append(np.array([end_of_text], dtype=np.uint32))
                    n_tokens += 1
                ends.append(n_tokens)
    joined = np.concatenate(chunks) if chunks else np.empty(0, dtype=np.uint32)
    return joined.astype(dtype), np.array(ends, dtype=np.int64)


def _texts(segment: Segment, documents: Documents, errors: Errors) -> Iterator[tuple[str, bool]]:
    with open(segment.path, "rb") as file:
        file.seek(segment.start)
        data = file.read(segment.end - segment.start)
    if documents == "file":
        yield _decoded(data, segment.path, segment.start, errors), segment.ends_document
        return
    at = segment.start
    for line in data.split(b"\n"):
        text = _decoded(line.removesuffix(b"\r"), segment.path, at, errors)
        if documents == "jsonl" and text.strip():
            text = _text_of_record(text, segment.path, at)
        if text:
            yield text, True
        at += len(line) + 1


def _decoded(data: bytes, path: str, at: int, errors: Errors) -> str:
    try:
        return data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not UTF-8 at byte {at + error.start:,} ({error.reason});"
            " errors='replace' encodes U+FFFD there"
        ) from None


def _text_of_record(line: str, path: str, at: int) -> str:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path}: the line at byte {at:,} is not JSON with a "text": {error!r}') from None
    if not isinstance(text, str):
        raise ValueError(
            f'{path}: the "text" of the line at byte {at:,} is {type(text).__name__}, not a string'
        )
    return text.encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace"
    )  # JSON can spell lone surrogates
