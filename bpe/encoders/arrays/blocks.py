"""How is a long text cut into blocks of whole pieces? Each is small enough for the processor's cache."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from bpelab.bpe.splitting.array_splitter import array_splitter, regex_splitter
from bpelab.bpe.splitting.patterns import KNOWN_PATTERNS, UNFINISHED_PIECES, sections
from bpelab.bpe.splitting.places import Ints
from bpelab.bpe.splitting.regex_splitter import splitter

# Characters of a block. Its arrays should stay in the processor's second-level cache, and there should be
# enough of them that NumPy's cost of a call (about a microsecond) does not count.
BLOCK_CHARS = 1 << 18
# Characters of a thread's block. Larger, since after every one of NumPy's calls a thread may have to wait for
# Python's lock: on two cores, blocks of 256 Ki characters gain nothing, of 1 Mi some 1.4 times.
THREAD_BLOCK_CHARS = 1 << 20


class Block(NamedTuple):
    """Some whole pieces of a text, one after the other."""

    data: bytes  # their UTF-8
    piece_starts: Ints  # (n_pieces + 1,) byte offsets into the data; the last entry is its length
    n_chars: int  # 0 where it is not known


class BlockSplitter:
    """Cuts texts without surrogates into blocks of pieces by one pattern.

    `split` cuts a text into a list of pieces, where `regex` should not do that; a pattern whose rules the
    arrays know does not need it.

    >>> [block.piece_starts for block in BlockSplitter("[a-z]+| ").blocks("one two")]
    [array([0, 3, 4, 7])]
    """

    def __init__(self, pattern: str, split: Callable[[str], list[str]] | None = None) -> None:
        self.pattern = pattern
        # Whether the tail rule and the word rule of `patterns` hold, so that a text may be cut anywhere.
        self.is_known = pattern in KNOWN_PATTERNS
        self._split = array_splitter(pattern) or regex_splitter(split or splitter(pattern))

    def whole(self, text: str) -> Block:
        """Return a text as one block."""
        return Block(*self._split(text), len(text))

    def blocks(self, text: str, *, is_last: bool = True) -> Iterator[Block]:
        """Yield a text's blocks.

        By the tail rule, the last pieces of a block may depend on what follows: they begin the next block.
        With `is_last` false the text's own last pieces are left out. A piece that is longer than a block
        makes the block grow, twofold each time, so that it is not split too often.

        With another pattern the pieces are found in the whole text, and none with `is_last` false.
        """
        if not self.is_known:
            if is_last:
                yield from _in_blocks(*self._split(text))
            return
        start, n_wanted = 0, BLOCK_CHARS
        while start < len(text):
            end = start + n_wanted
            data, piece_starts = self._split(text[start:end])
            if end >= len(text) and is_last:
                yield Block(data, piece_starts, len(text) - start)
                return
            if len(piece_starts) > UNFINISHED_PIECES + 1:
                piece_starts = piece_starts[:-UNFINISHED_PIECES]
                data = data[: piece_starts[-1]]
                n_chars = len(data) if data.isascii() else len(data.decode("utf-8"))
                yield Block(data, piece_starts, n_chars)
                start += n_chars
                n_wanted = BLOCK_CHARS
            else:
                n_wanted *= 2
            if end >= len(text):
                return

    def sections(self, text: str, num_threads: int) -> Iterator[str]:
        """Cut a text by the word rule into sections that threads can take, each of which is one block."""
        return sections(text, chars_for_each_thread(len(text), num_threads))


def chars_for_each_thread(n_chars: int, num_threads: int) -> int:
    """Return how many characters a thread should take at a time: two blocks for each, of a good size."""
    return max(BLOCK_CHARS, min(n_chars // (2 * num_threads) + 1, THREAD_BLOCK_CHARS))


def _in_blocks(data: bytes, piece_starts: Ints) -> Iterator[Block]:
    """Yield the pieces of a whole text in blocks of about `BLOCK_CHARS` bytes."""
    first = 0
    while first < len(piece_starts) - 1:
        start = int(piece_starts[first])
        last = max(first + 1, int(np.searchsorted(piece_starts, start + BLOCK_CHARS, side="right")) - 1)
        yield Block(data[start : piece_starts[last]], piece_starts[first : last + 1] - start, 0)
        first = last
