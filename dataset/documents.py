"""Which tokens of a batch may attend to each other where documents are kept apart?"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.dataset.checks import whole_number, whole_numbers


class DocumentParts(NamedTuple):
    """How the documents lie in a batch of windows."""

    positions: npt.NDArray[np.int64]  # (batch, length), from 0 in each part of a document
    cu_seqlens: npt.NDArray[np.int32]  # (n_parts + 1,), where parts begin in the flattened batch, and its end
    max_seqlen: int  # the longest part


def document_parts(
    window_starts: npt.NDArray[np.int64], length: int, document_ends: npt.NDArray[np.int64]
) -> DocumentParts:
    """Cut windows where documents end: positions that restart there, and FlashAttention's `cu_seqlens`.

    `window_starts` (batch,) and `document_ends` (n_documents,), sorted, are places in the same ids; an end
    is the place after a document's last token. Memory is that of the batch. A part never crosses windows.
    See `flash_attn_varlen_func`, https://github.com/Dao-AILab/flash-attention .

    Raises `TypeError` for places that are not integers, and `ValueError` for a place below 0, for ends that
    are not sorted, and for a batch of more tokens than `cu_seqlens` can count.

    >>> parts = document_parts(np.array([0, 4]), 4, document_ends=np.array([3, 20]))
    >>> parts.positions
    array([[0, 1, 2, 0],
           [0, 1, 2, 3]])
    >>> parts.cu_seqlens, parts.max_seqlen
    (array([0, 3, 4, 8], dtype=int32), 4)
    """
    window_starts = _places(window_starts, "window_starts")
    document_ends = _places(document_ends, "document_ends")
    length = whole_number(length, "the length", least=1)
    if len(unsorted := np.flatnonzero(document_ends[1:] < document_ends[:-1])):
        place = int(unsorted[0]) + 1
        raise ValueError(
            f"document_ends are not sorted: {document_ends[place]:,} at place {place:,} follows"
            f" {document_ends[place - 1]:,}"
        )
    if len(window_starts) * length >= 2**31:
        raise ValueError(
            f"{len(window_starts):,} windows of {length:,} are 2**31 tokens or more, which the int32 of"
            " cu_seqlens cannot count: use a smaller batch"
        )
    places = window_starts[:, None] + np.arange(length, dtype=np.int64)  # (batch, length)
    beginnings = np.concatenate(([0], document_ends))  # of the documents, and of what has no end yet
    begins = beginnings[np.searchsorted(document_ends, places, side="right")]
    positions = places - np.maximum(begins, window_starts[:, None])
    starts = np.flatnonzero(positions.reshape(-1) == 0)
    cu_seqlens = np.append(starts, positions.size).astype(np.int32)
    return DocumentParts(positions, cu_seqlens, int(np.diff(cu_seqlens).max(initial=0)))


def _places(values: npt.ArrayLike, name: str) -> npt.NDArray[np.int64]:
    """Check places in the ids and return them as (n,) int64."""
    places = whole_numbers(values, name)
    if places.ndim != 1:
        raise ValueError(f"{name} have the shape {places.shape}, not (n,)")
    if len(places) and (int(places.min()) < 0 or int(places.max()) >= 2**63):
        raise ValueError(
            f"{name} are {int(places.min()):,} to {int(places.max()):,}; places are 0 or more and below 2**63"
        )
    return places.astype(np.int64, copy=False)
