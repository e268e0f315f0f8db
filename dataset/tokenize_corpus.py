"""How does a corpus larger than memory become token files, by several processes, through kills?

The corpus is cut into parts at places that depend on nothing but the corpus, the parts are encoded in any
number of processes, and their ids are gathered in order until a shard is full. Each finished shard is in
the manifest together with hashes of what it was made of. Another run cuts the corpus again, compares its
first parts with these hashes, and goes on with the part after them.
"""

import errno
import hashlib
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from bpelab.bpe.corpus.documents import files_of
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.processes import map_in_processes, require_jobs
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.dataset.lock import only_writer
from bpelab.dataset.parts import (
    Documents,
    EncodedPart,
    Errors,
    Part,
    Segment,
    Source,
    encode_part,
    parts_of,
    read_segment,
)
from bpelab.dataset.shards import (
    NAME,
    Manifest,
    ReadSegment,
    Settings,
    Shard,
    read_shard,
    read_sources,
    shard_name,
    write_sources,
)
from bpelab.dataset.token_files import narrowest, packed_tokens, tokenizer_fingerprint

# 64 MB of ids in two bytes each: what a kill can cost is the time to encode so many.
SHARD_TOKENS = 1 << 25
END_OF_TEXT = "<|endoftext|>"
_PIPE_BYTES = 1 << 20  # read from a pipe at a time
_OUTPUTS = ("tokens-*.bin", "sources-*.jsonl", NAME)


@dataclass(frozen=True)
class TokenizeProgress:
    """How far the writing of token files is; `str` of it is one line to show."""

    done: int  # bytes of text
    total: int
    done_before: int  # by an earlier run
    n_tokens: int
    n_shards: int
    seconds: float
    checking: bool = False  # whether what an earlier run did is still compared with the corpus

    def __str__(self) -> str:
        """Say it in one line.

        >>> print(TokenizeProgress(50_000_000, 100_000_000, 0, 12_000_000, 0, seconds=1.5))
        50.0 of 100.0 MB, 12,000,000 tokens, 0 shards, 2 s left
        >>> print(TokenizeProgress(50_000_000, 100_000_000, 0, 12_000_000, 1, seconds=1.5, checking=True))
        50.0 of 100.0 MB are as an earlier run read them
        """
        amount = f"{self.done / 1e6:,.1f} of {self.total / 1e6:,.1f} MB"
        if self.checking:
            return f"{amount} are as an earlier run read them"
        done_here = self.done - self.done_before
        left = f", {self.seconds * (self.total - self.done) / done_here:,.0f} s left" if done_here else ""
        return f"{amount}, {self.n_tokens:,} tokens, {self.n_shards} shards{left}"


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

    Which files a directory holds is for `files_of` to say. What comes through a pipe is first copied into
    the directory that is written, and the copy is removed at the end.

    The manifest keeps a hash of all that was read. A run that goes on, or finds everything finished, reads
    the text of the finished shards again, though it does not encode it; what was not in them may change
    before. One run at a time writes into a directory (`lock.only_writer`).

    Raises `ValueError` for a directory that was begun from another corpus or with other settings, naming the
    first file that differs, for a file that changes while it is read, for a shard that is not sound, and for
    what `parts.encode_part` cannot read; `BlockingIOError` while another run writes there; `OSError`.
    """
    _require(documents, "documents", Documents)
    _require(errors, "errors", Errors)
    require_jobs(jobs)
    if shard_tokens < 1:
        raise ValueError(f"shard_tokens is {shard_tokens:,}; it must be 1 or more")
    if end_of_text and END_OF_TEXT not in encoding.special_tokens_set:
        raise ValueError(
            f"{encoding.name} has no {END_OF_TEXT} to put after each document; pass end_of_text=False"
        )
    settings = Settings(
        encoding=encoding.name,
        n_vocab=encoding.n_vocab,
        tokenizer=tokenizer_fingerprint(encoding),
        documents=documents,
        end_of_text=encoding.eot_token if end_of_text else None,
        errors=errors,
        shard_tokens=shard_tokens,
    )
    folder = Path(folder)
    named = [Path(source) for source in corpus]
    _require_apart(named, folder)
    files = [file for source in named for file in files_of(source)]
    with only_writer(folder) as locked, _sources(files, folder, remove_left=locked) as sources:
        manifest = _begun(folder, settings)
        parts = parts_of(sources, pattern=encoding._pat_str, documents=documents)
        total = sum(source.size for source in sources)
        done = done_before = 0
        start = time.monotonic()

        def report(n_waiting: int = 0, *, checking: bool = False) -> None:
            if progress is not None:
                n_tokens, seconds = manifest.n_tokens + n_waiting, time.monotonic() - start
                n_shards = len(manifest.shards)
                progress(TokenizeProgress(done, total, done_before, n_tokens, n_shards, seconds, checking))

        for part in _in_shards(folder, manifest, parts):
            done += _n_bytes(part)
            report(checking=True)
        if manifest.finished:
            for part in parts:
                raise _not_as_before(f"{part[0].source.name}: it has joined the corpus", folder)
            return manifest
        done_before, start = done, time.monotonic()
        encode = partial(
            encode_part,
            encoding=encoding,
            documents=documents,
            end_of_text=settings.end_of_text,
            errors=errors,
            dtype=narrowest(encoding.n_vocab),
        )
        with closing(map_in_processes(encode, parts, jobs)) as encoded:
            for part, n_waiting in _write_shards(encoded, folder, manifest):
                done += _n_bytes(part)
                report(n_waiting)
        manifest.finished = True
        manifest.write(folder)
        return manifest


def _require(value: str, name: str, choices: object) -> None:
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r:.40}: it must be one of {', '.join(get_args(choices))}")


def _require_apart(corpus: Sequence[Path], folder: Path) -> None:
    """Raise `ValueError` where the token files would lie in the corpus, or replace a file of it."""
    # Unlike `Path.resolve`, this leaves a loop of links to whoever opens it, whose error names it.
    output = Path(os.path.realpath(folder))
    for source in corpus:
        place = Path(os.path.realpath(source))
        if source.is_dir() and output.is_relative_to(place):
            if not any(name.startswith(".") for name in output.relative_to(place).parts):
                raise ValueError(
                    f"{folder} lies in {source}, of whose files it would become one; name another"
                )
        elif place.parent == output and any(place.match(name) for name in _OUTPUTS):
            raise ValueError(f"{source} is named as what is written to {folder}; name another directory")


@contextmanager
def _sources(files: Sequence[Path], folder: Path, *, remove_left: bool) -> Iterator[list[Source]]:
    """Look at the files, and copy what comes through pipes, for as long as this is open."""
    if remove_left:  # what a kill left of files that were being written, and of copies
        for left in [path for name in (*_OUTPUTS, "pipe") for path in folder.glob(f".{name}.*")]:
            left.unlink()
    sources = []
    with ExitStack() as copies:
        for file in files:
            path, found = file, file.stat()
            # Some that call themselves files have content but no size, as those in /proc.
            if not stat.S_ISREG(found.st_mode) or not found.st_size:
                path = folder / f".pipe.{token_hex(4)}"
                copies.callback(path.unlink, missing_ok=True)
                if not _copy(file, path):
                    continue
                found = path.stat()
            elif not os.access(file, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
            sources.append(Source(str(file), str(path), found.st_size, found.st_mtime_ns))
        yield sources


def _copy(pipe: Path, path: Path) -> bool:
    """Copy what comes through a pipe, and say whether anything came; otherwise there is no copy."""
    with open(pipe, "rb") as source:
        if not (data := source.read(_PIPE_BYTES)):
            return False
        try:
            with open(path, "xb") as copy:
                while data:
                    copy.write(data)
                    data = source.read(_PIPE_BYTES)
        except OSError as error:
            raise OSError(
                error.errno, f"{error.strerror}, while {pipe} was copied", str(path.parent)
            ) from None
    return True


def _begun(folder: Path, settings: Settings) -> Manifest:
    """Read the manifest of an earlier run and check its shards, or make an empty one."""
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


def _in_shards(folder: Path, manifest: Manifest, parts: Iterator[Part]) -> Iterator[Part]:
    """Take the parts that are in finished shards; `ValueError` where they are not what they were."""
    for number in range(len(manifest.shards)):
        before = deque(read_sources(folder, manifest, number))
        while before:
            part = next(parts, None)
            if part is None:
                raise _not_as_before(f"{before[0].name}: it has left the corpus", folder)
            for segment in part:
                now = _described(segment, hashlib.sha256(read_segment(segment)).hexdigest())
                expected = before.popleft() if before else None
                if now == expected:
                    continue
                if expected is None:
                    how = "has joined the corpus"
                else:
                    how = (
                        "has changed" if now.name == expected.name else f"is in the place of {expected.name}"
                    )
                raise _not_as_before(f"{segment.source.name}: it {how}", folder)
            yield part


def _described(segment: Segment, sha256: str) -> ReadSegment:
    source = segment.source
    # The shell chooses another name for a pipe each time.
    name = source.name if source.path == source.name else "a pipe"
    return ReadSegment(name, segment.start, segment.end, segment.ends_document, sha256)


def _not_as_before(what: str, folder: Path) -> ValueError:
    return ValueError(
        f"{what} since the tokens in {folder} were made; tokenize the corpus as it was, or into another"
        " directory"
    )


def _n_bytes(part: Part) -> int:
    return sum(segment.end - segment.start for segment in part)


def _write_shards(
    encoded: Iterator[tuple[Part, EncodedPart]], folder: Path, manifest: Manifest
) -> Iterator[tuple[Part, int]]:
    """Write shards as they fill; yield each part with the number of tokens that are in no shard yet."""
    settings = manifest.settings
    ids: list[npt.NDArray[Any]] = []
    ends: list[npt.NDArray[np.int64]] = []
    read: list[ReadSegment] = []
    n_tokens = 0

    def write() -> None:
        nonlocal n_tokens
        number = len(manifest.shards)
        name = shard_name(number)
        header, content = packed_tokens(
            np.concatenate(ids),
            np.concatenate(ends),
            n_vocab=settings.n_vocab,
            encoding=settings.encoding,
            tokenizer=settings.tokenizer,
            end_of_text=settings.end_of_text,
        )
        write_atomically(folder / name, content)
        sources_sha256 = write_sources(folder, number, read)
        manifest.shards.append(
            Shard(name, header.n_tokens, header.n_documents, header.sha256, sources_sha256)
        )
        manifest.write(folder)
        for gathered in (ids, ends, read):
            gathered.clear()
        n_tokens = 0

    for part, (part_ids, part_ends, sha256s) in encoded:
        ids.append(part_ids)
        ends.append(part_ends + n_tokens)
        read += map(_described, part, sha256s)
        n_tokens += len(part_ids)
        if n_tokens >= settings.shard_tokens:
            write()
        yield part, n_tokens
    if n_tokens:
        write()
