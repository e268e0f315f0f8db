"""What does the model get? One vector for each token: what it is, plus where it stands."""

import torch
from bpelab.embeddings.checks import check_ids, check_tensor
from bpelab.embeddings.tokens import TokenEmbedding
from torch import Tensor, nn


class InputEmbedding(nn.Module):
    """Token plus learned absolute position, as in GPT-2: (batch, length) int64 → (batch, length, dim).

    `token` is a table of (vocab_size, dim), `position` one of (context_length, dim). O(batch * length * dim).
    `check` is that of `TokenEmbedding`, for ids and positions.

    >>> embed = InputEmbedding(vocab_size=50257, context_length=4, dim=256)
    >>> embed(torch.randint(50257, (8, 4))).shape
    torch.Size([8, 4, 256])
    >>> embed(torch.zeros(1, 5, dtype=torch.long))
    Traceback (most recent call last):
    ValueError: 5 tokens do not fit in a context of 4: cut the input, or use a longer context_length
    """

    def __init__(self, vocab_size: int, context_length: int, dim: int, *, check: bool = True) -> None:
        super().__init__()
        self.check = check
        self.token = TokenEmbedding(vocab_size, dim, check=check)
        self.position = nn.Embedding(context_length, dim)

    @property
    def context_length(self) -> int:
        """How many positions there are."""
        return self.position.num_embeddings

    def forward(self, ids: Tensor, positions: Tensor | None = None) -> Tensor:
        """Add the vectors of the ids and of their positions, which are 0, 1, 2 and so on unless given.

        Positions of (length,) or (batch, length) may restart within a row, where a document begins. Raises
        `ValueError` for ids of another shape or more tokens than the context has, `IndexError` for an id or a
        position out of range, `TypeError` for ids that are not a tensor of int64 or int32.
        """
        if not torch.jit.is_scripting():  # type: ignore[attr-defined]
            self._check(ids, positions)
        position_vectors = (
            self.position.weight[: ids.shape[1]] if positions is None else self.position(positions)
        )
        vectors: Tensor = self.token(ids) + position_vectors
        return vectors

    def _check(self, ids: Tensor, positions: Tensor | None) -> None:
        check_tensor(ids, "token ids")
        if ids.ndim != 2:
            raise ValueError(
                f"ids have the shape {tuple(ids.shape)}, not (batch, length):"
                " make a batch of one sequence by ids.unsqueeze(0)"
            )
        if positions is None:
            if (length := ids.shape[1]) > self.context_length:
                raise ValueError(
                    f"{length:,} tokens do not fit in a context of {self.context_length:,}:"
                    " cut the input, or use a longer context_length"
                )
            return
        check_tensor(positions, "positions")
        if positions.shape not in (ids.shape, ids.shape[1:]):
            raise ValueError(
                f"positions have the shape {tuple(positions.shape)}, and ids {tuple(ids.shape)}:"
                " they must be the same, or positions (length,)"
            )
        if self.check:
            check_ids(positions, self.context_length, "positions")
