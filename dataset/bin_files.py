"""How do other programs keep token ids? nanoGPT without a header, llm.c with one: read and written.

nanoGPT's `train.bin` is the ids of all documents, uint16, and nothing else:
https://github.com/karpathy/nanoGPT/blob/master/data/openwebtext/prepare.py

llm.c's files, which modded-nanogpt reads too, begin with 256 int32: a number that says which program, a
version, and how many ids follow: https://github.com/karpathy/llm.c/blob/master/dev/data/data_common.py
"""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.dataset.token_files import MAGIC, TokenFile
from bpelab.dataset.windows import TokenWindows

# By the number that a file of llm.c begins with: the version that is known, and the dtype of its ids.
# No two ids of GPT-2's are these numbers: as uint16, 55,432 and 55,713 come first.
LLM_C: dict[int, tuple[int, np.dtype[Any]]] = {
    20240520: (1, np.dtype("<u2")),
    20240801: (7, np.dtype("<u4")),
}
_HEADER_BYTES = 256 * 4


def read_bin(
    path: str | os.PathLike[str], *, dtype: npt.DTypeLike = np.uint16, n_vocab: int | None = None
) -> npt.NDArray[Any]:
    """Map a file of nanoGPT or llm.c into memory: (n_tokens,), read-only.

    A file of nanoGPT does not say what it holds. `dtype` is that of its ids, and where `n_vocab` is passed,
    all ids are read once to see that they are below it: that finds a wrong dtype or another vocabulary.

    Raises `ValueError` that names the file and what is wrong with it, and `OSError`.
    """
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    if start.startswith(MAGIC):
        raise ValueError(f"{path}: this is a token file of bpelab: read it by read_token_file or from_files")
    first = np.frombuffer(start[:12], dtype="<i4") if len(start) == _HEADER_BYTES else np.zeros(3, np.int32)
    program, version, n_tokens = first.tolist()
    known = LLM_C.get(program)
    if known is None:
        offset = 0
        found: np.dtype[Any] = np.dtype(dtype).newbyteorder("<")
        if found.kind not in "iu":
            raise TypeError(f"dtype is {np.dtype(dtype)}: ids are integers, such as np.uint16")
        n_tokens, left = divmod(size, found.itemsize)
        if left:
            raise ValueError(
                f"{path}: its {size:,} bytes are not a whole number of ids of {found.itemsize} bytes: it is"
                f" cut off, or its dtype is not {found.name}"
            )
    else:
        offset, found = _HEADER_BYTES, known[1]
        if version != known[0]:
            raise ValueError(f"{path}: it is of version {version} of llm.c's format, not {known[0]}")
        if size != (expected := offset + n_tokens * found.itemsize):
            raise ValueError(
                f"{path}: it has {size:,} bytes, and {expected:,} with the {n_tokens:,} ids that its header"
                " counts: it is cut off or altered"
            )
    if not n_tokens:
        return np.empty(0, dtype=found)
    ids = np.memmap(path, dtype=found, mode="r", offset=offset, shape=(n_tokens,)).view(np.ndarray)
    if n_vocab is not None and (highest := int(ids.max())) >= n_vocab:
        raise ValueError(
            f"{path}: the id at place {int(ids.argmax()):,} is {highest:,}, which a vocabulary of {n_vocab:,}"
            " does not have: it is of another vocabulary, or has another dtype"
        )
    return ids


def bin_windows(
    path: str | os.PathLike[str],
    length: int,
    stride: int,
    *,
    dtype: npt.DTypeLike = np.uint16,
    n_vocab: int | None = None,
) -> TokenWindows:
    """Return the windows over a file of nanoGPT or llm.c; raises what `read_bin` and `TokenWindows` raise."""
    reopen = partial(bin_windows, path, length, stride, dtype=dtype)
    return TokenWindows(read_bin(path, dtype=dtype, n_vocab=n_vocab), length, stride, reopen=reopen)


def check_fits_bin(n_vocab: int) -> None:
    """Raise `ValueError` for a vocabulary whose ids two bytes cannot hold, as nanoGPT reads them."""
    if n_vocab > 2**16:
        raise ValueError(
            f"a vocabulary of {n_vocab:,} does not fit in two bytes an id, which is what nanoGPT reads: use"
            " another encoding, such as gpt2, or bpelab's own format"
        )


def write_bin(files: Sequence[TokenFile], path: str | os.PathLike[str]) -> int:
    """Write the ids of token files one after the other, as nanoGPT reads them, and return how many.

    The file is written whole or not at all. Raises `ValueError` for a vocabulary of more than 2**16, and
    `OSError`.
    """
    for file in files:
        check_fits_bin(file.header.n_vocab)
    write_atomically(path, (file.ids.astype("<u2", copy=False).tobytes() for file in files))
    return sum(len(file.ids) for file in files)
