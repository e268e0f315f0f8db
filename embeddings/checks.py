"""Which ids may be looked up? Told before a look-up fails without saying which one it was."""

import torch
from torch import Tensor

INDEX_DTYPES = (torch.int64, torch.int32)


def check_ids(ids: Tensor, n_rows: int, name: str) -> None:
    """Raise an error that names the first of `ids` that is none of the `n_rows` rows of a table.

    `TypeError` for what is not a tensor and for a dtype that is no index, `IndexError` for an id below 0 or
    too high; `name` says what the ids are. It reads the lowest and the highest id, in O(n). On CUDA that
    waits for the device, and saves what an assertion there costs: a message without the id, some calls later,
    and a process to start anew. While `torch.compile` traces, only the type is checked.

    >>> check_ids(torch.tensor([[1, 2], [7, 0]]), 6, "token ids")
    Traceback (most recent call last):
    IndexError: token ids are 0 to 5, and there is 7 at [1, 0]
    """
    check_tensor(ids, name)
    if ids.dtype not in INDEX_DTYPES:
        raise TypeError(
            f"{name} have the dtype {ids.dtype}, not torch.int64 or torch.int32: convert by .long()"
        )
    if ids.numel() == 0 or torch.compiler.is_compiling():
        return
    lowest, highest = (int(end) for end in torch.stack(ids.detach().aminmax()).tolist())
    if lowest < 0 or highest >= n_rows:
        wrong = highest if highest >= n_rows else lowest
        place = (ids == wrong).nonzero()[0].tolist()
        raise IndexError(f"{name} are 0 to {n_rows - 1:,}, and there is {wrong:,} at {place}")


def check_tensor(ids: object, name: str) -> None:
    """Raise `TypeError` for what is not a tensor, such as a list."""
    if not isinstance(ids, Tensor):
        raise TypeError(f"{name} are a {type(ids).__name__}, not a tensor: convert by torch.tensor(...)")
