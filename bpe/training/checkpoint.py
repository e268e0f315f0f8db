"""How does a training that was killed go on to the same result?

While it counts, a checkpoint holds the counts so far and how many blocks of the corpus they cover; while it
merges, the merges so far and the pieces as these have left them, so that the corpus need not be read again.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.files import write_atomically
from bpelab.bpe.training.counts import Tally, arrays_of_counts, counts_of_arrays, packed, unpacked

FORMAT = "bpelab training checkpoint 1"
# What a kill can cost. Writing takes about a second for each 100 MB of distinct pieces.
SECONDS_BETWEEN = 30.0


@dataclass(frozen=True)
class MergingState:
    """A training after some merges: what `MergeLearner` needs to go on."""

    merges: list[tuple[int, int]]
    ids: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int64]


class Checkpoint:
    """A file that is written now and then while training, and read when it begins; None keeps nothing.

    `settings` is what the merges depend on; `ValueError` where the file was written under others.
    """

    def __init__(self, path: str | os.PathLike[str] | None, settings: Mapping[str, object]) -> None:
        self._path = None if path is None else Path(path)
        self._settings = dict(settings)
        self._next = time.monotonic() + SECONDS_BETWEEN
        self.counting: Tally | None = None
        self.merging: MergingState | None = None
        if self._path is not None and self._path.exists():
            self._read(self._path)

    @property
    def due(self) -> bool:
        """Whether it is time to write."""
        return self._path is not None and time.monotonic() >= self._next

    def write_counting(self, tally: Tally) -> None:
        """Write what has been counted."""
        position = [tally.n_blocks, tally.n_bytes, tally.checksum]
        self._write(phase="counting", position=position, **arrays_of_counts(tally.counts))

    def write_merging(self, state: MergingState) -> None:
        """Write what has been merged."""
        merges = np.array(state.merges, dtype=np.int32).reshape(-1, 2)
        self._write(phase="merging", merges=merges, ids=state.ids, weights=state.weights)

    def remove(self) -> None:
        """Remove the file: the training is finished."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _write(self, **arrays: Any) -> None:
        if self._path is not None:
            settings = {f"setting_{name}": str(value) for name, value in self._settings.items()}
            write_atomically(self._path, packed(format=FORMAT, **settings, **arrays))
            self._next = time.monotonic() + SECONDS_BETWEEN

    def _read(self, path: Path) -> None:
        arrays = unpacked(path, FORMAT, "a checkpoint of a training")
        try:
            found = {name: str(arrays[f"setting_{name}"]) for name in self._settings}
            if str(arrays["phase"]) == "merging":
                merges = [(left, right) for left, right in arrays["merges"].tolist()]
                self.merging = MergingState(merges, arrays["ids"], arrays["weights"])
            else:
                n_blocks, n_bytes, checksum = arrays["position"].tolist()
                self.counting = Tally(counts_of_arrays(arrays), n_blocks, n_bytes, checksum)
        except (ValueError, KeyError, AttributeError) as error:
            raise ValueError(f"{path}: not a checkpoint of a training: {error}") from None
        for name, value in self._settings.items():
            if found[name] != str(value):
                raise ValueError(
                    f"{path}: this checkpoint was made with {name}={found[name]}, not {name}={value};"
                    " train with the same settings, or remove it to begin anew"
                )
