"""What did an earlier run finish, and is the corpus still what it was then?"""

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bpelab.dataset.parts import Part, Segment, read_segment
from bpelab.dataset.shards import NAME, Manifest, ReadSegment, Settings, read_shard, read_sources


def begun(folder: Path, settings: Settings) -> Manifest:
    """Read the manifest of an earlier run and check its shards, or return an empty one.

    Raises `ValueError` where the shards were made with other settings, or one is not sound.
    """
    if not (folder / NAME).exists():
        return Manifest(settings)
    manifest = Manifest.read(folder)
    before = asdict(manifest.settings)
    for name, value in asdict(settings).items():
        if before[name] != value:
            raise ValueError(
                f"{folder}: its tokens were made with {name} {before[name]!r:.80}, not {value!r:.80};"
                " use the same corpus and options, or another directory"
            )
    for shard in manifest.shards:
        read_shard(folder, manifest, shard)
    return manifest


def parts_in_shards(folder: Path, manifest: Manifest, parts: Iterator[Part]) -> Iterator[Part]:
    """Yield the parts that are in finished shards; `ValueError` where they are not what they were."""
    for number in range(len(manifest.shards)):
        before = deque(read_sources(folder, manifest, number))
        while before:
            part = next(parts, None)
            if part is None:
                raise not_as_before(f"{before[0].name}: it has left the corpus", folder)
            for segment in part:
                now = described(segment, hashlib.sha256(read_segment(segment)).hexdigest())
                expected = before.popleft() if before else None
                if now == expected:
                    continue
                if expected is None:
                    how = "has joined the corpus"
                else:
                    how = (
                        "has changed" if now.name == expected.name else f"stands where {expected.name} stood"
                    )
                raise not_as_before(f"{segment.source.name}: it {how}", folder)
            yield part


def described(segment: Segment, sha256: str) -> ReadSegment:
    """Return what is kept of a segment that was read, to compare with in a later run."""
    source = segment.source
    # The shell chooses another name for a pipe each time.
    name = source.name if source.path == source.name else "a pipe"
    return ReadSegment(name, segment.start, segment.end, segment.ends_document, sha256)


def not_as_before(what: str, folder: Path) -> ValueError:
    """Return the error for a corpus that is not what it was; `what` names a file and how it differs."""
    return ValueError(
        f"{what} since the tokens in {folder} were made; tokenize the corpus as it was, or into another"
        " directory"
    )
