"""What do workers bring a loader, and what does it cost to resume in the middle of an epoch?

Varies: the loader, the number of worker processes, and whether an epoch is run through or resumed in its
middle. Fixed: windows of 256 ids, stride 128, batches of 64, a shuffled order.

How the number could mislead: an epoch begins with starting its workers, which for windows of ids in memory
costs more than they bring. Workers are for data that takes work to make. The book's loader cannot resume:
it draws the first half of the epoch's order again. The first batch after that is compared with that of an
epoch that was never left.

The answer (records/full.json): bpelab is several times faster without workers; with two, both are far
slower, since starting processes takes most of the time. Resuming is about ten times faster, because the
shuffle is computed at the place where it stopped.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from bpelab.benchmarks.harness.measure import measure
from bpelab.benchmarks.harness.peers import encoding
from bpelab.benchmarks.harness.texts import text_of

torch = pytest.importorskip("torch", reason="not installed: pip install 'bpelab[torch]'")
from bpelab.benchmarks.loader import BATCH, LENGTH, STRIDE, BookDataset  # noqa: E402  (PyTorch may be missing)
from bpelab.dataset.gpt_dataset import GPTDatasetV1  # noqa: E402
from bpelab.dataset.loader import WindowLoader  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

N_IDS = 1_000_000


@pytest.fixture(scope="module")
def ids() -> Any:
    """(N_IDS,) uint32."""
    found = encoding().encode_to_numpy(text_of("documentation"), disallowed_special=())
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield np.resize(found, N_IDS)
    torch.set_num_threads(n_threads)  # for the questions that share this process


def ours(ids: Any, n_workers: int = 0) -> WindowLoader:
    return WindowLoader(GPTDatasetV1.from_ids(ids, LENGTH, STRIDE), BATCH, seed=1, num_workers=n_workers)


def of_the_book(ids: Any, n_workers: int = 0) -> Any:
    order = torch.Generator().manual_seed(1)
    dataset = BookDataset(ids.tolist(), LENGTH, STRIDE)
    return DataLoader(dataset, BATCH, shuffle=True, drop_last=True, generator=order, num_workers=n_workers)


@pytest.mark.parametrize("contender", ["bpelab", "the book"])
@pytest.mark.parametrize("n_workers", [0, 2])
def epoch_seconds(benchmark: Any, ids: Any, contender: str, n_workers: int) -> None:
    loader = (ours if contender == "bpelab" else of_the_book)(ids, n_workers)
    alone = (ours if contender == "bpelab" else of_the_book)(ids)
    pairs = zip(loader, alone, strict=True)
    assert all(torch.equal(x, a) and torch.equal(y, b) for (x, y), (a, b) in pairs)
    n_batches = len(loader)
    measure(
        benchmark,
        lambda: sum(1 for _ in loader),
        group=f"an epoch with {n_workers} workers",
        axis={"n_workers": n_workers},
        baseline="the book",
        amount=n_batches * BATCH * LENGTH,
        amount_of="tokens",
        rounds=3,
    )


@pytest.mark.parametrize("contender", ["bpelab", "the book"])
def resuming_seconds(benchmark: Any, ids: Any, contender: str) -> None:
    n_done = len(ours(ids)) // 2
    if contender == "bpelab":
        left = ours(ids)
        whole: Iterator[Any] = iter(left)
        for _ in islice(whole, n_done):
            pass
        state = left.state_dict()
        begun = ours(ids)

        def resume() -> Any:
            begun.load_state_dict(state)
            return next(iter(begun))
    else:
        whole = iter(of_the_book(ids))
        for _ in islice(whole, n_done):
            pass
        begun = of_the_book(ids)

        def resume() -> Any:
            begun.generator.manual_seed(1)
            return next(islice(begun, n_done, None))

    call: Callable[[], Any] = resume
    assert all(torch.equal(one, other) for one, other in zip(call(), next(whole), strict=True))
    measure(
        benchmark,
        call,
        group="the first batch after resuming in the middle of an epoch",
        axis={"n_ids": N_IDS},
        baseline="the book",
        amount=None,
        amount_of=None,
        rounds=5,
    )
