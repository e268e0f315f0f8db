"""How are pieces counted, by one process or several, and how are counts added, saved and loaded?"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
from bpelab.bpe.foundation.progress import Reporter
from bpelab.bpe.foundation.workers import Workers, map_tasks
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.bpe.training.archive import TEXT, Array, Form, packed, unpacked
from bpelab.bpe.training.fingerprint import Fingerprint
from bpelab.bpe.training.interrupts import signals_held
from bpelab.bpe.training.piece_counter import count_block

FORMAT = "bpelab piece counts 1"
ARRAYS_OF_COUNTS: dict[str, Form] = {
    "piece_bytes": ("u1", 1),
    "piece_lengths": ("i8", 1),
    "counts": ("i8", 1),
}
MAX_COUNT = 2**63 - 1
# So many pieces at a time are cut out of the bytes of all, for their places are Python integers meanwhile.
PIECES_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class PieceCounts:
    """How often each piece occurs in a corpus that `pattern` splits: all that training needs of it.

    Raises `ValueError` for an impossible piece or count, and `TypeError` for other types.

    >>> from bpelab.bpe import count_pieces
    >>> count_pieces(["low low"], pattern=r" ?\\w+").counts
    {b'low': 1, b' low': 1}
    """

    pattern: str
    counts: Mapping[bytes, int]

    def __post_init__(self) -> None:
        if not isinstance(self.pattern, str) or not isinstance(self.counts, Mapping):
            raise TypeError(
                f"piece counts are a pattern and a mapping, not {self.pattern!r:.60} and {self.counts!r:.60}"
            )
        numbers = self.counts.values()
        if b"" in self.counts or not set(map(type, self.counts)) <= {bytes}:
            raise ValueError("a piece must be bytes, at least one")
        if not set(map(type, numbers)) <= {int} or min(numbers, default=1) < 1:
            raise ValueError("a piece must be counted by an int, and occur at least once")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the counts to a file, whole or not at all; equal counts make equal files.

        It is a zip of NumPy arrays: `piece_bytes` (n_bytes,) uint8, `piece_lengths` and `counts`
        (n_pieces,) int64, sorted by piece. Raises `OSError` where it cannot be written.
        """
        write_atomically(path, packed(format=FORMAT, pattern=self.pattern, **arrays_of_counts(self.counts)))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "PieceCounts":
        """Read a file that `save` wrote; a `ValueError` names one that is not sound.

        No more is allocated than such a file of this size can hold (`archive.unpacked`).
        """
        forms = {"format": TEXT, "pattern": TEXT, **ARRAYS_OF_COUNTS}
        arrays = unpacked(path, FORMAT, "a file of piece counts", forms)
        try:
            if missing := sorted(forms.keys() - arrays.keys()):
                raise ValueError(f"it lacks {', '.join(missing)}")
            return cls(str(arrays["pattern"]), counts_of_arrays(arrays))
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: not a file of piece counts: {error}") from None


@dataclass
class Tally:
    """The pieces of the first blocks of a corpus, and the digests that identify these blocks."""

    counts: dict[bytes, int] = field(default_factory=dict)
    seen: Fingerprint = field(default_factory=Fingerprint)
    is_consistent: bool = True  # false while a block is being added

    def steps(
        self, more_blocks: Iterator[list[str | bytes]], pattern: str, jobs: int, report: Reporter
    ) -> Iterator[None]:
        """Count the blocks that follow those counted before, pausing after each."""
        # Closed at once if counting stops early; otherwise its processes would go on waiting.
        count = partial(count_block, pattern=pattern)
        with closing(map_tasks(count, more_blocks, Workers(jobs))) as counted:
            for block, counts in counted:
                with signals_held():
                    self.is_consistent = False
                    add_counts(self.counts, counts)
                    self.seen.add(block)
                    self.is_consistent = True
                report(self.seen.n_bytes, {"distinct pieces": len(self.counts)})
                yield
        report(self.seen.n_bytes, {"distinct pieces": len(self.counts)}, at_end=True)

    def add(self, arrays: Mapping[str, Array]) -> None:
        """Add counts that `arrays` of another tally returned."""
        add_counts(self.counts, counts_of_arrays(arrays))

    def arrays(self) -> dict[str, Array]:
        """Return the counts as a checkpoint holds them."""
        return arrays_of_counts(self.counts)


def add_counts(total: dict[bytes, int], counts: Mapping[bytes, int]) -> None:
    """Add `counts` to `total`, in place.

    >>> total = {b"a": 1}
    >>> add_counts(total, {b"a": 2, b"b": 1})
    >>> total
    {b'a': 3, b'b': 1}
    """
    if not total:
        total.update(counts)
        return
    get = total.get
    for piece, count in counts.items():
        total[piece] = get(piece, 0) + count


def gather_counts(parts: Iterable[PieceCounts | str | os.PathLike[str]], pattern: str) -> dict[bytes, int]:
    """Add up counts and files of counts; `ValueError` where one was made with another pattern."""
    total: dict[bytes, int] = {}
    if isinstance(parts, str | os.PathLike | PieceCounts):
        raise TypeError("counts must be a list: pass a single one as counts=[...]")
    for part in parts:
        if not isinstance(part, str | os.PathLike | PieceCounts):
            raise TypeError(
                f"counts are PieceCounts, or files of them, not {type(part).__name__} ({part!r:.60})"
            )
        loaded = part if isinstance(part, PieceCounts) else PieceCounts.load(part)
        if loaded.pattern != pattern:
            source = "piece counts" if isinstance(part, PieceCounts) else os.fspath(part)
            raise ValueError(f"{source}: counted with the pattern {loaded.pattern!r}, not with {pattern!r}")
        if not isinstance(part, PieceCounts) and (n_bytes := n_bytes_of_counts(loaded.counts)) > MAX_COUNT:
            raise ValueError(
                f"{os.fspath(part)}: its pieces have {n_bytes:,} bytes: counts hold up to 2**63 - 1"
            )
        add_counts(total, loaded.counts)
    return total


def n_bytes_of_counts(counts: Mapping[bytes, int]) -> int:
    """Return how many bytes of text the pieces make, each as often as it occurs.

    >>> n_bytes_of_counts({b"ab": 3, b"c": 1})
    7
    """
    return sum(len(piece) * count for piece, count in counts.items())


def digest_of_counts(counts: Mapping[bytes, int]) -> str:
    """Return the SHA-256 of counts; equal counts have equal ones."""
    digest = hashlib.sha256()
    for array in arrays_of_counts(counts).values():
        digest.update(len(array).to_bytes(8, "little"))
        digest.update(array.data)
    return digest.hexdigest()


def arrays_of_counts(counts: Mapping[bytes, int]) -> dict[str, Array]:
    """Lay counts out as arrays, sorted by piece; `OverflowError` for a count of 2**63 or more."""
    pieces = sorted(counts)
    if pieces and (highest := max(counts.values())) > MAX_COUNT:
        raise OverflowError(f"a piece occurs {highest:,} times: counts hold up to 2**63 - 1")
    return {
        "piece_bytes": np.frombuffer(b"".join(pieces), dtype=np.uint8),
        "piece_lengths": np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces)),
        "counts": np.fromiter(map(counts.__getitem__, pieces), dtype=np.int64, count=len(pieces)),
    }


def counts_of_arrays(arrays: Mapping[str, Array]) -> dict[bytes, int]:
    """Undo `arrays_of_counts`; `ValueError` where a piece appears twice, and what `checked_starts` raises."""
    starts, data, counts = checked_starts(arrays), arrays["piece_bytes"].tobytes(), arrays["counts"]
    result: dict[bytes, int] = {}
    for at in range(0, len(counts), PIECES_AT_ONCE):
        bounds = starts[at : at + PIECES_AT_ONCE + 1].tolist()
        pieces = [data[start:end] for start, end in pairwise(bounds)]
        result.update(zip(pieces, counts[at : at + PIECES_AT_ONCE].tolist(), strict=True))
    if len(result) < len(counts):
        raise ValueError("a piece appears twice")
    return result


def checked_starts(arrays: Mapping[str, Array]) -> Array:
    """Return where each piece starts, and the end of the last; `ValueError` for arrays that are no counts."""
    n_bytes, lengths, counts = len(arrays["piece_bytes"]), arrays["piece_lengths"], arrays["counts"]
    starts = np.append(0, np.cumsum(lengths))  # not rising if a length is negative or the sum overflows
    if len(lengths) != len(counts) or starts[-1] != n_bytes or (starts[1:] <= starts[:-1]).any():
        raise ValueError(f"{n_bytes:,} bytes do not make {len(lengths):,} pieces with {len(counts):,} counts")
    if len(counts) and (lowest := counts.min()) < 1:
        raise ValueError(f"a piece has the count {lowest:,}: each occurs at least once")
    return starts
