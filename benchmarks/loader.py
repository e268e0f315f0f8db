"""How fast do batches of windows come, against the book's loader and nanoGPT's random offsets?

Varies: who makes the batches, and what is measured: tokens through a loader, building the dataset, its
memory, indices of a shuffle, and writing token files with one process and with two, against encoding alone.
Fixed: length 256, stride 128, batches of 64, no worker processes, one thread. The batches are compared with
the book's before the clock starts.

How the number could mislead: nanoGPT's offsets repeat some windows and leave others out, and it reads the
same memory map as bpelab does. Memory is counted besides the ids, which the book keeps as a list and bpelab
as an array; of the book's tensors only the numbers count, not the objects around them. No model waits for
these batches: where one does, the loader hardly matters.

The answer (records/quick.json): bpelab is several times faster than the book, since a batch is one NumPy
look-up instead of 64 tensors that are stacked, and far ahead of nanoGPT for the same reason. Building takes
hardly any time or memory, because windows are arithmetic over the ids; the book copies every window.
Token files of a small corpus take several times as long as encoding it: to read many files, and to write
others that survive a crash, is most of the work, and a second process costs more than it brings.
"""

import tracemalloc
from collections.abc import Callable, Iterable
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.benchmarks.harness.measure import QUICK, describe, measure, record_memory
from bpelab.benchmarks.harness.peers import baseline_of, encoding
from bpelab.benchmarks.harness.record import CONTROL
from bpelab.bpe.parity.standard_library import standard_library

torch = pytest.importorskip("torch", reason="not installed: pip install 'bpelab[torch]'")
from bpelab.dataset.gpt_dataset import GPTDatasetV1  # noqa: E402  (PyTorch may be missing)
from bpelab.dataset.loader import WindowLoader  # noqa: E402
from bpelab.dataset.order import Shuffle  # noqa: E402
from bpelab.dataset.tokenize_corpus import tokenize_corpus  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402

LENGTH, STRIDE, BATCH = 256, 128, 64
N_IDS = 200_000 if QUICK else 1_000_000
N_BUILT = 100_000 if QUICK else 3_000_000


class BookDataset(Dataset[Any]):
    """Listing 2.5 of the book, from ids instead of text."""

    def __init__(self, token_ids: list[int], max_length: int, stride: int) -> None:
        self.input_ids, self.target_ids = [], []
        for i in range(0, len(token_ids) - max_length, stride):
            self.input_ids.append(torch.tensor(token_ids[i : i + max_length]))
            self.target_ids.append(torch.tensor(token_ids[i + 1 : i + max_length + 1]))

    def __len__(self) -> int:
        return len(self.input_ids)

    def __getitem__(self, idx: int) -> Any:
        return self.input_ids[idx], self.target_ids[idx]


def nanogpt_batches(data: Any, n_batches: int) -> Iterable[Any]:
    """`get_batch` of https://github.com/karpathy/nanoGPT/blob/master/train.py, on the CPU."""
    for _ in range(n_batches):
        ix = torch.randint(len(data) - LENGTH, (BATCH,))
        x = torch.stack([torch.from_numpy(data[i : i + LENGTH].astype(np.int64)) for i in ix])
        y = torch.stack([torch.from_numpy(data[i + 1 : i + 1 + LENGTH].astype(np.int64)) for i in ix])
        yield x, y


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(n,) uint16: the ids of Python's own source, mapped into memory."""
    path = tmp_path_factory.mktemp("ids") / "ids"
    ids = np.concatenate([encoding().encode_to_numpy(text, disallowed_special=()) for _, text in source()])
    ids.astype(np.uint16).tofile(path)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield np.memmap(path, dtype=np.uint16, mode="r")
    torch.set_num_threads(n_threads)  # for the questions that share this process


@pytest.fixture(scope="module")
def makers(data: Any) -> dict[str, Callable[[], Iterable[Any]]]:
    """What passes over the windows of the first ids, by contender; they share the book's tensors."""
    return loaders(data)


@cache
def source() -> list[tuple[str, str]]:
    return list(standard_library(1_000_000 if QUICK else 12_000_000))


def loaders(data: Any) -> dict[str, Callable[[], Iterable[Any]]]:
    """Return, by contender, what passes over the windows of the first ids; compares the batches first."""
    ids = np.array(data[:N_IDS])
    ours, book = GPTDatasetV1.from_ids(ids, LENGTH, STRIDE), BookDataset(ids.tolist(), LENGTH, STRIDE)
    narrow = GPTDatasetV1.from_ids(ids, LENGTH, STRIDE, narrow=True)
    mapped = GPTDatasetV1.from_ids(data, LENGTH, STRIDE)
    pairs = zip(
        WindowLoader(ours, BATCH, shuffle=False), DataLoader(book, BATCH, drop_last=True), strict=True
    )
    assert all(torch.equal(x, a) and torch.equal(y, b) for (x, y), (a, b) in pairs)
    for other in (narrow, mapped):
        pairs = zip(
            WindowLoader(ours, BATCH, shuffle=False), WindowLoader(other, BATCH, shuffle=False), strict=False
        )
        assert all(torch.equal(x, a.long()) and torch.equal(y, b.long()) for (x, y), (a, b) in pairs)
    n_batches = len(ours) // BATCH
    # nanoGPT draws its windows, which are compared with each other: the targets are the inputs one id later.
    assert all(torch.equal(x[:, 1:], y[:, :-1]) for x, y in nanogpt_batches(data, 2))
    return {
        "bpelab": lambda: WindowLoader(ours, BATCH),
        CONTROL: lambda: WindowLoader(ours, BATCH),
        "bpelab, narrow": lambda: WindowLoader(narrow, BATCH),
        "the book": lambda: DataLoader(book, BATCH, shuffle=True, drop_last=True),
        "bpelab, memory map": lambda: islice(WindowLoader(mapped, BATCH), n_batches),
        "nanoGPT, memory map": lambda: nanogpt_batches(data, n_batches),
    }


LOADERS = ["bpelab", CONTROL, "bpelab, narrow", "the book", "bpelab, memory map", "nanoGPT, memory map"]


@pytest.mark.parametrize("contender", LOADERS)
def batches_seconds(benchmark: Any, makers: dict[str, Callable[[], Iterable[Any]]], contender: str) -> None:
    make = makers[contender]
    n_batches = sum(1 for _ in make())
    measure(
        benchmark,
        lambda: sum(1 for _ in make()),
        group="tokens through the loader",
        axis={"length": LENGTH, "stride": STRIDE, "batch": BATCH},
        baseline=baseline_of(contender, "the book"),
        amount=n_batches * BATCH * LENGTH,
        amount_of="tokens",
    )


BUILDERS: dict[str, Callable[[Any, list[int]], Any]] = {
    "bpelab": lambda ids, _: GPTDatasetV1.from_ids(ids, LENGTH, STRIDE),
    "bpelab, from a list": lambda _, as_list: GPTDatasetV1.from_ids(as_list, LENGTH, STRIDE),
    "the book": lambda _, as_list: BookDataset(as_list, LENGTH, STRIDE),
}


@pytest.fixture(scope="module")
def to_build(data: Any) -> tuple[Any, list[int]]:
    """(N_BUILT,) ids as an array and as a list, the same for all contenders."""
    ids = np.resize(data, N_BUILT)
    return ids, ids.tolist()


def check_built(dataset: Any, ids: Any) -> None:
    """Raise `AssertionError` unless a dataset has all windows, of which some are compared."""
    starts = range(0, N_BUILT - LENGTH, STRIDE)
    assert len(dataset) == len(starts)
    for place in (0, len(starts) // 2, len(starts) - 1):
        window = torch.from_numpy(ids[starts[place] : starts[place] + LENGTH + 1].astype(np.int64))
        x, y = dataset[place]
        assert torch.equal(torch.as_tensor(x).long(), window[:-1])
        assert torch.equal(torch.as_tensor(y).long(), window[1:])


@pytest.mark.parametrize("contender", BUILDERS)
def building_seconds(benchmark: Any, to_build: tuple[Any, list[int]], contender: str) -> None:
    ids, as_list = to_build
    check_built(BUILDERS[contender](ids, as_list), ids)
    measure(
        benchmark,
        lambda: BUILDERS[contender](ids, as_list),
        group=f"building the dataset of {N_BUILT:,} ids",
        axis={"n_ids": N_BUILT},
        baseline="the book",
        amount=None,
        amount_of=None,
        rounds=3,
    )


@pytest.mark.parametrize("contender", ["bpelab", "the book"])
def dataset_memory_bytes(benchmark: Any, data: Any, contender: str) -> None:
    ids = np.resize(data, N_BUILT)
    if contender == "bpelab":
        GPTDatasetV1.from_ids(
            ids, LENGTH, STRIDE
        )  # what the first call imports or caches is not the dataset's
        tracemalloc.start()
        kept = GPTDatasetV1.from_ids(ids, LENGTH, STRIDE)
        n_bytes = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(kept) == len(range(0, N_BUILT - LENGTH, STRIDE))
    else:
        book = BookDataset(ids.tolist(), LENGTH, STRIDE)
        n_bytes = sum(window.untyped_storage().nbytes() for window in (*book.input_ids, *book.target_ids))
    describe(
        benchmark,
        group=f"memory of the dataset of {N_BUILT:,} ids, besides the ids",
        axis={"n_ids": N_BUILT},
        baseline="the book",
        amount=None,
        amount_of=None,
    )
    record_memory(benchmark, [n_bytes])


@pytest.mark.parametrize("contender", ["bpelab"])
def shuffle_seconds(benchmark: Any, contender: str) -> None:
    places = np.arange(512)
    chosen = Shuffle(10**12, seed=1, epoch=0)(places)
    assert len(set(chosen.tolist())) == 512
    assert 0 <= chosen.min() <= chosen.max() < 10**12
    measure(
        benchmark,
        lambda: Shuffle(10**12, seed=1, epoch=0)(places),
        group="512 samples out of 10^12",
        axis={"n": 10**12},
        baseline="bpelab",
        amount=None,
        amount_of=None,
        rounds=20,
    )


@pytest.mark.parametrize("contender", ["encoding alone", "one process", "two processes"])
def token_files_seconds(benchmark: Any, tmp_path: Path, contender: str) -> None:
    texts = [text for _, text in source()] * (1 if QUICK else 4)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, text in enumerate(texts):
        (corpus / f"{number:05}").write_text(text, encoding="utf-8", newline="")
    n_runs = count()

    def written(jobs: int) -> None:
        tokenize_corpus([corpus], tmp_path / f"{next(n_runs)}", encoding(), jobs=jobs)

    calls: dict[str, Callable[[], object]] = {
        "encoding alone": lambda: [encoding().encode_to_numpy(text, disallowed_special=()) for text in texts],
        "one process": lambda: written(1),
        "two processes": lambda: written(2),
    }
    measure(
        benchmark,
        calls[contender],
        group="token files of Python's own source",
        axis={"contender": contender},
        baseline="one process",
        amount=sum(path.stat().st_size for path in corpus.iterdir()),
        rounds=2 if QUICK else 3,
    )
