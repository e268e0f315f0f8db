"""How does one call use the loops? It has a memory to itself, and collects the ids until its text is done."""

from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from bpelab.bpe.encoders.compiled import encode, split
from bpelab.bpe.encoders.compiled.encode_texts import WHY, EncodeTexts, new_cut
from bpelab.bpe.encoders.compiled.machine import PADDING, Bytes, Ids
from bpelab.bpe.encoders.compiled.memory import (
    HEAP_WANTED,
    MISSING_BYTE,
    Memory,
    Room,
    Sizes,
    grown,
    new_room,
    with_heap,
)
from bpelab.bpe.encoders.compiled.tables import Counters, RankTables, as_bytes
from bpelab.bpe.encoders.compiled.text import utf8_in_place
from bpelab.bpe.encoders.engine import missing_byte_error

# A shorter text is copied, since what is read in words must go on for some bytes after it.
IN_PLACE_BYTES = 4096
# How many ids there will be is not known before. For some MB there is room for one id every two bytes, which
# is enough for natural text and code, and costs no memory before it is written to.
SMALL_BYTES = 1 << 20
# So many places more than are needed are in the array of ids, for loops that copy many at once.
SPARE_IDS = 1 << 14
# Pieces that something else has cut are looked up so many at a time.
PIECES_AT_A_TIME = 1 << 16


class Parts(NamedTuple):
    """What every call of an encoder shares, and none writes to."""

    tables: RankTables
    encode: EncodeTexts | None  # the loop for whole texts; None where `split_text` cuts them
    classes: Bytes  # (0x110000,) the class of each code point
    split_text: Callable[[str], list[str]] | None
    sizes: Sizes


class Call:
    """What one call needs until its text is done: a memory, and the ids so far.

    With a limit, it stops soon after there are more ids; without `keeps_ids` it only counts them. With `out`
    it writes them there, if that has room for those of so many bytes, and cuts no array to their number.
    """

    def __init__(
        self,
        parts: Parts,
        room: Room,
        memory: Memory,
        n_bytes: int,
        limit: int | None = None,
        keeps_ids: bool = True,
        out: Ids | None = None,
    ) -> None:
        self.room, self.memory = room, memory
        self._parts = parts
        self._limit, self._keeps_ids = limit, keeps_ids
        n_expected = n_bytes if n_bytes < SMALL_BYTES else n_bytes // 2
        n_expected += SPARE_IDS
        self._out = out
        if out is None or len(out) < n_expected:
            out = np.empty(n_expected, dtype=np.uint32)
        self._ids: Ids = out
        self._n_ids = 0
        self._n_before = 0  # ids that were counted and not kept

    @property
    def n_ids(self) -> int:
        """How many ids there are so far."""
        return self._n_before + self._n_ids

    @property
    def is_over(self) -> bool:
        """Whether there are more ids than the limit."""
        return self._limit is not None and self.n_ids > self._limit

    def all_ids(self) -> Ids:
        """Return the ids that were written; the array is cut to them without a copy, if it need not last."""
        ids, self._ids = self._ids, np.empty(0, dtype=np.uint32)
        if self._out is not None:
            return ids[: self._n_ids]
        ids.resize(self._n_ids, refcheck=False)
        return ids

    def encode_text(self, text: str, *, is_last: bool = True) -> int:
        """Encode a text; return how many of its characters, which are all unless it goes on."""
        if self._parts.split_text is not None:
            if is_last:
                self.encode_pieces([piece.encode("utf-8") for piece in self._parts.split_text(text)])
            return len(text) if is_last else 0
        if len(text) < IN_PLACE_BYTES:
            encoded = text.encode("utf-8")
            rest = encoded[self._encode_copy(encoded, is_last) :]
        else:
            data = utf8_in_place(text)
            rest = data[self.encode_bytes(data, 0, len(data), is_last=is_last) :].tobytes()
        return len(text) - len(rest.decode("utf-8"))

    def encode_bytes(self, data: Bytes, start: int, end: int, *, is_last: bool) -> int:
        """Encode UTF-8 from one place to another, and return where it stopped.

        Nothing may be read after the last of the bytes, which are therefore encoded by a copy.
        """
        inner_end = min(end, len(data) - PADDING)
        while inner_end > start and data[inner_end] & 0xC0 == 0x80:
            inner_end -= 1
        if inner_end > start:
            start = self._encode(data, start, np.array([inner_end]), is_last and inner_end == end)
        return start + self._encode_copy(data[start:end].tobytes(), is_last) if start < end else start

    def encode_texts(self, data: Bytes, ends: Counters) -> Counters:
        """Encode texts that lie one after the other as UTF-8; return where the ids of each end.

        Nothing may be read after the last of the bytes: `encode_bytes` sees to the texts that end there.
        """
        id_ends = np.empty(len(ends), dtype=np.int64)
        n_inner = int(np.searchsorted(ends, len(data) - PADDING, "right"))
        start = self._encode(data, 0, ends[:n_inner], True, id_ends) if n_inner else 0
        for i in range(n_inner, len(ends)):
            start = self.encode_bytes(data, start, int(ends[i]), is_last=True)
            id_ends[i] = self.n_ids
        return id_ends

    def encode_pieces(self, pieces: list[bytes]) -> None:
        """Encode pieces that something else has cut."""
        nothing = np.empty(0, dtype=np.int64)
        for first in range(0, len(pieces), PIECES_AT_A_TIME):
            own = pieces[first : first + PIECES_AT_A_TIME]
            starts = np.fromiter(accumulate(map(len, own), initial=0), dtype=np.uint32)
            self._encode_pieces(as_bytes(b"".join(own)), starts, nothing, len(own), nothing)
            if self.is_over:
                return

    def _encode_copy(self, encoded: bytes, is_last: bool) -> int:
        """Encode some UTF-8 by a copy with room after it; return how many bytes."""
        return self._encode(as_bytes(encoded), 0, np.array([len(encoded)]), is_last)

    def _encode(
        self, data: Bytes, start: int, ends: Counters, is_last: bool, id_ends: Counters | None = None
    ) -> int:
        """Encode texts, the first of them from a byte on; return where it stopped."""
        encode_texts, classes, tables = self._parts.encode, self._parts.classes, self._parts.tables
        assert encode_texts is not None
        cut, done = new_cut(start), np.array([0, 0, self._n_ids])
        if id_ends is None:
            id_ends = np.empty(len(ends), dtype=np.int64)
        # Numbers go into loops as NumPy's: others are converted, which takes as long as a short text.
        is_whole = np.bool_(is_last)
        while True:
            why = encode_texts(
                data, ends, is_whole, classes, self.room, cut, tables, self.memory, self._ids, id_ends, done
            )
            self._provide(why, done)
            is_cut = why == encode.DONE and cut[WHY] in (split.DONE, split.UNFINISHED)
            if is_cut or self.is_over:
                return int(cut[split.PLACE])
            if why == encode.DONE and cut[WHY] == split.LONG_PIECE:
                self.room = new_room(self._parts.sizes, 2 * int(self.room.block))
                cut[WHY] = split.READY

    def _encode_pieces(
        self, data: Bytes, starts: Ids, text_pieces: Counters, n_pieces: int, id_ends: Counters
    ) -> None:
        done = np.array([0, 0, self._n_ids])
        why = encode.FULL
        while why != encode.DONE and not self.is_over:
            why = encode.encode_pieces(
                data, starts, text_pieces, n_pieces, self._parts.tables, self.memory, self._ids, id_ends, done
            )
            self._provide(why, done)

    def _provide(self, why: int, done: Counters) -> None:
        """Note what is done, and provide what the loops stopped for."""
        self._n_ids = int(done[encode.IDS_DONE])
        if missing := int(self.memory.counters[MISSING_BYTE]):
            raise missing_byte_error(bytes([missing - 1]))
        if why == encode.FULL:
            self.memory = grown(self.memory, self._parts.sizes)
        elif why == encode.NO_HEAP:
            self.memory = with_heap(self.memory, int(self.memory.counters[HEAP_WANTED]))
        elif why == encode.NO_ROOM and (self._keeps_ids or not self._n_ids):
            self._get_room()
        elif why == encode.NO_ROOM:
            self._n_before += self._n_ids
            self._n_ids = done[encode.IDS_DONE] = 0

    def _get_room(self) -> None:
        """Have room for half as many ids again."""
        if self._ids is self._out:  # of which the caller may have other views
            self._ids = self._out.copy()
        self._ids.resize(len(self._ids) + len(self._ids) // 2 + SPARE_IDS, refcheck=False)
