"""How is a corpus of any size cut into parts that can be encoded apart, always at the same places?"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.splitting.cuts import CUTTABLE_PATTERNS, last_cut

# What is a document: a file, a line, or the value of "text" in a line of JSON.
Documents = Literal["file", "line", "jsonl"]
Errors = Literal["strict", "replace"]

PART_BYTES = 4 << 20
# Text has a place to cut in every few characters, and lines end in every few thousand.
_WINDOW_BYTES = 1 << 16


class Source(NamedTuple):
    """A file of the corpus, as it was when it was listed; `name` is what messages call it."""

    name: str
    path: str  # of its bytes: the file itself, or a copy of what came through a pipe
    size: int
    mtime_ns: int


class Segment(NamedTuple):
    """Some bytes of a file, and whether a document ends with them."""

    source: Source
    start: int
    end: int
    ends_document: bool


Part = list[Segment]  # to encode at a time, about 4 MB


class EncodedPart(NamedTuple):
    """What a part became, and what it was made of."""

    ids: npt.NDArray[Any]  # (n_tokens,)
    document_ends: npt.NDArray[np.int64]  # (n_documents,) the places after their last tokens
    sha256s: list[str]  # of each segment's bytes


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
    # What is not a whole character becomes surrogates, which neither end a word nor begin what follows.
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


def encode_part(
    segments: Part,
    *,
    encoding: Encoding,
    documents: Documents,
    end_of_text: int | None,
    errors: Errors,
    dtype: npt.DTypeLike,
) -> EncodedPart:
    """Read and encode some segments.

    Special tokens in the text are plain text. Empty documents are left out. Raises `ValueError` that names
    file and byte for what is not UTF-8 (unless `errors` is "replace") or not a line of JSON with "text",
    and that names the file where it changed meanwhile.
    """
    chunks: list[npt.NDArray[Any]] = []
    ends: list[int] = []
    sha256s: list[str] = []
    n_tokens = 0
    for segment in segments:
        data = read_segment(segment)
        sha256s.append(hashlib.sha256(data).hexdigest())
        for text, ends_document in _texts(data, segment, documents, errors):
            ids = encoding.encode_to_numpy(text, disallowed_special=())
            chunks.append(ids)
            n_tokens += len(ids)
            if ends_document:
                if end_of_text is not None:
                    chunks.append(np.array([end_of_text], dtype=np.uint32))
                    n_tokens += 1
                ends.append(n_tokens)
    joined = np.concatenate(chunks) if chunks else np.empty(0, dtype=np.uint32)
    return EncodedPart(joined.astype(dtype), np.array(ends, dtype=np.int64), sha256s)


def _texts(data: bytes, segment: Segment, documents: Documents, errors: Errors) -> Iterator[tuple[str, bool]]:
    name, at = segment.source.name, segment.start
    if documents == "file":
        yield _decoded(data, name, at, errors), segment.ends_document
        return
    for line in data.split(b"\n"):
        text = _decoded(line.removesuffix(b"\r"), name, at, errors)
        if documents == "jsonl" and text.strip():
            text = _text_of_record(text, name, at)
        if text:
            yield text, True
        at += len(line) + 1


def _decoded(data: bytes, name: str, at: int, errors: Errors) -> str:
    try:
        return data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}: not UTF-8 at byte {at + error.start:,} ({error.reason});"
            " errors='replace' encodes U+FFFD there"
        ) from None


def _text_of_record(line: str, name: str, at: int) -> str:
    try:
        text = json.loads(line)["text"]
    except RecursionError:
        raise ValueError(f"{name}: the line at byte {at:,} is JSON nested too deeply to be read") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{name}: the line at byte {at:,} is not JSON with a "text": {error!r}') from None
    if not isinstance(text, str):
        raise ValueError(
            f'{name}: the "text" of the line at byte {at:,} is {type(text).__name__}, not a string'
        )
    return text.encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace"
    )  # JSON can spell lone surrogates
