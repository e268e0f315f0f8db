"""Which samples are in which batch, on which rank, and how does a training resume in the middle of one?"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.dataset.order import Shuffle

Indices = npt.NDArray[np.int64]

# So many indices are shuffled at a time: NumPy's calls cost as much for one batch as for a hundred.
AT_ONCE = 1 << 14


class GlobalBatches:
    """Batches of indices below `n_samples`, for a DataLoader's `batch_sampler`; each pass is one epoch.

    The order is defined on global batches, those of all ranks together: `batch_size` is theirs, and rank
    r of `world_size` gets the r-th part of each. An index in its place depends on nothing but `n_samples`,
    the seed, the epoch and the place, so that neither the ranks nor the workers change what is trained on.
    The last batch of an epoch is left out where it is short, unless `drop_last` is False.

    `state_dict()` is a few integers and the data's fingerprint; loaded into a sampler of the same data, also
    one with another batch size or world size, the next pass goes on at the next sample, without replaying.

    `fingerprint` names the data when a state is asked for. Raises `ValueError` where the numbers contradict
    each other, and for a state of other data.

    >>> batches = GlobalBatches(10, batch_size=4, shuffle=False)
    >>> [batch.tolist() for batch in batches]
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    >>> [batch.tolist() for batch in GlobalBatches(10, batch_size=4, shuffle=False, rank=1, world_size=2)]
    [[2, 3], [6, 7]]
    """

    def __init__(
        self,
        n_samples: int,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = True,
        rank: int = 0,
        world_size: int = 1,
        fingerprint: Callable[[], str] = str,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"the batch size is {batch_size}; it must be 1 or more")
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} is none of the ranks 0 to {world_size - 1}")
        if batch_size % world_size:
            raise ValueError(
                f"a global batch of {batch_size} cannot be shared evenly by {world_size} ranks;"
                f" {world_size * max(1, round(batch_size / world_size))} could"
            )
        if drop_last and batch_size > n_samples:
            raise ValueError(
                f"a batch of {batch_size:,} is larger than the data, {n_samples:,} samples: nothing would be"
                f" left with drop_last. Use a batch of at most {n_samples:,}, or drop_last=False."
            )
        if not drop_last and n_samples % batch_size % world_size:
            raise ValueError(
                f"the last of {n_samples:,} samples make a batch of {n_samples % batch_size}, which"
                f" {world_size} ranks cannot share evenly; use drop_last=True"
            )
        self.n_samples, self.batch_size, self.drop_last = n_samples, batch_size, drop_last
        self.rank, self.world_size = rank, world_size
        self.shuffle, self.seed, self._fingerprint = shuffle, seed, fingerprint
        self._epoch = 0  # that of the pass under way, or of the next one
        self._done = 0  # samples of that epoch that were given, on all ranks
        self._resuming = True  # whether the next pass begins there

    def __len__(self) -> int:
        """How many batches an epoch has."""
        full, rest = divmod(self.n_samples, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Indices]:
        """Yield the batches of this rank, (batch_size / world_size,) int64 each."""
        if not self._resuming:  # the pass before this one was left in its middle
            self._begin(self._epoch + 1)
        self._resuming = False
        epoch, done = self._epoch, self._done
        for chunk in self._chunks(epoch, done):
            for start in range(0, len(chunk), self.batch_size):
                batch = chunk[start : start + self.batch_size]
                done += len(batch)
                self._epoch, self._done = epoch, done
                share = len(batch) // self.world_size
                yield batch[self.rank * share : (self.rank + 1) * share]
        self._begin(epoch + 1)

    def _chunks(self, epoch: int, done: int) -> Iterator[Indices]:
        """Yield the order from `done` on, in chunks of whole batches but for the last."""
        size = self.batch_size
        end = self.n_samples if not self.drop_last else done + (self.n_samples - done) // size * size
        order = Shuffle(self.n_samples, seed=self.seed, epoch=epoch) if self.shuffle else None
        step = size * max(1, AT_ONCE // size)
        n_first = size  # the first batch need not wait for a whole chunk
        while done < end:
            places = np.arange(done, min(done + n_first, end), dtype=np.int64)
            yield places if order is None else order(places)
            done += len(places)
            n_first = step

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this epoch: from its beginning, unless a state of this epoch was loaded."""
        if not (self._resuming and epoch == self._epoch):
            self._begin(epoch)

    def _begin(self, epoch: int, n_done: int = 0) -> None:
        self._epoch, self._done, self._resuming = epoch, n_done, True

    def state_dict(self) -> dict[str, Any]:
        """Say where the pass under way stands, counting every batch that was given as done."""
        return self.state_after(self._epoch, self._done)

    def state_after(self, epoch: int, n_done: int) -> dict[str, Any]:
        """Say where a pass stands after so many samples of an epoch, on all ranks."""
        if self._is_over(n_done):
            epoch, n_done = epoch + 1, 0
        return {
            "seed": self.seed,
            "shuffle": self.shuffle,
            "epoch": epoch,
            "n_done": n_done,
            "n_samples": self.n_samples,
            "fingerprint": self._fingerprint(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next pass go on where a state says, at once; `ValueError` for a state of other data."""
        own = self.state_dict()
        if missing := own.keys() - state.keys():
            raise ValueError(f"this is no state of a sampler: it has no {', '.join(sorted(missing))}")
        for name in ("n_samples", "fingerprint"):
            if state[name] != own[name]:
                raise ValueError(
                    f"the state is that of other data: its {name} is {state[name]!r},"
                    f" here it is {own[name]!r}"
                )
        self.seed, self.shuffle = int(state["seed"]), bool(state["shuffle"])
        self._begin(int(state["epoch"]), int(state["n_done"]))
        if self._is_over(self._done):  # with larger batches, the rest may be too little for one
            self._begin(self._epoch + 1)

    def position(self) -> tuple[int, int]:
        """Tell the epoch of the next pass, and how many of its samples are done already."""
        return (self._epoch, self._done) if self._resuming else (self._epoch + 1, 0)

    def _is_over(self, n_done: int) -> bool:
        n_left = self.n_samples - n_done
        return n_left < (self.batch_size if self.drop_last else 1)
