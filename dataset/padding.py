"""How do texts of different lengths become one batch? They are padded, and padding is not learned.

Section 2.4 of the book names three tokens for that: [BOS] begins a text, [EOS] ends it, and [PAD] fills a
row up to the length of the longest. GPT models have one token for all of this, `<|endoftext|>`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from bpelab.dataset.checks import shown, whole_number, whole_numbers
from bpelab.dataset.tensors import Pair
from torch import Tensor, from_numpy, full, int64

# `torch.nn.functional.cross_entropy` leaves these targets out.
IGNORED = -100


@dataclass(frozen=True)
class PaddedBatches:
    """Makes a batch of texts' ids: a `collate_fn` for a DataLoader over lists or arrays of ids.

    Returns (inputs, targets), each (batch, length) int64. A row is [BOS], the ids and [EOS]; its targets are
    the same shifted by one. After its end, inputs are `pad_id` and targets `ignored`. `length` is that of
    the longest row or, where it is given, always the same, such as a model's context length. Raises
    `ValueError` for a row that is longer, or cuts it with `too_long="cut"`, and for a text without anything
    to predict.

    >>> make = PaddedBatches(pad_id=9, bos_id=7, eos_id=8)
    >>> inputs, targets = make([[1, 2, 3], [4]])
    >>> inputs
    tensor([[7, 1, 2, 3],
            [7, 4, 9, 9]])
    >>> targets
    tensor([[   1,    2,    3,    8],
            [   4,    8, -100, -100]])
    """

    pad_id: int
    bos_id: int | None = None
    eos_id: int | None = None
    length: int | None = None
    ignored: int = IGNORED
    too_long: Literal["refuse", "cut"] = "refuse"

    def __post_init__(self) -> None:
        for name in ("pad_id", "bos_id", "eos_id"):
            if (number := getattr(self, name)) is not None:
                whole_number(number, name, least=0)
        whole_number(self.ignored, "ignored")
        if self.length is not None:
            whole_number(self.length, "the length", least=1)
        if self.too_long not in ("refuse", "cut"):
            raise ValueError(f"too_long is {self.too_long!r:.40}: it must be 'refuse' or 'cut'")

    def __call__(self, texts: Sequence[Sequence[int]]) -> Pair:
        """Return the inputs and targets of some texts' ids."""
        rows = [self._row(ids, number) for number, ids in enumerate(texts)]
        length = self.length or max((len(row) - 1 for row in rows), default=0)
        inputs = full((len(rows), length), self.pad_id, dtype=int64)
        targets = full((len(rows), length), self.ignored, dtype=int64)
        for number, row in enumerate(rows):
            if (n_steps := len(row) - 1) > length and self.too_long == "refuse":
                raise ValueError(
                    f"text {number} of the batch has {shown(n_steps)} ids to learn from, more than the length"
                    f" {length:,}: cut it, use a longer length, or pass too_long='cut'"
                )
            n_steps = min(n_steps, length)
            inputs[number, :n_steps] = row[:n_steps]
            targets[number, :n_steps] = row[1 : n_steps + 1]
        return inputs, targets

    def _row(self, ids: Sequence[int], number: int) -> Tensor:
        begin = np.array([] if self.bos_id is None else [self.bos_id], dtype=np.int64)
        end = np.array([] if self.eos_id is None else [self.eos_id], dtype=np.int64)
        checked = whole_numbers(ids, f"the ids of text {number} of the batch")
        if checked.ndim != 1:
            raise ValueError(
                f"text {number} of the batch has ids of the shape {checked.shape}, not (n_tokens,)"
            )
        row = np.concatenate([begin, checked.astype(np.int64), end])
        if len(row) < 2:
            raise ValueError(
                f"text {number} of the batch has {len(row)} ids with [BOS] and [EOS], and so none to predict:"
                " leave it out"
            )
        return from_numpy(row)
