"""How do windows reach the training loop? Through PyTorch's DataLoader, a whole batch at a time."""

try:
    import torch
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError("batches of tensors need PyTorch: pip install 'bpelab[torch]'") from None

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.dataset.sampler import GlobalBatches
from bpelab.dataset.windows import TokenWindows
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Pair = tuple[Tensor, Tensor]  # inputs and targets

# Batches of so many tokens together are gathered at once: the calls for a batch cost as much as its copy.
# A megabyte of int64, which stays in the processor's cache, and in memory as long as one of the batches does.
TOKENS_AT_ONCE = 1 << 17


class WindowBatch(Sequence[Pair]):
    """A batch of windows in one buffer (batch, length + 1), of which inputs and targets are views.

    It is a sequence of pairs, so that PyTorch's own `default_collate` can stack it, too.
    """

    def __init__(self, buffer: Tensor) -> None:
        length = buffer.shape[1] - 1
        self.inputs, self.targets = buffer.narrow(1, 0, length), buffer.narrow(1, 1, length)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: Any) -> Any:
        return self.inputs[index], self.targets[index]

    def __iter__(self) -> Iterator[Pair]:
        return zip(self.inputs.unbind(), self.targets.unbind(), strict=True)


class WindowDataset(Dataset[Pair]):
    """Windows as tensors: an item is (inputs, targets), each (length,) int64, for any DataLoader.

    A batch is gathered at once. With `narrow`, tensors keep the narrow dtype of the ids (uint16, or int32
    for wider ones); `to_device` widens them where they arrive.

    >>> inputs, targets = WindowDataset(TokenWindows(np.arange(9), length=4, stride=4))[1]
    >>> inputs, targets
    (tensor([4, 5, 6, 7]), tensor([5, 6, 7, 8]))
    """

    def __init__(self, windows: TokenWindows, *, narrow: bool = False) -> None:
        self.windows = windows
        self._dtype: npt.DTypeLike = np.int64
        if narrow:
            self._dtype = np.uint16 if windows.dtype.itemsize <= 2 and windows.dtype.kind == "u" else np.int32

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Pair:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self):,} windows; {index:,} is none of them")
        return self.__getitems__([index % len(self)])[0]  # type: ignore[no-any-return]

    def __getitems__(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> WindowBatch:
        """Give the windows of a batch; a DataLoader calls this."""
        return WindowBatch(torch.from_numpy(self.windows.gather(indices, self._dtype)))


def take_batch(batch: Any) -> Pair:
    """Collate what is collated already."""
    return batch.inputs, batch.targets


class WindowLoader(DataLoader[Pair]):
    """A DataLoader of windows whose order is that of `GlobalBatches`, and which can be resumed exactly.

    Yields (inputs, targets), each (batch_size / world_size, length) int64, views of one buffer, which without
    workers several batches share. Every pass is one epoch. `state_dict()` stands after the last batch that
    the loop was given, whatever was fetched ahead. Other options are those of `torch.utils.data.DataLoader`.
    Raises what `GlobalBatches` raises; memory is that of the batches under way.

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
        self.batches = batches_of(
            dataset.windows,
            batch_size,
            shuffle=shuffle,
            seed=seed,
            drop_last=drop_last,
            rank=rank,
            world_size=world_size,
        )
        self._position = self.batches.position()
        super().__init__(
            dataset,
            batch_sampler=self.batches,  # type: ignore[arg-type]  # any iterable of indices will do
            collate_fn=take_batch,
            num_workers=num_workers,
            **options,
        )

    def __iter__(self) -> Iterator[Pair]:  # type: ignore[override]  # a generator is all that is needed
        batches = self.batches
        epoch, n_done = batches.position()
        for batch in self._fetched():
            n_done = min(n_done + batches.batch_size, batches.n_samples)
            self._position = epoch, n_done
            yield batch

    def _fetched(self) -> Iterator[Pair]:
        if self.num_workers or self.pin_memory:
            yield from super().__iter__()
            return
        # What DataLoader does around a batch in its own process takes longer than the batch.
        n_together = max(1, TOKENS_AT_ONCE // (self.batches.batch_size * self.dataset.windows.length))
        batches = iter(self.batches)
        while together := list(islice(batches, n_together)):
            windows = self.dataset.__getitems__(np.concatenate(together))
            sizes = [len(indices) for indices in together]
            yield from zip(
                windows.inputs.split_with_sizes(sizes), windows.targets.split_with_sizes(sizes), strict=True
            )

    def state_dict(self) -> dict[str, Any]:
        """Say where the training stands: a few integers and the data's fingerprint."""
        return self.batches.state_after(*self._position)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next pass go on after the last batch of a state; `ValueError` for one of other data."""
        self.batches.load_state_dict(state)
        self._position = self.batches.position()

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this epoch, from its beginning or from where a state of it was."""
        self.batches.set_epoch(epoch)
        self._position = self.batches.position()


def batches_of(windows: TokenWindows, batch_size: int, **options: Any) -> GlobalBatches:
    """Give the batches of some windows, to be a `batch_sampler`, with their fingerprint in its state."""
    return GlobalBatches(len(windows), batch_size, fingerprint=lambda: windows.fingerprint, **options)


def to_device(batch: Pair, device: torch.device | str) -> Pair:
    """Move a batch and then widen it to int64, so that narrow ids travel; pinned ones without waiting.

    >>> batch = torch.tensor([[1, 2]], dtype=torch.uint16), torch.tensor([[2, 3]], dtype=torch.uint16)
    >>> to_device(batch, "cpu")
    (tensor([[1, 2]]), tensor([[2, 3]]))
    """
    inputs, targets = (part.to(device, non_blocking=True).long() for part in batch)
    return inputs, targets
