"""How does a training that was stopped go on to the same result, of the same corpus?

While it counts, a checkpoint holds the counts so far and a digest of every block of the corpus that they
cover; while it merges, the digests, the merges so far and the pieces as these have left them. A training that
resumes reads the corpus again, which is much faster than counting it, and goes on only where all digests are
the same.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.foundation.progress import Reporter
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.bpe.training.archive import TEXT, Array, Form, packed, unpacked
from bpelab.bpe.training.counts import (
    ARRAYS_OF_COUNTS,
    Tally,
    arrays_of_counts,
    counts_of_arrays,
    n_bytes_of_counts,
)
from bpelab.bpe.training.fingerprint import DIGEST_BYTES, WHAT_TO_DO, Fingerprint
from bpelab.bpe.training.learner import SEPARATOR

FORMAT = "bpelab training checkpoint 2"
WHAT = "a checkpoint of a training"
# What the merges depend on, beside the texts; where a digest stands for it, what else to call it.
SETTINGS: dict[str, str | None] = {
    "pattern": None,
    "min_frequency": None,
    "max_token_length": None,
    "first_tokens": "tokens to begin with (byte_order=, extend=)",
    "counts": "piece counts (counts=)",
}
ARRAYS_OF_MERGING: dict[str, Form] = {"merges": ("i4", 2), "ids": ("i4", 1), "weights": ("i8", 1)}
# What a kill can cost, unless writing takes more than a tenth of that: about a second for each 10 MB of
# distinct pieces. Then it costs ten times as long as writing takes.
SECONDS_BETWEEN = 30.0
WRITING_SHARE = 0.1
# The tokens of a training are short; the longest ones that are made of runs and copies double in length, so
# that all together have a few times the bytes of the pieces. Far more is not learned but made up.
MAX_TOKEN_BYTES, MAX_TIMES_PIECES = 1 << 30, 64
# That a token is made by its own merges is checked up to this length: longer ones consist of shorter ones.
CHECKED_TOKEN_LENGTH = 1000
# Pairs are looked up in stretches of so many slots, for which eight arrays take 64 MB.
SLOTS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class MergingState:
    """A training after some merges: what `MergeLearner` needs to go on."""

    merges: list[tuple[int, int]]
    ids: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bounds:
    """What a corpus allows its training: tokens no longer, and pieces no more, than the corpus has text."""

    n_piece_bytes: int  # of distinct pieces, at most
    n_bytes: int  # of all text
    max_token_length: int | None


class Checkpoint:
    """A file that is written now and then while training, and read when it begins; None keeps nothing.

    Raises `OSError` where it cannot be written, before there is anything to lose, and `ValueError` where what
    is there is no checkpoint.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path)
        self.seen = Fingerprint()
        self._settings: dict[str, object] = {}
        self._arrays: dict[str, Array] = {}
        self._next = time.monotonic() + SECONDS_BETWEEN
        if self.path is not None:
            _check_can_write(self.path)
            if self.path.exists():
                self._read(self.path)

    def resume(self, settings: Mapping[str, object]) -> None:
        """Note what the merges depend on; `ValueError` where the file was written under other settings."""
        self._settings = dict(settings)
        for name, value in self._settings.items() if self._arrays else ():
            found = str(self._arrays.get(f"setting_{name}", "nothing"))
            if found != str(value):
                label = SETTINGS[name]
                differs = f"{name}={found}, not {name}={value}" if label is None else f"other {label}"
                raise ValueError(f"{self.path}: this checkpoint was made with {differs}; {WHAT_TO_DO}")

    def check_corpus(self, all_blocks: Iterator[list[str]], report: Reporter) -> None:
        """Take the blocks that were read before; `ValueError` where they are others."""
        for n_bytes in self.seen.reread(all_blocks, self.path):
            report(n_bytes)
        if self.is_merging and next(all_blocks, None) is not None:
            raise ValueError(
                f"{self.path}: this checkpoint was made with other texts: those given now begin with the same"
                f" {self.seen.n_bytes:,} bytes and go on; {WHAT_TO_DO}"
            )

    @property
    def is_merging(self) -> bool:
        """Whether the file was written after everything had been counted."""
        return "merges" in self._arrays

    @property
    def due(self) -> bool:
        """Whether it is time to write."""
        return self.path is not None and time.monotonic() >= self._next

    def counted(self) -> Tally:
        """Take what was counted before; `ValueError` where it cannot have been."""
        if not self._arrays:
            return Tally(seen=self.seen)
        with self._named_errors():
            counts = counts_of_arrays(self._arrays)
            if (n_bytes := n_bytes_of_counts(counts)) > self.seen.n_bytes:
                raise ValueError(f"its pieces have {n_bytes:,} bytes, its texts {self.seen.n_bytes:,}")
        self._arrays = {}
        return Tally(counts, self.seen)

    def merged(self, tokens: Sequence[bytes], bounds: Bounds) -> MergingState:
        """Take what was merged before, after `tokens`; `ValueError` where it cannot have been."""
        with self._named_errors():
            merges = [(left, right) for left, right in self._arrays["merges"].tolist()]
            state = MergingState(merges, self._arrays["ids"], self._arrays["weights"])
            _check_pieces(state, _check_merges(merges, tokens, bounds), bounds)
        self._arrays = {}
        return state

    def write_counting(self, tally: Tally) -> None:
        """Write what has been counted, if it is known how far that is."""
        if tally.is_consistent and tally.seen.digests:
            self._write(tally.seen, **arrays_of_counts(tally.counts))

    def write_merging(self, state: MergingState) -> None:
        """Write what has been merged."""
        merges = np.array(state.merges, dtype=np.int32).reshape(-1, 2)
        self._write(self.seen, merges=merges, ids=state.ids, weights=state.weights)

    @contextmanager
    def written_if_stopped(self, write: Callable[[], None]) -> Iterator[None]:
        """Call `write` where Ctrl-C or an exit leaves the block, so that nothing is lost."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            if self.path is not None:
                write()
            raise

    def remove(self) -> None:
        """Remove the file: the training is finished."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _write(self, seen: Fingerprint, **arrays: Any) -> None:
        if self.path is not None:
            start = time.monotonic()
            settings = {f"setting_{name}": str(value) for name, value in self._settings.items()}
            digests = np.frombuffer(b"".join(seen.digests), dtype=np.uint8).reshape(-1, DIGEST_BYTES)
            n_bytes = np.array(seen.n_bytes, dtype=np.int64)
            content = packed(format=FORMAT, digests=digests, n_bytes=n_bytes, **settings, **arrays)
            write_atomically(self.path, content)
            end = time.monotonic()
            self._next = end + max(SECONDS_BETWEEN, (end - start) / WRITING_SHARE)

    def _read(self, path: Path) -> None:
        forms: dict[str, Form] = {
            "format": TEXT,
            "digests": ("u1", 2),
            "n_bytes": ("i8", 0),
            **{f"setting_{name}": TEXT for name in SETTINGS},
        }
        arrays = unpacked(path, FORMAT, WHAT, forms | ARRAYS_OF_COUNTS | ARRAYS_OF_MERGING)
        with self._named_errors():
            phase = arrays.keys() - forms.keys()
            if not forms.keys() <= arrays.keys() or phase not in (
                set(ARRAYS_OF_COUNTS),
                set(ARRAYS_OF_MERGING),
            ):
                raise ValueError(f"it holds only {', '.join(arrays)}")
            if arrays["digests"].shape[1] != DIGEST_BYTES or (arrays["n_bytes"] < 0):
                raise ValueError(
                    f"digests have {arrays['digests'].shape[1]} bytes, texts {arrays['n_bytes']}"
                )
            if "merges" in arrays and arrays["merges"].shape[1] != 2:
                raise ValueError(f"a merge joins 2 tokens, not {arrays['merges'].shape[1]}")
        digests = [digest.tobytes() for digest in arrays["digests"]]
        self.seen = Fingerprint(int(arrays["n_bytes"]), digests)
        self._arrays = arrays

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise ValueError(f"{self.path}: not {WHAT}: {error}; remove it to begin anew") from None


def _check_can_write(path: Path) -> None:
    """Raise the `OSError` that writing the file would raise, by writing an empty one beside it."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    trial = path.with_name(f".{path.name}.{token_hex(4)}")  # a name as long as `write_atomically` needs
    try:
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None


def _check_merges(merges: Sequence[tuple[int, int]], tokens: Sequence[bytes], bounds: Bounds) -> list[int]:
    """Raise `ValueError` unless the merges can follow `tokens` in a training; return all tokens' lengths."""
    longest = bounds.n_piece_bytes
    if bounds.max_token_length is not None:
        longest = min(longest, bounds.max_token_length)
    lengths = [len(token) for token in tokens]
    for new, (left, right) in enumerate(merges, len(tokens)):
        if not (0 <= left < new and 0 <= right < new and lengths[left] and lengths[right]):
            raise ValueError(f"a merge joins {left} and {right} to {new}, and these are not both tokens yet")
        lengths.append(lengths[left] + lengths[right])
        if lengths[-1] > longest:
            raise ValueError(
                f"the token {new} would have {lengths[-1]:,} bytes: {longest:,} can be learned here"
            )
    if sum(lengths) > max(MAX_TOKEN_BYTES, MAX_TIMES_PIECES * bounds.n_piece_bytes):
        raise ValueError(
            f"its tokens have {sum(lengths):,} bytes, its pieces {bounds.n_piece_bytes:,} at most"
        )
    known = list(tokens)
    ranks = {token: rank for rank, token in enumerate(known) if token}
    for left, right in merges:
        token = known[left] + known[right]
        if token in ranks:
            raise ValueError(f"two tokens are {token!r:.60}")
        ranks[token] = len(known)
        known.append(token)
    for token in known[len(tokens) :]:
        if len(token) <= CHECKED_TOKEN_LENGTH and merge_with_heap(token, ranks) != [ranks[token]]:
            raise ValueError(f"its merges never make its token {token!r:.60}")
    return lengths


def _check_pieces(state: MergingState, lengths: Sequence[int], bounds: Bounds) -> None:
    """Raise `ValueError` unless the pieces are what the merges can have left of such a corpus."""
    ids, weights = state.ids, state.weights
    ends = np.flatnonzero(ids == SEPARATOR)
    if len(ends) != len(weights) + 1 or ends[0] != 0 or ends[-1] != len(ids) - 1 or (np.diff(ends) < 2).any():
        raise ValueError(f"{len(ends):,} separators in {len(ids):,} ids do not make {len(weights):,} pieces")
    if ids.min() < SEPARATOR or ids.max() >= len(lengths):
        raise ValueError(
            f"a piece has an id from {ids.min()} to {ids.max()}: they end at {len(lengths) - 1:,}"
        )
    if not len(weights):
        return
    if weights.min() < 1:
        raise ValueError(f"a piece occurs {weights.min():,} times: each occurs at least once")
    slot_lengths = np.array([*lengths, 0], dtype=np.int64)[ids]  # a separator is -1, and has none
    if (slot_lengths == 0).sum() > len(ends):
        raise ValueError("a piece holds the id of a special token")
    # In floats first: nothing bounds these sums before they are compared, and integers would wrap around.
    if slot_lengths.sum(dtype=np.float64) > bounds.n_piece_bytes:
        raise ValueError(f"its pieces have more bytes than the corpus, {bounds.n_piece_bytes:,}")
    piece_lengths = np.add.reduceat(slot_lengths, ends[:-1])
    n_bytes: int | float = float(piece_lengths.astype(np.float64) @ weights.astype(np.float64))
    if n_bytes < 2.0**63:
        n_bytes = sum(map(mul, piece_lengths.tolist(), weights.tolist()))
    if n_bytes > bounds.n_bytes:
        raise ValueError(
            f"its pieces, as often as they occur, have {n_bytes:,} bytes: {bounds.n_bytes:,} were read"
        )
    _check_merged(ids, state.merges, len(lengths))


def _check_merged(ids: npt.NDArray[np.int32], merges: Sequence[tuple[int, int]], n_tokens: int) -> None:
    """Raise `ValueError` where a pair is left in a piece that an earlier merge must have joined."""
    joined = np.array(sorted(left * n_tokens + right for left, right in merges), dtype=np.int64)
    if not len(joined):
        return
    for at in range(0, len(ids), SLOTS_AT_ONCE):
        part = ids[at : at + SLOTS_AT_ONCE + 1].astype(np.int64)
        lefts, rights = part[:-1], part[1:]
        keys = np.where((lefts >= 0) & (rights >= 0), lefts * n_tokens + rights, -1)
        found = joined[np.minimum(np.searchsorted(joined, keys), len(joined) - 1)] == keys
        if found.any():
            left, right = divmod(int(keys[found][0]), n_tokens)
            raise ValueError(f"a piece still holds the pair {left}, {right}, which was merged")
