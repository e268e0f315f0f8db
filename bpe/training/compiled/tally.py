"""How are the pieces of a corpus counted by threads? Each has its own table; at the end all are added up.

The loops let other threads run, so that no processes are needed: no piece is copied from one to another.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from bpelab.bpe.foundation.progress import Reporter
from bpelab.bpe.training.archive import Array
from bpelab.bpe.training.compiled.count import PieceArrays
from bpelab.bpe.training.compiled.counter import PieceCounter, arrays_of, ids_of
from bpelab.bpe.training.counts import MAX_COUNT, Tally, checked_starts, counts_of_arrays
from bpelab.bpe.training.fingerprint import Fingerprint
from bpelab.bpe.training.interrupts import signals_held
from bpelab.bpe.training.merging_state import MergingState, first_state
from bpelab.bpe.training.settings import TrainSettings


class CompiledTally:
    """Counts as `Tally` does, which it goes on from, and for the patterns that the loops know.

    Without `keeps_digests` nothing tells the texts from others, which takes a fifth of the time.
    """

    def __init__(
        self, before: Tally, pattern: str, n_threads: int = 1, *, keeps_digests: bool = True
    ) -> None:
        self.seen = before.seen
        self.is_consistent = True  # false while blocks are being counted
        self._keeps_digests = keeps_digests
        self._pattern = pattern
        self._counters = [PieceCounter(pattern) for _ in range(n_threads)]
        if before.counts:
            self._counters[0].add(arrays_of(before.counts))

    def steps(self, more_blocks: Iterator[list[str | bytes]], report: Reporter) -> Iterator[None]:
        """Count the blocks that follow those counted before, pausing after some."""
        for _ in self._in_threads(more_blocks):
            report(self.seen.n_bytes, {"distinct pieces": self.n_pieces})
            yield
        report(self.seen.n_bytes, {"distinct pieces": self.n_pieces}, at_end=True)

    def _in_threads(self, more_blocks: Iterator[list[str | bytes]]) -> Iterator[None]:
        """Count as many blocks at a time as there are threads, while the next ones are read."""
        n_threads = len(self._counters)
        with ThreadPoolExecutor(n_threads) as pool:
            blocks = list(islice(more_blocks, n_threads))
            while blocks:
                counting: list[Future[Fingerprint]] = []
                try:
                    with signals_held():  # or a block might be counted of which nobody knows
                        self.is_consistent = False
                        pairs = zip(self._counters, blocks, strict=False)
                        counting = [pool.submit(self._count, counter, block) for counter, block in pairs]
                    blocks = list(islice(more_blocks, n_threads))
                finally:  # Ctrl-C while reading loses nothing that is being counted
                    with signals_held():
                        for future in counting:
                            self.seen.extend(future.result())
                        self.is_consistent = True
                yield

    @property
    def n_pieces(self) -> int:
        """How many distinct pieces there are; one that several threads have met may count more than once."""
        return sum(counter.n_pieces for counter in self._counters)

    @property
    def counts(self) -> dict[bytes, int]:
        """The pieces and how often each of them occurs."""
        return counts_of_arrays(self.arrays())

    def add(self, arrays: Mapping[str, Array]) -> None:
        """Add counts that `arrays` of another tally returned; `ValueError` for what is no counts."""
        checked_starts(arrays)
        pieces = PieceArrays(arrays["piece_bytes"], arrays["piece_lengths"], arrays["counts"])
        self._counters[0].add(pieces)

    def arrays(self) -> dict[str, Array]:
        """Return the counts as a checkpoint holds them."""
        pieces = self._pieces()
        return {"piece_bytes": pieces.piece_bytes, "piece_lengths": pieces.lengths, "counts": pieces.counts}

    def first_state(self, given: Mapping[bytes, int], settings: TrainSettings) -> MergingState:
        """Lay the pieces out as ids, with others that were given; `OverflowError` from 2**63 bytes on."""
        n_bytes = self.seen.n_bytes + sum(len(piece) * count for piece, count in given.items())
        if n_bytes > MAX_COUNT:
            raise OverflowError(f"the corpus has {n_bytes:,} bytes: counts hold up to 2**63 - 1")
        if given:
            self._counters[0].add(arrays_of(given))
        if settings.extend is not None:
            return first_state(self.counts, settings)
        pieces = self._pieces()
        self._counters.clear()
        return MergingState([], ids_of(pieces, settings.first_tokens()), pieces.counts)

    def _count(self, counter: PieceCounter, block: list[str | bytes]) -> Fingerprint:
        n_bytes = counter.count(block)
        if not self._keeps_digests:
            return Fingerprint(n_bytes)
        seen = Fingerprint()
        seen.add(block)
        return seen

    def _pieces(self) -> PieceArrays:
        """Return what all threads have counted; from then on the first one's table holds all of it."""
        first = self._counters[0]
        for i in range(1, len(self._counters)):
            first.add(self._counters[i].pieces())
            self._counters[i] = PieceCounter(self._pattern)
        return first.pieces()
