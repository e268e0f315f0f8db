"""How does a short text become ids at once? Its words have been met before.

Two caches, the second behind the first: from a word to the ids of its pieces, and from a piece to its
ids. A word is a stretch of text that the pattern is known to cut by itself (see `patterns`); finding
words with `re` and looking them up costs a third of finding every piece with `regex`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.splitting.patterns import word_pattern
from bpelab.bpe.splitting.regex_splitter import splitter

# How much memory each of the caches may take. 12 MB of standard-library source have 223,000 distinct words
# and 90,000 distinct pieces, at some 250 bytes each.
CACHE_BYTES = 1 << 26
# What an entry takes besides 4 bytes for each of its characters and 8 for each of its ids: the headers of the
# text and the tuple, and its share of the dictionary.
ENTRY_BYTES = 200
# A longer key is hardly ever met twice, and one alone could fill the memory meant for many.
CACHE_KEY_CHARS = 64
# From here on `merge_with_heap` is not always the fastest.
LONG_BYTES = 2048


class Cache(dict[str, Sequence[int]]):
    """The ids of the keys met so far; those of a key that is missing are made when it is asked for.

    Emptied when full, which keeps each look-up a plain dictionary access. Threads may share it:
    every operation on it is atomic, and two threads that miss the same key find the same ids. At worst they
    miscount what is left by an entry.

    >>> cache = Cache(lambda key: [len(key)], n_bytes=500)
    >>> [cache[key] for key in ("a", "bb", "ccc")], list(cache)
    ([[1], [2], [3]], ['ccc'])
    """

    def __init__(self, make: Callable[[str], Sequence[int]], n_bytes: int = CACHE_BYTES) -> None:
        super().__init__()
        self._make = make
        self._n_bytes = self._n_left = n_bytes

    def __missing__(self, key: str) -> Sequence[int]:
        ids = self._make(key)
        if len(key) <= CACHE_KEY_CHARS:
            n_bytes = ENTRY_BYTES + 4 * len(key) + 8 * len(ids)
            if n_bytes > self._n_left:
                self.clear()
                self._n_left = self._n_bytes
            self[key] = ids
            self._n_left -= n_bytes
        return ids


class CachedEncoder:
    """Ordinary text to ids by the two caches, for text without surrogates.

    `merge_long` may be given for pieces of `LONG_BYTES` or more, which no cache keeps.

    >>> ranks = {b" ": 0, b"a": 1, b"b": 2, b"ab": 3}
    >>> list(CachedEncoder(" ?[a-z]+", ranks).runs("ab abb"))
    [(3,), (0, 3, 2)]
    """

    def __init__(
        self,
        pattern: str,
        ranks: Mapping[bytes, int],
        merge_long: Callable[[bytes], Sequence[int]] | None = None,
    ) -> None:
        def merge(piece: str) -> Sequence[int]:
            data = piece.encode("utf-8")
            if (rank := ranks.get(data)) is not None:
                return (rank,)
            if merge_long and len(data) >= LONG_BYTES:
                return merge_long(data)
            return tuple(merge_with_heap(data, ranks))

        self.split = splitter(pattern)
        self.pieces = Cache(merge)
        words = word_pattern(pattern)
        if words is None:
            self._split_words, self._words = self.split, self.pieces
        else:
            self._split_words, self._words = words.findall, Cache(self._join_pieces)

    def _join_pieces(self, word: str) -> Sequence[int]:
        return tuple(chain.from_iterable(map(self.pieces.__getitem__, self.split(word))))

    def runs(self, text: str) -> Iterator[Sequence[int]]:
        """Yield the ids of the text, some at a time and in order; O(n log n) at worst."""
        return map(self._words.__getitem__, self._split_words(text))
