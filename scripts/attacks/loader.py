"""Do loaders lose, double or mix up samples, whatever happens between two batches?"""

import multiprocessing
import os
import random
import signal
import warnings
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from bpelab.dataset.loader import WindowLoader
from bpelab.dataset.order import Shuffle
from bpelab.dataset.sampler import GlobalBatches
from bpelab.dataset.tensors import WindowDataset
from bpelab.dataset.windows import TokenWindows


def resume_storm(n_sequences: int = 30_000, seed: int = 1) -> str:
    """Every sample is in one batch of one rank, through any saves and loads with other batches and ranks."""
    chosen = random.Random(seed)
    n_loads = n_without = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ranks for which nothing is left
        for number in range(n_sequences):
            n, shuffle, drop_last = chosen.randint(1, 120), chosen.random() < 0.5, chosen.random() < 0.5
            order_seed = chosen.randrange(2**64)
            state = GlobalBatches(n, 1, seed=order_seed, shuffle=shuffle).state_dict()
            seen: list[int] = []
            what = f"sequence {number}: {n} samples, drop_last={drop_last}"
            for _ in range(chosen.randint(2, 8)):
                world_size = chosen.randint(1, min(8, n))
                batch_size = chosen.randint(1, max(1, min(16, n // world_size))) * world_size
                ranks = [
                    GlobalBatches(n, batch_size, drop_last=drop_last, rank=rank, world_size=world_size)
                    for rank in range(world_size)
                ]
                for rank in ranks:
                    rank.load_state_dict(state)
                n_loads += 1
                n_left = n - len(seen)
                if drop_last and n_left < batch_size:  # the remainder at the end, and nothing else
                    seen, n_left = [], n
                epoch = ranks[0].position()[0]
                assert ranks[0].position()[1] == len(seen), what
                n_steps = chosen.choice([0, 1, 2, 5, 1000])
                lengths = [len(rank) for rank in ranks]
                parts = [list(islice(iter(rank), n_steps)) for rank in ranks]
                assert [len(part) for part in parts] == [min(n_steps, length) for length in lengths], what
                if n_left >= world_size:
                    assert len(set(lengths)) == 1, what
                else:
                    assert lengths == [1] * n_left + [0] * (world_size - n_left), what
                    n_without += 1
                for step in range(max(map(len, parts))):
                    shares = [part[step] for part in parts if step < len(part)]
                    sizes = [len(share) for share in shares]
                    assert min(sizes) >= 1, f"{what}: an empty batch"
                    assert max(sizes) - min(sizes) <= 1, what
                    seen.extend(chain.from_iterable(share.tolist() for share in shares))
                places = np.arange(n)
                order = Shuffle(n, seed=order_seed, epoch=epoch)(places) if shuffle else places
                assert seen == order[: len(seen)].tolist(), what
                states = [rank.state_dict() for rank in ranks]
                assert all(other == states[0] for other in states), what
                state = states[0]
                if state["epoch"] > epoch:
                    assert state["epoch"] == epoch + 1, what
                    n_out = n - len(seen)
                    assert n_out < (batch_size if drop_last else 1), f"{what}: {n_out} left out"
                    seen = []
    return (
        f"{n_sequences:,} sequences, {n_loads:,} loads, {n_without:,} with fewer samples left than ranks:"
        " none lost"
    )


def _loader(n: int, batch_size: int, **options: Any) -> WindowLoader:
    windows = TokenWindows(np.arange(4 * n, dtype=np.uint32), 3, 4)
    return WindowLoader(WindowDataset(windows), batch_size, seed=7, **options)


def resume_with_workers(n_sequences: int = 40, seed: int = 1, num_workers: int = 2) -> str:
    """The same with real worker processes, which fetch ahead, and with passes left at any batch."""
    chosen = random.Random(seed)
    n_loads = n_batches = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(n_sequences):
            n, drop_last = chosen.randint(4, 200), chosen.random() < 0.5
            state = _loader(n, 1).state_dict()
            epochs: dict[int, list[int]] = {}
            sizes: dict[int, int] = {}
            for _ in range(chosen.randint(2, 4)):
                world_size = chosen.choice([1, 2])
                batch_size = chosen.randint(1, min(20, n // world_size)) * world_size
                states = []
                for rank in range(world_size):
                    loader = _loader(
                        n,
                        batch_size,
                        drop_last=drop_last,
                        rank=rank,
                        world_size=world_size,
                        num_workers=chosen.choice([0, num_workers]),
                    )
                    loader.load_state_dict(state)
                    if rank == 0:
                        n_steps = chosen.randint(0, len(loader) + 1)
                    epoch = loader.batches.position()[0]
                    for inputs, targets in islice(loader, n_steps):
                        assert len(inputs)
                        assert torch.equal(targets, inputs + 1)
                        assert inputs.is_contiguous() and targets.is_contiguous()
                        epochs.setdefault(epoch, []).extend((inputs[:, 0] // 4).tolist())
                        n_batches += 1
                    sizes[epoch] = batch_size
                    states.append(loader.state_dict())
                n_loads += 1
                assert all(other == states[0] for other in states)
                state = states[0]
            for epoch, seen in epochs.items():
                assert len(set(seen)) == len(seen), "a sample was given twice"
                if epoch < state["epoch"] and not drop_last:
                    assert sorted(seen) == list(range(n)), f"{n - len(seen)} samples lost"
    return (
        f"{n_sequences} sequences, {n_loads} loads, {n_batches:,} batches, {num_workers} workers: none lost"
    )


def killed_workers(n_kills: int = 20, seed: int = 1) -> str:
    """A killed worker is an error, never a missing batch, and its pass goes on where it was."""
    chosen = random.Random(seed)
    whole = [x.tolist() for x, _ in _loader(400, 8)]
    n_errors = 0
    for _ in range(n_kills):
        loader, seen, kill_after = _loader(400, 8, num_workers=2), [], chosen.randint(1, 45)
        while len(seen) < len(whole):
            try:
                for inputs, _ in loader:
                    seen.append(inputs.tolist())
                    if len(seen) == kill_after:
                        victim = chosen.choice(multiprocessing.active_children())
                        os.kill(victim.pid or 0, signal.SIGKILL)
                        victim.join()
            except RuntimeError as error:
                assert "worker" in str(error)
                n_errors += 1
                loader.load_state_dict(loader.state_dict())
        assert seen == whole, "a killed worker cost or doubled a batch"
    return f"{n_kills} kills of a worker, {n_errors} errors, every batch given once"


def forks_in_a_pass(n_forks: int = 20, seed: int = 1) -> str:
    """A child forked during a pass takes nothing from its parent, and does not end its workers."""
    chosen = random.Random(seed)
    whole = [x.tolist() for x, _ in _loader(200, 8)]
    for number in range(n_forks):
        loader = _loader(200, 8, num_workers=2 * (number % 2), persistent_workers=number % 4 == 1)
        seen, fork_after = [], chosen.randint(1, 20)
        for inputs, _ in (passes := iter(loader)):
            seen.append(inputs.tolist())
            if len(seen) == fork_after:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that this process has threads
                    pid = os.fork()
                if not pid:
                    try:
                        rest = [x.tolist() for x, _ in passes]
                        os._exit(0 if number % 2 == 0 and seen + rest == whole else 1)
                    except RuntimeError as error:
                        os._exit(0 if number % 2 and "forked" in str(error) else 2)
                    finally:
                        os._exit(3)
                assert os.waitpid(pid, 0)[1] == 0, "the child got a batch of its parent, or another error"
        assert seen == whole, "the parent lost a batch"
    return f"{n_forks} forks in the middle of a pass: parents complete, children alone or refused"


if __name__ == "__main__":
    for attack in (resume_storm, resume_with_workers, killed_workers, forks_in_a_pass):
        print(attack.__name__, attack())
