"""How do ids become bytes again? Each token's bytes are copied to where the last one's ended."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from bpelab.bpe.compiled.machine import PADDING, U64, Bytes, Ids, compiled_and_kept, copy_bytes
from bpelab.bpe.compiled.tables import Counters, as_bytes

BYTES_AT_ONCE = U64(16)


class TokenBytes(NamedTuple):
    """The bytes of every id, in order of the ids."""

    data: Bytes
    starts: Counters  # (max_id + 2,) where the bytes of each id start; an id without bytes is no token


@compiled_and_kept
def total_bytes(ids: Ids, starts: Counters) -> int:
    """Count the bytes of some ids; one less than minus the place of the first that is no token."""
    n_bytes = 0
    highest = U64(len(starts) - 1)
    for i in range(len(ids)):
        token = U64(ids[i])
        size = starts[token + U64(1)] - starts[token] if token < highest else 0
        if size == 0:
            return -1 - i
        n_bytes += size
    return n_bytes


@compiled_and_kept
def copy_tokens(ids: Ids, data: Bytes, starts: Counters, joined: Bytes) -> None:
    """Write the bytes of some ids one after the other, and up to 16 bytes more."""
    place = U64(0)
    for i in range(len(ids)):
        token = U64(ids[i])
        start, end = U64(starts[token]), U64(starts[token + U64(1)])
        for at in range(U64(0), end - start, BYTES_AT_ONCE):
            copy_bytes(data, start + at, joined, place + at)
        place += end - start


def build_token_bytes(bytes_of_id: Mapping[int, bytes]) -> TokenBytes:
    """Return the bytes of ids, which are not too sparse, as the loops read them.

    >>> build_token_bytes({0: b"a", 2: b"bc"}).starts
    array([0, 1, 1, 3])
    """
    sizes = np.zeros(max(bytes_of_id) + 1, dtype=np.int64)
    ids = sorted(bytes_of_id)
    sizes[ids] = [len(bytes_of_id[token]) for token in ids]
    starts = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return TokenBytes(as_bytes(b"".join(bytes_of_id[token] for token in ids)), starts)


def join_tokens(ids: Ids, tokens: TokenBytes) -> bytes:
    """Return the bytes of some ids; raise `KeyError` for an id that is no token.

    >>> join_tokens(np.array([2, 0], np.uint32), build_token_bytes({0: b"a", 2: b"bc"}))
    b'bca'
    """
    n_bytes = int(total_bytes(ids, tokens.starts))
    if n_bytes < 0:
        highest = len(tokens.starts) - 2
        raise KeyError(f"no token has the id {ids[-1 - n_bytes]}: ids are from 0 to {highest}")
    joined = np.empty(n_bytes + PADDING, dtype=np.uint8)
    copy_tokens(ids, tokens.data, tokens.starts, joined)
    return joined[:n_bytes].tobytes()
