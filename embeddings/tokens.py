"""What is an embedding? A table that is looked up, or a one-hot vector times a matrix: the same vectors.

Looking up row `i` of a (vocab_size, dim) table is multiplying it with the vector that is 1 at `i` and 0
elsewhere. Forward, both give the same bits, and backward the same gradients; but

- a NaN or an infinity anywhere in the table is multiplied by 0 and makes its whole column NaN; a look-up
  never sees the rows that it does not use;
- `-0.0` comes out as `0.0`, since it is added to zeros;
- the gradient of an id that occurs often is a long sum. The orders differ, and so do the last bits. In
  bfloat16 the look-up's backward on a CPU rounds after every addition and stays at 256 however many ones
  are added; the matrix product adds up in float32;
- `padding_idx` (a row that gets no gradient) and sparse gradients are the look-up's alone.

Both give vectors of the weight's dtype, under `torch.autocast`, too: there the product stays as it is, since
rounding the table to bfloat16 would change every vector.

The product reads all of the table and a one-hot matrix of (n_tokens, vocab_size) for what the look-up
does by copying n_tokens rows. `tests/embeddings/test_tokens.py` shows each of these.
"""

from contextlib import nullcontext
from typing import Any

import torch
from bpelab.embeddings.checks import check_ids
from torch import Tensor, nn
from torch.nn import functional


class TokenEmbedding(nn.Embedding):
    """A table of (vocab_size, dim) that is looked up: ids of any shape (...,) to vectors (..., dim).

    `torch.nn.Embedding`, whose options it takes, with errors that say which id was wrong: `IndexError` for
    an id out of range, `TypeError` for ids that are not int64 or int32. O(n_tokens * dim) in time and memory.

    Looking for an id out of range waits for the device, if that is a GPU. It is left out while a program is
    compiled, traced or captured as a CUDA graph, and with `check=False`, which `torch.vmap` needs.

    >>> _ = torch.manual_seed(123)
    >>> TokenEmbedding(6, 3)(torch.tensor([2, 3]))
    tensor([[ 1.2753, -0.2010, -0.1606],
            [-0.4015,  0.9666, -1.1481]], grad_fn=<EmbeddingBackward0>)
    """

    def __init__(self, *arguments: Any, check: bool = True, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.check = check

    def forward(self, ids: Tensor) -> Tensor:
        """Look the ids up."""
        if not torch.jit.is_scripting() and self.check:  # type: ignore[attr-defined]
            check_ids(ids, self.num_embeddings, "token ids")
        return functional.embedding(
            ids,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )


class TransposedTable(nn.Module):
    """An embedding's table as the weight of a `Linear` without a bias, (dim, vocab_size)."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        self.embedding = embedding

    @property
    def in_features(self) -> int:
        """How many ids there are."""
        return self.embedding.num_embeddings

    @property
    def weight(self) -> Tensor:
        """The table, transposed: a view of its memory."""
        return self.embedding.weight.T

    def forward(self, x: Tensor) -> Tensor:
        """Multiply (..., vocab_size) with the table, to (..., dim)."""
        return functional.linear(x, self.weight)


class OneHotLinear(nn.Module):
    """The same by a product, one-hot @ Linear: ids (...,) to vectors (..., dim), without a bias.

    `linear.weight` is (dim, vocab_size), as `torch.nn.Linear` has it. Time is O(n_tokens * vocab_size * dim),
    and memory n_tokens * vocab_size numbers for the one-hot vectors: with GPT-2's vocabulary 200 kB a token
    in float32. Raises what `TokenEmbedding` raises, and `check=False` means the same.

    >>> embedding = TokenEmbedding(4, 5)
    >>> ids = torch.tensor([2, 3, 1])
    >>> torch.equal(OneHotLinear.sharing(embedding)(ids), embedding(ids))
    True
    """

    def __init__(
        self,
        vocab_size: int,
        dim: int,
        *,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        check: bool = True,
    ) -> None:
        super().__init__()
        self.linear: nn.Linear | TransposedTable = nn.Linear(
            vocab_size, dim, bias=False, device=device, dtype=dtype
        )
        self.check = check

    @classmethod
    def sharing(cls, embedding: nn.Embedding, *, check: bool = True) -> "OneHotLinear":
        """Build one on an embedding's table: one parameter, and so one gradient, for both.

        They stay one in a `deepcopy` of both and wherever the embedding is moved.
        """
        vocab_size, dim = embedding.weight.shape
        layer = cls(vocab_size, dim, device=torch.device("meta"), check=check)
        layer.linear = TransposedTable(embedding)
        return layer

    @property
    def vocab_size(self) -> int:
        """How many ids there are."""
        return self.linear.in_features

    def one_hot(self, ids: Tensor) -> Tensor:
        """(..., vocab_size) in the dtype of the weight: 1 at each id, 0 elsewhere."""
        if not torch.jit.is_scripting() and self.check:  # type: ignore[attr-defined]
            check_ids(ids, self.vocab_size, "token ids")
        # Made from the ids, and so by `torch.vmap` for each of its rows.
        shape = ids.shape + (self.vocab_size,)  # noqa: RUF005  (TorchScript knows no star)
        zeros = ids.new_zeros(shape, dtype=self.linear.weight.dtype)
        return zeros.scatter_(-1, ids.long().unsqueeze(-1), 1)

    def forward(self, ids: Tensor) -> Tensor:
        """Multiply the ids' one-hot vectors with the weight."""
        one_hot = self.one_hot(ids)
        if torch.jit.is_scripting():  # type: ignore[attr-defined]
            vectors: Tensor = self.linear(one_hot)
        else:
            vectors = self._product(one_hot)
        return vectors

    def _product(self, one_hot: Tensor) -> Tensor:
        device = one_hot.device.type
        on = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
        with torch.autocast(device, enabled=False) if on else nullcontext():
            vectors: Tensor = self.linear(one_hot)
        return vectors
