"""What does a part of a corpus become? The ids of its documents, and where these end."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.encoding import Encoding
from bpelab.dataset.parts import Documents, Part, Segment, read_segment


class EncodedPart(NamedTuple):
    """What a part became, and what it was made of."""

    ids: npt.NDArray[Any]  # (n_tokens,)
    document_ends: npt.NDArray[np.int64]  # (n_documents,) the places after their last tokens
    sha256s: list[str]  # of each segment's bytes


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
    the file and the byte for text that is not UTF-8 (unless `errors` is "replace") and for a line that is not
    JSON with "text", and one that names a file which changed meanwhile.
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
