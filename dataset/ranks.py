"""Which rank of a training is this process, and how do other programs see that its batches are shared?"""

import os
from collections.abc import Iterator
from typing import Any

from bpelab.dataset.sampler import AT_ONCE, GlobalBatches
from bpelab.dataset.tensors import Indices
from torch import distributed
from torch.utils.data import BatchSampler, Dataset, DistributedSampler, Sampler


def running_rank() -> tuple[int, int] | None:
    """Return the rank of this process and the number of ranks, or None before torch.distributed runs."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return None
    return distributed.get_rank(), distributed.get_world_size()


def own_rank() -> tuple[int, int]:
    """Return the rank of this process and the number of ranks: 0 of 1 where there is one process.

    Raises `RuntimeError` where `torchrun` has started several processes that do not know each other yet.

    >>> own_rank()
    (0, 1)
    """
    if (running := running_rank()) is not None:
        return running
    world_size = os.environ.get("WORLD_SIZE", "")
    if "RANK" in os.environ and world_size.isdecimal() and int(world_size) > 1:
        raise RuntimeError(
            f"this is one of {world_size} processes, as the environment says (WORLD_SIZE), but each would get"
            " the same data, because torch.distributed does not run: call"
            " torch.distributed.init_process_group() first, or pass rank= and world_size="
        )
    return 0, 1


class RankOrder(DistributedSampler[Any]):
    """The samples of one rank, as indices.

    Lightning leaves a loader as it is whose `sampler` is a `DistributedSampler`, and tells it the epoch.
    """

    def __init__(self, dataset: Dataset[Any], batches: GlobalBatches) -> None:
        super().__init__(
            dataset,
            num_replicas=batches.world_size,
            rank=batches.rank,
            shuffle=batches.shuffle,
            seed=batches.seed,
            drop_last=batches.drop_last,
        )
        self._batches = batches

    def __iter__(self) -> Iterator[int]:
        """Yield the indices of the epoch that comes next."""
        for indices in self._batches.indices(*self._batches.position()):
            yield from indices.tolist()

    def __len__(self) -> int:
        """How many there are, by counting them."""
        return sum(map(len, self._batches.indices(*self._batches.position())))

    def set_epoch(self, epoch: int) -> None:
        """Let the loader's next pass be this epoch."""
        super().set_epoch(epoch)
        self._batches.set_epoch(epoch)


class WholeOrder(Sampler[int]):
    """The samples of all ranks, as indices; each pass is one epoch."""

    def __init__(self, batches: GlobalBatches) -> None:
        self._batches = batches
        self.epoch = 0

    def __len__(self) -> int:
        return self._batches.n_samples

    def __iter__(self) -> Iterator[int]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        own = self._batches
        size = min(AT_ONCE, own.n_samples)
        whole = GlobalBatches(own.n_samples, size, shuffle=own.shuffle, seed=own.seed, drop_last=False)
        for indices in whole.indices(epoch, 0):
            yield from indices.tolist()

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this epoch."""
        self.epoch = epoch


class RankBatches(BatchSampler):
    """A loader's `batch_sampler`: one rank's batches to the loader itself, those of all ranks to others.

    A program that shares batches between processes, as Accelerate does, hands them out in turn: to the first
    process, to the second, and so on. The ranks' parts of each global batch come in that order, so that
    every process gets what its rank would get.
    """

    def __init__(self, batches: GlobalBatches) -> None:
        super().__init__(WholeOrder(batches), batches.share, batches.drop_last)
        self._batches = batches
        self.place: tuple[int, int] | None = (
            None  # while the loader begins a pass: see `GlobalBatches.indices`
        )

    def __iter__(self) -> Iterator[Indices]:  # type: ignore[override]  # arrays, too
        """Yield the indices of each batch."""
        return super().__iter__() if self.place is None else self._batches.indices(*self.place)
