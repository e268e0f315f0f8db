"""Which tokens of a batch may see each other, if documents are to be kept apart?"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


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
    is the place after a document's last token. Memory is that of the batch. A part never crosses windows;
    see `flash_attn_varlen_func`, https://github.com/Dao-AILab/flash-attention .

    >>> parts = document_parts(np.array([0, 4]), 4, document_ends=np.array([3, 20]))
    >>> parts.positions
    array([[0, 1, 2, 0],
           [0, 1, 2, 3]])
    >>> parts.cu_seqlens, parts.max_seqlen
    (array([0, 3, 4, 8], dtype=int32), 4)
    """
    places = window_starts[:, None] + np.arange(length, dtype=np.int64)  # (batch, length)
    beginnings = np.concatenate(([0], document_ends))  # of the documents, and of what has no end yet
    begins = beginnings[np.searchsorted(document_ends, places, side="right")]
    positions = places - np.maximum(begins, window_starts[:, None])
    starts = np.flatnonzero(positions.reshape(-1) == 0)
    cu_seqlens = np.append(starts, positions.size).astype(np.int32)
    return DocumentParts(positions, cu_seqlens, int(np.diff(cu_seqlens).max(initial=0)))
