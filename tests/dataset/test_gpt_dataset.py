"""The book's names give the book's batches, and a resumed training goes on with the next one."""

import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, get_encoding
from bpelab.dataset.windows import TokenWindows

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")

from bpelab.dataset import GPTDatasetV1, create_dataloader_v1  # noqa: E402  (needs torch)
from bpelab.dataset.loader import WindowLoader, batches_of  # noqa: E402
from bpelab.dataset.tensors import WindowDataset, to_device  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402


class BookDataset(Dataset[Any]):
    """Listing 2.5, given ids."""

    def __init__(self, token_ids: list[int], max_length: int, stride: int) -> None:
        self.input_ids, self.target_ids = [], []
        for i in range(0, len(token_ids) - max_length, stride):
            self.input_ids.append(torch.tensor(token_ids[i : i + max_length]))
            self.target_ids.append(torch.tensor(token_ids[i + 1 : i + max_length + 1]))

    def __len__(self) -> int:
        return len(self.input_ids)

    def __getitem__(self, idx: int) -> Any:
        return self.input_ids[idx], self.target_ids[idx]


def as_lists(batches: Any) -> list[tuple[list[list[int]], list[list[int]]]]:
    return [(inputs.tolist(), targets.tolist()) for inputs, targets in batches]


def loader_of(n_tokens: int = 500, **options: Any) -> WindowLoader:
    ids = np.arange(n_tokens, dtype=np.uint16)
    return WindowLoader(WindowDataset(TokenWindows(ids, 8, 4)), **{"batch_size": 8, "seed": 3, **options})


# ---- the chapter ----


def test_the_first_batches_of_the_chapter(verdict: str) -> None:
    batches = iter(create_dataloader_v1(verdict, batch_size=1, max_length=4, stride=1, shuffle=False))
    assert as_lists(islice(batches, 2)) == [
        ([[40, 367, 2885, 1464]], [[367, 2885, 1464, 1807]]),
        ([[367, 2885, 1464, 1807]], [[2885, 1464, 1807, 3619]]),
    ]
    inputs, targets = next(
        iter(create_dataloader_v1(verdict, batch_size=8, max_length=4, stride=4, shuffle=False))
    )
    assert inputs.tolist() == [
        [40, 367, 2885, 1464],
        [1807, 3619, 402, 271],
        [10899, 2138, 257, 7026],
        [15632, 438, 2016, 257],
        [922, 5891, 1576, 438],
        [568, 340, 373, 645],
        [1049, 5975, 284, 502],
        [284, 3285, 326, 11],
    ]
    assert targets[:, :-1].tolist() == inputs[:, 1:].tolist()
    assert targets[:, -1].tolist() == [1807, 10899, 15632, 922, 568, 1049, 284, 287]
    assert inputs.dtype == targets.dtype == torch.int64


@pytest.mark.parametrize(
    ("batch_size", "stride", "drop_last"), [(1, 1, True), (8, 4, True), (8, 4, False), (3, 7, True)]
)
def test_every_batch_is_that_of_the_book(
    verdict: str, tiktoken_gpt2: Any, batch_size: int, stride: int, drop_last: bool
) -> None:
    ids = tiktoken_gpt2.encode(verdict, allowed_special={"<|endoftext|>"})
    book = DataLoader(BookDataset(ids, 4, stride), batch_size, shuffle=False, drop_last=drop_last)
    ours = create_dataloader_v1(verdict, batch_size, 4, stride, shuffle=False, drop_last=drop_last)
    assert as_lists(ours) == as_lists(book)
    assert len(ours) == len(book)


def test_the_lists_of_the_book_are_there_without_being_kept() -> None:
    ids = list(range(100, 130))
    ours, book = GPTDatasetV1.from_ids(ids, 4, 3), BookDataset(ids, 4, 3)
    for mine, theirs in ((ours.input_ids, book.input_ids), (ours.target_ids, book.target_ids)):
        assert len(mine) == len(theirs)
        assert [part.tolist() for part in mine] == [part.tolist() for part in theirs]
        assert mine[-1].tolist() == theirs[-1].tolist()
        assert [part.tolist() for part in mine[1:6:2]] == [part.tolist() for part in theirs[1:6:2]]
    with pytest.raises(IndexError, match="there are 9 windows; 9 is none of them"):
        ours.input_ids[9]


def test_the_defaults_are_those_of_the_book(verdict: str) -> None:
    inputs, targets = next(iter(create_dataloader_v1(verdict)))
    assert inputs.shape == targets.shape == (4, 256)
    first = create_dataloader_v1(verdict, batch_size=1, shuffle=False)
    second = next(islice(first, 1, None))[0]
    assert second[0, 0] == next(iter(first))[0][0, 128]


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("seeded_by", ["the global state", "a generator"])
def test_a_shuffled_loader_has_the_book_s_order_in_every_epoch(
    verdict: str, gpt2: Encoding, num_workers: int, seeded_by: str
) -> None:
    ids = gpt2.encode(verdict, allowed_special={"<|endoftext|>"})

    def epochs(make: Callable[..., Any]) -> list[Any]:
        options: dict[str, Any] = {}
        if seeded_by == "a generator":
            options["generator"] = torch.Generator().manual_seed(123)
        torch.manual_seed(123)
        loader = make(**options)
        return [as_lists(loader) for _ in range(2)]

    book = epochs(
        lambda **options: DataLoader(
            BookDataset(ids, 4, 128), 8, shuffle=True, drop_last=True, num_workers=num_workers, **options
        )
    )
    ours = epochs(
        lambda **options: create_dataloader_v1(verdict, 8, 4, 128, num_workers=num_workers, **options)
    )
    assert ours == book
    assert ours[0] != ours[1]


def test_what_others_code_reads_is_there(verdict: str) -> None:
    loader = create_dataloader_v1(verdict, batch_size=8, drop_last=False)
    assert (loader.batch_size, loader.drop_last) == (8, False)
    assert loader.dataset.tokenizer is get_encoding("gpt2")  # type: ignore[attr-defined]
    assert GPTDatasetV1.from_ids([1, 2, 3], 1, 1).tokenizer is None
    ranked = loader_of(rank=1, world_size=2, drop_last=False)
    assert (ranked.batch_size, ranked.drop_last) == (4, False)
    assert loader_of().drop_last


def test_any_tokenizer_can_be_used(tiktoken_gpt2: Any) -> None:
    class Letters:
        n_vocab = 128

        def encode(self, text: str, /) -> list[int]:
            return list(map(ord, text))

        def decode(self, ids: Any, /) -> str:
            return "".join(map(chr, ids))

    text = "one <|endoftext|> two"
    assert GPTDatasetV1(text, Letters(), 4, 4)[0][0].tolist() == list(map(ord, "one "))
    for encoding in (tiktoken_gpt2, get_encoding("gpt2")):
        dataset = GPTDatasetV1(text, encoding, 3, 1)
        assert len(dataset) == 1
        assert [part.tolist() for part in dataset[0]] == [[505, 220, 50256], [220, 50256, 734]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_length": 10}, "3 tokens are too few for a window of 10 inputs and their targets: at least 11"),
        ({"max_length": 2, "stride": 0}, "the stride is 0"),
        ({"max_length": 2, "batch_size": 4}, "a batch of 4 is larger than the data, 1 samples"),
    ],
)
def test_a_text_that_cannot_be_cut_into_batches_is_refused_with_the_numbers(
    arguments: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        create_dataloader_v1("one two three", **arguments)  # type: ignore[arg-type]


# ---- at real size ----


def test_pytorchs_own_loader_and_collation_give_the_same() -> None:
    loader = loader_of(shuffle=False)
    plain = DataLoader(loader.dataset, batch_size=8, drop_last=True)
    assert as_lists(plain) == as_lists(loader)
    assert as_lists([loader.dataset[-1]]) == as_lists([loader.dataset[len(loader.dataset) - 1]])


def test_ids_are_taken_without_a_copy() -> None:
    ids = np.arange(100, dtype=np.uint16)
    dataset = GPTDatasetV1.from_ids(ids, 4, 2)
    assert np.shares_memory(dataset.windows[3][0], ids)
    assert as_lists([dataset[3]]) == [([6, 7, 8, 9], [7, 8, 9, 10])]


@pytest.mark.parametrize(("dtype", "narrow"), [(np.uint16, torch.uint16), (np.uint32, torch.int32)])
def test_narrow_ids_are_widened_on_the_device(dtype: Any, narrow: Any) -> None:
    windows = TokenWindows(np.arange(65_000, 65_100).astype(dtype), 4, 2)
    batch = next(iter(WindowLoader(WindowDataset(windows, narrow=True), 8, shuffle=False)))
    assert batch[0].dtype == narrow
    inputs, targets = to_device(batch, "cpu")
    assert inputs.dtype == torch.int64
    assert inputs[0].tolist() == [65_000, 65_001, 65_002, 65_003]
    assert targets[0, -1] == 65_004


@pytest.mark.parametrize("num_workers", [1, 3])
def test_workers_change_nothing(num_workers: int) -> None:
    alone, shared = loader_of(), loader_of(num_workers=num_workers)
    for _ in range(2):
        assert as_lists(shared) == as_lists(alone)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_state_is_that_after_the_last_batch_that_was_given(num_workers: int) -> None:
    loader = loader_of(num_workers=num_workers)
    whole = as_lists(loader_of())
    batches = iter(loader)
    assert as_lists(islice(batches, 5)) == whole[:5]
    state = loader.state_dict()
    assert (state["epoch"], state["n_done"], state["seed"]) == (0, 40, 3)
    resumed = loader_of(seed=99)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert as_lists(resumed) == whole[5:]
    assert resumed.state_dict()["epoch"] == 1
    ranks = [loader_of(rank=rank, world_size=2) for rank in range(2)]
    for rank in ranks:
        rank.load_state_dict(state)
    halves = [next(iter(rank))[0] for rank in ranks]
    assert torch.cat(halves).tolist() == whole[5][0]


def test_a_state_of_other_data_is_refused() -> None:
    state = loader_of(500).state_dict()
    for other in (loader_of(501), loader_of(400)):
        with pytest.raises(ValueError, match="the state is that of other data"):
            other.load_state_dict(state)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_torchdatas_stateful_loader_resumes_in_the_middle(num_workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader", reason="pip install torchdata")
    dataset = WindowDataset(TokenWindows(np.arange(500, dtype=np.uint16), 8, 4))

    def loader() -> Any:
        batches = batches_of(dataset.windows, 8, seed=3)
        return stateful.StatefulDataLoader(dataset, batch_sampler=batches, num_workers=num_workers)

    first = loader()
    assert as_lists(first) == as_lists(loader_of())
    second_epoch = as_lists(first)
    running = loader()
    as_lists(running)
    assert as_lists(islice(running, 5)) == second_epoch[:5]
    state = running.state_dict()
    resumed = loader()
    resumed.load_state_dict(state)
    assert as_lists(resumed) == second_epoch[5:]


def test_a_missing_extra_is_named_and_the_rest_works_without() -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import bpelab.dataset.windows, bpelab.dataset.sampler, bpelab.dataset.tokenize_corpus\n"
        "from bpelab.dataset import GPTDatasetV1"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.endswith("ImportError: batches of tensors need PyTorch: pip install 'bpelab[torch]'\n")
