"""What is in a directory of token files? Its manifest says what was planned, and records what is done."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from bpelab.bpe.corpus.places import Place
from bpelab.bpe.corpus.reading import Documents, Errors, Format, Reading
from bpelab.dataset.token_files import TokenFileHeader, record_of

FORMAT = "bpelab token manifest 3"
FORMAT_BEFORE = "bpelab token manifest 2"
NAME = "manifest.json"
_AGAIN = "Write the tokens again, into another directory."


@dataclass(frozen=True)
class Settings:
    """What the tokens of a directory depend on, besides the corpus."""

    encoding: str  # its name, for people
    n_vocab: int
    tokenizer: str  # its fingerprint
    end_of_text: int | None  # the id that ends each document
    format: str
    documents: str
    column: str
    errors: str
    shard_bytes: int  # of text; a shard ends with a part

    @property
    def reading(self) -> Reading:
        """How the corpus is read; `ValueError` where it cannot be read so."""
        return Reading(
            format=cast(Format, self.format),
            documents=cast(Documents, self.documents),
            column=self.column,
            errors=cast(Errors, self.errors),
        )


@dataclass(frozen=True)
class Shard:
    """A finished token file."""

    name: str
    n_tokens: int
    n_documents: int
    n_skipped: int  # documents that could not be read
    first_skipped: str | None  # why the first of them could not
    sha256: str  # of its tokens, as in its header
    sources_sha256: str  # of what follows this in the shard's record


@dataclass(frozen=True)
class ReadPart:
    """What a shard was made of, in part: a stretch of a file of the corpus."""

    name: str
    start: int
    end: int
    sha256: str  # of what was read
    n_skipped: int
    first_skipped: str | None


@dataclass
class Manifest:
    """What `manifest.json` holds: what the tokens depend on, what was planned, and in the end all shards.

    While the work goes on, the records of the shards say which of them are done (`read_record`).
    """

    settings: Settings
    n_shards: int  # that were planned
    n_bytes: int  # of text in them
    plan_sha256: str
    shards: list[Shard] = field(default_factory=list)
    finished: bool = False

    @property
    def n_tokens(self) -> int:
        """How many tokens there are in all shards."""
        return sum(shard.n_tokens for shard in self.shards)

    def write(self, place: Place) -> None:
        """Write it to a place, whole or not at all."""
        content = asdict(self)
        content |= {"format": FORMAT, "sha256": _digest(content)}
        place.write(NAME, json.dumps(content, indent=1, sort_keys=True).encode() + b"\n")

    @classmethod
    def read(cls, place: Place) -> "Manifest":
        """Read a place's manifest, also of the format before; `ValueError` if it is not sound."""
        name = place.name_of(NAME)
        data = place.read(NAME)
        try:
            return cls._of(json.loads(data))
        except RecursionError:
            raise ValueError(f"{name}: not a manifest of token files: it is nested too deeply") from None
        except ValueError as error:
            raise ValueError(f"{name}: not a manifest of token files: {error}. {_AGAIN}") from None

    @classmethod
    def _of(cls, content: Any) -> "Manifest":
        found = content.pop("format", None) if isinstance(content, dict) else content
        if found not in (FORMAT, FORMAT_BEFORE):
            raise ValueError(f"its format is {found!r:.60}, not {FORMAT!r} as in this version of bpelab")
        if content.pop("sha256", None) != _digest(content):
            raise ValueError("it was altered: its checksum differs")
        if found == FORMAT_BEFORE:
            content = _of_before(content)
        settings, shards = content.pop("settings", None), content.pop("shards", None)
        if not isinstance(shards, list):
            raise ValueError("it must have settings, and shards as a list")
        rest = record_of(_Rest, content)
        all_shards = [record_of(Shard, shard) for shard in shards]
        manifest = cls(record_of(Settings, settings), **asdict(rest), shards=all_shards)
        for number, shard in enumerate(manifest.shards):
            if shard.name != (expected := shard_name(number)):
                raise ValueError(f"its shard {number} is named {shard.name!r:.60}, not {expected!r}")
        if manifest.finished and len(all_shards) != manifest.n_shards:
            raise ValueError(f"it has {len(all_shards):,} shards where {manifest.n_shards:,} were planned")
        return manifest


@dataclass(frozen=True)
class _Rest:
    """What a manifest has besides its settings and shards."""

    n_shards: int
    n_bytes: int
    plan_sha256: str
    finished: bool


def _of_before(content: dict[str, Any]) -> dict[str, Any]:
    """Turn a manifest of format 2, whose shards had been planned by their tokens, into one of today's."""
    settings, shards = content.get("settings"), content.get("shards")
    if not isinstance(settings, dict) or not isinstance(shards, list):
        raise ValueError("it must have settings, and shards as a list")
    documents = settings.get("documents")
    settings = settings | {
        "format": "jsonl" if documents == "jsonl" else "text",
        "documents": "line" if documents == "line" else "file",
        "column": "text",
        "shard_bytes": 0,
    }
    settings.pop("shard_tokens", None)
    shards = [
        shard | {"n_skipped": 0, "first_skipped": None} if isinstance(shard, dict) else shard
        for shard in shards
    ]
    return content | {
        "settings": settings,
        "shards": shards,
        "n_shards": len(shards),
        "n_bytes": 0,
        "plan_sha256": "",
    }


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def shard_name(number: int) -> str:
    """Name a shard, counted from 0.

    >>> shard_name(12)
    'tokens-000012.bin'
    """
    return f"tokens-{number:06}.bin"


def record_name(shard: str) -> str:
    """Name a shard's record.

    >>> record_name("tokens-000012.bin")
    'sources-000012.jsonl'
    """
    return shard.replace("tokens-", "sources-").replace(".bin", ".jsonl")


def write_record(place: Place, name: str, header: TokenFileHeader, read: Sequence[ReadPart]) -> Shard:
    """Write what a shard is and was made of, as lines of JSON, and return what the first line says."""
    # Not by `asdict`: its copies of what is flat took most of the time where files are small.
    lines = "".join(json.dumps(vars(part)) + "\n" for part in read)
    shard = Shard(
        name,
        header.n_tokens,
        header.n_documents,
        sum(part.n_skipped for part in read),
        next((part.first_skipped for part in read if part.n_skipped), None),
        header.sha256,
        hashlib.sha256(lines.encode()).hexdigest(),
    )
    place.write(record_name(name), (json.dumps(asdict(shard)) + "\n" + lines).encode())
    return shard


def read_record(place: Place, number: int) -> tuple[Shard, list[ReadPart]]:
    """Read the record of a shard; `ValueError` that names the file where it is not as it was written."""
    name = record_name(shard_name(number))
    first, _, lines = place.read(name).partition(b"\n")
    try:
        shard = record_of(Shard, json.loads(first))
        if shard.sources_sha256 != hashlib.sha256(lines).hexdigest() or shard.name != shard_name(number):
            raise ValueError("it was altered: its checksum differs")
        return shard, [record_of(ReadPart, json.loads(line)) for line in lines.splitlines()]
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{place.name_of(name)}: it does not say what a shard was made of: {error}. {_AGAIN}"
        ) from None
