"""How does a short text become ids at once? Its words have been met before.

There are two caches, the second behind the first: from a word to the ids of its pieces, and from a piece to
its ids. A word is a stretch of text that the pattern is known to cut by itself (see
`bpelab.bpe.splitting.patterns`). Finding words with `re` and looking them up costs a third of finding every
piece with `regex`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice

import numpy as np
from bpelab.bpe.encoders.engine import Engine, Ids
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.encoders.stream import finished_pieces
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
# From here on the heap is not always the fastest way to merge a piece.
LONG_BYTES = 2048
# How many words' ids are yielded at a time.
BLOCK_WORDS = 1 << 16


class Cache(dict[str, Sequence[int]]):
    """The ids of the keys met so far; those of a missing key are made when it is asked for.

    The cache is emptied when it is full, so that each look-up stays a plain dictionary access. Threads may
    share it: every operation on it is atomic, and two threads that miss the same key find the same ids. At
    worst they miscount the space that is left by one entry.

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


class CachedEncoder(Engine):
    """Ordinary text to ids through the two caches.

    `merge_long` may be given for pieces of `LONG_BYTES` or more, which neither cache keeps. `cache_bytes`
    limits the memory of each cache.

    >>> CachedEncoder({b" ": 0, b"a": 1, b"b": 2, b"ab": 3}, " ?[a-z]+").encode_to_list("ab abb")
    [3, 0, 3, 2]
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        pattern: str,
        merge_long: Callable[[bytes], list[int]] | None = None,
        *,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._ranks = ranks
        self._pattern = pattern
        self._merge_long = merge_long
        self.split = splitter(pattern)
        self.pieces = Cache(lambda piece: tuple(self.merge_piece(piece.encode("utf-8"))), cache_bytes)
        words = word_pattern(pattern)
        if words is None:
            self.split_words, self.words = self.split, self.pieces
        else:
            self.split_words, self.words = words.findall, Cache(self._ids_of_word, cache_bytes)

    def _ids_of_word(self, word: str) -> Sequence[int]:
        return tuple(chain.from_iterable(map(self.pieces.__getitem__, self.split(word))))

    def _ids_of_words(self, text: str) -> Iterator[Sequence[int]]:
        return map(self.words.__getitem__, self.split_words(text))

    def encode_to_list(self, text: str) -> list[int]:
        """Return the ids of a text; O(n log n) in its length at worst."""
        return list(chain.from_iterable(self._ids_of_words(text)))

    def encode_blocks(self, text: str, num_threads: int = 1) -> Iterator[Ids]:
        """Return an iterator over the ids of a text, some at a time; more threads would not be faster."""
        if len(text) <= BLOCK_WORDS:  # then there are no more words than that, either
            return iter((np.array(self.encode_to_list(text), dtype=np.uint32),))
        return self._blocks_of_words(text)

    def _blocks_of_words(self, text: str) -> Iterator[Ids]:
        words = self._ids_of_words(text)
        while some := list(islice(words, BLOCK_WORDS)):
            yield np.fromiter(chain.from_iterable(some), dtype=np.uint32)

    def encode_batch(self, texts: Sequence[str], num_threads: int = 1) -> list[list[int]]:
        """Return the ids of each text, one after the other."""
        return list(map(self.encode_to_list, texts))

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids that stay the same however the text goes on, and how many characters they cover."""
        pieces = finished_pieces(self.split(text), self._pattern)
        ids = chain.from_iterable(map(self.pieces.__getitem__, pieces))
        return [np.fromiter(ids, dtype=np.uint32)], sum(map(len, pieces))

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text; with a limit, stop soon after there are more."""
        words = self._ids_of_words(text)
        if limit is None:
            return sum(map(len, words))
        n_tokens = 0
        while some := list(islice(words, BLOCK_WORDS)):
            n_tokens += sum(map(len, some))
            if n_tokens > limit:
                break
        return n_tokens

    def merge_piece(self, piece: bytes) -> list[int]:
        """Return the ids of one piece, which are not remembered."""
        if (rank := self._ranks.get(piece)) is not None:
            return [rank]
        if self._merge_long is not None and len(piece) >= LONG_BYTES:
            return self._merge_long(piece)
        return merge_with_heap(piece, self._ranks)
