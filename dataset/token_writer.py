"""How is a token file written before anybody knows how long it gets? The header goes in last, into its room.

The ids go to the file as they come, and into the hash. The header's text ends in spaces, as many as keep the
ids at the same place however large the numbers in it are.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from bpelab.dataset.token_files import FIXED_BYTES, MAGIC, TokenFileHeader, narrowest, rounded

_LARGEST = 2**63 - 1
_BLOCK_IDS = 1 << 17  # narrowed, hashed and written while the processor's cache holds them


class TokenWriter:
    """Writes the ids of documents to an open file."""

    def __init__(
        self, file: BinaryIO, *, n_vocab: int, encoding: str, tokenizer: str, end_of_text: int | None
    ) -> None:
        self._file = file
        self._n_vocab, self._encoding, self._tokenizer = n_vocab, encoding, tokenizer
        self._end_of_text = end_of_text
        self._dtype = narrowest(n_vocab).newbyteorder("<")
        self._hash = hashlib.sha256()
        self._narrow = np.empty(_BLOCK_IDS, dtype=self._dtype)
        self._ends: list[npt.NDArray[np.int64]] = []
        self._n_tokens = 0
        widest = _text(self._header(_LARGEST, _LARGEST, "0" * 64))
        self._header_bytes = rounded(FIXED_BYTES + len(widest)) - FIXED_BYTES
        file.seek(FIXED_BYTES + self._header_bytes)

    def add(self, ids: npt.NDArray[Any], document_ends: npt.NDArray[np.int64]) -> None:
        """Write the next ids; documents end after so many of them (n_documents,).

        Raises `OverflowError` for an id that is not below `n_vocab`, instead of wrapping it, and `OSError`.
        """
        for first in range(0, len(ids), _BLOCK_IDS):
            some = ids[first : first + _BLOCK_IDS]
            if (highest := int(some.max())) >= self._n_vocab:
                raise OverflowError(f"id {highest:,} is not below the vocabulary's size, {self._n_vocab:,}")
            if some.dtype != self._dtype:
                narrow = self._narrow[: len(some)]
                np.copyto(narrow, some, casting="unsafe")
                some = narrow
            self._write(some.data)
        self._ends.append(document_ends.astype("<i8") + self._n_tokens)
        self._n_tokens += len(ids)

    def finish(self) -> TokenFileHeader:
        """Write where the documents end, and the header; `OSError`."""
        n_bytes = self._n_tokens * self._dtype.itemsize
        self._write(bytes(rounded(n_bytes) - n_bytes))
        ends = np.concatenate([np.empty(0, dtype="<i8"), *self._ends])
        self._write(ends.data)
        header = self._header(self._n_tokens, len(ends), self._hash.hexdigest())
        text = _text(header).ljust(self._header_bytes)
        self._file.seek(0)
        self._file.write(MAGIC + len(text).to_bytes(8, "little") + hashlib.sha256(text).digest() + text)
        self._file.flush()
        return header

    def _write(self, data: Any) -> None:
        self._hash.update(data)
        self._file.write(data)

    def _header(self, n_tokens: int, n_documents: int, sha256: str) -> TokenFileHeader:
        return TokenFileHeader(
            n_tokens=n_tokens,
            n_documents=n_documents,
            dtype=narrowest(self._n_vocab).name,
            n_vocab=self._n_vocab,
            encoding=self._encoding,
            tokenizer=self._tokenizer,
            end_of_text=self._end_of_text,
            sha256=sha256,
        )


def _text(header: TokenFileHeader) -> bytes:
    return json.dumps(asdict(header), sort_keys=True).encode()
