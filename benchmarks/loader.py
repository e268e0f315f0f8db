"""How fast do batches of windows come, beside the book's loader and nanoGPT's random offsets?

Varies: who makes the batches, and what is asked: tokens through a loader, building the dataset, the memory of
that, indices of a shuffle, and token files by one process and by two, beside encoding alone. Fixed:
length 256, stride 128, batches of 64, one process without workers; the batches are compared with the book's
before the clock starts. nanoGPT's offsets repeat some windows and leave others out; its ids are the same
memory map as ours.

python -m benchmarks.loader
"""

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from bpelab.bpe import get_encoding
from bpelab.cli.corpora import standard_library
from bpelab.dataset.gpt import GPTDatasetV1
from bpelab.dataset.loader import WindowLoader
from bpelab.dataset.order import Shuffle
from bpelab.dataset.tokenize_corpus import tokenize_corpus
from torch.utils.data import DataLoader, Dataset

LENGTH, STRIDE, BATCH = 256, 128, 64
ROUNDS = 5


class BookDataset(Dataset[Any]):
    """Listing 2.5 of the book, given ids."""

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


def seconds_of(calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Give the median time of each call, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: median(samples) for name, samples in times.items()}


def through_the_loader(data: Any) -> None:
    """Compare tokens per second of whole passes, shuffled."""
    ids = np.array(data[:1_000_000])
    dataset = GPTDatasetV1.from_ids(ids, LENGTH, STRIDE)
    book = BookDataset(ids.tolist(), LENGTH, STRIDE)
    pairs = zip(
        WindowLoader(dataset, BATCH, shuffle=False), DataLoader(book, BATCH, drop_last=True), strict=True
    )
    assert all(torch.equal(x, a) and torch.equal(y, b) for (x, y), (a, b) in pairs)
    n_batches = len(dataset) // BATCH
    mapped = GPTDatasetV1.from_ids(data, LENGTH, STRIDE)
    loaders: dict[str, Callable[[], Iterable[Any]]] = {
        "bpelab": lambda: WindowLoader(dataset, BATCH),
        "bpelab, PyTorch's DataLoader": lambda: DataLoader(dataset, BATCH, shuffle=True, drop_last=True),
        "bpelab, narrow": lambda: WindowLoader(
            GPTDatasetV1.from_ids(ids, LENGTH, STRIDE, narrow=True), BATCH
        ),
        "book": lambda: DataLoader(book, BATCH, shuffle=True, drop_last=True),
        "bpelab, memory map": lambda: islice(WindowLoader(mapped, BATCH), n_batches),
        "nanoGPT, memory map": lambda: nanogpt_batches(data, n_batches),
    }
    consumed = {name: (lambda make=make: sum(1 for _ in make())) for name, make in loaders.items()}
    seconds = seconds_of(consumed)
    for name, value in seconds.items():
        rate = n_batches * BATCH * LENGTH / value / 1e6
        print(f"  {name}: {rate:.1f} million tokens/s, {value / n_batches * 1e6:.0f} µs a batch")
    print(f"  against the book: {seconds['book'] / seconds['bpelab']:.2f}x")
    print(f"  against nanoGPT: {seconds['nanoGPT, memory map'] / seconds['bpelab, memory map']:.2f}x")


def building(data: Any) -> None:
    """Compare building a dataset from 10 million ids, which the book has as a list and bpelab as an array."""
    ids = np.resize(data, 10_000_000)
    as_list = ids.tolist()
    seconds = seconds_of(
        {
            "bpelab": lambda: GPTDatasetV1.from_ids(ids, LENGTH, STRIDE),
            "bpelab, from a list": lambda: GPTDatasetV1.from_ids(as_list, LENGTH, STRIDE),
            "book": lambda: BookDataset(as_list, LENGTH, STRIDE),
        },
        rounds=3,
    )
    for name, value in seconds.items():
        print(f"  {name}: {value * 1e3:.3f} ms, {seconds['book'] / value:.0f}x the book's speed")
    tracemalloc.start()
    kept = GPTDatasetV1.from_ids(ids, LENGTH, STRIDE)
    ours = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    book = BookDataset(as_list, LENGTH, STRIDE)
    assert len(kept) == len(book)
    # Of its tensors only the numbers are counted, not the objects around them.
    theirs = sum(part.untyped_storage().nbytes() for part in (*book.input_ids, *book.target_ids))
    print(f"  memory beside the ids: bpelab {ours / 1e3:.1f} kB, book {theirs / 1e6:.0f} MB")
    print(f"  with the array of ids, 1/{theirs / (ours + ids.nbytes):.0f}, the book's list not counted")


def shuffling() -> None:
    """Time 512 samples out of 10**12, the shuffle itself made anew each time."""
    places = np.arange(512)
    seconds = seconds_of({"shuffle": lambda: Shuffle(10**12, seed=1, epoch=0)(places)}, rounds=500)["shuffle"]
    print(f"  512 samples of 10**12: {seconds * 1e3:.3f} ms")


def tokenizing(folder: Path) -> None:
    """Compare writing token files, by one process and by two, with encoding the same texts alone."""
    texts = [text for _, text in standard_library()] * 4
    for number, text in enumerate(texts):
        path = folder / "corpus" / f"{number:05}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    n_bytes = sum(path.stat().st_size for path in (folder / "corpus").iterdir())
    encoding = get_encoding("gpt2")
    n_runs = iter(range(1000))

    def written(jobs: int) -> None:
        tokenize_corpus([folder / "corpus"], folder / f"{next(n_runs)}", encoding, jobs=jobs)

    seconds = seconds_of(
        {
            "encoding alone": lambda: [encoding.encode_to_numpy(t, disallowed_special=()) for t in texts],
            "one process": lambda: written(1),
            "two processes": lambda: written(2),
        }
    )
    for name, value in seconds.items():
        print(f"  {name}: {n_bytes / value / 1e6:.1f} MB/s")
    print(f"  two against one: {seconds['one process'] / seconds['two processes']:.2f}x")
    print(f"  one takes {seconds['one process'] / seconds['encoding alone']:.2f} times as long as encoding")


def main() -> None:
    """Ask each question and print the answers."""
    torch.set_num_threads(1)
    encoding = get_encoding("gpt2")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ids"
        ids = encoding.encode_to_numpy("".join(text for _, text in standard_library()), disallowed_special=())
        ids.astype(np.uint16).tofile(path)
        data = np.memmap(path, dtype=np.uint16, mode="r")
        print(f"through the loader, {LENGTH} tokens every {STRIDE}, batches of {BATCH}:")
        through_the_loader(data)
        print("building from 10 million ids:")
        building(data)
        print("shuffling:")
        shuffling()
        print("token files:")
        tokenizing(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
