"""Texts of different lengths become one batch, as in the chapters on data and on instructions."""

import pickle
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")

from bpelab.dataset.padding import PaddedBatches  # noqa: E402  (needs torch)
from bpelab.tokenizers.simple import SimpleTokenizerV2  # noqa: E402
from bpelab.tokenizers.words import build_vocabulary  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402


def the_book_s(
    batch: Any, pad_token_id: int = 50256, ignore_index: int = -100, allowed: int | None = None
) -> Any:
    """`custom_collate_fn` of chapter 7."""
    batch_max_length = max(len(item) + 1 for item in batch)
    inputs_lst, targets_lst = [], []
    for item in batch:
        new_item = [*item, pad_token_id]
        padded = new_item + [pad_token_id] * (batch_max_length - len(new_item))
        inputs, targets = torch.tensor(padded[:-1]), torch.tensor(padded[1:])
        mask = targets == pad_token_id
        indices = torch.nonzero(mask).squeeze()
        if indices.numel() > 1:
            targets[indices[1:]] = ignore_index
        if allowed is not None:
            inputs, targets = inputs[:allowed], targets[:allowed]
        inputs_lst.append(inputs)
        targets_lst.append(targets)
    return torch.stack(inputs_lst), torch.stack(targets_lst)


@given(
    st.lists(st.lists(st.integers(0, 50255), min_size=1, max_size=12), min_size=1, max_size=6),
    st.none() | st.integers(1, 12),
)
def test_with_gpt_2_s_one_token_batches_are_those_of_the_book(texts: Any, allowed: int | None) -> None:
    make = PaddedBatches(50256, eos_id=50256)
    inputs, targets = make(texts)
    expected = the_book_s(texts, allowed=allowed)
    assert torch.equal(inputs[:, :allowed], expected[0])
    assert torch.equal(targets[:, :allowed], expected[1])
    if allowed is not None:
        cut = PaddedBatches(50256, eos_id=50256, length=allowed, too_long="cut")(texts)
        width = expected[0].shape[1]
        assert all(torch.equal(part[:, :width], same) for part, same in zip(cut, expected, strict=True))


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=5),
    st.none() | st.just(11),
    st.none() | st.just(12),
    st.none() | st.integers(9, 12),
)
def test_what_is_learned_is_each_text_and_nothing_else(
    texts: Any, bos: int | None, eos: int | None, length: int | None
) -> None:
    rows = [[*([bos] if bos else []), *text, *([eos] if eos else [])] for text in texts]
    make = PaddedBatches(10, bos, eos, length)
    if min(map(len, rows)) < 2:
        with pytest.raises(ValueError, match=r"has 1 ids with \[BOS\] and \[EOS\], and so none to predict"):
            make(texts)
        return
    inputs, targets = make(texts)
    assert inputs.shape == targets.shape == (len(rows), length or max(map(len, rows)) - 1)
    assert inputs.dtype == targets.dtype == torch.int64
    assert inputs.is_contiguous()
    assert targets.view(-1).numel() == targets.numel()
    for row, x, y in zip(rows, inputs.tolist(), targets.tolist(), strict=True):
        n_steps = len(row) - 1
        assert x == row[:-1] + [10] * (len(x) - n_steps)
        assert y == row[1:] + [-100] * (len(y) - n_steps)


def test_padding_has_no_part_in_the_loss() -> None:
    torch.manual_seed(1)
    table = torch.randn(13, 13)
    loss = torch.nn.functional.cross_entropy

    def of(texts: Any, **options: Any) -> Any:
        inputs, targets = PaddedBatches(10, eos_id=12, **options)(texts)
        return loss(table[inputs].view(-1, 13), targets.view(-1), reduction="sum")

    together = of([[1, 2, 3, 4], [5], [6, 7]], length=9)
    apart = sum(of([text]) for text in ([1, 2, 3, 4], [5], [6, 7]))
    torch.testing.assert_close(together, apart)


def test_the_chapter_s_words_with_its_special_tokens(verdict: str) -> None:
    special = ["<|endoftext|>", "<|unk|>", "[BOS]", "[EOS]", "[PAD]"]
    tokenizer = SimpleTokenizerV2(build_vocabulary(verdict, special))
    begin, end, padding = (tokenizer.str_to_int[token] for token in special[2:])
    assert (begin, end, padding) == (1132, 1133, 1134)
    texts = [tokenizer.encode(text) for text in ("you know", "It's the last he painted")]
    loader = DataLoader(texts, batch_size=2, collate_fn=PaddedBatches(padding, begin, end))  # type: ignore[arg-type]
    inputs, targets = next(iter(loader))
    assert [tokenizer.decode(row) for row in inputs.tolist()] == [
        "[BOS] you know [PAD] [PAD] [PAD] [PAD] [PAD]",
        "[BOS] It' s the last he painted",
    ]
    assert tokenizer.decode(targets[0][:3].tolist()) == "you know [EOS]"
    assert targets[0][3:].unique().tolist() == [-100]


def test_texts_may_be_arrays_and_workers_get_the_function() -> None:
    make = PaddedBatches(0, eos_id=1, length=4)
    texts = [np.array([5, 6], dtype=np.uint16), torch.tensor([7]), (8, 9, 10)]
    assert pickle.loads(pickle.dumps(make)) == make
    assert make(texts)[0].tolist() == [[5, 6, 0, 0], [7, 0, 0, 0], [8, 9, 10, 0]]  # type: ignore[arg-type]
    assert make([])[0].shape == (0, 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PaddedBatches(0, length=2)([[1], [1, 2, 3, 4]]), ValueError, "has 1 ids with"),
        (
            lambda: PaddedBatches(0, length=2)([[1, 2, 3, 4]]),
            ValueError,
            r"3 ids to learn from, more than .* 2",
        ),
        (lambda: PaddedBatches(0)([[1.5, 2]]), TypeError, "the ids of text 0 of the batch must be integers"),
        (lambda: PaddedBatches(0)([[[1, 2]]]), ValueError, r"the shape \(1, 2\), not \(n_tokens,\)"),
        (lambda: PaddedBatches(-1), ValueError, "pad_id is -1; it must be 0 or more"),
        (lambda: PaddedBatches("<pad>"), TypeError, "pad_id is '<pad>', not an integer"),
        (lambda: PaddedBatches(0, length=0), ValueError, "the length is 0"),
        (lambda: PaddedBatches(0, too_long="yes"), ValueError, "too_long is 'yes': it must be"),
    ],
)
def test_what_cannot_be_padded_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
