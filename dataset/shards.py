"""What is in a directory of token files? A manifest says, and which tokenizer and corpus they came from."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.files import write_atomically
from bpelab.dataset.token_files import TokenFile, read_token_file
from bpelab.dataset.windows import TokenWindows

FORMAT = "bpelab token manifest 1"
NAME = "manifest.json"


@dataclass(frozen=True)
class Shard:
    """A finished token file, and where in the corpus it ends."""

    name: str
    n_tokens: int
    n_documents: int
    sha256: str
    next_file: int  # of the corpus, counted from 0
    next_byte: int  # of that file


@dataclass
class Manifest:
    """What `manifest.json` holds: what the tokens depend on, and the shards finished so far."""

    settings: dict[str, Any]
    shards: list[Shard] = field(default_factory=list)
    finished: bool = False

    @property
    def n_tokens(self) -> int:
        """How many tokens there are in all shards."""
        return sum(shard.n_tokens for shard in self.shards)

    def write(self, folder: Path) -> None:
        """Write it into a directory, whole or not at all."""
        content = json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True)
        write_atomically(folder / NAME, content.encode() + b"\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a directory's manifest; `ValueError` that names the file where it is not sound."""
        path = folder / NAME
        try:
            content = json.loads(path.read_bytes())
            if content["format"] != FORMAT:
                raise ValueError(f"its format is {content['format']!r}, not {FORMAT!r}")
            shards = [Shard(**shard) for shard in content["shards"]]
            return cls(dict(content["settings"]), shards, bool(content["finished"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a manifest of token files: {error}") from None


def open_tokens(path: str | os.PathLike[str], *, verify: bool = True) -> list[TokenFile]:
    """Open a token file, or all of a directory in their order, mapped into memory.

    Raises `ValueError` that names what is not sound: a file that is cut off, altered or of another
    directory, or a directory whose writing was not finished; `OSError` for what is not there. `verify` is
    that of `read_token_file`.
    """
    path = Path(path)
    if not path.is_dir():
        return [read_token_file(path, verify=verify)]
    if not (path / NAME).exists():
        raise ValueError(f"{path}: there is no {NAME} in it; bpelab tokenize CORPUS -o DIR writes one")
    manifest = Manifest.read(path)
    if not manifest.finished:
        raise ValueError(
            f"{path}: only {len(manifest.shards)} shards are finished;"
            " let the same bpelab tokenize command run to its end"
        )
    return [read_shard(path, manifest, shard, verify=verify) for shard in manifest.shards]


def read_shard(folder: Path, manifest: Manifest, shard: Shard, *, verify: bool = True) -> TokenFile:
    """Open one file of a directory; `ValueError` where it is not the one that the manifest lists."""
    file = read_token_file(folder / shard.name, verify=verify)
    for name, found, expected in (
        ("tokenizer", file.header.tokenizer, manifest.settings["tokenizer"]),
        ("SHA-256", file.header.sha256, shard.sha256),
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
    """Give the windows over a token file or a directory of them; none crosses from file to file."""
    files = open_tokens(path, verify=verify)
    fingerprint = " ".join(file.header.sha256 for file in files)
    reopen = partial(open_windows, path, length, stride, verify=False)
    return TokenWindows([file.ids for file in files], length, stride, fingerprint=fingerprint, reopen=reopen)


def document_ends(files: Sequence[TokenFile]) -> npt.NDArray[np.int64]:
    """Give where documents end (n_documents,), counted through all files, for `documents.document_parts`."""
    n_before = np.cumsum([0, *(len(file.ids) for file in files)], dtype=np.int64)
    ends = [file.document_ends + before for file, before in zip(files, n_before, strict=False)]
    return np.concatenate([np.empty(0, dtype=np.int64), *ends])
