"""How does a text with special tokens in it become ids? An engine encodes what lies between them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from bpelab.bpe.encoders.engine import Engine, Ids, joined
from bpelab.bpe.foundation.arguments import require_text
from bpelab.bpe.splitting.specials import Allowed, Disallowed, refuse_special, resolve_special, special_finder


class MixedEncoder:
    """Texts without surrogates to ids, in which some special tokens count as such.

    >>> from bpelab.bpe.encoders.textbook_engine import TextbookEncoder
    >>> mixed = MixedEncoder(TextbookEncoder({b"a": 0, b"b": 1}, "[a-z]+"), {"<end>": 2})
    >>> mixed.to_list("ab<end>b", frozenset({"<end>"}))
    [0, 1, 2, 1]
    """

    def __init__(self, engine: Engine, special_tokens: Mapping[str, int]) -> None:
        self._engine = engine
        self._special_tokens = special_tokens
        self._names = frozenset(special_tokens)

    def resolve(self, allowed: Allowed, disallowed: Disallowed) -> tuple[frozenset[str], frozenset[str]]:
        """Return the names that count as special tokens, and those that a text must not contain."""
        return resolve_special(self._names, allowed, disallowed)

    def allowed_in(self, texts: Iterable[str], allowed: Allowed, disallowed: Disallowed) -> frozenset[str]:
        """Return the names that count as special tokens in the texts.

        Raises `ValueError` for a text with a special token that is disallowed, and `TypeError` for one that
        is not a `str`.
        """
        allowed, disallowed = self.resolve(allowed, disallowed)
        for text in texts:
            require_text(text)
            refuse_special(text, disallowed)
        return allowed

    def _parts(self, text: str, allowed: frozenset[str]) -> Iterator[tuple[str, int | None]]:
        """Yield each ordinary stretch of a text with the special token after it; the last has None."""
        start = 0
        for special in special_finder(allowed).all(text):
            yield text[start : special.start], self._special_tokens[special.name]
            start = special.end
        yield text[start:] if start else text, None

    def to_list(self, text: str, allowed: frozenset[str]) -> list[int]:
        """Return the ids of a text."""
        if not allowed:
            return self._engine.encode_to_list(text)
        ids: list[int] = []
        for ordinary, token in self._parts(text, allowed):
            ids += self._engine.encode_to_list(ordinary) if ordinary else ()
            ids += () if token is None else (token,)
        return ids

    def to_array(self, text: str, allowed: frozenset[str], num_threads: int = 1) -> Ids:
        """Return the ids of a text, (n_tokens,) uint32."""
        if not allowed:
            return self._engine.encode(text, num_threads)
        return joined(self._blocks_of_parts(text, allowed, num_threads))

    def to_blocks(self, text: str, allowed: frozenset[str], num_threads: int = 1) -> Iterator[Ids]:
        """Return an iterator over the ids of a text, some at a time and in order: (n_tokens,) uint32 each."""
        if not allowed:
            return self._engine.encode_blocks(text, num_threads)
        return self._blocks_of_parts(text, allowed, num_threads)

    def _blocks_of_parts(self, text: str, allowed: frozenset[str], num_threads: int) -> Iterator[Ids]:
        for ordinary, token in self._parts(text, allowed):
            if ordinary:
                yield from self._engine.encode_blocks(ordinary, num_threads)
            if token is not None:
                yield np.array([token], dtype=np.uint32)

    def to_lists(self, texts: Sequence[str], allowed: frozenset[str], num_threads: int) -> list[list[int]]:
        """Return the ids of each text; what is ordinary in all of them is one batch."""
        if not allowed:
            return self._engine.encode_batch(texts, num_threads)
        parts = [list(self._parts(text, allowed)) for text in texts]
        ordinary = [text for own_parts in parts for text, _ in own_parts]
        ids_of_ordinary = iter(self._engine.encode_batch(ordinary, num_threads))
        lists = []
        for own_parts in parts:
            ids: list[int] = []
            for _, token in own_parts:
                ids += next(ids_of_ordinary)
                ids += () if token is None else (token,)
            lists.append(ids)
        return lists
