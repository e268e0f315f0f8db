"""What does the model see? Windows of a fixed length over token ids, by arithmetic.

A window of `length` inputs and its targets, the same shifted by one, are `length + 1` neighbours in the
array of ids. Nothing is cut up beforehand: the number of windows is a division, and a batch is one gather.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.once import once
from bpelab.dataset.checks import shown, whole_number, whole_numbers

IdArray = npt.NDArray[Any]  # (n_tokens,) of any integer dtype; may be a memory map
Indices = npt.NDArray[np.int64]  # (batch,)


class TokenWindows:
    """The windows of `length` tokens that begin every `stride` tokens, over ids that are not copied.

    `ids` is one array (n_tokens,) of integers, or several (the shards of a corpus). Windows begin anew in
    each of them: none crosses from one to the next. `fingerprint` is a name of the ids, if there is one
    already; otherwise it is their SHA-256, computed when it is first needed. `reopen` makes the same windows
    in another process, so that mapped files are mapped there, too, instead of being sent.

    Raises `TypeError` for ids that are not integers in a row, and `ValueError` for a length or stride below
    1, for ids that do not fill a single window, and for an id below 0 or above 2**63 - 1. To find such an id,
    ids whose dtype could hold it are read once.

    >>> windows = TokenWindows(np.arange(10, 20), length=4, stride=2)
    >>> len(windows), windows[1]
    (3, (array([12, 13, 14, 15]), array([13, 14, 15, 16])))
    >>> TokenWindows(np.arange(4), length=4, stride=1)
    Traceback (most recent call last):
    ValueError: 4 tokens are too few for a window of 4 inputs and their targets: at least 5 are needed
    """

    def __init__(
        self,
        ids: IdArray | Sequence[IdArray],
        length: int,
        stride: int,
        *,
        fingerprint: str | None = None,
        reopen: Callable[[], "TokenWindows"] | None = None,
    ) -> None:
        self.length = length = whole_number(length, "the length", least=1)
        self.stride = stride = whole_number(stride, "the stride", least=1)
        given = list(ids) if isinstance(ids, Sequence) else [ids]
        for shard in given:
            if not isinstance(shard, np.ndarray) or shard.ndim != 1 or shard.dtype.kind not in "iu":
                what = (
                    f"{shard.dtype} of shape {shard.shape}" if isinstance(shard, np.ndarray) else repr(shard)
                )
                raise TypeError(f"ids must be integers in an array (n_tokens,), not {what:.80}")
        shards = self._shards = [np.ascontiguousarray(shard) for shard in given]
        self._ids_fingerprint = fingerprint
        self._reopen = reopen
        counts = [max(0, (len(shard) - length - 1) // stride + 1) for shard in shards]
        self._ends: npt.NDArray[np.int64] = np.cumsum(
            counts, dtype=np.int64
        )  # (n_shards,) windows up to here
        most = max(map(len, shards), default=0)
        if not sum(counts):
            raise ValueError(
                f"{most:,} tokens are too few for a window of {shown(length)} inputs and their targets:"
                f" at least {shown(length + 1)} are needed"
            )
        if (n_bytes := (length + 1) * max(shard.itemsize for shard in shards)) >= 2**31:
            raise ValueError(f"a window of {length:,} inputs takes {n_bytes:,} bytes; it must be below 2**31")
        self.check_fit(np.int64)
        # A shard that is shorter than the stride has one window, and any stride gives that.
        self._step = min(stride, most)
        # Views (n_windows of the shard,) whose items are whole windows and overlap. NumPy copies such an item
        # in one go; a row of numbers it copies one by one.
        self._rows = [
            np.ndarray(
                (count,), f"V{(length + 1) * shard.itemsize}", shard, 0, (self._step * shard.itemsize,)
            )
            for shard, count in zip(shards, counts, strict=True)
        ]

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __reduce__(self) -> tuple[Callable[[], "TokenWindows"], tuple[()]]:
        # Never the overlapping rows, which would be written out in full.
        return self._reopen or partial(
            TokenWindows, self._shards, self.length, self.stride, fingerprint=self._ids_fingerprint
        ), ()

    def __getitem__(self, index: int) -> tuple[IdArray, IdArray]:
        """Return the inputs and targets of a window: two read-only views (length,) of the ids."""
        n_windows = len(self)
        index = whole_number(index, "the index of a window")
        if not -n_windows <= index < n_windows:
            raise IndexError(f"there are {n_windows:,} windows; {shown(index)} is none of them")
        index %= n_windows
        shard = int(np.searchsorted(self._ends, index, side="right"))
        start = self._step * (index - (int(self._ends[shard - 1]) if shard else 0))
        row = self._shards[shard][start : start + self.length + 1]
        row.flags.writeable = False
        return row[:-1], row[1:]

    def gather(self, indices: Sequence[int] | Indices) -> IdArray:
        """Copy windows into one new buffer (batch, length + 1): `[:, :-1]` are inputs, `[:, 1:]` targets.

        Raises `IndexError` for an index that is not a window's.

        >>> TokenWindows(np.arange(10, 20), length=4, stride=2).gather([2, 0])
        array([[14, 15, 16, 17, 18],
               [10, 11, 12, 13, 14]])
        """
        wanted = self._checked(indices)
        if len(self._rows) == 1:
            return self._copied(0, wanted)
        buffer = np.empty((len(wanted), self.length + 1), dtype=self.dtype)
        shard_of = np.searchsorted(self._ends, wanted, side="right")
        for shard in np.unique(shard_of).tolist():
            own = np.flatnonzero(shard_of == shard)
            first = self._ends[shard - 1] if shard else 0
            buffer[own] = self._copied(shard, wanted[own] - first)
        return buffer

    def _copied(self, shard: int, wanted: Indices) -> IdArray:
        return self._rows[shard][wanted].view(self._shards[shard].dtype).reshape(len(wanted), self.length + 1)

    def starts(self, indices: Sequence[int] | Indices) -> Indices:
        """Return where windows begin (batch,): places in all the ids, counted through the shards."""
        wanted = self._checked(indices)
        shard_of = np.searchsorted(self._ends, wanted, side="right")
        n_windows_before = np.concatenate(([0], self._ends))[shard_of]
        n_tokens_before = np.cumsum([0, *map(len, self._shards)], dtype=np.int64)[shard_of]
        return n_tokens_before + (wanted - n_windows_before) * self._step

    def _checked(self, indices: Sequence[int] | Indices) -> Indices:
        wanted = whole_numbers(indices, "the indices of windows")
        if wanted.ndim != 1:
            raise ValueError(f"the indices of windows have the shape {wanted.shape}, not (batch,)")
        if wanted.size and (int(wanted.min()) < 0 or int(wanted.max()) >= len(self)):
            raise IndexError(
                f"there are {len(self):,} windows;"
                f" {int(wanted.min()):,} to {int(wanted.max()):,} were asked for"
            )
        return wanted.astype(np.int64, copy=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the ids or, where shards differ, one that holds them all."""
        common = np.result_type(*self._shards)
        return common if common.kind in "iu" else np.dtype(np.int64)  # uint64 and signed would be float64

    def check_fit(self, dtype: npt.DTypeLike) -> None:
        """Raise `ValueError` that names the first id below 0 or above what a dtype holds.

        Ids are read only where their own dtype could hold one of those.
        """
        highest = int(np.iinfo(dtype).max)
        for number, shard in enumerate(self._shards):
            below = len(shard) and shard.dtype.kind == "i" and int(shard.min()) < 0
            above = len(shard) and np.iinfo(shard.dtype).max > highest and int(shard.max()) > highest
            if below or above:
                place = int(np.argmax((shard < 0) | (shard > highest)))
                where = f" of shard {number}" if len(self._shards) > 1 else ""
                raise ValueError(
                    f"the id at place {place:,}{where} is {int(shard[place]):,}; it must be from 0 to"
                    f" {highest:,}, which {np.dtype(dtype)} holds"
                )

    @once
    def fingerprint(self) -> str:
        """Name the windows: the same for the same ids, length and stride, whatever their dtype."""
        ids = self._ids_fingerprint or _hash_of_ids(self._shards)
        return hashlib.sha256(f"{ids} {self.length} {self.stride}".encode()).hexdigest()[:32]


def _hash_of_ids(shards: Sequence[IdArray]) -> str:
    digest = hashlib.sha256()
    for shard in shards:
        digest.update(len(shard).to_bytes(8, "little"))
        for start in range(0, len(shard), 1 << 20):
            digest.update(shard[start : start + (1 << 20)].astype("<i8").data)
    return digest.hexdigest()
