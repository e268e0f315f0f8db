"""How do windows reach the training loop? Through PyTorch's DataLoader, a whole batch at a time."""

try:
    import torch
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError("batches of tensors need PyTorch: pip install 'bpelab[torch]'") from None

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.dataset.checks import shown, truth, whole_number
from bpelab.dataset.sampler import GlobalBatches
from bpelab.dataset.windows import TokenWindows
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Pair = tuple[Tensor, Tensor]  # inputs and targets

# The ids of so many tokens are gathered at once, for several batches: NumPy's calls cost as much as a batch.
# In two bytes each they stay in the processor's cache until they are widened.
TOKENS_AT_ONCE = 1 << 17

# In a forked child: what belongs to its parent. Python would end the parent's workers when it drops it.
_kept_for_the_parent: list[object] = []


class WindowBatch(Sequence[Pair]):
    """A batch of windows: `inputs` and `targets`, each (batch, length), contiguous, in memory of its own.

    It is a sequence of pairs, so that PyTorch's own `default_collate` can stack it, too.
    """

    def __init__(self, inputs: Tensor, targets: Tensor) -> None:
        self.inputs, self.targets = inputs, targets

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: Any) -> Any:
        return self.inputs[index], self.targets[index]

    def __iter__(self) -> Iterator[Pair]:
        return zip(self.inputs.unbind(), self.targets.unbind(), strict=True)


class WindowDataset(Dataset[Pair]):
    """Windows as tensors: an item is (inputs, targets), each (length,) int64, for any DataLoader.

    A batch is gathered at once. With `narrow`, tensors keep the narrow dtype of the ids (uint16, or int32
    for wider ones); `to_device` widens them where they arrive. Raises `ValueError` for ids that int32 cannot
    hold, to find which, wider ids are read once.

    >>> inputs, targets = WindowDataset(TokenWindows(np.arange(9), length=4, stride=4))[1]
    >>> inputs, targets
    (tensor([4, 5, 6, 7]), tensor([5, 6, 7, 8]))
    """

    def __init__(self, windows: TokenWindows, *, narrow: bool = False) -> None:
        self.windows = windows
        self._dtype: npt.DTypeLike = np.int64
        if truth(narrow, "narrow"):
            self._dtype = np.uint16 if windows.dtype in (np.uint8, np.uint16) else np.int32
            windows.check_fit(self._dtype)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Pair:
        n_windows = len(self)
        index = whole_number(index, "the index of a window")
        if not -n_windows <= index < n_windows:
            raise IndexError(f"there are {n_windows:,} windows; {shown(index)} is none of them")
        return self.__getitems__([index % n_windows])[0]  # type: ignore[no-any-return]

    def __getitems__(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> WindowBatch:
        """Return the windows of a batch; a DataLoader calls this."""
        return WindowBatch(*next(self.pairs([indices])))

    def pairs(self, batches: Sequence[Sequence[int] | npt.NDArray[np.int64]]) -> Iterator[Pair]:
        """Yield the inputs and targets of several batches.

        Their ids are gathered together, and are widened one batch at a time.
        """
        rows = self.windows.gather(batches[0] if len(batches) == 1 else np.concatenate(batches))
        start = 0
        for indices in batches:
            own = rows[start : start + len(indices)]  # (batch, length + 1) in the dtype of the ids
            start += len(indices)
            yield (
                torch.from_numpy(own[:, :-1].astype(self._dtype, "C")),
                torch.from_numpy(own[:, 1:].astype(self._dtype, "C")),
            )


def take_batch(batch: Any) -> Pair:
    """Collate what is collated already."""
    return batch.inputs, batch.targets


class _PassIndices:
    """The indices of one pass for PyTorch's own loop, which may draw ahead of what the caller was given."""

    def __init__(self, batches: GlobalBatches) -> None:
        self._batches = batches
        self.place = 0, 0  # the epoch of the pass that is begun next, and how many of its samples are done

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[npt.NDArray[np.int64]]:
        return self._batches.indices(*self.place)


class WindowLoader(DataLoader[Pair]):
    """A DataLoader of windows whose order is that of `GlobalBatches`, and which can be resumed exactly.

    Yields (inputs, targets), each (batch_size / world_size, length) int64, contiguous, in memory of their
    own: what a loop writes into one changes no other. Every pass is one epoch, one is made at a time, and
    `len()` is the number of batches of the pass under way or, between passes, of the next. `state_dict()`
    stands after the last batch that the loop was given, whatever was fetched ahead, also after a worker died.

    Other options are those of `torch.utils.data.DataLoader`, but for `in_order=False`. Raises what
    `GlobalBatches` raises; memory is that of the batches under way.

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
        rank: int = 0,
        world_size: int = 1,
        num_workers: int = 0,
        **options: Any,
    ) -> None:
        if not options.get("in_order", True):
            raise ValueError(
                "in_order is False: a state could not say which batches were given; leave it out"
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
            batch_sampler=_PassIndices(self.batches),  # type: ignore[arg-type]  # any iterable of indices will do
            collate_fn=take_batch,
            num_workers=whole_number(num_workers, "num_workers", least=0),
            **options,
        )
        self._pid = os.getpid()

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Pair]:  # type: ignore[override]  # a generator is all that is needed
        return self.batches.counted(self._fetched)

    def _fetched(self, epoch: int, n_done: int) -> Iterator[Pair]:
        if self.num_workers or self.pin_memory:
            yield from self._fetched_by_torch(epoch, n_done)
            return
        # What DataLoader does around a batch in its own process takes longer than the batch.
        n_together = max(1, TOKENS_AT_ONCE // (self.batches.batch_size * self.dataset.windows.length))
        indices = self.batches.indices(epoch, n_done)
        while together := list(islice(indices, n_together)):
            yield from self.dataset.pairs(together)

    def _fetched_by_torch(self, epoch: int, n_done: int) -> Iterator[Pair]:
        if self.persistent_workers and os.getpid() != self._pid:
            raise RuntimeError(_OF_ANOTHER_PROCESS)
        pid = os.getpid()
        self.batch_sampler.place = epoch, n_done  # type: ignore[union-attr]
        fetched = super().__iter__()
        try:
            for batch in fetched:
                yield batch
                if os.getpid() != pid:
                    raise RuntimeError(_OF_ANOTHER_PROCESS)
        finally:
            if os.getpid() != pid:
                _kept_for_the_parent.append(fetched)

    def state_dict(self) -> dict[str, Any]:
        """Say where the training stands: a few integers and the data's fingerprint."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next pass go on after the last batch of a state; see `GlobalBatches.load_state_dict`."""
        self.batches.load_state_dict(state)

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this epoch, from its beginning or from where a state of it was."""
        self.batches.set_epoch(epoch)


_OF_ANOTHER_PROCESS = (
    "the workers of this pass belong to the process that this one was forked from, which would miss what is"
    " taken here: begin a pass of a loader that is made in this process"
)


def batches_of(windows: TokenWindows, batch_size: int, **options: Any) -> GlobalBatches:
    """Return the batches of some windows, to be a `batch_sampler`, with their fingerprint in its state."""
    return GlobalBatches(len(windows), batch_size, fingerprint=lambda: windows.fingerprint, **options)


def to_device(batch: Pair, device: torch.device | str) -> Pair:
    """Move a batch and then widen it to int64, so that narrow ids travel; pinned ones without waiting.

    >>> batch = torch.tensor([[1, 2]], dtype=torch.uint16), torch.tensor([[2, 3]], dtype=torch.uint16)
    >>> to_device(batch, "cpu")
    (tensor([[1, 2]]), tensor([[2, 3]]))
    """
    inputs, targets = (part.to(device, non_blocking=True).long() for part in batch)
    return inputs, targets
