"""What does a worker do with its share of a corpus? It counts the pieces, and keeps the counts in a file.

A file of counts is named by what was counted: which stretches of which files, read how, by which pattern. It
holds the hashes of what was read. A worker that finds it reads its share again, and counts it only if that
has changed. So a run that was stopped goes on, whatever else was added to the corpus or left it. Counts are
then added up by workers, some files at a time, into another file, until there is one.

A worker holds some MB of text (of a document that cannot be cut, all of it), and the distinct pieces of its
share, or of all that it adds up with those of one more file.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import TYPE_CHECKING

from bpelab.bpe.corpus.blocks import in_blocks
from bpelab.bpe.corpus.parts import Part, filled, usual_task_bytes
from bpelab.bpe.corpus.places import Place
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.foundation.progress import Reporter
from bpelab.bpe.training.archive import TEXT, Array, stored, unpacked_bytes
from bpelab.bpe.training.counts import ARRAYS_OF_COUNTS, Tally
from bpelab.bpe.training.engines import Engine
from bpelab.bpe.training.tallies import begin_counting

if TYPE_CHECKING:
    from bpelab.bpe.training.compiled.tally import CompiledTally

FORMAT = "bpelab counts of a share 1"
# Each share meets the common pieces anew, and they are written and added up: for some MB of text that takes
# longer than counting.
LEAST_SHARE_BYTES = 64 << 20
# The file by which a worker sees that it is where the client is.
BEGUN = "counting.json"
_FORMS = {"format": TEXT, "record": TEXT, **ARRAYS_OF_COUNTS}


@dataclass(frozen=True)
class Share:
    """The parts that a worker counts at a time, each with how it is read; `str` is what messages call it."""

    parts: tuple[tuple[Part, Reading], ...]

    @property
    def n_bytes(self) -> int:
        """How much text it has."""
        return sum(part.n_bytes for part, _ in self.parts)

    def __str__(self) -> str:
        first, last = self.parts[0][0].name, self.parts[-1][0].name
        return first if first == last else f"{first} to {last}"

    def file_of(self, pattern: str) -> str:
        """Return the name of the file that holds its counts."""
        described = [(part.source.path, part.start, part.end, *astuple(how)) for part, how in self.parts]
        return f"share-{_sha256([pattern, described])}.npz"


@dataclass(frozen=True)
class Sum:
    """Files whose counts are added up; `str` is what messages call it."""

    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"the sum of {len(self.files)} files of counts, the first {self.files[0]}"

    @property
    def file(self) -> str:
        """The name of the file that holds the sum."""
        return f"sum-{_sha256(self.files)}.npz"


@dataclass
class Record:
    """What was read of a share."""

    hashes: list[str] = field(default_factory=list)  # of each part
    n_skipped: int = 0  # documents that could not be read
    first_skipped: str = ""  # why the first of them could not

    def read(self, share: Share) -> Iterator[bytes]:
        """Yield the texts of a share as UTF-8, and note what is read."""
        for part, reading in share.parts:
            reader = read_part(part, reading)
            for data, _ in reader.utf8():
                yield data
            self.hashes.append(reader.sha256)
            self.n_skipped += reader.n_skipped
            self.first_skipped = self.first_skipped or reader.first_skipped or ""


@dataclass(frozen=True)
class ShareCounter:
    """Counts shares, and adds counts up, in any process that sees the corpus and the place."""

    place: Place
    run: str  # the content of `BEGUN`
    pattern: str
    engine: Engine
    n_bytes: int  # of text that a worker will count, about: what pays depends on it

    def __call__(self, task: Share | Sum) -> Record:
        """Write the file of a share or of a sum; return what was read of the share.

        Raises what `read_part` raises; `ValueError` for a file of counts that is not sound, and where this
        worker does not see what the client has begun; `OSError`.
        """
        self._require_begun()
        if isinstance(task, Sum):
            tally, _ = self._tally(iter(()))
            for file in task.files:
                tally.add(read_counts(self.place, file)[1])
            self._write(task.file, tally, Record())
            return Record()
        file, read = task.file_of(self.pattern), Record()
        if (before := self._counted_before(file)) is not None:
            for _ in read.read(task):
                pass
            if read.hashes == before.hashes:
                return before
            read = Record()
        tally, steps = self._tally(in_blocks(read.read(task)))
        for _ in steps:
            pass
        self._write(file, tally, read)
        return read

    def _tally(self, blocks: Iterator[list[str | bytes]]) -> "tuple[Tally | CompiledTally, Iterator[None]]":
        return begin_counting(
            Tally(),
            blocks,
            self.pattern,
            jobs=1,
            engine=self.engine,
            n_bytes=self.n_bytes,
            keeps_digests=False,
            report=Reporter(None, "counting", None),
        )

    def _write(self, file: str, tally: "Tally | CompiledTally", record: Record) -> None:
        content = stored(format=FORMAT, record=json.dumps(asdict(record)), **tally.arrays())
        self.place.write(file, content)

    def _counted_before(self, file: str) -> Record | None:
        try:
            return read_counts(self.place, file)[0]
        except FileNotFoundError:
            return None

    def _require_begun(self) -> None:
        try:
            found = self.place.read(BEGUN).decode("utf-8", "replace")
        except FileNotFoundError:
            found = ""
        if found != self.run:
            raise ValueError(
                f"{self.place}: a worker does not find there what this run has begun; name a directory that"
                " all workers share, or a URL, and let no other run count there"
            )


def plan_shares(parts: Sequence[tuple[Part, Reading]]) -> list[Share]:
    """Put the parts of a corpus into shares, in order, so that equal corpora have equal ones."""
    n_bytes = usual_task_bytes(sum(part.n_bytes for part, _ in parts), LEAST_SHARE_BYTES)
    return [Share(tuple(some)) for some in filled(parts, n_bytes, lambda one: one[0].n_bytes)]


def read_counts(place: Place, file: str) -> tuple[Record, dict[str, Array]]:
    """Read what was counted, and the counts; `ValueError` for a file that is not sound, and `OSError`."""
    name = place.name_of(file)
    arrays = unpacked_bytes(place.read(file), name, FORMAT, "a file of counts", _FORMS)
    try:
        return Record(**json.loads(str(arrays["record"]))), {each: arrays[each] for each in ARRAYS_OF_COUNTS}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name}: not a file of counts: {error}; remove it to begin anew") from None


def _sha256(described: object) -> str:
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()
