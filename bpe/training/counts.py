"""How are pieces counted, by one process or several, now or earlier, and put together again?"""

import io
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.files import write_atomically
from bpelab.bpe.processes import map_in_processes
from bpelab.bpe.registry import DEFINITIONS
from bpelab.bpe.splitter import splitter_of
from bpelab.bpe.training.corpus import Errors, Texts, blocks, n_bytes_of_files
from bpelab.bpe.training.pieces import count_block
from bpelab.bpe.training.progress import Reporter, Watch

FORMAT = "bpelab piece counts 1"
MAX_COUNT = 2**63 - 1


@dataclass(frozen=True)
class PieceCounts:
    """How often each piece occurs in a corpus that `pattern` splits: all that training needs of it.

    Raises `ValueError` for what is no piece and no count.

    >>> count_pieces(["low low"], pattern=r" ?\\w+").counts
    {b'low': 1, b' low': 1}
    """

    pattern: str
    counts: Mapping[bytes, int]

    def __post_init__(self) -> None:
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
        """Read a file that `save` wrote; `ValueError` that names it where it is not sound."""
        arrays = unpacked(path, FORMAT, "a file of piece counts")
        try:
            return cls(str(arrays["pattern"]), counts_of_arrays(arrays))
        except (ValueError, KeyError, AttributeError) as error:
            raise ValueError(f"{os.fspath(path)}: not a file of piece counts: {error}") from None


def count_pieces(
    texts: Texts,
    *,
    pattern: str = "gpt2",
    errors: Errors = "strict",
    jobs: int = 1,
    progress: Watch | None = None,
) -> PieceCounts:
    """Count the pieces of a corpus, to be saved, or to be trained on with counts made elsewhere.

    `texts` is what `train` takes: documents, files and directories. `pattern` is the name of an encoding
    or a regular expression. With `jobs` processes the counts are the same. Memory is that of the distinct
    pieces and of a few blocks of 4 MB. Raises what reading the corpus raises (`corpus.blocks`).
    """
    pattern = resolve_pattern(pattern)
    tally = Tally()
    for _ in tally.steps(texts, pattern, errors, jobs, progress):
        pass
    return PieceCounts(pattern, tally.counts)


def resolve_pattern(pattern: str) -> str:
    """Return the pattern of an encoding's name, or the pattern itself.

    Raises `ValueError` for an empty one, and for one that `Splitter` refuses.

    >>> resolve_pattern("p50k_base") == resolve_pattern("gpt2")
    True
    """
    if pattern in DEFINITIONS:
        return DEFINITIONS[pattern].pattern
    names = ", ".join(DEFINITIONS)
    if not pattern:
        raise ValueError(
            f"the pattern is empty: it must be the name of an encoding ({names}) or a regular expression"
        )
    try:
        splitter_of(pattern)
    except ValueError as error:
        raise ValueError(f"not the name of a pattern ({names}), and {error}") from None
    return pattern


@dataclass
class Tally:
    """The pieces of the first `n_blocks` blocks of a corpus, and what tells that corpus from another."""

    counts: dict[bytes, int] = field(default_factory=dict)
    n_blocks: int = 0
    n_bytes: int = 0
    checksum: int = 0

    def steps(
        self, texts: Texts, pattern: str, errors: Errors, jobs: int, progress: Watch | None
    ) -> Iterator[None]:
        """Count the blocks that are not counted yet, pausing after each.

        Raises `ValueError` where the blocks that were counted before are not the first of `texts`.
        """
        if errors not in ("strict", "replace"):
            raise ValueError(f"errors is {errors!r}: it must be 'strict' or 'replace'")
        report = Reporter(progress, "counting", n_bytes_of_files(texts), self.n_bytes)
        all_blocks = blocks(texts, pattern, errors)
        seen = Tally()
        for block in islice(all_blocks, self.n_blocks):
            seen._note(block)
        if (seen.n_blocks, seen.n_bytes, seen.checksum) != (self.n_blocks, self.n_bytes, self.checksum):
            raise ValueError(
                f"the checkpoint has counted {self.n_bytes:,} bytes, and the texts given now begin otherwise:"
                " give the same texts, or remove the checkpoint to begin anew"
            )
        for block, counts in map_in_processes(partial(count_block, pattern=pattern), all_blocks, jobs):
            add_counts(self.counts, counts)
            self._note(block)
            report(self.n_bytes, len(self.counts))
            yield
        report(self.n_bytes, len(self.counts), at_end=True)

    def _note(self, block: list[str]) -> None:
        self.n_blocks += 1
        for text in block:
            data = text.encode("utf-8", "surrogatepass")
            self.n_bytes += len(data)
            self.checksum = zlib.crc32(data, self.checksum)


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
        raise TypeError("counts are several: pass one in a list, as counts=[...]")
    for part in parts:
        loaded = part if isinstance(part, PieceCounts) else PieceCounts.load(part)
        if loaded.pattern != pattern:
            source = "piece counts" if isinstance(part, PieceCounts) else os.fspath(part)
            raise ValueError(f"{source}: counted with the pattern {loaded.pattern!r}, not with {pattern!r}")
        add_counts(total, loaded.counts)
    return total


def arrays_of_counts(counts: Mapping[bytes, int]) -> dict[str, npt.NDArray[Any]]:
    """Lay counts out as arrays, sorted by piece; `OverflowError` for a count of 2**63 or more."""
    pieces = sorted(counts)
    if pieces and (highest := max(counts.values())) > MAX_COUNT:
        raise OverflowError(f"a piece occurs {highest:,} times: counts hold up to 2**63 - 1")
    return {
        "piece_bytes": np.frombuffer(b"".join(pieces), dtype=np.uint8),
        "piece_lengths": np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces)),
        "counts": np.fromiter(map(counts.__getitem__, pieces), dtype=np.int64, count=len(pieces)),
    }


def counts_of_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[bytes, int]:
    """Undo `arrays_of_counts`; `ValueError` where the arrays contradict each other."""
    data, lengths, counts = arrays["piece_bytes"].tobytes(), arrays["piece_lengths"], arrays["counts"]
    if len(lengths) != len(counts) or lengths.sum() != len(data) or (lengths < 1).any() or (counts < 1).any():
        raise ValueError(f"{len(data)} bytes do not make {len(lengths)} pieces with {len(counts)} counts")
    ends = np.cumsum(lengths).tolist()
    pieces = [data[end - length : end] for length, end in zip(lengths.tolist(), ends, strict=True)]
    result = dict(zip(pieces, counts.tolist(), strict=True))
    if len(result) < len(pieces):
        raise ValueError("a piece is there twice")
    return result


def packed(**arrays: Any) -> bytes:
    """Give the bytes of an `.npz` file; the same for the same arrays."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unpacked(path: str | os.PathLike[str], format_: str, what: str) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays that `packed` wrote to a file.

    Raises `ValueError` that names the file where it is damaged, or of no or another format, and `OSError`
    where it cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        if not content.startswith(b"PK\x03\x04"):  # NumPy would take it for a pickle, and speak of that
            raise ValueError("it is no zip of arrays")
        with np.load(io.BytesIO(content), allow_pickle=False) as npz:
            arrays = dict(npz)
        if str(arrays["format"]) != format_:
            raise ValueError(f"its format is {str(arrays['format'])!r}, not {format_!r}")
    except Exception as error:  # a damaged zip makes `zipfile` raise errors of a dozen types
        raise ValueError(f"{os.fspath(path)}: not {what}: {error}") from None
    return arrays
