"""What does a worker do with its shard? One thread encodes, another reads and hashes, and writes and hashes.

A shard is streamed: a worker holds some blocks of text and of ids, never a whole shard. It is done when its
record has been written next to it, which says what it was made of and is written last.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from bpelab.bpe.corpus.places import Place
from bpelab.bpe.corpus.read_part import Utf8, read_part
from bpelab.bpe.encoders.engine import Ids, Places
from bpelab.bpe.encoding import Encoding, engine_of
from bpelab.bpe.foundation.background import map_ahead
from bpelab.bpe.foundation.threads import require_wanted
from bpelab.bpe.foundation.writing import named
from bpelab.dataset.manifest import Manifest, ReadPart, Settings, Shard, shard_name, write_record
from bpelab.dataset.plan import PlannedShard, name_of
from bpelab.dataset.token_writer import TokenWriter

# Short documents are handed over together: handing over costs as much as encoding a few thousand characters.
_BLOCK_BYTES = 1 << 20

Block = tuple[Ids, Places]  # ids, and the ends of documents among them


@dataclass(frozen=True)
class ShardMaker:
    """Makes shards of one run, in any process that sees the corpus and the place."""

    place: Place
    settings: Settings
    plan_sha256: str
    encoding: Encoding
    n_bytes: int  # of text that a worker will encode, about: what pays depends on it
    # Held while there is something to encode. Where more workers share it than may have it at a time, some
    # begin their shards or wait for the disk to end them, while others encode.
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)
    # Arrays for ids that nobody uses, of which there are never more than were used at the same time.
    _rooms: list[Ids] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, planned: PlannedShard) -> Shard:
        """Encode a shard's parts, write the shard and its record, and return the record.

        Raises what `read_part` raises; `ValueError` where this worker does not see what the client has begun;
        `OSError` that names the file which cannot be written.
        """
        require_begun(self.place, self.plan_sha256)
        name = shard_name(planned.number)
        settings = self.settings
        read: list[ReadPart] = []
        with (
            self.place.new_file(name) as file,
            closing(map_ahead(self._encode, self._texts(planned, read), self.turn)) as blocks,
        ):
            writer = TokenWriter(
                file,
                n_vocab=settings.n_vocab,
                encoding=settings.encoding,
                tokenizer=settings.tokenizer,
                end_of_text=settings.end_of_text,
            )
            for ids, ends in blocks:
                require_wanted()
                with named(self.place.name_of(name)):
                    writer.add(ids, ends)
                self._give_back(ids)
            with named(self.place.name_of(name)):
                header = writer.finish()
        return write_record(self.place, name, header, read)

    @cached_property
    def _ready(self) -> Encoding:
        return self.encoding.with_engine_for(self.n_bytes)

    def _give_back(self, ids: Ids) -> None:
        """Have the array whose beginning these are used again; others are not lent."""
        if ids.base is not None:
            self._rooms.append(ids.base)

    def _texts(self, planned: PlannedShard, read: list[ReadPart]) -> Iterator[list[Utf8]]:
        texts: list[Utf8] = []
        n_bytes = 0
        for part in planned.parts:
            reader = read_part(part, self.settings.reading)
            for text in reader.utf8():
                texts.append(text)
                n_bytes += len(text.data)
                if n_bytes >= _BLOCK_BYTES:
                    yield texts
                    texts, n_bytes = [], 0
            read.append(
                ReadPart(
                    name_of(part.source),
                    part.start,
                    part.end,
                    reader.sha256,
                    reader.n_skipped,
                    reader.first_skipped,
                )
            )
        if texts:
            yield texts

    def _encode(self, texts: list[Utf8]) -> Block:
        ends = np.cumsum([len(text.data) for text in texts], dtype=np.int64)
        data = b"".join([text.data for text in texts])
        try:
            room = self._rooms.pop()
        except IndexError:
            room = np.empty(0, dtype=np.uint32)
        ids, ends = engine_of(self._ready).encode_utf8(data, ends, room)
        ends = ends[np.array([text.ends_document for text in texts])]
        if (end_of_text := self.settings.end_of_text) is not None and len(ends):
            without = ids
            ids = np.insert(without, ends, end_of_text)
            ends = ends + np.arange(1, len(ends) + 1)
            self._give_back(without)
        return ids, ends


def require_begun(place: Place, plan_sha256: str) -> None:
    """Raise `ValueError` where a worker does not find the manifest of its run in the place it writes to.

    It is on another machine that has another directory of that name, or another run has begun there since.
    """
    try:
        found = Manifest.read(place).plan_sha256
    except FileNotFoundError:
        found = ""
    if found != plan_sha256:
        raise ValueError(
            f"{place}: a worker does not find there what this run has begun; name a directory that all"
            " workers share, or a URL, and let no other run write there"
        )
