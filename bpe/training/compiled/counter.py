"""How are texts counted? They are cut into pieces, which a table counts; the table grows with what it meets.

Memory is that of the distinct pieces, however long the texts: 43 to 86 bytes for each piece of up to 15
bytes, and half as much again while the table grows.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from itertools import accumulate
from typing import Any

import numpy as np
from bpelab.bpe.encoders.compiled import split
from bpelab.bpe.encoders.compiled.machine import IS_INTERPRETED, PADDING, Bytes
from bpelab.bpe.encoders.compiled.memory import USUAL_SIZES, Sizes, new_room, usual_room
from bpelab.bpe.encoders.compiled.split import CUTS, class_bytes
from bpelab.bpe.encoders.compiled.tables import empty_slots, move_slots
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.splitting.cuts import cut_text
from bpelab.bpe.training.compiled.count import (
    DONE,
    FULL,
    N_LONG,
    N_SHORT,
    TAKEN_OF_FOUR,
    PieceArrays,
    PieceTable,
    add_pieces,
    count_pieces,
    empty_table,
    n_bytes_of_pieces,
    stride_of,
    write_ids,
    write_pieces,
)

FIRST_SLOTS = 1 << 12
BYTES_A_LONG_SLOT = 16
# Short texts are joined until they have so many characters, and longer strings are cut, so that no second
# copy of them is made. Those of files come in parts of some MB, unless a record is longer.
JOINED_CHARS = 1 << 18


class PieceCounter:
    """Counts the pieces of texts by one of OpenAI's patterns. One thread at a time may use it.

    >>> from bpelab.bpe.splitting.patterns import GPT2_PATTERN
    >>> counter = PieceCounter(GPT2_PATTERN)
    >>> counter.count(["low low lower"])
    13
    >>> counter.n_pieces
    3
    """

    def __init__(self, pattern: str, *, sizes: Sizes = USUAL_SIZES, first_slots: int = FIRST_SLOTS) -> None:
        self._cut, self._classes = CUTS[pattern], class_bytes(pattern)
        self._sizes = sizes
        self._room = new_room(sizes)
        self._table = empty_table(first_slots, first_slots // 4, BYTES_A_LONG_SLOT * first_slots // 4)
        self._longest: dict[bytes, int] = {}  # pieces of 16 MB and more

    @property
    def n_pieces(self) -> int:
        """How many distinct pieces there are so far."""
        counters = self._table.counters
        return int(counters[N_SHORT] + counters[N_LONG]) + len(self._longest)

    def count(self, texts: Sequence[str | bytes]) -> int:
        """Count the pieces of each text, and return how many bytes of UTF-8 the texts have.

        A text may come as UTF-8. No piece goes from one text to the next. A lone surrogate counts as U+FFFD,
        as it is encoded.
        """
        with _modulo():
            n_bytes = self._count(texts)
        self._room = usual_room(self._room, self._sizes)
        return n_bytes

    def add(self, pieces: PieceArrays) -> None:
        """Add to the counts of pieces, each at least one byte long."""
        with _modulo():
            self._add(pieces)

    def pieces(self) -> PieceArrays:
        """Return all pieces and their counts."""
        n_pieces = int(self._table.counters[N_SHORT] + self._table.counters[N_LONG])
        pieces = PieceArrays(
            np.empty(n_bytes_of_pieces(self._table), dtype=np.uint8),
            np.empty(n_pieces, dtype=np.int64),
            np.empty(n_pieces, dtype=np.int64),
        )
        write_pieces(self._table, pieces)
        return _joined(pieces, arrays_of(self._longest)) if self._longest else pieces

    def _count(self, texts: Sequence[str | bytes]) -> int:
        joined: list[bytes] = []
        n_bytes, n_joined = 0, 0
        for text in texts:
            for part in [text] if isinstance(text, bytes) else map(_encoded, cut_text(text, JOINED_CHARS)):
                joined.append(part)
                n_joined += len(part)
                if n_joined >= JOINED_CHARS:
                    self._count_joined(joined)
                    n_bytes += n_joined
                    joined, n_joined = [], 0
        self._count_joined(joined)
        return n_bytes + n_joined

    def _add(self, pieces: PieceArrays) -> None:
        starts = np.zeros(len(pieces.lengths) + 1, dtype=np.int64)
        np.cumsum(pieces.lengths, out=starts[1:])
        data = np.append(pieces.piece_bytes, np.zeros(PADDING, dtype=np.uint8))
        n_pieces, turn, why = len(pieces.counts), 0, FULL
        stride = stride_of(n_pieces)
        while why != DONE:
            turn, why = add_pieces(data, starts, pieces.counts, stride, turn, self._table)
            if why == FULL:
                self._table = _grown(self._table)
            elif why != DONE:
                at = turn * stride % n_pieces
                self._add_longest(data[starts[at] : starts[at + 1]].tobytes(), int(pieces.counts[at]))
                turn += 1

    def _add_longest(self, piece: bytes, count: int) -> None:
        self._longest[piece] = self._longest.get(piece, 0) + count

    def _count_joined(self, encoded: list[bytes]) -> None:
        """Count the pieces of texts, each as if it stood alone."""
        ends = np.fromiter(accumulate(map(len, encoded)), dtype=np.int64, count=len(encoded))
        data = np.frombuffer(bytearray().join([*encoded, bytes(PADDING)]), dtype=np.uint8)
        cut, why = np.zeros(6, dtype=np.int64), split.READY
        while why != split.DONE:
            cut[split.BASE], cut[split.N_PIECES], cut[split.N_TEXTS] = cut[split.PLACE], 0, 0
            base = int(cut[split.BASE])
            why = self._cut(data, ends, True, self._classes, self._room, cut)
            self._count_pieces(data[base:], int(cut[split.N_PIECES]))
            if why == split.LONG_PIECE:
                self._room = new_room(self._sizes, 2 * int(self._room.block))

    def _count_pieces(self, data: Bytes, n_pieces: int) -> None:
        starts, first, why = self._room.piece_starts, 0, FULL
        while why != DONE:
            first, why = count_pieces(data, starts, first, n_pieces, self._table)
            if why == FULL:
                self._table = _grown(self._table)
            elif why != DONE:
                self._add_longest(data[starts[first] : starts[first + 1]].tobytes(), 1)
                first += 1


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return repair_surrogates(text).encode("utf-8")


def arrays_of(counts: Mapping[bytes, int]) -> PieceArrays:
    """Lay counts out as arrays.

    >>> arrays_of({b"ab": 3, b"c": 1}).lengths.tolist()
    [2, 1]
    """
    n_pieces = len(counts)
    return PieceArrays(
        np.frombuffer(bytearray(b"".join(counts)), dtype=np.uint8),
        np.fromiter(map(len, counts), dtype=np.int64, count=n_pieces),
        np.fromiter(counts.values(), dtype=np.int64, count=n_pieces),
    )


def ids_of(pieces: PieceArrays, first_tokens: Sequence[bytes]) -> Any:
    """Lay pieces out for a learner whose first tokens are the 256 bytes: ids with separators.

    >>> ids_of(arrays_of({b"ab": 3, b"c": 1}), [bytes([byte]) for byte in range(256)]).tolist()
    [-1, 97, 98, -1, 99, -1]
    """
    id_of_byte = np.zeros(256, dtype=np.int32)
    id_of_byte[np.frombuffer(b"".join(first_tokens), dtype=np.uint8)] = np.arange(256)
    ids = np.empty(len(pieces.piece_bytes) + len(pieces.lengths) + 1, dtype=np.int32)
    write_ids(pieces, id_of_byte, ids)
    return ids


def _joined(pieces: PieceArrays, others: PieceArrays) -> PieceArrays:
    return PieceArrays(
        np.concatenate([pieces.piece_bytes, others.piece_bytes]),
        np.concatenate([pieces.lengths, others.lengths]),
        np.concatenate([pieces.counts, others.counts]),
    )


def _grown(table: PieceTable) -> PieceTable:
    """Return a table with the same pieces and twice the room for those of which there are too many."""
    counters = table.counters
    if 16 * counters[N_SHORT] >= TAKEN_OF_FOUR * len(table.slots):
        slots, shift = empty_slots(len(table.slots) // 2)
        move_slots(table.slots, slots, shift, False)
        return table._replace(slots=slots, shift=shift)
    if 16 * counters[N_LONG] >= TAKEN_OF_FOUR * len(table.long_slots):
        slots, shift = empty_slots(len(table.long_slots) // 2)
        move_slots(table.long_slots, slots, shift, True)
        return table._replace(long_slots=slots, long_shift=shift)
    return table._replace(data=np.append(table.data, np.empty_like(table.data)))


def _modulo() -> Any:
    """The loops multiply modulo 2**64, of which NumPy warns where they are interpreted."""
    return np.errstate(over="ignore") if IS_INTERPRETED else nullcontext()
