"""Which samples are in which batch, on which rank? Those of a computed order, from any place in it on."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from bpelab.dataset.checks import shown, truth, whole_number
from bpelab.dataset.order import MAX_SAMPLES, Shuffle, checked_seed
from bpelab.dataset.sampler_state import SamplerState, checked_epoch

Indices = npt.NDArray[np.int64]
Item = TypeVar("Item")

# This many indices are shuffled at a time: NumPy's calls cost as much for one batch as for a hundred.
AT_ONCE = 1 << 14


class GlobalBatches:
    """Batches of indices below `n_samples`, for a DataLoader's `batch_sampler`; each pass is one epoch.

    The order is defined on global batches, those of all ranks together: `batch_size` is theirs, and rank
    r of `world_size` gets the r-th part of each. An index in its place depends on nothing but `n_samples`,
    the seed, the epoch and the place, so that neither the ranks nor the workers change what is trained on.

    A last batch that would be short is left out. With `drop_last=False` it is a batch of its own, shared as
    evenly as possible, so that the ranks' parts differ by one at most. If it has less than one sample for
    each rank, it joins the batch before it: all ranks always make the same number of steps.

    `state_dict()` is a few integers and the data's fingerprint. It can be loaded into any sampler of the same
    data, with another batch size or world size, too: the next pass goes on at the next sample, without
    replaying. However often that is done in an epoch, every sample is in one batch, except for those that
    `drop_last` leaves out at its end.

    Every pass that begins is one more epoch, whether the passes before it were finished or are still under
    way. The state is that of the pass that gave the last batch. A pass cannot go on after a state was loaded
    or an epoch set: that raises `RuntimeError`.

    `fingerprint` names the data when a state is asked for. Raises `TypeError` for an argument that is not a
    number, and `ValueError` where the numbers contradict each other, and for a state of other data.

    >>> batches = GlobalBatches(10, batch_size=4, shuffle=False)
    >>> [batch.tolist() for batch in batches]
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    >>> [batch.tolist() for batch in GlobalBatches(10, batch_size=4, shuffle=False, rank=1, world_size=2)]
    [[2, 3], [6, 7]]
    >>> [batch.tolist() for batch in GlobalBatches(9, batch_size=4, shuffle=False, drop_last=False)]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
    >>> ranks = [
    ...     GlobalBatches(9, 4, shuffle=False, drop_last=False, rank=rank, world_size=2) for rank in range(2)
    ... ]
    >>> [[batch.tolist() for batch in rank] for rank in ranks]
    [[[0, 1], [4, 5, 6]], [[2, 3], [7, 8]]]
    """

    def __init__(
        self,
        n_samples: int,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = True,
        rank: int = 0,
        world_size: int = 1,
        fingerprint: Callable[[], str] = str,
    ) -> None:
        self.n_samples = n_samples = whole_number(n_samples, "the number of samples", least=1)
        self.batch_size = batch_size = whole_number(batch_size, "the batch size", least=1)
        self.world_size = world_size = whole_number(world_size, "the world size", least=1)
        self.rank = rank = whole_number(rank, "the rank")
        self.shuffle, self.drop_last = truth(shuffle, "shuffle"), truth(drop_last, "drop_last")
        self.seed, self._fingerprint = checked_seed(seed), fingerprint
        self.share = batch_size // world_size  # of a batch, that each rank gets
        if n_samples > MAX_SAMPLES:
            raise ValueError(f"the number of samples is {shown(n_samples)}; it must be at most 2**63")
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {shown(rank)} is none of the ranks 0 to {shown(world_size - 1)}")
        if batch_size % world_size:
            raise ValueError(
                f"a global batch of {shown(batch_size)} cannot be shared evenly by {shown(world_size)} ranks;"
                f" {shown(world_size * max(1, (batch_size + world_size // 2) // world_size))} could"
            )
        if drop_last and batch_size > n_samples:
            raise ValueError(
                f"a batch of {shown(batch_size)} is larger than the data, {n_samples:,} samples: nothing"
                f" would be left with drop_last. Use a batch of at most {n_samples:,}, or drop_last=False."
            )
        if world_size > n_samples:
            raise ValueError(
                f"{n_samples:,} samples are fewer than the {shown(world_size)} ranks: some would never get"
                " one, and the others would wait for them"
            )
        self._place = (0, 0)  # an epoch, and how many of its samples were given, on all ranks
        self._next = self._place  # where the next pass begins
        self._n_jumps = 0  # how often a state was loaded or an epoch set
        self._pass: object | None = None  # names the pass that was begun last, while it is under way
        self._n_batches_of_pass = 0

    def __len__(self) -> int:
        """How many batches the pass under way has on this rank or, where there is none, the next pass."""
        return self._n_batches_of_pass if self._pass else self._n_batches_after(self._next[1])

    def __iter__(self) -> Iterator[Indices]:
        """Yield the batches of this rank, some batch_size / world_size indices each, int64."""
        return self.counted(self.indices)

    def counted(self, fetch: Callable[[int, int], Iterator[Item]]) -> Iterator[Item]:
        """Make the next pass by `fetch(epoch, n_done)`, which yields an item for each batch from there on.

        The state stands after the last item that the caller was given, however far ahead `fetch` is.
        """
        epoch, n_done = self._place = self._next
        self._next = epoch + 1, 0
        this_pass, n_jumps = object(), self._n_jumps
        self._pass = this_pass
        self._n_batches_of_pass = self._n_batches_after(n_done)
        try:
            for item in fetch(epoch, n_done):
                n_done = self._end_of_batch(n_done)
                self._place = epoch, n_done
                yield item
                if self._n_jumps != n_jumps:
                    raise RuntimeError(
                        f"this pass, of epoch {epoch}, is over: a state was loaded or an epoch set since."
                        " Begin a new pass, which goes on from there."
                    )
            self._place = self._next
        finally:
            if self._pass is this_pass:
                self._pass = None

    def indices(self, epoch: int, n_done: int) -> Iterator[Indices]:
        """Yield the batches of this rank from a place in an epoch on, whatever pass is under way."""
        order = Shuffle(self.n_samples, seed=self.seed, epoch=epoch) if self.shuffle else None
        size, share = self.batch_size, self.share
        at_once = 1  # the first batch need not wait for many
        while n_batches := min(at_once, self._n_global_batches(n_done)):
            n_whole = n_batches - 1  # all but an epoch's last are whole
            end = self._end_of_batch(n_done + n_whole * size)
            places = np.arange(end - n_done, dtype=np.int64) + n_done
            chunk = places if order is None else order(places)
            for start in range(self.rank * share, n_whole * size, size):
                yield chunk[start : start + share]
            last = chunk[n_whole * size :]
            least, n_larger = divmod(len(last), self.world_size)
            start = self.rank * least + min(self.rank, n_larger)
            if own := least + (self.rank < n_larger):
                yield last[start : start + own]
            n_done = end
            at_once = max(1, AT_ONCE // size)

    def _end_of_batch(self, n_done: int) -> int:
        """Return the end of the global batch that begins after `n_done` samples of an epoch."""
        end = n_done + self.batch_size
        # If less than one sample for each rank would be left, it joins this batch.
        return self.n_samples if not self.drop_last and self.n_samples - end < self.world_size else end

    def _is_over(self, n_done: int) -> bool:
        return self.n_samples - n_done < (self.batch_size if self.drop_last else 1)

    def _n_global_batches(self, n_done: int) -> int:
        """How many batches of an epoch follow its first `n_done` samples."""
        n_left = self.n_samples - n_done
        if self.drop_last:
            return n_left // self.batch_size
        return max(int(n_left > 0), (n_left - self.world_size) // self.batch_size + 1)

    def _n_batches_after(self, n_done: int) -> int:
        """How many of them this rank has a part in: all, unless fewer samples are left than ranks."""
        n_left = self.n_samples - n_done
        return self._n_global_batches(n_done) if n_left >= self.world_size else int(self.rank < n_left)

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this epoch: from its beginning, unless a state of this epoch was loaded."""
        epoch = checked_epoch(epoch)
        self._go_to(*(self._next if epoch == self._next[0] else (epoch, 0)))

    def _go_to(self, epoch: int, n_done: int) -> None:
        self._place = self._next = epoch, n_done
        self._pass = None
        self._n_jumps += 1

    def position(self) -> tuple[int, int]:
        """Return the epoch of the next pass, and how many of its samples are done already."""
        return self._next

    def state_dict(self) -> dict[str, Any]:
        """Return where the pass under way stands; every batch that was given counts as done."""
        return self.state_after(*self._place)

    def state_after(self, epoch: int, n_done: int) -> dict[str, Any]:
        """Return the state after `n_done` samples of an epoch, on all ranks."""
        if self._is_over(n_done):
            epoch, n_done = epoch + 1, 0
        state = SamplerState(self.seed, self.shuffle, epoch, n_done, self.n_samples, self._fingerprint())
        return state.as_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next pass go on where a state says, at once.

        Raises `ValueError` or `TypeError` for a state of other data, or one that no sampler can have written;
        then nothing has changed. Warns where fewer samples of the epoch are left than there are ranks.
        """
        found = SamplerState.read(state)
        found.require_data(self.n_samples, self._fingerprint())
        self.seed, self.shuffle = found.seed, found.shuffle
        epoch, n_done = found.epoch, found.n_done
        if self._is_over(n_done):  # with larger batches, the rest may be too little for one
            epoch, n_done = epoch + 1, 0
        self._go_to(epoch, n_done)
        n_left = self.n_samples - n_done
        if n_left < self.world_size:
            warnings.warn(
                f"{n_left} samples are left of epoch {epoch}, fewer than the {self.world_size} ranks: ranks"
                f" {n_left} and up get no batch in the rest of this epoch. Where ranks wait for each other,"
                f" leave it out by set_epoch({epoch + 1}) on all of them.",
                stacklevel=2,
            )
