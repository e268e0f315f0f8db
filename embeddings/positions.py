"""Where does a token stand? Positions that are computed: sinusoidal, added; rotary, turned."""

from typing import Literal

import torch
from torch import Tensor, nn

# Which two numbers of a vector are turned together: neighbours, as in the paper and in Llama's own code,
# or those half a vector apart, as in GPT-NeoX and in Hugging Face's Llama. A model trained with one
# gives nonsense with the other.
Pairing = Literal["interleaved", "half"]


def sinusoidal_positions(length: int, dim: int, *, base: float = 10_000.0) -> Tensor:
    """(length, dim) float32: sines in the even columns and cosines in the odd ones, to be added to tokens.

    Column `2i` of row `p` is sin(p / base ** (2i / dim)). Raises `ValueError` for an odd dim. From
    "Attention Is All You Need", section 3.5, https://arxiv.org/abs/1706.03762.

    >>> sinusoidal_positions(2, 4)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    angles = _angles(torch.arange(length), dim, base)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).reshape(length, dim).float()


class Sinusoidal(nn.Module):
    """`sinusoidal_positions` of the first `context_length` positions, computed once and added to vectors.

    (..., length, dim) → (..., length, dim). Raises `ValueError` for a longer input or another dim. After
    `to_empty`, call `reset_parameters`, as for other modules.

    >>> Sinusoidal(context_length=8, dim=4)(torch.zeros(1, 2, 4))
    tensor([[[0.0000, 1.0000, 0.0000, 1.0000],
             [0.8415, 0.5403, 0.0100, 0.9999]]])
    """

    table: Tensor  # (context_length, dim)

    def __init__(self, context_length: int, dim: int, *, base: float = 10_000.0) -> None:
        super().__init__()
        _check_dim(dim, base)
        self.base = base
        self.register_buffer("table", torch.empty(context_length, dim, dtype=torch.float32), persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Compute the table again, where it is."""
        self.table.copy_(sinusoidal_positions(*self.table.shape, base=self.base))

    def forward(self, x: Tensor) -> Tensor:
        """Add the positions 0, 1 and so on; in the dtype of `x`."""
        if x.ndim < 2 or x.shape[-1] != self.table.shape[1]:
            raise ValueError(
                f"x has the shape {tuple(x.shape)}, not (..., length, {self.table.shape[1]}): build"
                " Sinusoidal for the dim that its input has"
            )
        if (length := x.shape[-2]) > len(self.table):
            raise ValueError(
                f"{length:,} positions do not fit in a context of {len(self.table):,}:"
                " use a shorter input, or build Sinusoidal with a longer context"
            )
        return x + self.table[:length].to(x.dtype)


def rotate(x: Tensor, positions: Tensor, *, pairing: Pairing, base: float = 10_000.0) -> Tensor:
    """Turn each pair of numbers of `x` by an angle that grows with its position; same shape and dtype.

    `x` is (..., length, dim) and `positions` (length,), or what broadcasts to (..., length). Pair `i` turns
    by `position / base ** (2i / dim)`, so that the product of two turned vectors depends on how far apart
    they are, not on where. Computed in float32. Raises `ValueError` for an odd dim, another pairing or
    positions that are not those of `x`, `TypeError` for an `x` of integers. From
    "RoFormer", https://arxiv.org/abs/2104.09864.

    >>> rotate(torch.tensor([[1.0, 0.0, 0.0, 0.0]]), torch.tensor([1]), pairing="interleaved")
    tensor([[0.5403, 0.8415, 0.0000, 0.0000]])
    >>> rotate(torch.tensor([[1.0, 0.0, 0.0, 0.0]]), torch.tensor([1]), pairing="half")
    tensor([[0.5403, 0.0000, 0.8415, 0.0000]])
    """
    try:
        positions.expand(x.shape[:-1])  # a check: the angles of rows that are the same are computed once
    except RuntimeError:
        raise ValueError(
            f"positions have the shape {tuple(positions.shape)}, and x {tuple(x.shape)}:"
            f" they must be (length,), or broadcast to {tuple(x.shape[:-1])}"
        ) from None
    angles = _angles(positions, x.shape[-1], base)
    return _turn(x, angles.cos().float(), angles.sin().float(), pairing)


class Rotary(nn.Module):
    """`rotate` with the angles of the first `context_length` positions computed once; nothing is learned.

    (..., length, dim) → (..., length, dim). Raises `ValueError` for a longer input or another dim, and
    `TypeError` for an input of integers. After `to_empty`, call `reset_parameters`, as for other modules.

    >>> rotary = Rotary(context_length=8, dim=4, pairing="half")
    >>> x = torch.ones(2, 8, 4)
    >>> torch.equal(rotary(x), rotate(x, torch.arange(8), pairing="half"))
    True
    """

    cos: Tensor  # (context_length, dim / 2)
    sin: Tensor

    def __init__(self, context_length: int, dim: int, *, pairing: Pairing, base: float = 10_000.0) -> None:
        super().__init__()
        _check_dim(dim, base)
        _check_pairing(pairing)
        self.pairing: Pairing = pairing
        self.base = base
        for name in ("cos", "sin"):
            table = torch.empty(context_length, dim // 2, dtype=torch.float32)
            self.register_buffer(name, table, persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Compute the angles again, where they are."""
        context_length, half = self.cos.shape
        angles = _angles(torch.arange(context_length, device=self.cos.device), 2 * half, self.base)
        self.cos.copy_(angles.cos())
        self.sin.copy_(angles.sin())

    def forward(self, x: Tensor, *, start: int = 0) -> Tensor:
        """Turn vectors at the positions `start`, `start + 1` and so on."""
        if x.ndim < 2 or x.shape[-1] != 2 * self.cos.shape[1]:
            raise ValueError(
                f"x has the shape {tuple(x.shape)}, not (..., length, {2 * self.cos.shape[1]}): build"
                " Rotary for the dim that its input has"
            )
        end = start + x.shape[-2]
        if start < 0 or end > len(self.cos):
            raise ValueError(
                f"positions {start:,} to {end - 1:,} do not fit in a context of {len(self.cos):,}:"
                " use a shorter input, or build Rotary with a longer context"
            )
        return _turn(x, self.cos[start:end], self.sin[start:end], self.pairing)


def _angles(positions: Tensor, dim: int, base: float) -> Tensor:
    """(..., dim / 2) float64: in float32 the angles of late positions would be off in the fourth digit."""
    _check_dim(dim, base)
    steps = torch.arange(0, dim, 2, dtype=torch.float64, device=positions.device) / dim
    return positions.to(torch.float64).unsqueeze(-1) / base**steps


def _turn(x: Tensor, cos: Tensor, sin: Tensor, pairing: Pairing) -> Tensor:
    _check_pairing(pairing)
    if not x.is_floating_point():
        raise TypeError(f"x has the dtype {x.dtype}, which would cut off what is turned: convert by .float()")
    half = x.shape[-1] // 2
    if pairing == "interleaved":
        first, second = x[..., 0::2].float(), x[..., 1::2].float()
    else:
        first, second = x[..., :half].float(), x[..., half:].float()
    turned = (first * cos - second * sin, first * sin + second * cos)
    if pairing == "interleaved":
        return torch.stack(turned, dim=-1).flatten(-2).to(x.dtype)
    return torch.cat(turned, dim=-1).to(x.dtype)


def _check_dim(dim: int, base: float) -> None:
    if dim < 2 or dim % 2:
        raise ValueError(f"dim is {dim}: positions need pairs, so that it must be even and 2 or more")
    if not base > 0:
        raise ValueError(f"base is {base}: angles are divided by its powers, so that it must be above 0")


def _check_pairing(pairing: str) -> None:
    if pairing not in ("interleaved", "half"):
        raise ValueError(f"pairing is {pairing!r}: it must be 'interleaved' or 'half'")
