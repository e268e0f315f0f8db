"""How do windows become tensors? Inputs and targets in memory of their own, a whole batch at a time."""

try:
    import torch
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError("batches of tensors need PyTorch: pip install 'bpelab[torch]'") from None

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.dataset.checks import shown, truth, whole_number
from bpelab.dataset.windows import TokenWindows
from torch import Tensor
from torch.utils.data import Dataset

Pair = tuple[Tensor, Tensor]  # inputs and targets
Indices = Sequence[int] | npt.NDArray[np.int64]  # of the windows of a batch

# The ids of this many tokens are gathered at once, for several batches: NumPy's calls cost as much as a
# batch. In two bytes each, they stay in the processor's cache until they are widened.
TOKENS_AT_ONCE = 1 << 17


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
    for wider ones); `to_device` widens them where they arrive. Raises `ValueError` for an id that int32
    cannot hold; to find one, wider ids are read once.

    >>> inputs, targets = WindowDataset(TokenWindows(np.arange(9), length=4, stride=4))[1]
    >>> inputs, targets
    (tensor([4, 5, 6, 7]), tensor([5, 6, 7, 8]))
    """

    def __init__(self, windows: TokenWindows, *, narrow: bool = False) -> None:
        self.windows = windows
        self._dtype: np.dtype[Any] = np.dtype(np.int64)
        if truth(narrow, "narrow"):
            self._dtype = np.dtype(np.uint16 if windows.dtype in (np.uint8, np.uint16) else np.int32)
            windows.check_fit(self._dtype)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Pair:
        n_windows = len(self)
        index = whole_number(index, "the index of a window")
        if not -n_windows <= index < n_windows:
            raise IndexError(f"there are {n_windows:,} windows; {shown(index)} is none of them")
        return self.__getitems__([index % n_windows])[0]  # type: ignore[no-any-return]

    def __getitems__(self, indices: Indices) -> WindowBatch:
        """Return the windows of a batch; a DataLoader calls this."""
        return WindowBatch(*next(self.pairs([indices])))

    def pairs(self, batches: Sequence[Indices]) -> Iterator[Pair]:
        """Yield the inputs and targets of several batches of one size.

        Their ids are gathered together, and are widened one batch at a time.
        """
        rows = self.windows.gather(batches[0] if len(batches) == 1 else np.concatenate(batches))
        by_batch = rows.reshape(len(batches), -1, rows.shape[1])  # in the dtype of the ids
        dtype, as_tensor = self._dtype, torch.from_numpy  # looked up once: a small batch takes 3 microseconds
        for inputs, targets in zip(by_batch[:, :, :-1], by_batch[:, :, 1:], strict=True):
            yield as_tensor(inputs.astype(dtype, "C")), as_tensor(targets.astype(dtype, "C"))

    def batches(self, indices: Iterable[Indices], batch_size: int) -> Iterator[Pair]:
        """Yield the batches of these indices, about `batch_size` each, in this process.

        What DataLoader does around a batch in its own process takes longer than the batch.
        """
        n_together = max(1, TOKENS_AT_ONCE // (batch_size * self.windows.length))
        remaining = iter(indices)
        while together := list(islice(remaining, n_together)):
            for _, of_one_size in groupby(together, len):
                yield from self.pairs(list(of_one_size))


def take_batch(batch: Any) -> Pair:
    """Return the inputs and targets of a batch that was gathered at once: a `collate_fn`."""
    return batch.inputs, batch.targets


def to_device(batch: Pair, device: torch.device | str) -> Pair:
    """Move a batch and then widen it to int64, so that narrow ids are copied; pinned ones without waiting.

    >>> batch = torch.tensor([[1, 2]], dtype=torch.uint16), torch.tensor([[2, 3]], dtype=torch.uint16)
    >>> to_device(batch, "cpu")
    (tensor([[1, 2]]), tensor([[2, 3]]))
    """
    inputs, targets = (part.to(device, non_blocking=True).long() for part in batch)
    return inputs, targets
