"""Batches share no memory, and an interrupted pass is resumed exactly or refused."""

import multiprocessing
import os
import signal
import threading
import warnings
from contextlib import nullcontext
from itertools import chain, islice
from typing import Any

import numpy as np
import pytest
from bpelab.dataset.windows import TokenWindows

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")

from bpelab.dataset import GPTDatasetV1, create_dataloader_v1  # noqa: E402  (needs torch)
from bpelab.dataset.loader import WindowLoader  # noqa: E402
from bpelab.dataset.tensors import WindowDataset  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def dataset_of(n_windows: int = 100, **options: Any) -> WindowDataset:
    """Windows of 3 inputs that begin with 4 times their index."""
    ids = np.arange(4 * n_windows, dtype=np.uint16)
    return WindowDataset(TokenWindows(ids, 3, 4), **options)


def loader_of(n_windows: int = 100, batch_size: int = 10, **options: Any) -> WindowLoader:
    return WindowLoader(dataset_of(n_windows), batch_size, **{"seed": 3, **options})


def indices_of(batches: Any) -> list[list[int]]:
    """Which windows are in batches (n_batches, batch), after a look at all of their ids."""
    found = []
    for inputs, targets in batches:
        assert (targets - inputs).unique().tolist() == [1]
        assert (inputs[:, 1:] - inputs[:, :-1]).unique().tolist() == [1]
        found.append((inputs[:, 0] // 4).tolist())
    return found


# ---- tensors ----


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("options", [{}, {"num_workers": 1}, {"batch_size": 7, "drop_last": False}])
def test_inputs_and_targets_are_contiguous_and_share_no_memory(narrow: bool, options: dict[str, Any]) -> None:
    dataset = dataset_of(narrow=narrow)
    batches = list(WindowLoader(dataset, **{"batch_size": 10, **options}))
    tensors = list(chain.from_iterable(batches))
    assert all(part.is_contiguous() for part in tensors)
    assert all(part.untyped_storage().nbytes() == part.nbytes for part in tensors)
    assert len({part.untyped_storage().data_ptr() for part in tensors}) == len(tensors)
    inputs, targets = batches[0]
    before = [part.clone() for part in tensors]
    inputs.view(-1)[:] = 7
    assert all(torch.equal(part, same) for part, same in zip(tensors[1:], before[1:], strict=True))
    assert targets.view(-1).shape == (targets.numel(),)


def test_the_chapter_s_names_give_contiguous_tensors(verdict: str) -> None:
    for inputs, targets in islice(create_dataloader_v1(verdict, 8, 4, 4), 3):
        assert inputs.is_contiguous()
        assert targets.view(-1).shape == (32,)
        assert inputs.untyped_storage().data_ptr() != targets.untyped_storage().data_ptr()
    dataset = GPTDatasetV1.from_ids(np.arange(100), 4, 4)
    inputs, targets = dataset[3]
    inputs[:] = 0
    assert targets.tolist() == [13, 14, 15, 16]
    assert dataset[3][0].tolist() == [12, 13, 14, 15]


def test_a_write_into_a_batch_changes_no_ids() -> None:
    ids = np.arange(100)  # int64 already, which need not be widened
    dataset = GPTDatasetV1.from_ids(ids, 4, 4)
    for part in chain.from_iterable(WindowLoader(dataset, 5)):
        part[:] = -1
    assert ids.tolist() == list(range(100))


def test_pinned_memory_without_workers_gives_the_same_batches() -> None:
    with pytest.warns(UserWarning, match="pin_memory") if not torch.cuda.is_available() else nullcontext():
        pinned = indices_of(loader_of(pin_memory=True))
    assert pinned == indices_of(loader_of())


# ---- every sample once ----


@settings(max_examples=60)
@given(
    n=st.integers(4, 40),
    changes=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(0, 4)), max_size=4),
    drop_last=st.booleans(),
)
def test_every_window_is_in_one_batch_however_often_batch_and_world_change(
    n: int, changes: list[tuple[int, int, int]], drop_last: bool
) -> None:
    state = loader_of(n, 1).state_dict()
    epochs: dict[int, list[int]] = {}
    for share, world_size, n_steps in [*changes, (2, 2, n)]:
        batch_size = min(share, n // world_size) * world_size
        ranks = [
            loader_of(n, batch_size, drop_last=drop_last, rank=rank, world_size=world_size)
            for rank in range(world_size)
        ]
        for rank in ranks:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rank.load_state_dict(state)
        epoch = ranks[0].batches.position()[0]
        lengths = list(map(len, ranks))
        runs = [indices_of(islice(iter(rank), n_steps)) for rank in ranks]
        assert [len(run) for run in runs] == [min(length, n_steps) for length in lengths]
        assert min((len(batch) for run in runs for batch in run), default=1) > 0
        epochs.setdefault(epoch, []).extend(chain.from_iterable(chain.from_iterable(runs)))
        states = [rank.state_dict() for rank in ranks]
        assert states == [states[0]] * world_size
        state = states[0]
    for epoch, seen in epochs.items():
        assert len(set(seen)) == len(seen)
        if not drop_last and epoch < state["epoch"]:
            assert sorted(seen) == list(range(n))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_rank_for_which_nothing_is_left_goes_on_with_the_next_epoch(num_workers: int) -> None:
    loader = loader_of(9, 4, world_size=4, rank=3, drop_last=False, num_workers=num_workers)
    with pytest.warns(UserWarning, match="ranks 1 and up get no batch"):
        loader.load_state_dict(loader.batches.state_after(0, 8))
    assert len(loader) == 0
    assert list(loader) == []
    assert loader.state_dict()["epoch"] == 1
    assert [len(inputs) for inputs, _ in loader] == [1, 1]


def test_the_length_of_a_resumed_pass_is_the_number_of_its_batches() -> None:
    loader = loader_of(drop_last=False, batch_size=8)
    loader.load_state_dict(loader.batches.state_after(0, 40))
    assert len(loader) == 8
    assert [len(loader) for _ in loader] == [8] * 8
    assert len(loader) == 13 == len(list(loader))


# ---- what happens to a pass ----


WORKERS = [{}, {"num_workers": 1}, {"num_workers": 1, "persistent_workers": True}]


@pytest.mark.parametrize("options", WORKERS)
def test_a_pass_that_is_left_is_followed_by_the_next_epoch_or_resumed(options: dict[str, Any]) -> None:
    first, second, third = (indices_of(passes) for passes in [loader_of()] for _ in range(3))
    loader = loader_of(**options)
    assert indices_of(islice(loader, 4)) == first[:4]
    assert loader.state_dict()["n_done"] == 40
    assert indices_of(loader) == second
    assert indices_of(islice(loader, 1)) == third[:1]
    loader.load_state_dict(loader.state_dict())
    assert indices_of(loader) == third[1:]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_two_passes_at_once_are_two_epochs(num_workers: int) -> None:
    loader = loader_of(num_workers=num_workers)
    first = iter(loader)
    given = [next(first)]
    assert indices_of(loader) == [indices_of(passes) for passes in [loader_of()] for _ in range(2)][1]
    assert indices_of([*given, *first]) == indices_of(loader_of())


@pytest.mark.parametrize("options", WORKERS)
def test_a_state_loaded_in_the_middle_of_a_pass_ends_it(options: dict[str, Any]) -> None:
    loader = loader_of(**options)
    run = iter(loader)
    next(run)
    loader.load_state_dict(loader.batches.state_after(5, 30))
    with pytest.raises(RuntimeError, match="a state was loaded"):
        next(run)
    assert (loader.state_dict()["epoch"], loader.state_dict()["n_done"]) == (5, 30)
    assert len(indices_of(loader)) == 7


def test_batches_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="in_order is False: a state could not say which batches were given"):
        loader_of(num_workers=1, in_order=False)


@pytest.mark.parametrize("num_workers", [True, 1.0, "1"])
def test_a_number_of_workers_that_is_not_an_integer_is_refused(num_workers: Any) -> None:
    with pytest.raises(TypeError, match=r"num_workers is .*, not an integer"):
        loader_of(num_workers=num_workers)


def test_a_killed_worker_is_reported_and_its_pass_can_be_resumed() -> None:
    whole = indices_of(loader_of())
    loader = loader_of(num_workers=1, prefetch_factor=1)
    seen = []
    with pytest.raises(RuntimeError, match=r"worker \(pid.*\) (is killed by signal: Killed|exited unexpec)"):
        for batch in loader:
            seen += indices_of([batch])
            for child in multiprocessing.active_children():
                os.kill(child.pid or 0, signal.SIGKILL)
                child.join()
    loader.load_state_dict(loader.state_dict())
    seen += indices_of(loader)
    assert seen == whole


def child_says(function: Any) -> str:
    """Call a function in a forked child and return what it returns, or the error."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this process has threads
        pid = os.fork()
    if not pid:
        try:
            said = function()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


@needs_fork
def test_a_forked_child_goes_on_by_itself_and_its_parent_too() -> None:
    loader = loader_of()
    run = iter(loader)
    first = indices_of([next(run)])
    rest = child_says(lambda: repr(indices_of(run)))
    assert repr(indices_of(run)) == rest == repr(indices_of(loader_of())[1:])
    assert first == indices_of(loader_of())[:1]


@needs_fork
@pytest.mark.parametrize("persistent", [False, True])
def test_a_forked_child_is_refused_its_parent_s_workers_and_does_not_end_them(persistent: bool) -> None:
    loader = loader_of(num_workers=2, prefetch_factor=1, persistent_workers=persistent)
    run = iter(loader)
    given = indices_of([next(run)])
    message = "RuntimeError: the workers of this pass belong to the process that this one was forked from"
    assert child_says(lambda: repr(next(run))).startswith(message)
    another = child_says(lambda: repr(indices_of(loader)))
    whole, second = (indices_of(passes) for passes in [loader_of()] for _ in range(2))
    assert another.startswith(message) if persistent else another == repr(second)
    assert given + indices_of(run) == whole


def test_passes_in_two_threads_are_of_two_loaders() -> None:
    expected = indices_of(loader_of())
    found: list[list[list[int]]] = []
    dataset = dataset_of()
    threads = [
        threading.Thread(target=lambda: found.append(indices_of(WindowLoader(dataset, 10, seed=3))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


# ---- impossible ids and indices ----


def test_pytorch_s_own_loader_gives_the_same_tensors() -> None:
    dataset = dataset_of()
    plain = DataLoader(dataset, 10, shuffle=False)
    assert indices_of(plain) == indices_of(WindowLoader(dataset, 10, shuffle=False))


@pytest.mark.parametrize("index", [1.0, "1", None, slice(0, 2)])
def test_an_index_that_is_not_an_integer_is_refused(index: Any) -> None:
    with pytest.raises(TypeError, match=r"the index of a window is .*, not an integer"):
        dataset_of()[index]


@pytest.mark.parametrize(
    ("dtype", "highest"), [(np.uint32, 2**32 - 1), (np.int64, 2**31), (np.uint64, 2**31), (np.uint32, 2**31)]
)
def test_an_id_that_a_narrow_tensor_cannot_hold_is_named_and_never_wrapped(dtype: Any, highest: int) -> None:
    ids = np.arange(20).astype(dtype)
    ids[7] = highest
    message = f"the id at place 7 is {highest:,}; it must be from 0 to 2,147,483,647, which int32 holds"
    with pytest.raises(ValueError, match=message):
        GPTDatasetV1.from_ids(ids, 4, 4, narrow=True)
    assert GPTDatasetV1.from_ids(ids, 4, 4)[1][0][3] == highest
    ids[7] = 2**31 - 1
    assert GPTDatasetV1.from_ids(ids, 4, 4, narrow=True)[1][0].tolist() == [4, 5, 6, 2**31 - 1]


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "<u2", ">u2", "i4", "u4", "i8", "u8", ">i8"])
def test_ids_of_every_integer_dtype_give_the_same_windows(dtype: str, narrow: bool) -> None:
    dataset = GPTDatasetV1.from_ids(np.arange(100).astype(dtype), 4, 4, narrow=narrow)
    inputs, targets = next(iter(WindowLoader(dataset, 3, shuffle=False)))
    assert inputs.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert targets.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert inputs.dtype == (
        torch.int64 if not narrow else torch.uint16 if dtype[-2] == "u" and dtype[-1] in "12" else torch.int32
    )


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([1.5, 2.5, 3.5], TypeError, r"ids must be integers of at most 64 bits, not \[1\.5, 2\.5, 3\.5\]"),
        ([True, False, True], TypeError, r"not \[True, False, True\]"),
        (["1", "2", "3"], TypeError, r"not \['1', '2', '3'\]"),
        ([2**63, 1, 2], TypeError, r"not \[9223372036854775808, 1, 2\]"),
        ([2**70, 1, 2], TypeError, r"not \[1180591620717411303424, 1, 2\]"),
        ([[1, 2], [3]], TypeError, r"not \[\[1, 2\], \[3\]\]"),
        (np.zeros(9), TypeError, "not float64"),
        (torch.zeros(9), TypeError, "ids must be integers"),
        (None, TypeError, "not None"),
        ([[1, 2], [3, 4]], TypeError, r"not int64 of shape \(2, 2\)"),
        ([4, -1, 5], ValueError, "the id at place 1 is -1"),
        ([], ValueError, "0 tokens are too few"),
    ],
)
def test_impossible_ids_are_refused_and_never_rounded(ids: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        GPTDatasetV1.from_ids(ids, 1, 1)


@pytest.mark.parametrize("ids", [range(9), tuple(range(9)), torch.arange(9), np.arange(9, dtype=np.uint64)])
def test_any_sequence_of_integers_can_be_ids(ids: Any) -> None:
    assert GPTDatasetV1.from_ids(ids, 2, 2)[1][1].tolist() == [3, 4]


@pytest.mark.parametrize(("wrong", "n_vocab"), [(70_000, 50_257), (256, 256), (-1, 256), (2**32, 50_257)])
def test_an_id_that_a_tokenizer_should_not_return_is_named_and_never_wrapped(
    wrong: int, n_vocab: int
) -> None:
    class Wrong:
        def encode(self, text: str, /) -> list[int]:
            return [1, 2, wrong, 3]

        def decode(self, ids: Any, /) -> str:
            return ""

    tokenizer = Wrong()
    tokenizer.n_vocab = n_vocab  # type: ignore[attr-defined]
    with pytest.raises(
        ValueError, match=f"the tokenizer returned the id {wrong:,}, but has n_vocab {n_vocab:,}"
    ):
        GPTDatasetV1("text", tokenizer, 1, 1)  # type: ignore[arg-type]
