"""Where do token files lie? In a directory, or below a URL, where the same few things can be done."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bpelab.bpe.corpus.remote import is_url, store_errors, store_of, without_scheme
from bpelab.bpe.foundation.writing import replacing, write_atomically


@dataclass(frozen=True)
class Place:
    """A directory or a URL; `str` of it is what messages call it.

    >>> Place.of("s3://bucket/tokens/").name_of("manifest.json")
    's3://bucket/tokens/manifest.json'
    """

    root: str

    @classmethod
    def of(cls, named: "str | os.PathLike[str] | Place") -> "Place":
        """Take what names a directory or a URL; `file://` names a directory."""
        if isinstance(named, Place):
            return named
        root = without_scheme(os.fspath(named))
        return cls(root.rstrip("/") if is_url(root) else root)

    def __str__(self) -> str:
        return self.root

    @property
    def folder(self) -> Path | None:
        """The directory; None where it is a URL."""
        return None if is_url(self.root) else Path(self.root)

    def absolute(self) -> "Place":
        """Return the same place, whatever the working directory is."""
        return self if self.folder is None else Place(os.path.abspath(self.root))

    def name_of(self, name: str) -> str:
        """Return the path or the URL of a file."""
        return f"{self.root}/{name}" if self.folder is None else str(self.folder / name)

    def names(self) -> set[str]:
        """Return the names of the files; `OSError`."""
        if self.folder is not None:
            return set(os.listdir(self.folder))
        with self._store() as (store, path):
            store.invalidate_cache()
            try:
                return {name.rpartition("/")[2] for name in store.ls(path, detail=False)}
            except FileNotFoundError:  # of an object store, a folder without files
                return set()

    def read(self, name: str) -> bytes:
        """Read a file; `OSError`."""
        if self.folder is not None:
            return (self.folder / name).read_bytes()
        with self._store(name) as (store, path):
            data: bytes = store.cat_file(path)
            return data

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, as far as the store does; `OSError`."""
        if self.folder is not None:
            write_atomically(self.folder / name, content)
            return
        with self._store(name) as (store, path):
            store.pipe_file(path, content)

    def remove(self, name: str) -> None:
        """Remove a file; `OSError`."""
        if self.folder is not None:
            (self.folder / name).unlink()
            return
        with self._store(name) as (store, path):
            store.rm_file(path)

    @contextmanager
    def new_file(self, name: str) -> Iterator[BinaryIO]:
        """Open a file that is there, whole, once the block has ended without an error; `OSError`.

        For a URL it is a temporary file of this machine, which is then sent.
        """
        if self.folder is not None:
            with replacing(self.folder / name) as file:
                yield file
            return
        with tempfile.TemporaryDirectory() as folder:
            temporary = Path(folder, name)
            with temporary.open("xb") as file:
                yield file
            with self._store(name) as (store, path):
                store.put_file(str(temporary), path)

    @contextmanager
    def _store(self, name: str = "") -> Iterator[tuple[Any, str]]:
        url = self.name_of(name) if name else self.root
        with store_errors(url):
            yield store_of(url)


def require_apart(corpus: Sequence[str | os.PathLike[str]], place: Place, outputs: Sequence[str]) -> None:
    """Raise `ValueError` where what is written to a place would lie in the corpus, or replace a file of it.

    `outputs` are the patterns of the names of the files that are written.
    """
    if place.folder is None:
        for named in [os.fspath(source) for source in corpus]:
            if (place.root + "/").startswith(named.rstrip("/") + "/"):
                raise ValueError(_lies_in(place, named))
        return
    # Unlike `Path.resolve`, this leaves a loop of links to whoever opens it, whose error names it.
    output = Path(os.path.realpath(place.folder))
    names = [without_scheme(os.fspath(named)) for named in corpus]
    for source in [Path(name) for name in names if not is_url(name)]:
        found = Path(os.path.realpath(source))
        if source.is_dir() and output.is_relative_to(found):
            if not any(name.startswith(".") for name in output.relative_to(found).parts):
                raise ValueError(_lies_in(place, source))
        elif found.parent == output and any(found.match(name) for name in outputs):
            raise ValueError(
                f"{source} has the name of a file that is written to {place}; name another directory"
            )


def _lies_in(place: Place, source: object) -> str:
    return f"{place} lies in {source}, and would become part of the corpus; name another directory"
