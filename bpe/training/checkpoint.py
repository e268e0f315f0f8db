"""How does a training that was stopped go on to the same result, of the same corpus?

During counting, a checkpoint holds the counts so far and a digest of every block of the corpus that they
cover. During merging, it holds the digests, the merges so far and the pieces as the merges have left them.
A training that resumes reads the corpus again, which is much faster than counting it, and goes on only if
all digests are the same.
"""

import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, NoReturn, Protocol

import numpy as np
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.foundation.progress import Reporter
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.bpe.training.archive import TEXT, Array, Form, packed, unpacked
from bpelab.bpe.training.counts import (
    ARRAYS_OF_COUNTS,
    Tally,
    counts_of_arrays,
    n_bytes_of_counts,
)
from bpelab.bpe.training.fingerprint import DIGEST_BYTES, WHAT_TO_DO, Fingerprint
from bpelab.bpe.training.merging_state import Bounds, MergingState, check_state, tokens_after
from bpelab.bpe.training.settings import TrainSettings

FORMAT = "bpelab training checkpoint 4"
WHAT = "a checkpoint of a training"
# The settings that decide the merges, and what to call one that is kept as a digest.
DECISIVE: dict[str, str | None] = {
    "pattern": None,
    "min_frequency": None,
    "max_token_length": None,
    "byte_order": None,
    "extend": "tokens to begin with (extend=)",
}
COUNTS_LABEL = "piece counts (counts=)"
FORMS: dict[str, Form] = {
    "format": TEXT,
    "settings": TEXT,  # JSON of `TrainSettings.record`
    "given_counts": TEXT,  # the SHA-256 of the counts that were passed
    "digests": ("u1", 2),
    "n_bytes": ("i8", 0),
}
ARRAYS_OF_MERGING: dict[str, Form] = {"merges": ("i4", 2), "ids": ("i4", 1), "weights": ("i8", 1)}
# What a kill can cost, unless writing takes more than a tenth of that: about a second for each 10 MB of
# distinct pieces. Then it costs ten times as long as writing takes.
SECONDS_BETWEEN = 30.0
WRITING_SHARE = 0.1


class Counted(Protocol):
    """What has been counted of a corpus, by either engine."""

    @property
    def seen(self) -> Fingerprint:
        """The blocks that were counted."""

    @property
    def is_consistent(self) -> bool:
        """Whether these blocks were counted, and nothing else."""

    def arrays(self) -> dict[str, Array]:
        """Return the counts as arrays."""


class Checkpoint:
    """A file that is written now and then during a training, and read when one begins; None keeps nothing.

    Raises `OSError` where it cannot be written, before there is anything to lose, and `ValueError` where
    the file that is there is not a checkpoint.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path)
        self.seen = Fingerprint()
        self._settings = self._given_counts = ""
        self._changed_specials: set[str] = set()
        self._arrays: dict[str, Array] = {}
        self._next = time.monotonic() + SECONDS_BETWEEN
        if self.path is not None:
            _check_can_write(self.path)
            if self.path.exists():
                self._read(self.path)

    def resume(self, settings: TrainSettings, given_counts: str) -> None:
        """Note what the merges depend on; `ValueError` where the file was written under other settings.

        `given_counts` is the digest of the counts that are added to those of the texts.
        """
        record = settings.record()
        self._settings, self._given_counts = json.dumps(record), given_counts
        if not self._arrays:
            return
        with self._named_errors():
            before = _parse_settings(str(self._arrays["settings"]))
        for name, label in DECISIVE.items():
            if before[name] != record[name]:
                self._refuse(
                    f"other {label}" if label else f"{name}={before[name]!r}, not {name}={record[name]!r}"
                )
        if str(self._arrays["given_counts"]) != given_counts:
            self._refuse(f"other {COUNTS_LABEL}")
        self._changed_specials = set(before["special_tokens"]) ^ set(settings.special_tokens)

    def _refuse(self, difference: str) -> NoReturn:
        raise ValueError(f"{self.path}: this checkpoint was made with {difference}; {WHAT_TO_DO}")

    def check_corpus(self, all_blocks: Iterator[list[str | bytes]], report: Reporter) -> None:
        """Read the blocks that were read before; `ValueError` if they differ."""
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
        """Return what was counted before; `ValueError` if that is impossible."""
        if not self._arrays:
            return Tally(seen=self.seen)
        with self._named_errors():
            counts = counts_of_arrays(self._arrays)
            if (n_bytes := n_bytes_of_counts(counts)) > self.seen.n_bytes:
                raise ValueError(f"its pieces have {n_bytes:,} bytes, its texts {self.seen.n_bytes:,}")
        self._arrays = {}
        return Tally(counts, self.seen)

    def merged(self, settings: TrainSettings, bounds: Bounds) -> MergingState:
        """Return what was merged before; `ValueError` if that is impossible."""
        first_tokens = settings.first_tokens()
        with self._named_errors():
            merges = [(left, right) for left, right in self._arrays["merges"].tolist()]
            state = MergingState(merges, self._arrays["ids"], self._arrays["weights"])
            check_state(state, first_tokens, bounds)
        ranks = {token: rank for rank, token in enumerate(tokens_after(first_tokens, merges)) if token}
        for special in sorted(self._changed_specials):
            if _may_have_merged(special.encode("utf-8", "surrogatepass"), ranks):
                label = f"special tokens, which decide a merge: {special!r:.60}"
                self._refuse(f"other {label}")
        self._arrays = {}
        return state

    def write_counting(self, tally: Counted) -> None:
        """Write what has been counted, unless a block is half added."""
        if tally.is_consistent and tally.seen.digests:
            self._write(tally.seen, **tally.arrays())

    def write_merging(self, state: MergingState) -> None:
        """Write what has been merged."""
        merges = np.array(state.merges, dtype=np.int32).reshape(-1, 2)
        self._write(self.seen, merges=merges, ids=state.ids, weights=state.weights)

    @contextmanager
    def written_if_stopped(self, write: Callable[[], None]) -> Iterator[None]:
        """Call `write` if Ctrl-C or an exit leaves the `with` block, so that nothing is lost."""
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
            digests = np.frombuffer(b"".join(seen.digests), dtype=np.uint8).reshape(-1, DIGEST_BYTES)
            n_bytes = np.array(seen.n_bytes, dtype=np.int64)
            content = packed(
                format=FORMAT,
                settings=self._settings,
                given_counts=self._given_counts,
                digests=digests,
                n_bytes=n_bytes,
                **arrays,
            )
            write_atomically(self.path, content)
            end = time.monotonic()
            self._next = end + max(SECONDS_BETWEEN, (end - start) / WRITING_SHARE)

    def _read(self, path: Path) -> None:
        arrays = unpacked(path, FORMAT, WHAT, FORMS | ARRAYS_OF_COUNTS | ARRAYS_OF_MERGING)
        with self._named_errors():
            phase = arrays.keys() - FORMS.keys()
            if not FORMS.keys() <= arrays.keys() or phase not in (
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
    """Raise the `OSError` that writing the file would raise, by creating an empty one next to it."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    trial = path.with_name(f".{path.name}.{token_hex(4)}")  # a name as long as `write_atomically` needs
    try:
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None


def _parse_settings(text: str) -> dict[str, Any]:
    """Parse the settings that a checkpoint holds; `ValueError` where they are not those of a training."""
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"its settings are not JSON: {text!r:.60}") from None
    if not isinstance(settings, dict) or settings.keys() != TrainSettings(vocab_size=256).record().keys():
        raise ValueError(f"its settings are {text!r:.60}")
    specials = settings["special_tokens"]
    if not isinstance(specials, list) or not all(isinstance(special, str) for special in specials):
        raise ValueError(f"its special tokens are {specials!r:.60}")
    return settings


def _may_have_merged(special: bytes, ranks: Mapping[bytes, int]) -> bool:
    """Whether a merge made a special token, or was perhaps left out because it would have.

    Only the last merge, of two tokens, is ever left out.
    """
    return all(bytes([byte]) in ranks for byte in special) and len(merge_with_heap(special, ranks)) <= 2
