"""How are token ids stored in a file? With a header that describes them, to be mapped into memory.

16 bytes   b"bpelab tokens 1\\n"
 8 bytes   the length of the header, little-endian, as all numbers here
32 bytes   the header's SHA-256
           the header, JSON in UTF-8: what `TokenFileHeader` holds, and spaces
           zeros up to a multiple of 64, in files of earlier versions
           the ids, uint16 or uint32
           zeros up to a multiple of 64
           the ends of the documents, int64: the place after the last token of each
"""

import hashlib
import json
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoding import Encoding

MAGIC = b"bpelab tokens 1\n"
FIXED_BYTES = len(MAGIC) + 8 + 32
_ALIGNMENT = 64


@dataclass(frozen=True)
class TokenFileHeader:
    """What a token file says of itself."""

    n_tokens: int
    n_documents: int  # that end in this file
    dtype: str
    n_vocab: int
    encoding: str  # its name, for people
    tokenizer: str  # its fingerprint
    end_of_text: int | None  # the id that ends each document
    sha256: str  # of all that follows the header


@dataclass(frozen=True)
class TokenFile:
    """A token file, mapped into memory: `ids` (n_tokens,) and `document_ends` (n_documents,) int64."""

    path: Path
    header: TokenFileHeader
    ids: npt.NDArray[Any]
    document_ends: npt.NDArray[np.int64]


Record = TypeVar("Record")


def record_of(kind: type[Record], values: object) -> Record:
    """Make a dataclass of strings, booleans and counts from what was read as JSON.

    Raises `ValueError` for missing and other fields, for other types, and for negative numbers.

    >>> record_of(TokenFileHeader, {"n_tokens": 1, "n_documents": 0})
    Traceback (most recent call last):
    ValueError: it lacks dtype, encoding, end_of_text, n_vocab, sha256, tokenizer
    """
    types = get_type_hints(kind)
    if not isinstance(values, dict):
        raise ValueError(f"{values!r:.60} is not a JSON object")
    for what, names in (("lacks", types.keys() - values), ("has unknown entries:", values.keys() - types)):
        if names:
            raise ValueError(f"it {what} {', '.join(sorted(names)):.200}")
    for name, expected in types.items():
        value = values[name]
        # The exact type: to Python, `true` would be an int.
        if type(value) not in (get_args(expected) or (expected,)) or (type(value) is int and value < 0):
            raise ValueError(f"{name} is {value!r:.60}, which it cannot be")
    return kind(**values)


def tokenizer_fingerprint(encoding: Encoding) -> str:
    """Name what decides the ids: pattern, ranks and special tokens, whatever the encoding is called.

    >>> from bpelab.bpe import get_encoding
    >>> tokenizer_fingerprint(get_encoding("gpt2"))
    '3eaa40a5917b8091ab8d9fdf2cfb27f6'
    >>> tokenizer_fingerprint(get_encoding("gpt2")) == tokenizer_fingerprint(get_encoding("r50k_base"))
    True
    """
    digest = hashlib.sha256(encoding.pattern.encode())
    ranks = dict(encoding.ranks)
    digest.update(b"".join([b"%d %d %b" % (ranks[token], len(token), token) for token in sorted(ranks)]))
    for special, rank in sorted(encoding.special_tokens.items()):
        digest.update(f"special {rank} {special!r}".encode())
    return digest.hexdigest()[:32]


def narrowest(n_vocab: int) -> np.dtype[Any]:
    """Return the dtype of a vocabulary's ids; `ValueError` for a vocabulary of more than 2**31.

    >>> narrowest(50257), narrowest(100277)
    (dtype('uint16'), dtype('uint32'))
    """
    if not 0 <= n_vocab <= 2**31:
        raise ValueError(f"a vocabulary has from 0 to 2**31 ids, not {n_vocab:,}")
    return np.dtype(np.uint16 if n_vocab <= 2**16 else np.uint32)


def read_token_file(path: str | os.PathLike[str], *, verify: bool = True) -> TokenFile:
    """Map a token file into memory; its ids are read-only and are read from the disk as they are used.

    Without `verify` the header and the size are still checked, but not the SHA-256 of the ids, which takes
    a pass over the file. Raises `ValueError` that names the file and what is wrong with it, and `OSError`.

    A file must not be shortened while it is mapped: the operating system ends a process that reads beyond the
    new end (SIGBUS), and no check here can prevent that. Nor may a file be changed in place, because ids that
    were checked change with it. `bpelab tokenize` does neither: it writes a new file and renames it.
    """
    path = Path(path)
    with path.open("rb") as file:
        start = file.read(FIXED_BYTES)
        if not start.startswith(MAGIC):
            raise ValueError(
                f"{path}: not a token file: it begins with {start[:16]!r}, not with {MAGIC!r}; the files of"
                " nanoGPT and llm.c are read by GPTDatasetV1.from_bin and bpelab.dataset.bin_files"
            )
        n_header = int.from_bytes(start[len(MAGIC) : len(MAGIC) + 8], "little")
        size = os.fstat(file.fileno()).st_size
        text = file.read(n_header) if n_header <= size else b""
        if hashlib.sha256(text).digest() != start[len(MAGIC) + 8 :]:
            raise ValueError(f"{path}: its header is cut off or altered: the checksum differs. {_AGAIN}")
        header = _header_of(text, path)
        dtype = np.dtype(header.dtype).newbyteorder("<")
        ids_start = rounded(FIXED_BYTES + n_header)
        ends_start = ids_start + rounded(header.n_tokens * dtype.itemsize)
        expected = ends_start + 8 * header.n_documents
        if size != expected:
            raise ValueError(f"{path}: it has {size:,} bytes where its header says {expected:,}. {_AGAIN}")
        content = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    ids = np.frombuffer(content, dtype, header.n_tokens, ids_start)
    document_ends = np.frombuffer(content, "<i8", header.n_documents, ends_start)
    if verify:
        if hashlib.sha256(memoryview(content)[ids_start:]).hexdigest() != header.sha256:
            raise ValueError(f"{path}: its tokens are altered: the checksum differs. {_AGAIN}")
        if (highest := int(ids.max(initial=0))) >= header.n_vocab and len(ids):
            raise ValueError(
                f"{path}: it has the id {highest:,} in a vocabulary of {header.n_vocab:,}. {_AGAIN}"
            )
        ends = np.concatenate([[0], document_ends, [header.n_tokens]])
        if (np.diff(ends) < 0).any():
            raise ValueError(f"{path}: its documents do not end one after the other. {_AGAIN}")
    return TokenFile(path, header, ids, document_ends)


def _header_of(text: bytes, path: Path) -> TokenFileHeader:
    try:
        header = record_of(TokenFileHeader, json.loads(text))
        if header.dtype != (expected := narrowest(header.n_vocab).name):
            raise ValueError(
                f"its ids are {header.dtype!r:.60}, not {expected}, as for {header.n_vocab:,} tokens"
            )
    except RecursionError:
        raise ValueError(f"{path}: its header is nested too deeply. {_AGAIN}") from None
    except ValueError as error:
        raise ValueError(f"{path}: its header is not that of a token file: {error}. {_AGAIN}") from None
    return header


_AGAIN = "Remove it, and tokenize its corpus again."


def rounded(n_bytes: int) -> int:
    """Return the next multiple of 64, at which arrays begin.

    >>> rounded(65)
    128
    """
    return -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
