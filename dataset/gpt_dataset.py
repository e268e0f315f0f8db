"""Chapter 2's dataset and loader by their names in the book, over windows that are computed.

Sebastian Raschka, "Build a Large Language Model (From Scratch)", listings 2.5 and 2.6:
https://github.com/rasbt/LLMs-from-scratch/blob/main/ch02/01_main-chapter-code/ch02.ipynb
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from bpelab.bpe.splitting.specials import END_OF_TEXT
from bpelab.dataset.bin_files import bin_windows
from bpelab.dataset.checks import whole_numbers
from bpelab.dataset.ranks import own_rank
from bpelab.dataset.shards import open_windows
from bpelab.dataset.tensors import Pair, WindowDataset, take_batch
from bpelab.dataset.token_files import narrowest
from bpelab.dataset.windows import TokenWindows
from bpelab.tokenizers.protocol import Tokenizer
from torch import Generator, Tensor, empty, int64
from torch.utils.data import DataLoader, DistributedSampler


@runtime_checkable
class _ArrayTokenizer(Protocol):
    """bpelab's and tiktoken's `Encoding`, which return ids as an array and know special tokens."""

    @property
    def n_vocab(self) -> int: ...

    def encode_to_numpy(self, text: str, *, allowed_special: set[str]) -> npt.NDArray[np.uint32]: ...


class GPTDatasetV1(WindowDataset):
    """Sliding windows over a text's ids: items are (inputs, targets), each (max_length,) int64.

    The same items as the book's class, without its lists of tensors: the ids are held once, in two bytes
    each where the vocabulary allows. `<|endoftext|>` in the text is that token, as in the book, for a
    tokenizer with special tokens; any other tokenizer's `encode` is called with the text alone.

    `tokenizer` is kept as an attribute; it is None where ids were passed.

    Raises `ValueError` where the text has too few tokens for a window, `stride` is below 1, or the tokenizer
    returns an id that is not below its `n_vocab`.

    >>> from bpelab.bpe import get_encoding
    >>> dataset = GPTDatasetV1("Hello, world. Hello.", get_encoding("gpt2"), max_length=2, stride=2)
    >>> len(dataset), dataset[1]
    (2, (tensor([995,  13]), tensor([   13, 18435])))
    >>> dataset.target_ids[-1]
    tensor([   13, 18435])
    """

    tokenizer: Tokenizer | None = None

    def __init__(self, txt: str, tokenizer: Tokenizer, max_length: int, stride: int) -> None:
        if isinstance(tokenizer, _ArrayTokenizer):
            ids = tokenizer.encode_to_numpy(txt, allowed_special={END_OF_TEXT} & _specials(tokenizer))
        else:
            ids = whole_numbers(tokenizer.encode(txt), "a tokenizer's ids")
        for end in (int(ids.min()), int(ids.max())) if len(ids) else ():
            if not 0 <= end < tokenizer.n_vocab:
                raise ValueError(
                    f"the tokenizer returned the id {end:,}, but has n_vocab {tokenizer.n_vocab:,}:"
                    " its ids must be 0 or more and below that"
                )
        self.tokenizer = tokenizer
        super().__init__(TokenWindows(ids.astype(narrowest(tokenizer.n_vocab)), max_length, stride))

    @property
    def input_ids(self) -> Sequence[Tensor]:
        """The inputs of all windows, a list in the book; here each is made when it is asked for."""
        return _Side(self, 0)

    @property
    def target_ids(self) -> Sequence[Tensor]:
        """The targets of all windows, also made when they are asked for."""
        return _Side(self, 1)

    @classmethod
    def from_ids(
        cls, ids: npt.NDArray[Any] | Sequence[int], max_length: int, stride: int, *, narrow: bool = False
    ) -> "GPTDatasetV1":
        """Make the dataset of ids; an array (n_tokens,) of integers is not copied.

        Raises `TypeError` for ids that are not integers in a row, and `ValueError` for a negative id or, with
        `narrow`, one that int32 cannot hold.

        >>> GPTDatasetV1.from_ids([5, 6, 7], max_length=2, stride=1)[0]
        (tensor([5, 6]), tensor([6, 7]))
        """
        return cls._of(TokenWindows(whole_numbers(ids, "ids"), max_length, stride), narrow)

    @classmethod
    def from_files(
        cls, path: str | os.PathLike[str], max_length: int, stride: int, *, narrow: bool = False
    ) -> "GPTDatasetV1":
        """Make the dataset of a token file, or of a directory or URL that `bpelab tokenize` wrote.

        The files are mapped; those at a URL are first copied into the user's cache (`local_copy`).

        Raises `ValueError` that names the file which is not sound, and `OSError`.
        """
        return cls._of(open_windows(path, max_length, stride), narrow)

    @classmethod
    def from_bin(
        cls,
        path: str | os.PathLike[str],
        max_length: int,
        stride: int,
        *,
        dtype: npt.DTypeLike = np.uint16,
        n_vocab: int | None = None,
        narrow: bool = False,
    ) -> "GPTDatasetV1":
        """Make the dataset of a file of nanoGPT (`train.bin`) or llm.c, which is mapped: see `read_bin`."""
        return cls._of(bin_windows(path, max_length, stride, dtype=dtype, n_vocab=n_vocab), narrow)

    @classmethod
    def _of(cls, windows: TokenWindows, narrow: bool) -> "GPTDatasetV1":
        dataset = cls.__new__(cls)
        WindowDataset.__init__(dataset, windows, narrow=narrow)
        return dataset


class _Side(Sequence[Tensor]):
    """The inputs, or the targets, of a dataset's windows."""

    def __init__(self, dataset: WindowDataset, side: int) -> None:
        self._dataset, self._side = dataset, side

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._dataset[index][self._side]


class _BookLoader(DataLoader[Pair]):
    """PyTorch's own loader and order; in this process, several batches are gathered at once."""

    dataset: GPTDatasetV1

    def __iter__(self) -> Iterator[Pair]:  # type: ignore[override]  # a generator is all that is needed
        if self.batch_size is None:  # Lightning has made this loader anew, with batches of its own
            return super().__iter__()
        if not isinstance(self.sampler, DistributedSampler) and (world_size := own_rank()[1]) > 1:
            raise RuntimeError(
                f"each of {world_size} processes would get the same data: use"
                " bpelab.dataset.loader.WindowLoader(loader.dataset, batch_size), which shares it between the"
                " ranks, or torch.utils.data.DataLoader(loader.dataset, ...) with a sampler of your own"
            )
        if self.num_workers:
            return super().__iter__()
        # PyTorch's own iterator first draws a seed for workers, even where there are none: without that,
        # the order drawn next would be another.
        empty((), dtype=int64).random_(generator=self.generator)
        return self.dataset.batches(self.batch_sampler, self.batch_size)  # type: ignore[arg-type]


def create_dataloader_v1(
    txt: str,
    batch_size: int = 4,
    max_length: int = 256,
    stride: int = 128,
    shuffle: bool = True,
    drop_last: bool = True,
    num_workers: int = 0,
    *,
    generator: Generator | None = None,
) -> DataLoader[Pair]:
    """Return the batches of a text's windows by GPT-2's ids, as the book's function of this name does.

    Each batch is (inputs, targets), (batch_size, max_length) int64 each. The order is the book's: PyTorch
    draws it anew for each epoch, from `generator` or from its global state (`torch.manual_seed`). For an
    order that a seed decides once and for all, and that can be resumed and shared by ranks, use
    `bpelab.dataset.loader.WindowLoader`. Lightning and Accelerate's `prepare` share this loader's batches
    between processes; without them, a pass in one of several processes raises `RuntimeError`.

    Raises `ValueError` for a text that is too short, a stride below 1, or a batch larger than the data with
    `drop_last`, from which the book's function makes no batch at all.

    >>> text = "The quick brown fox jumps over the lazy dog."
    >>> next(iter(create_dataloader_v1(text, batch_size=1, max_length=4, stride=4, shuffle=False)))
    (tensor([[  464,  2068,  7586, 21831]]), tensor([[ 2068,  7586, 21831, 18045]]))
    """
    from bpelab.bpe import get_encoding

    dataset = GPTDatasetV1(txt, get_encoding("gpt2"), max_length, stride)
    if drop_last and batch_size > len(dataset):
        raise ValueError(
            f"a batch of {batch_size:,} is larger than the data, {len(dataset):,} samples: nothing would be"
            f" left with drop_last. Use a batch of at most {len(dataset):,}, or drop_last=False."
        )
    return _BookLoader(
        dataset,
        batch_size=batch_size,
        shuffle=shuffle,
        drop_last=drop_last,
        num_workers=num_workers,
        collate_fn=take_batch,
        generator=generator,
    )


def _specials(tokenizer: object) -> set[str]:
    return set(getattr(tokenizer, "special_tokens_set", ()))
