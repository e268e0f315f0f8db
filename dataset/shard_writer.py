"""How do encoded parts become shards? They are gathered in order until a shard is full."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.dataset.earlier_run import described
from bpelab.dataset.encode_part import EncodedPart
from bpelab.dataset.parts import Part
from bpelab.dataset.shards import Manifest, ReadSegment, Shard, shard_name, write_sources
from bpelab.dataset.token_files import packed_tokens


class ShardWriter:
    """Gathers parts and writes a shard, what it was made of, and the manifest whenever a shard is full.

    `n_waiting` tokens are in no shard yet.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest = folder, manifest
        self._empty()

    def _empty(self) -> None:
        self._ids: list[npt.NDArray[Any]] = []
        self._ends: list[npt.NDArray[np.int64]] = []  # counted from the beginning of the shard
        self._read: list[ReadSegment] = []
        self.n_waiting = 0

    def add(self, part: Part, encoded: EncodedPart) -> None:
        """Take the next part; raises `OSError` that names the file which cannot be written."""
        self._ids.append(encoded.ids)
        self._ends.append(encoded.document_ends + self.n_waiting)
        self._read += map(described, part, encoded.sha256s)
        self.n_waiting += len(encoded.ids)
        if self.n_waiting >= self._manifest.settings.shard_tokens:
            self._write()

    def finish(self) -> None:
        """Write what is left, and note in the manifest that nothing more follows."""
        if self.n_waiting:
            self._write()
        self._manifest.finish(self._folder)

    def _write(self) -> None:
        settings = self._manifest.settings
        number = len(self._manifest.shards)
        name = shard_name(number)
        header, content = packed_tokens(
            np.concatenate(self._ids),
            np.concatenate(self._ends),
            n_vocab=settings.n_vocab,
            encoding=settings.encoding,
            tokenizer=settings.tokenizer,
            end_of_text=settings.end_of_text,
        )
        write_atomically(self._folder / name, content)
        sources_sha256 = write_sources(self._folder, number, self._read)
        shard = Shard(name, header.n_tokens, header.n_documents, header.sha256, sources_sha256)
        self._manifest.add(shard, self._folder)
        self._empty()
