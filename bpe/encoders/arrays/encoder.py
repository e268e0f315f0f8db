"""How does a whole text become ids at once? Its pieces are looked up together, block by block.

    text ──block──▶ data, piece_starts ──keys──▶ values ──runs──▶ ids

A block's pieces are found by the splitter, packed into keys and looked up in one table of everything
that has been met. Those that are not there are merged together and remembered. No Python loop runs once
a piece or a token, except over pieces of more than 31 bytes.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.arrays.batch import groups_of_texts, split_texts
from bpelab.bpe.encoders.arrays.blocks import Block, BlockSplitter, chars_for_each_thread
from bpelab.bpe.encoders.arrays.keys import Pieces, as_words
from bpelab.bpe.encoders.arrays.long_piece import merge_long_piece
from bpelab.bpe.encoders.arrays.rounds import merge_in_rounds
from bpelab.bpe.encoders.arrays.store import RUN_BITS, START_MASK, PieceStore, TokenTables, Values
from bpelab.bpe.encoders.arrays.tiers import distinct_pieces
from bpelab.bpe.encoders.batches import map_in_threads
from bpelab.bpe.encoders.engine import Engine, Ids
from bpelab.bpe.foundation.once import once
from bpelab.bpe.foundation.runs import places_in_spans
from bpelab.bpe.foundation.tables_by_id import IdPlaces
from bpelab.bpe.splitting.places import places_where

# Stores that wait for the next call. When more calls were under way at once, the other stores are dropped.
WAITING_STORES = os.cpu_count() or 1
# Pieces that are merged together: a longer one would make a round of every one of its many merges.
LONGEST_IN_ROUNDS = 256
# A longer piece is hardly ever met twice. One of more than 31 bytes counts as several of those remembered.
LONGEST_REMEMBERED = 1024
# Fewer ids become a list sooner one by one.
FEW_IDS = 256


class Found(NamedTuple):
    """The pieces of a block, looked up."""

    values: Values  # (n_pieces,) uint64, see `store`
    runs: Ids  # what the values point into
    large: list[tuple[int, Ids]]  # (piece, ids) of pieces whose ids are in no run


class ArrayEncoder(Engine):
    """Ordinary text to ids for many pieces at once; threads may share one.

    What is learnt beyond the vocabulary lies in stores. A call takes one of those that wait, or begins
    another, has it for itself while it encodes a block, and puts it back. So nothing is written that another
    thread reads, there is no lock, and a process forked at any time inherits only stores that were at rest.
    A store that has met more than `max_pieces` pieces is not put back.

    `split` is what `BlockSplitter` takes.

    >>> ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256}
    >>> ArrayEncoder(ranks, "[a-z]+", max_pieces=10).encode_to_list("abc ab")
    [256, 99, 256]
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        pattern: str,
        split: Callable[[str], list[str]] | None = None,
        *,
        max_pieces: int,
    ) -> None:
        places = IdPlaces(ranks.values())
        # (n_places,): the ids, where the arrays work with their places instead.
        self._id_of: Ids | None = None
        if len(places.far):
            self._id_of = places.ids()
            in_order = np.fromiter(ranks.values(), dtype=np.int64)
            ranks = dict(zip(ranks, places.of(in_order).tolist(), strict=True))
        self._places = places
        self._ranks = ranks
        self._splitter = BlockSplitter(pattern, split)
        self._max_pieces = max_pieces
        self.tokens = TokenTables(ranks)
        self.waiting: list[PieceStore] = []

    @contextmanager
    def _borrowed_store(self) -> Iterator[PieceStore]:
        """Lend a store to one call. Taking it from the list and putting it back are atomic.

        It is not put back by a call that raises, which may have left it half-written, nor when it is full.
        """
        try:
            store = self.waiting.pop()
        except IndexError:
            store = PieceStore(self.tokens)
        yield store
        if store.n_pieces <= self._max_pieces and len(self.waiting) < WAITING_STORES:
            self.waiting.append(store)

    # ---- the engine ----

    def encode_to_list(self, text: str) -> list[int]:
        """Return the ids of a text."""
        ids: list[int] = []
        for block_ids in self.encode_blocks(text):
            ids += self._as_list(block_ids)
        return ids

    def encode_blocks(self, text: str, num_threads: int = 1) -> Iterator[Ids]:
        """Yield the ids of a text block by block, (n_tokens,) uint32 each.

        NumPy lets threads run at the same time. For them the text is cut by the word rule into sections,
        which are blocks of their own.
        """
        if not self._splitter.is_known or num_threads == 1:
            yield from map(self._ids_of_block, self._splitter.blocks(text))
            return
        with ThreadPoolExecutor(num_threads) as pool:
            sections = self._splitter.sections(text, num_threads)
            yield from pool.map(lambda section: self._ids_of_block(self._splitter.whole(section)), sections)

    def encode_batch(self, texts: Sequence[str], num_threads: int = 1) -> list[list[int]]:
        """Return the ids of each text; short ones are looked up together."""
        answers: list[list[int]] = [[]] * len(texts)

        def encode_group(numbers: list[int]) -> list[list[int]]:
            if len(numbers) == 1:
                return [self.encode_to_list(texts[numbers[0]])]
            return self._lists_of_texts([texts[number] for number in numbers])

        n_chars = chars_for_each_thread(sum(map(len, texts)), num_threads)
        groups = list(groups_of_texts(texts, n_chars))
        for numbers, lists in zip(groups, map_in_threads(encode_group, groups, num_threads), strict=True):
            for number, ids in zip(numbers, lists, strict=True):
                answers[number] = ids
        return answers

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids that stay the same however the text goes on, and how many characters they cover."""
        blocks = list(self._splitter.blocks(text, is_last=False))
        return list(map(self._ids_of_block, blocks)), sum(block.n_chars for block in blocks)

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text, up to the block that exceeds the limit."""
        n_tokens = 0
        for block in self._splitter.blocks(text):
            with self._borrowed_store() as store:
                values = self.look_up(_pieces_of(block), store).values
            n_tokens += int((values >> RUN_BITS).sum())
            if limit is not None and n_tokens > limit:
                break
        return n_tokens

    def merge_piece(self, piece: bytes) -> list[int]:
        """Return the ids of one piece, however long it is."""
        merged: list[int] = self._as_ids(merge_long_piece(piece, self._ranks, self.tokens)).tolist()
        return merged

    # ---- pieces to ids ----

    def _ids_of_block(self, block: Block) -> Ids:
        """(n_tokens,) uint32: the ids of a block."""
        with self._borrowed_store() as store:
            ids = join(self.look_up(_pieces_of(block), store))
        return self._as_ids(ids)

    def _lists_of_texts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, all of which are one block."""
        data, starts, lengths, text_ends = split_texts(texts, self._splitter)
        with self._borrowed_store() as store:
            found = self.look_up(Pieces(data, as_words(data), starts, lengths), store)
            ids = join(found)
        ids_before = np.zeros(len(starts) + 1, dtype=np.int64)  # by piece
        np.cumsum((found.values >> RUN_BITS).view(np.int64), out=ids_before[1:])
        objects = self._as_objects(self._as_ids(ids))
        ends = ids_before.take(text_ends).tolist()
        return [objects[start:end].tolist() for start, end in pairwise([0, *ends])]

    def look_up(self, pieces: Pieces, store: PieceStore) -> Found:
        """Look up pieces; those that are not known are merged and remembered."""
        values, unknown = store.find(pieces)
        if not len(unknown):
            return Found(values, store.runs, [])
        is_large = pieces.lengths.take(unknown) > LONGEST_REMEMBERED
        large = []
        for place in unknown[is_large].tolist():
            ids = merge_long_piece(pieces.content(place), self._ranks, self.tokens)
            values[place] = len(ids) << int(RUN_BITS)
            large.append((place, ids))
        unknown = unknown[~is_large]
        if len(unknown):
            firsts, numbers = distinct_pieces(pieces.take(unknown))
            values[unknown] = self._learn(pieces.take(unknown.take(firsts)), store).take(numbers)
        return Found(values, store.runs, large)

    def _learn(self, pieces: Pieces, store: PieceStore) -> Values:
        """Merge distinct pieces, let the store remember them, and return their values."""
        values = np.empty(len(pieces.starts), dtype=np.uint64)
        is_short = pieces.lengths <= LONGEST_IN_ROUNDS
        short = pieces.take(places_where(is_short))
        if len(short.starts):
            merged = merge_in_rounds(
                short.data, short.words, short.starts, short.lengths, self._ranks, self.tokens
            )
            values[is_short] = store.remember(short, *merged)
        for place in places_where(~is_short).tolist():
            ids = merge_long_piece(pieces.content(place), self._ranks, self.tokens)
            values[place] = store.remember(pieces.take(np.array([place])), ids, np.array([len(ids)]))[0]
        return values

    # ---- places to ids ----

    def _as_ids(self, ids: Ids) -> Ids:
        return ids if self._id_of is None else self._id_of.take(ids)

    def _as_list(self, ids: Ids) -> list[int]:
        """Return ids as a list, in which equal ids are one object: 8 bytes a token, not 40."""
        as_list: list[int] = (ids if len(ids) < FEW_IDS else self._as_objects(ids)).tolist()
        return as_list

    def _as_objects(self, ids: Ids) -> npt.NDArray[np.object_]:
        """(n_tokens,) object: ids as Python's integers."""
        places = ids if self._id_of is None else self._places.of(ids)
        return self._id_objects.take(places, mode="clip")

    @once
    def _id_objects(self) -> npt.NDArray[np.object_]:
        return self._places.ids().astype(np.object_)


def _pieces_of(block: Block) -> Pieces:
    starts = block.piece_starts
    return Pieces(block.data, as_words(block.data), starts[:-1], np.diff(starts))


def join(found: Found) -> Ids:
    """(n_tokens,) uint32: the ids of pieces that were looked up, in order."""
    values, runs, large = found
    counts = (values >> RUN_BITS).view(np.int64)
    if int(counts.sum()) == len(values):
        return values.astype(np.uint32)  # the lower half: every piece is the one token that it names
    ids = runs.take(places_in_spans((values & START_MASK).view(np.int64), counts), mode="clip")
    if large:
        ends = np.cumsum(counts)
        for piece, its_ids in large:
            ids[ends[piece] - len(its_ids) : ends[piece]] = its_ids
    return ids
