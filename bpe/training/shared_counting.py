"""How is a corpus counted by many workers? Each counts shares of it, and then their counts are added up.

The corpus is cut into shares at places that depend on it alone. Workers count them, and add the counts up, in
a tree: some files of counts become one, until there is one for all. This process reads only that one. Every
piece is in it, however rare, so that the counts are those of one process.
"""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from secrets import token_hex

from bpelab.bpe.corpus.blocks import Texts, parts_of_files, paths_of, skipped
from bpelab.bpe.corpus.places import Place, require_apart
from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.foundation.progress import Reporter, Watch
from bpelab.bpe.foundation.workers import Workers, map_tasks
from bpelab.bpe.training.counts import counts_of_arrays
from bpelab.bpe.training.engines import Engine
from bpelab.bpe.training.shares import BEGUN, Share, ShareCounter, Sum, plan_shares, read_counts

# With more files a sum there is less to write, and with fewer there are more workers to add up.
FILES_A_SUM = 16
# What is written to the place, also while it is being written.
_OWN = re.compile(r"\.?(?:(?:share|sum)-[0-9a-f]{64}\.npz|counting\.json)(?:\.[0-9a-f]{16})?")


@dataclass(frozen=True)
class SharedCounting:
    """Counting by workers, whose counts are kept in a directory or at a URL until `forget` removes them."""

    place: Place
    workers: Workers

    @classmethod
    def at(cls, checkpoint: str | os.PathLike[str] | None, workers: Workers) -> "SharedCounting":
        """Name the place; `ValueError` where it is missing or a file, and `OSError` that of making it."""
        if checkpoint is None:
            raise ValueError(
                "scheduler= needs checkpoint=, too: a directory that all workers share, or a URL, in which"
                " they keep their counts"
            )
        place = Place.of(checkpoint)
        if place.folder is not None and place.folder.exists() and not place.folder.is_dir():
            raise ValueError(
                f"{checkpoint} is a file: the checkpoint of workers is a directory, which all of them share"
            )
        return cls(place.absolute(), workers)

    def count(
        self, texts: Texts, pattern: str, errors: Errors, engine: Engine, progress: Watch | None
    ) -> dict[bytes, int]:
        """Return the counts of all pieces of a corpus of files; some may have been counted before.

        Raises what `parts_of_files`, `map_tasks` and `ShareCounter` raise, and `OverflowError` where the
        texts may have 2**63 bytes.
        """
        require_apart(paths_of(texts), self.place, ())
        shares = plan_shares(list(parts_of_files(texts, pattern, errors)))
        if not shares:
            return {}
        run = self._begin()
        n_bytes = sum(share.n_bytes for share in shares)
        n_each = n_bytes // (self.workers.jobs if self.workers.scheduler is None else len(shares))
        counter = ShareCounter(self.place, run, pattern, engine, n_each)
        with _connected(self.workers) as workers:
            _count(counter, shares, workers, Reporter(progress, "counting", n_bytes))
            total = _add_up(counter, [share.file_of(pattern) for share in shares], workers, progress)
        return counts_of_arrays(read_counts(self.place, total)[1])

    def forget(self) -> None:
        """Remove the counts that were kept, and the directory if nothing else is there; `OSError`."""
        with suppress(FileNotFoundError):  # nothing was begun
            for name in self.place.names():
                if _OWN.fullmatch(name):
                    self.place.remove(name)
            if self.place.folder is not None:
                with suppress(OSError):
                    self.place.folder.rmdir()

    def _begin(self) -> str:
        if self.place.folder is not None:
            self.place.folder.mkdir(parents=True, exist_ok=True)
        run = token_hex(16)
        self.place.write(BEGUN, run.encode())
        return run


def _count(counter: ShareCounter, shares: list[Share], workers: Workers, report: Reporter) -> None:
    """Have the shares counted; a `UserWarning` counts what was skipped, and names the first in order."""
    n_bytes = n_skipped = 0
    why: dict[Share, str] = {}
    with closing(map_tasks(counter, shares, workers, ordered=False)) as counted:
        for n_done, (share, record) in enumerate(counted, 1):
            n_bytes += share.n_bytes
            n_skipped += record.n_skipped
            why[share] = record.first_skipped
            report(n_bytes, {"shares": n_done})
    if n_skipped:
        first = next(filter(None, (why[share] for share in shares)))
        warnings.warn(skipped(n_skipped, first), stacklevel=2)


def _add_up(counter: ShareCounter, files: list[str], workers: Workers, progress: Watch | None) -> str:
    """Have the counts in files added up, and return the name of the file that holds those of all."""
    report = Reporter(progress, "adding up", n_sums(len(files)), unit="sums")
    n_done = 0
    while len(files) > 1:
        sums = [Sum(tuple(files[at : at + FILES_A_SUM])) for at in range(0, len(files), FILES_A_SUM)]
        with closing(map_tasks(counter, sums, workers, ordered=False)) as added:
            for _ in added:
                n_done += 1
                report(n_done)
        files = [one.file for one in sums]
    return files[0]


def n_sums(n_files: int) -> int:
    """Return how many sums it takes to add up so many files.

    >>> [n_sums(n) for n in (1, 2, 16, 17, 256)]
    [0, 1, 1, 3, 17]
    """
    n_sums = 0
    while n_files > 1:
        n_files = -(-n_files // FILES_A_SUM)
        n_sums += n_files
    return n_sums


@contextmanager
def _connected(workers: Workers) -> Iterator[Workers]:
    """Connect to a cluster once for all that is asked of it."""
    if workers.scheduler is None:
        yield workers
        return
    from bpelab.bpe.foundation.dask_workers import connected  # loads Dask

    with connected(workers.scheduler) as client:
        yield replace(workers, scheduler=client)
