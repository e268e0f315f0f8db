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

The product reads all of the table and a one-hot matrix of (n_tokens, vocab_size) for what the look-up
does by copying n_tokens rows. `tests/embeddings/test_tokens.py` shows each of these.
"""

import torch
from bpelab.embeddings.checks import check_ids
from torch import Tensor, nn


class TokenEmbedding(nn.Embedding):
    """A table of (vocab_size, dim) that is looked up: ids of any shape (...,) to vectors (..., dim).

    `torch.nn.Embedding`, whose options it takes, with errors that say which id was wrong: `IndexError` for
    an id out of range, `TypeError` for ids that are not int64 or int32. O(n_tokens * dim) in time and memory.

    >>> _ = torch.manual_seed(123)
    >>> TokenEmbedding(6, 3)(torch.tensor([2, 3]))
    tensor([[ 1.2753, -0.2010, -0.1606],
            [-0.4015,  0.9666, -1.1481]], grad_fn=<EmbeddingBackward0>)
    """

    def forward(self, ids: Tensor) -> Tensor:
        """Look the ids up."""
        check_ids(ids, self.num_embeddings, "token ids")
        return super().forward(ids)


class OneHotLinear(nn.Module):
    """The same by a product, one-hot @ Linear: ids (...,) to vectors (..., dim), without a bias.

    `linear.weight` is (dim, vocab_size), as `torch.nn.Linear` has it. Time is O(n_tokens * vocab_size * dim),
    and memory n_tokens * vocab_size numbers for the one-hot vectors: with GPT-2's vocabulary 200 kB a token
    in float32. Raises what `TokenEmbedding` raises.

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
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(vocab_size, dim, bias=False, device=device, dtype=dtype)

    @classmethod
    def sharing(cls, embedding: nn.Embedding) -> "OneHotLinear":
        """Build one on the memory of an embedding's table, transposed: a change of one changes both.

        Each has a parameter, and so a gradient, of its own.
        """
        vocab_size, dim = embedding.weight.shape
        layer = cls(vocab_size, dim, device=torch.device("meta"))
        layer.linear.weight = nn.Parameter(embedding.weight.detach().T)
        return layer

    @property
    def vocab_size(self) -> int:
        """How many ids there are."""
        return self.linear.in_features

    def one_hot(self, ids: Tensor) -> Tensor:
        """(..., vocab_size) in the dtype of the weight: 1 at each id, 0 elsewhere."""
        check_ids(ids, self.vocab_size, "token ids")
        zeros = self.linear.weight.new_zeros((*ids.shape, self.vocab_size))
        return zeros.scatter_(-1, ids.long().unsqueeze(-1), 1)

    def forward(self, ids: Tensor) -> Tensor:
        """Multiply the ids' one-hot vectors with the weight."""
        vectors: Tensor = self.linear(self.one_hot(ids))
        return vectors
