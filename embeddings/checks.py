"""Which ids may be looked up? Checked first, because a failed look-up does not say which id was wrong."""

import torch
from torch import Tensor

INDEX_DTYPES = (torch.int64, torch.int32)


def check_ids(ids: Tensor, n_rows: int, name: str) -> None:
    """Raise an error that names an id of `ids` for which a table of `n_rows` rows has no row.

    `TypeError` for anything but a tensor of int64 or int32, `IndexError` for an id below 0 or too high;
    `name` says what the ids are. The lowest and the highest id are computed, in O(n). On CUDA this waits for
    the device. Without it, an assertion there would fail some calls later, without naming the id, and the
    process would have to be restarted. Where ids cannot be read, only their type is checked: see `readable`.

    >>> check_ids(torch.tensor([[1, 2], [7, 0]]), 6, "token ids")
    Traceback (most recent call last):
    IndexError: token ids must be from 0 to 5, but the one at [1, 0] is 7
    """
    check_tensor(ids, name)
    if ids.dtype not in INDEX_DTYPES:
        raise TypeError(
            f"{name} have the dtype {ids.dtype}, not torch.int64 or torch.int32: convert by .long()"
        )
    if not readable(ids) or ids.numel() == 0:
        return
    try:
        lowest, highest = (int(end) for end in torch.stack(ids.detach().aminmax()).tolist())
    except RuntimeError as error:
        raise RuntimeError(
            f"the values of {name} cannot be read ({str(error)[:80]}): under torch.vmap and where PyTorch"
            " only follows shapes, pass check=False to the layer"
        ) from error
    if lowest < 0 or highest >= n_rows:
        wrong = highest if highest >= n_rows else lowest
        place = (ids == wrong).nonzero()[0].tolist()
        raise IndexError(f"{name} must be from 0 to {n_rows - 1:,}, but the one at {place} is {wrong:,}")


def readable(ids: Tensor) -> bool:
    """Tell whether Python may look at the values of ids.

    It may not while `torch.compile`, `torch.export` or `torch.jit.trace` follow a program or a CUDA graph is
    captured, nor on a meta device, where there are none.

    >>> readable(torch.tensor([1])), readable(torch.tensor([1], device="meta"))
    (True, False)
    """
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]
    if torch.compiler.is_compiling() or tracing or ids.is_meta:
        return False
    return not (ids.is_cuda and torch.cuda.is_current_stream_capturing())


def check_tensor(ids: object, name: str) -> None:
    """Raise `TypeError` for anything that is not a tensor, such as a list."""
    if not isinstance(ids, Tensor):
        raise TypeError(f"{name} are a {type(ids).__name__}, not a tensor: convert by torch.tensor(...)")
