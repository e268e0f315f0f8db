"""How does a corpus larger than memory become token files, by several processes, through kills?

The corpus is cut into parts at places that depend on nothing but the corpus, the parts are encoded in any
number of processes, and their ids are gathered in order until a shard is full. Each finished shard is in
the manifest together with the place in the corpus where it ends: from there another run goes on.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files import write_atomically
from bpelab.bpe.processes import map_in_processes
from bpelab.bpe.training.corpus import files_of
from bpelab.dataset.parts import Documents, Errors, Part, Position, encode_segments, parts_of
from bpelab.dataset.shards import NAME, Manifest, Shard, read_shard
from bpelab.dataset.token_files import narrowest, packed_tokens, tokenizer_fingerprint

# 64 MB of ids in two bytes each: what a kill can cost is the time to encode so many.
SHARD_TOKENS = 1 << 25
END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class TokenizeProgress:
    """How far the writing of token files is; `str` of it is one line to show."""

    done: int  # bytes of text
    total: int
    done_before: int  # by an earlier run
    n_tokens: int
    n_shards: int
    seconds: float

    def __str__(self) -> str:
        """Say it in one line.

        >>> print(TokenizeProgress(50_000_000, 100_000_000, 0, 12_000_000, 0, seconds=1.5))
        50.0 of 100.0 MB, 12,000,000 tokens, 0 shards, 2 s left
        """
        done_here = self.done - self.done_before
        left = f", {self.seconds * (self.total - self.done) / done_here:,.0f} s left" if done_here else ""
        return (
            f"{self.done / 1e6:,.1f} of {self.total / 1e6:,.1f} MB, {self.n_tokens:,} tokens,"
            f" {self.n_shards} shards{left}"
        )


def tokenize_corpus(
    corpus: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    encoding: Encoding,
    *,
    documents: Documents = "file",
    end_of_text: bool = True,
    errors: Errors = "strict",
    shard_tokens: int = SHARD_TOKENS,
    jobs: int = 1,
    progress: Callable[[TokenizeProgress], None] | None = None,
) -> Manifest:
    """Encode files and directories of files into token files in a directory, or go on where a run stopped.

    `documents` says what a document is; after each `<|endoftext|>` is put, unless `end_of_text` is False,
    and in its text special tokens are plain text. Empty documents are left out. A shard is full with
    `shard_tokens` tokens or, since it ends with a part, up to a few million more. The files are the same to
    the byte for any `jobs`. Memory is that of a shard and of a few parts of 4 MB a process, as long as
    the pattern is one of OpenAI's, or documents are lines.

    Raises `ValueError` for a directory that was begun from another corpus or with other settings, for a
    shard in it that is not sound, and for what `parts.encode_segments` cannot read; `OSError`.
    """
    if jobs < 1 or shard_tokens < 1:
        raise ValueError(f"jobs is {jobs} and shard_tokens {shard_tokens:,}; both must be 1 or more")
    folder = Path(folder)
    files = [file for source in corpus for file in files_of(Path(source))]
    sizes = [file.stat().st_size for file in files]
    if end_of_text and END_OF_TEXT not in encoding.special_tokens_set:
        raise ValueError(
            f"{encoding.name} has no {END_OF_TEXT} to put after each document; pass end_of_text=False"
            " (--no-end-of-text)"
        )
    settings = {
        "encoding": encoding.name,
        "n_vocab": encoding.n_vocab,
        "tokenizer": tokenizer_fingerprint(encoding),
        "documents": documents,
        "end_of_text": encoding.eot_token if end_of_text else None,
        "errors": errors,
        "shard_tokens": shard_tokens,
        "corpus": f"{len(files):,} files of {sum(sizes):,} bytes, {_names(files, sizes)}",
    }
    manifest = _begun(folder, settings)
    if manifest.finished:
        return manifest
    position = Position(0, 0)
    if manifest.shards:
        position = Position(manifest.shards[-1].next_file, manifest.shards[-1].next_byte)
    encode = partial(
        _encode_part,
        documents=documents,
        end_of_text=settings["end_of_text"],
        errors=errors,
        dtype=narrowest(encoding.n_vocab),
    )
    parts = parts_of(list(map(str, files)), position, pattern=encoding._pat_str, documents=documents)
    encoded = map_in_processes(encode, parts, jobs, initializer=_keep, initargs=(encoding,))
    done_before = sum(sizes[: position.file]) + position.byte
    start = time.monotonic()
    for report in _write_shards(encoded, folder, manifest):
        if progress is not None:
            done = sum(sizes[: report.next.file]) + report.next.byte
            seconds = time.monotonic() - start
            n_tokens, n_shards = manifest.n_tokens + report.n_waiting, len(manifest.shards)
            progress(TokenizeProgress(done, sum(sizes), done_before, n_tokens, n_shards, seconds))
    manifest.finished = True
    manifest.write(folder)
    return manifest


@dataclass(frozen=True)
class _Report:
    next: Position
    n_waiting: int  # tokens that are in no shard yet


def _begun(folder: Path, settings: dict[str, Any]) -> Manifest:
    """Read the manifest of an earlier run and check its shards, or make an empty one."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in [*folder.glob(".tokens-*.bin.*"), *folder.glob(f".{NAME}.*")]:
        left.unlink()  # what a kill left of a file that was being written
    if not (folder / NAME).exists():
        return Manifest(settings)
    manifest = Manifest.read(folder)
    for name, value in settings.items():
        if (found := manifest.settings.get(name)) != value:
            raise ValueError(
                f"{folder}: its tokens were made with {name} {found!r:.80}, not {value!r:.80};"
                " use the same corpus and options, or another directory"
            )
    for shard in manifest.shards:
        read_shard(folder, manifest, shard, verify=False)
    return manifest


def _names(files: Sequence[Path], sizes: Sequence[int]) -> str:
    """Give a short name for the paths and sizes of files: an edited or another corpus has another one."""
    pairs = "".join(f"{file}\0{size}\0" for file, size in zip(files, sizes, strict=True))
    return hashlib.sha256(pairs.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _shard_name(number: int) -> str:
    return f"tokens-{number:06}.bin"


_encoding: Encoding  # of this process, so that it is not sent with every part


def _keep(encoding: Encoding) -> None:
    global _encoding
    _encoding = encoding


def _encode_part(part: Part, **options: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    return encode_segments(part.segments, encoding=_encoding, **options)


def _write_shards(
    encoded: Iterator[tuple[Part, tuple[npt.NDArray[Any], npt.NDArray[np.int64]]]],
    folder: Path,
    manifest: Manifest,
) -> Iterator[_Report]:
    settings = manifest.settings
    header = {name: settings[name] for name in ("n_vocab", "encoding", "tokenizer", "end_of_text")}
    ids: list[npt.NDArray[Any]] = []
    ends: list[npt.NDArray[np.int64]] = []
    n_tokens = 0

    def write(position: Position) -> None:
        nonlocal n_tokens
        name = _shard_name(len(manifest.shards))
        written, content = packed_tokens(np.concatenate(ids), np.concatenate(ends), **header)
        write_atomically(folder / name, content)
        manifest.shards.append(
            Shard(name, written.n_tokens, written.n_documents, written.sha256, position.file, position.byte)
        )
        manifest.write(folder)
        ids.clear()
        ends.clear()
        n_tokens = 0

    position = Position(0, 0)
    for part, (part_ids, part_ends) in encoded:
        ids.append(part_ids)
        ends.append(part_ends + n_tokens)
        n_tokens += len(part_ids)
        position = part.next
        if n_tokens >= settings["shard_tokens"]:
            write(position)
        yield _Report(position, n_tokens)
    if n_tokens:
        write(position)
