"""Which parts of a corpus does each shard hold? That is planned before the work, from the corpus alone."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from bpelab.bpe.corpus.parts import Part, filled
from bpelab.bpe.corpus.sources import Source


@dataclass(frozen=True)
class PlannedShard:
    """The parts of a shard; `str` is what messages call it."""

    number: int
    parts: tuple[Part, ...]

    @property
    def n_bytes(self) -> int:
        """How much text it has."""
        return sum(part.n_bytes for part in self.parts)

    def __str__(self) -> str:
        first, last = self.parts[0].name, self.parts[-1].name
        return f"shard {self.number}: {first}" + ("" if first == last else f" to {last}")


@dataclass(frozen=True)
class Plan:
    """All shards of a corpus, in order."""

    shards: tuple[PlannedShard, ...]

    @property
    def n_bytes(self) -> int:
        """How much text there is."""
        return sum(shard.n_bytes for shard in self.shards)

    @property
    def sha256(self) -> str:
        """The hash of what is in which shard; equal plans have equal ones."""
        digest = hashlib.sha256()
        for shard in self.shards:
            described = [[name_of(part.source), part.start, part.end] for part in shard.parts]
            digest.update(json.dumps(described).encode() + b"\n")
        return digest.hexdigest()


def plan_shards(parts: Sequence[Part], shard_bytes: int) -> Plan:
    """Put parts into shards in order: each is full when it has `shard_bytes` of text."""
    full = filled(parts, shard_bytes, lambda part: part.n_bytes)
    return Plan(tuple(PlannedShard(number, tuple(some)) for number, some in enumerate(full)))


def name_of(source: Source) -> str:
    """Return what is kept of a file's name: the shell chooses another name for a pipe each time."""
    return source.name if not is_copy(source) else "a pipe"


def is_copy(source: Source) -> bool:
    """Whether a file is a copy of what came through a pipe."""
    return os.path.basename(source.path) != os.path.basename(source.name)
