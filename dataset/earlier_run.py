"""What did an earlier run finish, and is the corpus still what it was then?"""

from dataclasses import asdict, dataclass
from itertools import zip_longest

from bpelab.bpe.corpus.parts import Part
from bpelab.bpe.corpus.places import Place
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.foundation.threads import require_wanted
from bpelab.dataset.manifest import NAME, Manifest, ReadPart, Settings, Shard, read_record
from bpelab.dataset.plan import Plan, PlannedShard, name_of
from bpelab.dataset.shards import read_shard


def begun(place: Place) -> Manifest | None:
    """Read the manifest of an earlier run; None where there is none, or the run has made nothing yet.

    Raises `ValueError` for one that is not sound, or of an earlier version, with which no run can go on.
    """
    names = place.names()
    if NAME not in names:
        return None
    manifest = Manifest.read(place)
    if not manifest.plan_sha256:
        raise ValueError(
            f"{place}: its tokens were made by an earlier version of bpelab; they can be read, but a run"
            " cannot go on with them: use another directory"
        )
    has_made = manifest.finished or any(name.startswith("sources-") for name in names)
    return manifest if has_made else None


def require_same_settings(place: Place, before: Settings, now: Settings) -> None:
    """Raise `ValueError` where the shards that are there were made with other settings."""
    found = asdict(before)
    for name, value in asdict(now).items():
        if found[name] != value:
            raise ValueError(
                f"{place}: its tokens were made with {name} {found[name]!r:.80}, not {value!r:.80};"
                " use the same corpus and options, or another directory"
            )


def shards_done(place: Place, plan: Plan) -> dict[int, Shard]:
    """Return the shards that have a record, by their numbers.

    Raises `ValueError`, which names the first file that differs, where a shard was made of other parts than
    those that are planned for it now.
    """
    names = place.names()
    numbers = sorted(
        int(name[8:14]) for name in names if name.startswith("sources-") and name[8:14].isdigit()
    )
    done: dict[int, Shard] = {}
    for number in numbers:
        shard, read = read_record(place, number)
        parts = plan.shards[number].parts if number < len(plan.shards) else ()
        for part, before in zip_longest(parts, read):
            _require_same_part(part, before, place)
        if shard.name in names:
            done[number] = shard
    return done


def _require_same_part(part: Part | None, before: ReadPart | None, place: Place) -> None:
    if part is None:
        assert before is not None
        raise not_as_before(f"{before.name}: it has left the corpus", place)
    if before is None:
        raise not_as_before(f"{part.source.name}: it has joined the corpus", place)
    if name_of(part.source) != before.name:
        raise not_as_before(f"{part.source.name}: it stands where {before.name} stood", place)
    if (part.start, part.end) != (before.start, before.end):
        raise not_as_before(f"{part.source.name}: it has changed", place)


def not_as_before(what: str, place: Place) -> ValueError:
    """Return the error for a corpus that is not what it was; `what` names a file and how it differs."""
    return ValueError(
        f"{what} since the tokens in {place} were made; tokenize the corpus as it was, or into another"
        " directory"
    )


@dataclass(frozen=True)
class ShardChecker:
    """Reads the text of finished shards again, to see that it is the same, in any process that sees it."""

    place: Place
    manifest: Manifest

    def __call__(self, planned: PlannedShard) -> None:
        """Raise `ValueError` that names the file which has changed, or the shard which is not sound.

        Token files at a URL are not read again: their stores have checked what they were sent, and whoever
        loads them compares their hashes.
        """
        shard, read = read_record(self.place, planned.number)
        if self.place.folder is not None:
            read_shard(self.place.folder / shard.name, self.manifest, shard)
        for part, before in zip(planned.parts, read, strict=True):
            require_wanted()
            reader = read_part(part, self.manifest.settings.reading)
            for _ in reader.utf8():
                pass
            if reader.sha256 != before.sha256:
                raise not_as_before(f"{part.source.name}: it has changed", self.place)
