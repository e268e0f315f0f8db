"""How do ids become bytes again? Each token's bytes are copied to where the last one's ended."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from bpelab.bpe.encoders.compiled.machine import PADDING, U64, Bytes, Ids, compiled_and_kept, copy_bytes
from bpelab.bpe.encoders.compiled.tables import Counters, as_bytes
from bpelab.bpe.foundation.tables_by_id import IdPlaces

BYTES_AT_ONCE = U64(16)


class TokenBytes(NamedTuple):
    """The bytes of every id, by its place (see `IdPlaces`), which is the id itself for nearly all."""

    data: Bytes
    starts: (
        Counters  # (n_places + 1,) where the bytes at each place start; a place without bytes has no token
    )
    places: IdPlaces
    max_id: int


@compiled_and_kept
def total_bytes(ids: Ids, starts: Counters) -> int:
    """Count the bytes of ids, given as places; for the first that is no id, return -1 less its index."""
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
    """Return the bytes of ids as the loops read them.

    >>> build_token_bytes({0: b"a", 2: b"bc"}).starts[:4]
    array([0, 1, 1, 3])
    """
    places = IdPlaces(bytes_of_id)
    in_order = [bytes_of_id.get(token, b"") for token in places.ids().tolist()]
    starts = np.zeros(len(in_order) + 1, dtype=np.int64)
    np.cumsum(list(map(len, in_order)), out=starts[1:])
    return TokenBytes(as_bytes(b"".join(in_order)), starts, places, max(bytes_of_id))


def join_tokens(ids: Ids, tokens: TokenBytes) -> bytes:
    """Return the bytes of some ids; raise `KeyError` for an id that is not a token.

    >>> join_tokens(np.array([2, 0], np.uint32), build_token_bytes({0: b"a", 2: b"bc"}))
    b'bca'
    """
    by_place = tokens.places.of(ids).astype(np.uint32) if len(tokens.places.far) else ids
    n_bytes = int(total_bytes(by_place, tokens.starts))
    if n_bytes < 0:
        raise KeyError(f"no token has the id {ids[-1 - n_bytes]}: ids are from 0 to {tokens.max_id}")
    joined = np.empty(n_bytes + PADDING, dtype=np.uint8)
    copy_tokens(by_place, tokens.data, tokens.starts, joined)
    return joined[:n_bytes].tobytes()
