"""Several processes share the data, by torch.distributed, Lightning or Accelerate, or are told what to do."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.dataset.windows import TokenWindows

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")

from bpelab.dataset import create_dataloader_v1  # noqa: E402  (needs torch)
from bpelab.dataset.loader import WindowLoader, batches_of  # noqa: E402
from bpelab.dataset.ranks import own_rank  # noqa: E402
from bpelab.dataset.tensors import WindowDataset  # noqa: E402
from torch.utils.data import (  # noqa: E402
    BatchSampler,
    DataLoader,
    DistributedSampler,
    RandomSampler,
    SequentialSampler,
)


def dataset_of(n_windows: int = 40) -> WindowDataset:
    """Windows of 3 inputs that begin with 4 times their index."""
    return WindowDataset(TokenWindows(np.arange(4 * n_windows, dtype=np.uint16), 3, 4))


def loader_of(batch_size: int = 8, **options: Any) -> WindowLoader:
    return WindowLoader(dataset_of(), batch_size, **{"seed": 3, **options})


def indices_of(batches: Any) -> list[list[int]]:
    return [(inputs[:, 0] // 4).tolist() for inputs, _ in batches]


def whole(epoch: int = 0, batch_size: int = 8) -> list[list[int]]:
    """The global batches of an epoch."""
    loader = loader_of(batch_size)
    loader.set_epoch(epoch)
    return indices_of(loader)


# ---- torch.distributed ----

RANK = """
import json, sys
import numpy as np
import torch.distributed as dist
from bpelab.dataset import create_dataloader_v1
from bpelab.dataset.loader import WindowLoader, batches_of
from bpelab.dataset.tensors import WindowDataset
from bpelab.dataset.windows import TokenWindows

rank, place = int(sys.argv[1]), sys.argv[2]
dataset = WindowDataset(TokenWindows(np.arange(160, dtype=np.uint16), 3, 4))
early = WindowLoader(dataset, 8, seed=3)
everything = WindowLoader(dataset, 8, seed=3, rank=0, world_size=1)
dist.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=2)


def indices(loader):
    return [(inputs[:, 0] // 4).tolist() for inputs, _ in loader]


def message(call):
    try:
        call()
    except RuntimeError as error:
        return str(error)


loader = WindowLoader(dataset, 8, seed=3)
print(json.dumps({
    "passes": [indices(loader) for _ in range(2)],
    "workers": indices(WindowLoader(dataset, 8, seed=3, num_workers=1)),
    "share": loader.batch_size,
    "sampler": [batch.tolist() for batch in batches_of(dataset.windows, 8, seed=3)],
    "everything": indices(everything),
    "early": message(lambda: next(iter(early))),
    "book": message(lambda: next(iter(create_dataloader_v1("one two three " * 9, max_length=2, stride=2)))),
}))
dist.barrier()  # a rank that left early would break the others' connections
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What two processes say that share a group by gloo."""
    if not torch.distributed.is_available():
        pytest.skip("this PyTorch has no torch.distributed")
    place = tmp_path_factory.mktemp("ranks") / "meeting"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(place)], stdout=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return [json.loads(text) for text in said]


def test_two_processes_get_the_parts_of_each_global_batch(two_ranks: list[dict[str, Any]]) -> None:
    for epoch in range(2):
        halves = [rank["passes"][epoch] for rank in two_ranks]
        assert [first + second for first, second in zip(*halves, strict=True)] == whole(epoch)
    assert [rank["share"] for rank in two_ranks] == [4, 4]
    for rank in two_ranks:
        assert rank["workers"] == rank["sampler"] == rank["passes"][0]


def test_a_rank_that_is_passed_is_taken_for_what_it_says(two_ranks: list[dict[str, Any]]) -> None:
    assert [rank["everything"] for rank in two_ranks] == [whole(), whole()]


def test_what_would_give_two_processes_the_same_data_is_refused(two_ranks: list[dict[str, Any]]) -> None:
    for number, rank in enumerate(two_ranks):
        assert rank["early"].startswith(
            "this loader was made for rank 0 of 1, and torch.distributed runs this process as"
            f" rank {number} of 2: make the loader after init_process_group()"
        )
        assert rank["book"].startswith(
            "each of 2 processes would get the same data: use bpelab.dataset.loader"
        )


def test_a_process_of_torchrun_without_a_process_group_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = whole()
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert own_rank() == (0, 1)
    monkeypatch.setenv("WORLD_SIZE", "4")
    for make in (loader_of, lambda: next(iter(create_dataloader_v1("one two " * 9, 1, 2, 2)))):
        with pytest.raises(
            RuntimeError, match=r"one of 4 processes.*call torch\.distributed\.init_process_group"
        ):
            make()  # type: ignore[operator]
    assert indices_of(loader_of(rank=0, world_size=1)) == expected


@pytest.mark.parametrize("options", [{"rank": 0}, {"world_size": 2}])
def test_a_rank_without_a_world_size_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"pass both, or neither to have those of torch\.distributed"):
        loader_of(**options)
    with pytest.raises(ValueError, match="pass both"):
        batches_of(dataset_of().windows, 8, **options)  # type: ignore[arg-type]


# ---- Lightning ----


def under_lightning(loader: DataLoader[Any], rank: int, world_size: int, predicting: bool = False) -> Any:
    """Do what Lightning's DDP does to a loader: see `_prepare_dataloader` in its `data_connector.py`."""
    sampler = loader.sampler
    if not isinstance(sampler, DistributedSampler):
        shuffled = isinstance(sampler, RandomSampler)
        if not isinstance(sampler, RandomSampler | SequentialSampler):
            raise NotImplementedError(f"no loader here has {sampler!r}")  # what is copied is the rest
        sampler = DistributedSampler(loader.dataset, world_size, rank, shuffle=shuffled, seed=0)
    elif not predicting:
        return loader
    if type(loader.batch_sampler) is BatchSampler and not predicting:
        options: dict[str, Any] = {"sampler": sampler, "batch_size": loader.batch_size}
    else:
        batches = type(loader.batch_sampler)
        if batches is not BatchSampler and not hasattr(loader.batch_sampler, "sampler"):
            raise TypeError("Lightning can't inject a (distributed) sampler into your batch sampler")
        again = BatchSampler(sampler, loader.batch_size or 1, False)
        options = {"sampler": None, "batch_sampler": again, "batch_size": 1, "drop_last": False}
    return type(loader)(loader.dataset, shuffle=False, collate_fn=loader.collate_fn, **options)


def set_epoch(loader: DataLoader[Any], epoch: int) -> None:
    """Do what Lightning does before each epoch: see `_set_sampler_epoch`."""
    samplers = {id(part): part for part in (loader.sampler, getattr(loader.batch_sampler, "sampler", None))}
    for sampler in samplers.values():
        if callable(found := getattr(sampler, "set_epoch", None)):
            found(epoch)


def test_lightning_leaves_a_window_loader_as_it_is_and_chooses_its_epoch() -> None:
    for rank in range(2):
        loader = loader_of(rank=rank, world_size=2)
        assert under_lightning(loader, rank, 2) is loader
        for epoch in (0, 3):
            set_epoch(loader, epoch)
            expected = [batch[4 * rank : 4 * rank + 4] for batch in whole(epoch)]
            assert len(loader.sampler) == sum(map(len, expected))  # type: ignore[arg-type]
            assert list(loader.sampler) == list(chain.from_iterable(expected))
            assert indices_of(loader) == expected


def test_lightning_goes_on_after_a_state_in_the_middle_of_an_epoch() -> None:
    loader = loader_of()
    loader.load_state_dict(loader.batches.state_after(2, 16))
    set_epoch(loader, 2)
    assert indices_of(loader) == whole(2)[2:]


def test_lightning_shares_the_book_s_loader(verdict: str) -> None:
    loader = create_dataloader_v1(verdict, 4, 4, 4)
    ranks = [under_lightning(loader, rank, 2) for rank in range(2)]
    assert all(type(rank) is type(loader) for rank in ranks)
    for epoch in range(2):
        for rank in ranks:
            set_epoch(rank, epoch)
        seen = [rows for rank in ranks for inputs, _ in rank for rows in inputs.tolist()]
        assert abs(len(seen) - len(loader.dataset)) <= 1  # type: ignore[arg-type]
        assert len(set(map(tuple, seen))) > 0.97 * len(seen)  # a few lines of the story are there twice


def test_lightning_s_predict_is_refused_or_gives_the_batches_in_order(verdict: str) -> None:
    with pytest.raises(
        ValueError, match="batch_sampler was passed, but a WindowLoader has an order of its own"
    ):
        under_lightning(loader_of(), 0, 1, predicting=True)
    with pytest.raises(ValueError, match="sampler was passed, but a WindowLoader has an order of its own"):
        loader_of(sampler=SequentialSampler(dataset_of()))
    book = create_dataloader_v1(verdict, 4, 4, 4, shuffle=False, drop_last=False)
    again = type(book)(book.dataset, batch_sampler=book.batch_sampler, collate_fn=book.collate_fn)
    assert [inputs.tolist() for inputs, _ in again] == [inputs.tolist() for inputs, _ in book]


# ---- Accelerate ----


class SharedBatches(BatchSampler):
    """Do what Accelerate's `BatchSamplerShard` does: hand batches out in turn, whole rounds of them."""

    def __init__(self, batches: Any, n_processes: int, process: int, even: bool = True) -> None:
        self.batch_sampler, self.n_processes, self.process, self.even = batches, n_processes, process, even
        self.batch_size, self.drop_last = getattr(batches, "batch_size", None), batches.drop_last

    def __iter__(self) -> Iterator[Any]:
        beginning: list[int] = []
        batches: list[Any] = []
        for number, batch in enumerate(self.batch_sampler):
            if number < self.n_processes:
                beginning += batch
            batches.append(batch)
            if len(batches) == self.n_processes and len(batch) == self.batch_size:
                yield batches[self.process]
                batches = []
        if not self.drop_last and batches and self.even:
            rest = list(chain.from_iterable(batches))
            while len(rest) < self.n_processes * self.batch_size:
                rest += beginning
            yield rest[self.process * self.batch_size :][: self.batch_size]


class Prepared:
    """Do what Accelerate's `prepare` does to a loader: see `prepare_data_loader` and `DataLoaderShard`."""

    def __init__(self, loader: DataLoader[Any], n_processes: int, process: int) -> None:
        assert not isinstance(loader.sampler, BatchSampler)
        batches = loader.batch_sampler
        sampler = getattr(batches, "sampler", None)
        if hasattr(sampler, "generator") and n_processes > 1:
            sampler.generator = torch.Generator().manual_seed(5)  # on every process
        self.shared = SharedBatches(batches, n_processes, process) if n_processes > 1 else batches
        self.base = DataLoader(loader.dataset, batch_sampler=self.shared, collate_fn=loader.collate_fn)  # type: ignore[arg-type]
        self.iteration = 0

    def __iter__(self) -> Iterator[Any]:
        batches = self.base.batch_sampler
        for part in (batches, getattr(batches, "batch_sampler", None)):
            if hasattr(getattr(part, "sampler", None), "set_epoch"):
                part.sampler.set_epoch(self.iteration)  # type: ignore[union-attr]
        yield from self.base
        self.iteration += 1


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_accelerate_s_processes_get_what_ranks_would_get(world_size: int, drop_last: bool) -> None:
    def loader(rank: int) -> WindowLoader:
        return loader_of(rank=rank, world_size=world_size, drop_last=drop_last)

    prepared = [Prepared(loader(rank), world_size, rank) for rank in range(world_size)]
    ranks = list(map(loader, range(world_size)))
    for _ in range(2):
        assert list(map(indices_of, prepared)) == list(map(indices_of, ranks))


def test_accelerate_shares_a_loader_that_was_made_before_the_processes_met() -> None:
    prepared = [Prepared(loader_of(4), 2, process) for process in range(2)]
    for epoch in range(2):
        halves = list(map(indices_of, prepared))
        assert list(chain.from_iterable(zip(*halves, strict=True))) == whole(epoch, batch_size=4)


def test_accelerate_fills_a_short_last_round_as_for_any_loader() -> None:
    prepared = [Prepared(loader_of(12, drop_last=False), 2, process) for process in range(2)]
    first, second = map(indices_of, prepared)
    assert [len(batch) for batch in first] == [len(batch) for batch in second] == [12, 12]
    assert set(chain.from_iterable(first + second)) == set(range(40))


def test_accelerate_shares_the_book_s_loader(verdict: str) -> None:
    loaders = [create_dataloader_v1(verdict, 4, 4, 4) for _ in range(2)]
    halves = [list(Prepared(loader, 2, process)) for process, loader in enumerate(loaders)]
    seen = [rows for half in halves for inputs, _ in half for rows in inputs.tolist()]
    windows = {tuple(window.tolist()) for window in loaders[0].dataset.input_ids}  # type: ignore[attr-defined]
    assert set(map(tuple, seen)) <= windows
    assert len(seen) == 8 * (len(loaders[0].dataset) // 8)  # type: ignore[arg-type]
    assert len(set(map(tuple, seen))) > 0.97 * len(seen)  # a few lines of the story are there twice


def test_accelerate_itself_where_it_is_installed() -> None:
    module = pytest.importorskip("accelerate.data_loader", reason="pip install 'bpelab[clients]'")
    prepare: Callable[..., Any] = module.prepare_data_loader
    ranks = [loader_of(rank=rank, world_size=2) for rank in range(2)]
    prepared = [prepare(loader, num_processes=2, process_index=rank) for rank, loader in enumerate(ranks)]
    for _ in range(2):
        assert list(map(indices_of, prepared)) == list(map(indices_of, ranks))


def test_lightning_itself_where_it_is_installed(tmp_path: Path) -> None:
    data = pytest.importorskip("lightning.fabric.utilities.data", reason="pip install 'bpelab[clients]'")
    fabric = pytest.importorskip("lightning.fabric", reason="pip install 'bpelab[clients]'").Fabric(
        accelerator="cpu"
    )
    loader = loader_of()
    set_up = fabric.setup_dataloaders(loader)
    for epoch in range(2):
        assert indices_of(set_up) == whole(epoch)
    data._set_sampler_epoch(loader, 3)
    assert indices_of(loader) == whole(3)
