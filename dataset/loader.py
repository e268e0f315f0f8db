"""How do windows reach the training loop? Through PyTorch's DataLoader, in an order that can be resumed."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from bpelab.dataset.checks import whole_number
from bpelab.dataset.ranks import RankBatches, RankOrder, own_rank, running_rank
from bpelab.dataset.sampler import GlobalBatches
from bpelab.dataset.tensors import Pair, WindowDataset, take_batch
from bpelab.dataset.windows import TokenWindows
from torch.utils.data import DataLoader

# In a forked child: what belongs to its parent. Python would end the parent's workers when it drops it.
_kept_for_the_parent: list[object] = []


class WindowLoader(DataLoader[Pair]):
    """A DataLoader of windows whose order is that of `GlobalBatches`, and which can be resumed exactly.

    Yields (inputs, targets), each (batch_size / world_size, length) int64, contiguous, in memory of their
    own: what a loop writes into one changes no other. Every pass is one epoch, one is made at a time, and
    `len()` is the number of batches of the pass under way or, between passes, of the next. `state_dict()`
    stands after the last batch that the loop was given, whatever was fetched ahead, also after a worker died.
    `.batch_size` is this rank's share, as in any DataLoader, and `.drop_last` is what was asked for.

    `batch_size` is that of all ranks together. Without `rank` and `world_size` they are those of
    torch.distributed, where that runs; it must be initialised before the loader is made. Lightning uses the
    loader as it is. Accelerate's `prepare` makes another loader of the same batches, without the states.

    Other options are those of `torch.utils.data.DataLoader`, except `in_order=False`, `sampler` and
    `batch_sampler`. Raises what `GlobalBatches` raises, and `RuntimeError` where several processes would get
    the same data; memory is that of the batches under way.

    >>> import numpy as np
    >>> windows = TokenWindows(np.arange(100, dtype=np.uint16), length=4, stride=4)
    >>> loader = WindowLoader(WindowDataset(windows), batch_size=2, seed=1)
    >>> batches = iter(loader)
    >>> inputs, targets = next(batches)
    >>> (targets - inputs).unique().tolist(), loader.state_dict()["n_done"]
    ([1], 2)
    """

    dataset: WindowDataset

    def __init__(
        self,
        dataset: WindowDataset,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
        num_workers: int = 0,
        **options: Any,
    ) -> None:
        if not options.get("in_order", True):
            raise ValueError(
                "in_order is False: a state could not say which batches were given; leave it out"
            )
        for name in ("sampler", "batch_sampler"):
            if options.pop(name, None) is not None:
                raise ValueError(
                    f"{name} was passed, but a WindowLoader has an order of its own: for another order, and"
                    f" for Lightning's predict and overfit_batches, use torch.utils.data.DataLoader(dataset,"
                    f" {name}=..., collate_fn=take_batch) with bpelab.dataset.tensors.take_batch"
                )
        self.batches = batches_of(
            dataset.windows,
            batch_size,
            shuffle=shuffle,
            seed=seed,
            drop_last=drop_last,
            rank=rank,
            world_size=world_size,
        )
        super().__init__(
            dataset,
            batch_sampler=RankBatches(self.batches),
            collate_fn=take_batch,
            num_workers=whole_number(num_workers, "num_workers", least=0),
            **options,
        )
        # What others' code reads. DataLoader itself sets None, False and a sampler that it does not use where
        # there is a `batch_sampler`, and refuses an assignment.
        vars(self).update(
            batch_size=self.batches.share,
            drop_last=self.batches.drop_last,
            sampler=RankOrder(dataset, self.batches),
        )
        self._takes_running_rank = rank is None
        self._pid = os.getpid()

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Pair]:  # type: ignore[override]  # a generator is all that is needed
        own, running = (self.batches.rank, self.batches.world_size), running_rank()
        if self._takes_running_rank and running is not None and running != own:
            raise RuntimeError(
                f"this loader was made for rank {own[0]} of {own[1]}, and torch.distributed runs this process"
                f" as rank {running[0]} of {running[1]}: make the loader after init_process_group() (in"
                " Lightning, in train_dataloader()), or pass rank= and world_size="
            )
        return self.batches.counted(self._fetched)

    def _fetched(self, epoch: int, n_done: int) -> Iterator[Pair]:
        if self.num_workers or self.pin_memory:
            yield from self._fetched_by_torch(epoch, n_done)
            return
        yield from self.dataset.batches(self.batches.indices(epoch, n_done), self.batches.share)

    def _fetched_by_torch(self, epoch: int, n_done: int) -> Iterator[Pair]:
        if self.persistent_workers and os.getpid() != self._pid:
            raise RuntimeError(_OF_ANOTHER_PROCESS)
        pid = os.getpid()
        own: RankBatches = self.batch_sampler  # type: ignore[assignment]
        own.place = epoch, n_done
        fetched = super().__iter__()
        own.place = None
        try:
            for batch in fetched:
                yield batch
                if os.getpid() != pid:
                    raise RuntimeError(_OF_ANOTHER_PROCESS)
        finally:
            if os.getpid() != pid:
                _kept_for_the_parent.append(fetched)

    def state_dict(self) -> dict[str, Any]:
        """Return where the training stands: a few integers and the data's fingerprint."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next pass go on after the last batch of a state; see `GlobalBatches.load_state_dict`."""
        self.batches.load_state_dict(state)

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this epoch: from its beginning, unless a state of this epoch was loaded."""
        self.batches.set_epoch(epoch)


_OF_ANOTHER_PROCESS = (
    "the workers of this pass belong to the process that this one was forked from, which would miss what is"
    " taken here: begin a pass of a loader that is made in this process"
)


def batches_of(
    windows: TokenWindows,
    batch_size: int,
    *,
    rank: int | None = None,
    world_size: int | None = None,
    **options: Any,
) -> GlobalBatches:
    """Return the batches of some windows, to be a `batch_sampler`, with their fingerprint in its state.

    Without `rank` and `world_size` they are those of torch.distributed. Raises `ValueError` where only one of
    the two is passed, and what `own_rank` and `GlobalBatches` raise. Accelerate's `prepare` would share these
    batches a second time: pass rank=0 and world_size=1 for it.
    """
    if rank is None and world_size is None:
        rank, world_size = own_rank()
    elif rank is None or world_size is None:
        raise ValueError(
            f"rank is {rank} and world_size is {world_size}: pass both, or neither to have those of"
            " torch.distributed"
        )
    return GlobalBatches(
        len(windows),
        batch_size,
        fingerprint=lambda: windows.fingerprint,
        rank=rank,
        world_size=world_size,
        **options,
    )
