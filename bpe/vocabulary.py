"""Which bytes does each id stand for? The tokens of an encoding, checked once."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.once import once
from bpelab.bpe.foundation.runs import places_in_spans
from bpelab.bpe.foundation.tables_by_id import IdPlaces, Places

# The arrays keep a rank in 31 bits, and one number for what has none (`arrays/store.py`).
MAX_RANK = 2**31 - 2
# Fewer tokens are joined one by one before the arrays have begun.
FEW_TOKENS = 512
# So many are gathered at once: some nine bytes of memory for each byte of them.
BLOCK_TOKENS = 1 << 16


class Vocabulary:
    """The mergeable and the special tokens of an encoding, by id.

    Raises `ValueError` where the two tables contradict themselves, each other, or `n_expected`, and
    `TypeError` where they do not map bytes and texts to whole numbers. A mergeable and a special token may
    share an id, as in tiktoken: it is decoded to the mergeable one. Of special tokens that share an id, it is
    decoded to the last.

    >>> vocabulary = Vocabulary({b"a": 0, b"b": 1}, {"<end>": 5})
    >>> vocabulary.max_id, vocabulary.tokens_bytes([1, 5])
    (5, [b'b', b'<end>'])
    >>> Vocabulary({b"a": 0, b"b": 0}, {})
    Traceback (most recent call last):
    ValueError: two tokens share a rank: 2 tokens, 1 ranks
    """

    def __init__(
        self, ranks: Mapping[bytes, int], specials: Mapping[str, int], n_expected: int | None = None
    ) -> None:
        if not ranks:
            raise ValueError("mergeable_ranks is empty: an encoding needs at least its single bytes")
        _require_types("mergeable_ranks", ranks, bytes)
        _require_types("special_tokens", specials, str)
        if (highest := max(ranks.values())) > MAX_RANK:
            raise ValueError(f"a mergeable token has the rank {highest}: ranks are from 0 to 2**31 - 2")
        bytes_of_rank = dict(zip(ranks.values(), ranks, strict=True))
        if len(bytes_of_rank) < len(ranks):
            raise ValueError(f"two tokens share a rank: {len(ranks):,} tokens, {len(bytes_of_rank):,} ranks")
        if "" in specials:
            raise ValueError("a special token has an empty text, which would be found everywhere")
        special_of_id = {token: text.encode("utf-8") for text, token in specials.items()}
        bytes_of_id = special_of_id | bytes_of_rank
        lowest, highest = min(bytes_of_id), max(bytes_of_id)
        if not 0 <= lowest <= highest < 1 << 32:
            raise ValueError(f"ids from {lowest} to {highest}: they must be from 0 to 2**32 - 1")
        n_tokens = len(ranks) + len(specials)
        if n_expected and (n_tokens, highest) != (n_expected, n_expected - 1):
            raise ValueError(
                f"explicit_n_vocab={n_expected}, but there are {n_tokens} tokens"
                f" and the highest id is {highest}"
            )
        self.bytes_of_id = bytes_of_id
        self.bytes_of_rank = bytes_of_rank
        self.special_ids = frozenset(special_of_id)
        self.max_id = highest
        self._ranks = ranks
        self._specials = specials

    def id_of(self, data: bytes) -> int:
        """Return the id of the token with these bytes, mergeable or special; `KeyError` where there is none.

        >>> Vocabulary({b"a": 0, b"bc": 1}, {"<end>": 5}).id_of(b"<end>")
        5
        """
        if data in self._ranks:
            return self._ranks[data]
        for special, token in self._specials.items():
            if special.encode("utf-8") == data:
                return token
        raise KeyError(data)

    def tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """Return the bytes of each token.

        Raises `KeyError` for an id that is not a token, `OverflowError` for one outside 0 to 2**32 - 1
        and `TypeError` for anything but an integer, as tiktoken does.
        """
        try:
            return list(map(self.bytes_of_id.__getitem__, map(index, tokens)))
        except KeyError as error:
            (token,) = error.args
            if not 0 <= token < 1 << 32:
                raise OverflowError(f"{token} is not a token id: ids are from 0 to 2**32 - 1") from None
            raise KeyError(f"no token has the id {token}: ids are from 0 to {self.max_id}") from None

    def joined_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of tokens, of many as arrays; raises what `tokens_bytes` raises.

        >>> Vocabulary({b"a": 0, b"bc": 1}, {"<end>": 5}).joined_bytes([1, 0, 5])
        b'bca<end>'
        """
        given = tokens if isinstance(tokens, list | tuple | np.ndarray) else list(tokens)
        if len(given) >= FEW_TOKENS and (places := self._known_places(given)) is not None:
            return b"".join(
                self._gathered(places[at : at + BLOCK_TOKENS]) for at in range(0, len(places), BLOCK_TOKENS)
            )
        return b"".join(self.tokens_bytes(given))

    def _known_places(self, tokens: Sequence[int] | npt.NDArray[Any]) -> Places | None:
        """(n_tokens,) int64: the places of tokens in the flat table; None where one of them has none.

        Whatever the dtype of the ids: narrow ones must not wrap around in what is computed from them.
        """
        try:
            ids = np.asarray(tokens)
        except (ValueError, OverflowError):
            return None
        if ids.ndim != 1 or ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() > self.max_id:
            return None
        places = self._places.of(ids)
        return places if self._lengths_at(places).all() else None

    def _gathered(self, places: Places) -> bytes:
        """Return the bytes of tokens, each of which has some."""
        flat, all_starts = self._flat
        starts = all_starts.take(places)
        offsets = places_in_spans(starts, all_starts.take(places + 1) - starts)
        return flat.take(offsets).tobytes()

    @once
    def hidden_specials(self) -> frozenset[str]:
        """The special tokens whose ids are decoded to other bytes, since other tokens have these ids, too."""
        return frozenset(
            text for text, token in self._specials.items() if self.bytes_of_id[token] != text.encode("utf-8")
        )

    @once
    def _places(self) -> IdPlaces:
        return IdPlaces(self.bytes_of_id)

    @once
    def _flat(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The bytes of all tokens in the order of their ids, and (n_places + 2,) where each begins.

        A place that no token has is empty, and so is the one after the last.
        """
        places = self._places
        ids = chain(range(places.n_near), places.far.tolist())
        parts = [self.bytes_of_id.get(token, b"") for token in ids]
        starts = np.zeros(len(parts) + 2, dtype=np.int64)
        np.cumsum(list(map(len, parts)), out=starts[1:-1])
        starts[-1] = starts[-2]
        return np.frombuffer(b"".join(parts), dtype=np.uint8), starts

    @once
    def sorted_tokens(self) -> list[bytes]:
        """The bytes of every mergeable token, sorted."""
        return sorted(self._ranks)

    def lengths_of(self, ids: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        """(n_tokens,) int64: how many bytes each of the tokens has, all of which are tokens."""
        return self._lengths_at(self._places.of(ids))

    def _lengths_at(self, places: Places) -> npt.NDArray[np.int64]:
        _, starts = self._flat
        return starts.take(places + 1) - starts.take(places)


def _require_types(name: str, table: Mapping[Any, Any], key_type: type) -> None:
    # First by type, since there are few: a vocabulary of 200,000 is checked in some 10 milliseconds.
    keys_are_right = all(issubclass(kind, key_type) for kind in set(map(type, table)))
    ids_are_right = all(
        hasattr(kind, "__index__") and kind is not bool for kind in set(map(type, table.values()))
    )
    if keys_are_right and ids_are_right:
        return
    for key, token in table.items():
        if not isinstance(key, key_type) or not hasattr(token, "__index__") or isinstance(token, bool):
            raise TypeError(f"{name} maps {key_type.__name__} to int, but it has {key!r:.40}: {token!r:.40}")
