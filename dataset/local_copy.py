"""How are token files at a URL mapped into memory? From copies on this machine, made once and checked."""

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from bpelab.bpe.corpus.places import Place
from bpelab.bpe.corpus.remote import open_url, size_and_version
from bpelab.bpe.foundation.user_cache import cache_directory
from bpelab.bpe.foundation.workers import Workers, map_tasks
from bpelab.bpe.foundation.writing import named, replacing
from bpelab.dataset.manifest import Shard
from bpelab.dataset.token_files import read_token_file

_BLOCK_BYTES = 4 << 20
# One connection to a store rarely fills a network.
_N_AT_ONCE = 4


def copies_of(place: Place, shards: Sequence[Shard]) -> list[Path]:
    """Return copies of the shards at a URL, in the user's cache; those that lack are fetched, some at once.

    A copy is known by the SHA-256 of its tokens, which is compared when it has been fetched. It is written
    whole and renamed, and of several processes that need it one fetches it. Raises `ValueError` for a shard
    that is not what its manifest says, `OSError`, and `TaskError` for one that cannot be fetched.
    """
    copy = partial(_copy_of, place)
    workers = Workers(_N_AT_ONCE, threads=True)
    with closing(map_tasks(copy, shards, workers, name=lambda shard: place.name_of(shard.name))) as copied:
        return [path for _, path in copied]


def _copy_of(place: Place, shard: Shard) -> Path:
    path = cache_directory() / "shards" / f"{shard.sha256}.bin"
    _fetch(place.name_of(shard.name), path, shard.sha256)
    return path


def copy_of_file(url: str) -> Path:
    """Return a copy of one token file at a URL, as its store has it now; raises what `copies_of` raises."""
    size, version = size_and_version(url)
    key = hashlib.sha256(f"{url} {size} {version}".encode()).hexdigest()
    path = cache_directory() / "shards" / f"{key}.bin"
    _fetch(url, path, None)
    return path


def _fetch(url: str, path: Path, sha256: str | None) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.with_suffix(".lock")):
        if path.exists():  # another process has fetched it meanwhile
            return
        part = path.with_suffix(".part")
        with open_url(url) as source, replacing(part) as file:
            while data := source.read(_BLOCK_BYTES):
                with named(path):
                    file.write(data)
        try:
            found = read_token_file(part).header.sha256
        except ValueError as error:
            part.unlink()
            raise ValueError(str(error).replace(str(part), url)) from None
        if sha256 is not None and found != sha256:
            part.unlink()
            raise ValueError(f"{url}: this is the shard of another directory: its SHA-256 is {found}")
        os.replace(part, path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time in, where the system has such locks."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
