"""What is in a directory of token files? Its manifest says that, and what they were made of."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.dataset.token_files import TokenFile, read_token_file, record_of
from bpelab.dataset.windows import TokenWindows

FORMAT = "bpelab token manifest 2"
NAME = "manifest.json"
_AGAIN = "Write the tokens again, into another directory."


@dataclass(frozen=True)
class Settings:
    """What the tokens of a directory depend on, besides the corpus."""

    encoding: str  # its name, for people
    n_vocab: int
    tokenizer: str  # its fingerprint
    documents: str
    end_of_text: int | None  # the id that ends each document
    errors: str
    shard_tokens: int


@dataclass(frozen=True)
class Shard:
    """A finished token file."""

    name: str
    n_tokens: int
    n_documents: int
    sha256: str  # of its tokens, as in its header
    sources_sha256: str  # of the file that `write_sources` wrote


@dataclass(frozen=True)
class ReadSegment:
    """What a shard was made of, in part: some bytes of a file of the corpus."""

    name: str
    start: int
    end: int
    ends_document: bool
    sha256: str  # of these bytes


@dataclass
class Manifest:
    """What `manifest.json` holds: what the tokens depend on, and the shards finished so far."""

    settings: Settings
    shards: list[Shard] = field(default_factory=list)
    finished: bool = False

    @property
    def n_tokens(self) -> int:
        """How many tokens there are in all shards."""
        return sum(shard.n_tokens for shard in self.shards)

    def add(self, shard: Shard, folder: Path) -> None:
        """Add a shard that has been written, and keep the manifest in the directory."""
        self.shards.append(shard)
        self.write(folder)

    def finish(self, folder: Path) -> None:
        """Note that no shard follows, and keep the manifest in the directory."""
        self.finished = True
        self.write(folder)

    def write(self, folder: Path) -> None:
        """Write it into a directory, whole or not at all."""
        content = asdict(self)
        content |= {"format": FORMAT, "sha256": _digest(content)}
        write_atomically(folder / NAME, json.dumps(content, indent=1, sort_keys=True).encode() + b"\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a directory's manifest; `ValueError` that names the file where it is not sound."""
        path = folder / NAME
        data = path.read_bytes()
        try:
            manifest = cls._of(json.loads(data))
        except RecursionError:
            raise ValueError(f"{path}: not a manifest of token files: it is nested too deeply") from None
        except ValueError as error:
            raise ValueError(f"{path}: not a manifest of token files: {error}. {_AGAIN}") from None
        return manifest

    @classmethod
    def _of(cls, content: Any) -> "Manifest":
        found = content.pop("format", None) if isinstance(content, dict) else content
        if found != FORMAT:
            raise ValueError(f"its format is {found!r:.60}, not {FORMAT!r} as in this version of bpelab")
        if content.pop("sha256", None) != _digest(content):
            raise ValueError("it was altered: its checksum differs")
        settings, shards, finished = (content.pop(name, None) for name in ("settings", "shards", "finished"))
        if content or not isinstance(shards, list) or not isinstance(finished, bool):
            raise ValueError("it must have settings, shards as a list, and finished as true or false")
        manifest = cls(record_of(Settings, settings), [record_of(Shard, shard) for shard in shards], finished)
        for number, shard in enumerate(manifest.shards):
            if shard.name != (expected := shard_name(number)):
                raise ValueError(f"its shard {number} is named {shard.name!r:.60}, not {expected!r}")
        return manifest


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def shard_name(number: int) -> str:
    """Name a shard, counted from 0.

    >>> shard_name(12)
    'tokens-000012.bin'
    """
    return f"tokens-{number:06}.bin"


def sources_name(number: int) -> str:
    """Name the file that says what a shard was made of.

    >>> sources_name(12)
    'sources-000012.jsonl'
    """
    return f"sources-{number:06}.jsonl"


def write_sources(folder: Path, number: int, segments: Sequence[ReadSegment]) -> str:
    """Write what a shard was made of, as lines of JSON, and return the file's SHA-256."""
    content = "".join(json.dumps(asdict(segment)) + "\n" for segment in segments).encode()
    write_atomically(folder / sources_name(number), content)
    return hashlib.sha256(content).hexdigest()


def read_sources(folder: Path, manifest: Manifest, number: int) -> list[ReadSegment]:
    """Read what a shard was made of; `ValueError` that names the file where it is not as it was written."""
    path = folder / sources_name(number)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.shards[number].sources_sha256:
        raise ValueError(f"{path}: it was altered: its checksum is not the one in {NAME}. {_AGAIN}")
    try:
        return [record_of(ReadSegment, json.loads(line)) for line in content.splitlines()]
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: it does not say what a shard was made of: {error}") from None


def open_tokens(path: str | os.PathLike[str], *, verify: bool = True) -> list[TokenFile]:
    """Open a token file, or all of a directory in their order, mapped into memory.

    Raises `ValueError` that names a file that is cut off, altered or of another directory, or a directory
    whose writing was not finished; `OSError` for a path that does not exist. `verify` is
    that of `read_token_file`.
    """
    path = Path(path)
    if not path.is_dir():
        return [read_token_file(path, verify=verify)]
    if not (path / NAME).exists():
        raise ValueError(
            f"{path}: there is no {NAME} in it; tokenize_corpus, or the command bpelab tokenize, writes one"
        )
    manifest = Manifest.read(path)
    if not manifest.finished:
        raise ValueError(
            f"{path}: its writing was not finished (only {len(manifest.shards)} shards are finished);"
            " tokenize the same corpus again, which goes on from there"
        )
    return [read_shard(path, manifest, shard, verify=verify) for shard in manifest.shards]


def read_shard(folder: Path, manifest: Manifest, shard: Shard, *, verify: bool = True) -> TokenFile:
    """Open one file of a directory; `ValueError` where it is not the one that the manifest lists."""
    file = read_token_file(folder / shard.name, verify=verify)
    header, settings = file.header, manifest.settings
    for name, found, expected in (
        ("tokenizer", header.tokenizer, settings.tokenizer),
        ("vocabulary's size", header.n_vocab, settings.n_vocab),
        ("end of text", header.end_of_text, settings.end_of_text),
        ("SHA-256", header.sha256, shard.sha256),
        ("number of tokens", header.n_tokens, shard.n_tokens),
        ("number of documents", header.n_documents, shard.n_documents),
    ):
        if found != expected:
            raise ValueError(
                f"{file.path}: this is the shard of another directory: its {name} is {found},"
                f" not {expected} as {NAME} says"
            )
    return file


def open_windows(
    path: str | os.PathLike[str], length: int, stride: int, *, verify: bool = True
) -> TokenWindows:
    """Return the windows over a token file or a directory of them; none crosses from file to file."""
    files = open_tokens(path, verify=verify)
    fingerprint = " ".join(file.header.sha256 for file in files)
    reopen = partial(open_windows, path, length, stride, verify=False)
    return TokenWindows([file.ids for file in files], length, stride, fingerprint=fingerprint, reopen=reopen)


def document_ends(files: Sequence[TokenFile]) -> npt.NDArray[np.int64]:
    """Return where documents end (n_documents,), counted through all files: `document_parts` takes them."""
    n_before = np.cumsum([0, *(len(file.ids) for file in files)], dtype=np.int64)
    ends = [file.document_ends + before for file, before in zip(files, n_before, strict=False)]
    return np.concatenate([np.empty(0, dtype=np.int64), *ends])
