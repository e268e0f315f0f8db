"""How does a whole text become ids at once? Its pieces are looked up together, block by block.

    text ──block──▶ data, piece_starts ──keys──▶ values ──runs──▶ ids

A block's pieces are found by the splitter, packed into keys and looked up in one table of everything
that has been met. Those that are not there are merged together and remembered. No Python loop runs once
a piece or a token, except over pieces of more than 31 bytes.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.arrays.keys import (
    KEY_BYTES,
    KEY_WORDS,
    MAX_KEY_BYTES,
    Words,
    as_words,
    keys_of_one_word,
    keys_of_words,
)
from bpelab.bpe.encoders.arrays.long_piece import merge_long_piece
from bpelab.bpe.encoders.arrays.rounds import merge_in_rounds
from bpelab.bpe.encoders.arrays.store import RUN_BITS, START_MASK, Ids, PieceStore, TokenTables, Values
from bpelab.bpe.encoders.arrays.table import distinct
from bpelab.bpe.foundation.id_places import IdPlaces
from bpelab.bpe.foundation.once import once
from bpelab.bpe.splitting.patterns import UNFINISHED_PIECES, sections
from bpelab.bpe.splitting.places import Ints, places_where

# Cuts a text, without surrogates, into its UTF-8 and the (n_pieces + 1,) int64 offsets of the pieces.
Split = Callable[[str], tuple[bytes, Ints]]

# Characters of a block. Its arrays should stay in the processor's second-level cache, and there should be
# enough of them that NumPy's cost of a call (about a microsecond) does not count.
BLOCK_CHARS = 1 << 18
# Characters of a thread's block. Larger, since after every one of NumPy's calls a thread may have to wait for
# Python's lock: on two cores, blocks of 256 Ki characters gain nothing, of 1 Mi some 1.4 times.
THREAD_BLOCK_CHARS = 1 << 20
# Pieces that a store remembers beyond the vocabulary, and those of one block more: usually some 50 MB, at
# most 250 (see `store`). 12 MB of standard-library source have 90,000 distinct ones.
CACHE_PIECES = 1 << 18
# Stores that wait for the next call. When more calls were under way at once, the other stores are dropped.
WAITING_STORES = os.cpu_count() or 1
# Pieces that are merged in batches: a longer one would make a round of every one of its many merges.
LONGEST_IN_BATCH = 256
# A longer piece is hardly ever met twice. One of more than 31 bytes counts as several of those remembered.
LONGEST_REMEMBERED = 1024


class Found(NamedTuple):
    """The pieces of a block, looked up."""

    values: Values  # (n_pieces,) uint64, see `store`
    runs: Ids  # what the values point into
    large: list[tuple[int, Ids]]  # (piece, ids) of pieces whose ids are in no run


class ArrayEncoder:
    """Ordinary text to ids for many pieces at once; threads may share one.

    What is learnt beyond the vocabulary lies in stores. A call takes one of those that wait, or begins
    another, has it for itself while it encodes a block, and puts it back. So nothing is written that another
    thread reads, there is no lock, and a process forked at any time inherits only stores that were at rest.

    >>> ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256}
    >>> encoder = ArrayEncoder(ranks, lambda text: (text.encode(), np.array([0, 2, 5])), max_pieces=10)
    >>> list(encoder.encode_blocks("abcab"))
    [array([256,  99, 256], dtype=uint32)]
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        split: Split,
        *,
        can_cut: bool = False,
        max_pieces: int = CACHE_PIECES,
    ) -> None:
        places = IdPlaces(ranks.values())
        self._id_of: Ids | None = (
            None  # (n_places,): what the arrays work with is the id itself, or its place
        )
        if len(places.far):
            self._id_of = places.ids()
            in_order = np.fromiter(ranks.values(), dtype=np.int64)
            ranks = dict(zip(ranks, places.of(in_order).tolist(), strict=True))
        self._places = places
        self._ranks = ranks
        self._split = split
        self._can_cut = (
            can_cut  # whether the tail rule of `patterns` holds, so that a text may be cut into blocks
        )
        self._max_pieces = max_pieces
        self._tokens = TokenTables(ranks)
        self._waiting: list[PieceStore] = []

    @contextmanager
    def _borrowed_store(self) -> Iterator[PieceStore]:
        """Lend a store to one call. Taking it from the list and putting it back are atomic.

        It is not put back by a call that raises, which may have left it half-written, nor when it is full.
        """
        try:
            store = self._waiting.pop()
        except IndexError:
            store = PieceStore(self._tokens)
        yield store
        if store.n_pieces <= self._max_pieces and len(self._waiting) < WAITING_STORES:
            self._waiting.append(store)

    def encode_blocks(self, text: str) -> Iterator[Ids]:
        """Yield the ids of a text without surrogates, block by block: (n_tokens,) uint32 each."""
        for data, piece_starts, _ in self.split_blocks(text):
            yield self._encode_block(data, piece_starts)

    def _encode_block(self, data: bytes, piece_starts: Ints) -> Ids:
        """(n_tokens,) uint32: the ids of some pieces."""
        with self._borrowed_store() as store:
            ids = join(self._find(data, piece_starts, store))
        return self._as_ids(ids)

    def _as_ids(self, ids: Ids) -> Ids:
        return ids if self._id_of is None else self._id_of.take(ids)

    def encode_in_threads(self, text: str, num_threads: int) -> Iterator[Ids]:
        """Yield the same as `encode_blocks` by several threads, which NumPy lets run at the same time.

        The text is cut by the word rule into sections, which are blocks of their own.
        """
        if not self._can_cut or num_threads == 1:
            yield from self.encode_blocks(text)
            return
        n_chars = max(BLOCK_CHARS, min(len(text) // (2 * num_threads) + 1, THREAD_BLOCK_CHARS))
        with ThreadPoolExecutor(num_threads) as pool:
            yield from pool.map(
                lambda section: self._encode_block(*self._split(section)), sections(text, n_chars)
            )

    def merge_piece(self, piece: bytes) -> list[int]:
        """Give the ids of one piece, however long it is."""
        merged: list[int] = self._as_ids(merge_long_piece(piece, self._ranks, self._tokens)).tolist()
        return merged

    def as_list(self, ids: Ids) -> list[int]:
        """Give ids of ordinary text as a list, in which equal ids are one object: 8 bytes a token, not 40."""
        places = ids if self._id_of is None else self._places.of(ids)
        as_objects: list[int] = self._id_objects.take(places, mode="clip").tolist()
        return as_objects

    @once
    def _id_objects(self) -> npt.NDArray[np.object_]:
        return self._places.ids().astype(np.object_)

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Give the ids of what stays the same in a text that goes on, and how many characters that is."""
        blocks = list(self.split_blocks(text, is_last=False))
        ids = [self._encode_block(data, piece_starts) for data, piece_starts, _ in blocks]
        return ids, sum(n_chars for _, _, n_chars in blocks)

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text without surrogates, up to the block that exceeds the limit."""
        n_tokens = 0
        for data, piece_starts, _ in self.split_blocks(text):
            with self._borrowed_store() as store:
                n_tokens += int((self._find(data, piece_starts, store).values >> RUN_BITS).sum())
            if limit is not None and n_tokens > limit:
                break
        return n_tokens

    def split_blocks(self, text: str, *, is_last: bool = True) -> Iterator[tuple[bytes, Ints, int]]:
        """Yield the UTF-8, the piece starts and the number of characters of a text's blocks.

        By the tail rule, the last pieces of a block may depend on what follows, and begin the next one.
        With `is_last` false the text's own last pieces are left out. A piece that is longer than a block
        makes the block grow, twofold each time, so that it is not split too often.

        Another pattern's pieces are found in the whole text (none with `is_last` false) and then come in
        blocks whose characters are not counted.
        """
        if not self._can_cut:
            if is_last:
                yield from _in_blocks(*self._split(text))
            return
        start, n_wanted = 0, BLOCK_CHARS
        while start < len(text):
            end = start + n_wanted
            data, piece_starts = self._split(text[start:end])
            if end >= len(text) and is_last:
                yield data, piece_starts, len(text) - start
                return
            if len(piece_starts) > UNFINISHED_PIECES + 1:
                piece_starts = piece_starts[:-UNFINISHED_PIECES]
                data = data[: piece_starts[-1]]
                n_chars = len(data) if data.isascii() else len(data.decode("utf-8"))
                yield data, piece_starts, n_chars
                start += n_chars
                n_wanted = BLOCK_CHARS
            else:
                n_wanted *= 2
            if end >= len(text):
                return

    def _find(self, data: bytes, piece_starts: Ints, store: PieceStore) -> Found:
        """Look up the pieces of some UTF-8; those that are not known are merged and remembered."""
        words = as_words(data)
        starts, lengths = piece_starts[:-1], np.diff(piece_starts)
        values = store.tables[0].find([keys_of_one_word(words, starts, lengths)])
        todo = places_where(values == 0)
        if not len(todo):
            return Found(values, store.runs, [])
        todo_lengths = lengths[todo]
        unknown: list[Unknown] = []
        keyless = todo[todo_lengths > MAX_KEY_BYTES]
        large = self._find_large(data, piece_starts, keyless, unknown, values, store)
        shorter = 0
        for tier, (n_words, n_bytes) in enumerate(zip(KEY_WORDS, KEY_BYTES, strict=True)):
            own = todo.compress((todo_lengths > shorter) & (todo_lengths <= n_bytes))
            shorter = n_bytes
            if len(own):
                keys = keys_of_words(words, starts[own], lengths[own], n_words)
                if tier:
                    values[own] = found = store.tables[tier].find(keys)
                    missing = places_where(found == 0)
                    own, keys = own[missing], [word[missing] for word in keys]
            if len(own):
                firsts, inverse = distinct(keys)
                unknown.append(Unknown(tier, own, firsts, inverse, [word[firsts] for word in keys], []))
        if unknown:
            firsts = np.concatenate([part.pieces[part.firsts] for part in unknown])
            ids, counts = merge_in_rounds(
                data, words, starts[firsts], lengths[firsts], self._ranks, self._tokens
            )
            _remember(store, unknown, ids, counts, values)
        return Found(values, store.runs, large)

    def _find_large(
        self,
        data: bytes,
        piece_starts: Ints,
        large: Ints,
        unknown: "list[Unknown]",
        values: Values,
        store: PieceStore,
    ) -> list[tuple[int, Ids]]:
        """Find the pieces that have no key, one by one; merge those that are too long to remember."""
        merged: list[tuple[int, Ids]] = []
        distinct_of: dict[bytes, int] = {}
        pieces: list[int] = []
        firsts: list[int] = []
        inverse: list[int] = []
        for piece in large.tolist():
            content = data[piece_starts[piece] : piece_starts[piece + 1]]
            value = store.large.get(content)
            if value is not None:
                values[piece] = value
            elif len(content) > LONGEST_IN_BATCH:
                ids = merge_long_piece(content, self._ranks, self._tokens)
                if len(content) <= LONGEST_REMEMBERED:
                    added = store.add_runs(ids, np.array([len(ids)]))
                    store.add_large([content], added)
                    values[piece] = added[0]
                else:
                    merged.append((piece, ids))
                    values[piece] = len(ids) << int(RUN_BITS)
            else:
                if content not in distinct_of:
                    distinct_of[content] = len(distinct_of)
                    firsts.append(len(pieces))
                pieces.append(piece)
                inverse.append(distinct_of[content])
        if pieces:
            own = Unknown(None, np.array(pieces), np.array(firsts), np.array(inverse), [], list(distinct_of))
            unknown.append(own)
        return merged


class Unknown(NamedTuple):
    """The pieces of a block that one of the tables does not have."""

    tier: int | None  # which table; None for the pieces that have no key
    pieces: Ints  # (n,) where in the block they are
    firsts: Ints  # (n_distinct,) an index into `pieces` for each distinct piece
    inverse: Ints  # (n,) which of the distinct pieces each is
    keys: list[Words]  # of the distinct pieces
    contents: list[bytes]  # of the distinct pieces that have no key


def _remember(store: PieceStore, unknown: list[Unknown], ids: Ids, counts: Ints, values: Values) -> None:
    """Add merged pieces to the store and to the values of the block."""
    new = store.add_runs(ids, counts)
    start = 0
    for part in unknown:
        own = new[start : start + len(part.firsts)]
        start += len(part.firsts)
        values[part.pieces] = own[part.inverse]
        if part.tier is None:
            store.add_large(part.contents, own)
        else:
            store.add(part.tier, part.keys, own)


def _in_blocks(data: bytes, piece_starts: Ints) -> Iterator[tuple[bytes, Ints, int]]:
    """Yield pieces of a whole text in blocks of about `BLOCK_CHARS` bytes, with 0 for the characters."""
    first = 0
    while first < len(piece_starts) - 1:
        start = int(piece_starts[first])
        last = max(first + 1, int(np.searchsorted(piece_starts, start + BLOCK_CHARS, side="right")) - 1)
        yield data[start : piece_starts[last]], piece_starts[first : last + 1] - start, 0
        first = last


def join(found: Found) -> Ids:
    """(n_tokens,) uint32: the ids of a block's pieces, in order."""
    values, runs, large = found
    counts = (values >> RUN_BITS).view(np.int64)
    ends = np.cumsum(counts)
    n_ids = int(ends[-1]) if len(ends) else 0
    if n_ids == len(values):
        return values.astype(np.uint32)  # the lower half: every piece is the one token that it names
    # Within a piece each id lies one place after the one before; the first lies where the run starts.
    run_starts = (values & START_MASK).view(np.int64)
    places = np.ones(n_ids, dtype=np.int64)
    places[0] = run_starts[0]
    counts += run_starts  # where each run ends
    steps = np.subtract(run_starts[1:], counts[:-1], out=counts[:-1])
    steps += 1
    places[ends[:-1]] = steps
    np.cumsum(places, out=places)
    ids = runs.take(places, mode="clip")
    for piece, its_ids in large:
        ids[ends[piece] - len(its_ids) : ends[piece]] = its_ids
    return ids


def joined(parts: Iterator[Ids]) -> Ids:
    """Put arrays one after the other into one, which grows in place and not beside a copy of itself.

    >>> joined(iter([np.array([1, 2], np.uint32), np.array([3], np.uint32)]))
    array([1, 2, 3], dtype=uint32)
    """
    ids = next(parts, np.zeros(0, dtype=np.uint32)).copy()
    n_ids = len(ids)
    for part in parts:
        if n_ids + len(part) > len(ids):
            ids.resize(n_ids + max(len(part), n_ids // 32), refcheck=False)
        ids[n_ids : n_ids + len(part)] = part
        n_ids += len(part)
    ids.resize(n_ids, refcheck=False)
    return ids
