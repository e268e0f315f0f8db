"""How is the engine used? As `arrays.encoder` is; the loops do the rest."""

import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache, cached_property
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
from bpelab.bpe.arrays.split_cl100k import cl100k_classes
from bpelab.bpe.arrays.split_gpt2 import gpt2_classes
from bpelab.bpe.arrays.split_o200k import o200k_classes
from bpelab.bpe.compiled import encode, split
from bpelab.bpe.compiled.characters import LONG_S
from bpelab.bpe.compiled.decode import TokenBytes, build_token_bytes, join_tokens
from bpelab.bpe.compiled.machine import IS_INTERPRETED, PADDING, Bytes, Ids
from bpelab.bpe.compiled.memory import (
    MISSING_BYTE,
    PARTS_WANTED,
    USUAL_SIZES,
    Memory,
    Room,
    Sizes,
    grown,
    new_memory,
    new_room,
    usual_room,
    with_heap,
    without_heap,
)
from bpelab.bpe.compiled.split_o200k import FIRST_CLASS
from bpelab.bpe.compiled.tables import Counters, Vocabulary, as_bytes, build_vocabulary
from bpelab.bpe.compiled.text import utf8_in_place
from bpelab.bpe.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

_PATTERNS = {
    GPT2_PATTERN: (split.split_gpt2, gpt2_classes),
    CL100K_PATTERN: (split.split_cl100k, cl100k_classes),
    O200K_PATTERN: (split.split_o200k, o200k_classes),
}
# A shorter text is copied, since what is read in words must go on for some bytes after it.
IN_PLACE_BYTES = 4096
# Ids that are kept at a time where not all are, or where they become a list: they stay in the cache.
IDS_AT_A_TIME = 1 << 16
# How many ids there are is not known before: of some MB there is room for one id every two bytes, which is
# enough for natural text and code, and costs no memory before it is written to.
SMALL_BYTES = 1 << 20
# The array of ids has at least so many more places than are needed, which loops that copy many at once need.
SPARE_IDS = 1 << 14
CUT_WITHIN = 4096
# So many memories are kept, one for every call that can run at the same time.
MOST_MEMORIES = max(2, os.cpu_count() or 2)
# Pieces that something else has cut are looked up so many at a time.
PIECES_AT_A_TIME = 1 << 16
# Ids up to so many times the number of tokens have a table of their own, as Python's integers.
SPARSE = 16


class CompiledEncoder:
    """Ordinary text to ids, and back; threads may share one.

    For a pattern whose rules are not known (see `bpelab.bpe.patterns`) `split` must be given, which cuts a
    text into its pieces. Texts hold no surrogates: they raise `UnicodeEncodeError`. A byte that is no token
    raises `KeyError`.

    >>> ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256}
    >>> encoder = CompiledEncoder(ranks, GPT2_PATTERN)
    >>> encoder.encode("abcab")
    array([256,  99, 256], dtype=uint32)
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        pattern: str,
        split: Callable[[str], list[str]] | None = None,
        *,
        sizes: Sizes = USUAL_SIZES,
        most_memories: int = MOST_MEMORIES,
    ) -> None:
        self._ranks = ranks
        if pattern in _PATTERNS:
            self._cut, _ = _PATTERNS[pattern]
            self._classes = class_bytes(pattern)
        elif split is None:
            raise ValueError(f"the rules of the pattern {pattern!r} are not known: pass `split`")
        self._split = None if pattern in _PATTERNS else split
        self._sizes = sizes
        self._most_memories = most_memories
        self._memories: list[tuple[Room, Memory]] = []

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return build_vocabulary(self._ranks)

    # ---- text to ids ----

    def encode(self, text: str) -> Ids:
        """Return the ids of a text, (n_tokens,) uint32."""
        with self._call() as call:
            call.make_room(len(text))
            call.encode_text(text)
            return call.all_ids()

    def encode_to_list(self, text: str) -> list[int]:
        """Return the ids of a text as a list, in which equal ids are one object: 8 bytes a token, not 40."""
        return self.as_list(self.encode(text))

    def encode_blocks(self, text: str) -> Iterator[Ids]:
        """Yield the ids of a text, some at a time: (n_tokens,) uint32 each."""
        yield self.encode(text)

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids of what stays the same in a text that goes on, and how many characters that is."""
        with self._call() as call:
            call.make_room(len(text))
            n_chars = call.encode_text(text, is_last=False)
            return [call.all_ids()], n_chars

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text as a list: one call of the loops for all of them."""
        if self._split is not None:
            return [self.encode_to_list(text) for text in texts]
        joined = "".join(texts)
        if joined.isascii():
            ends = list(accumulate(map(len, texts)))
            data = joined.encode("utf-8")
        else:
            encoded = [text.encode("utf-8") for text in texts]
            ends = list(accumulate(map(len, encoded)))
            data = b"".join(encoded)
        with self._call() as call:
            call.make_room(len(data))
            id_ends = call.encode_texts(as_bytes(data), np.array(ends, dtype=np.int64))
            ids = self.as_list(call.ids[: call.n_ids])
        return [ids[start:end] for start, end in pairwise([0, *id_ends.tolist()])]

    def encode_in_threads(self, text: str, num_threads: int) -> Ids:
        """Return the same as `encode` by several threads, which the loops let run at the same time.

        The text is cut by the word rule (see `bpelab.bpe.patterns`) into sections.
        """
        if self._split is not None or num_threads == 1 or len(text) < 2 * IN_PLACE_BYTES:
            return self.encode(text)
        data = utf8_in_place(text)
        bounds = cut_at_words(data, max(len(data) // (2 * num_threads) + 1, IN_PLACE_BYTES))

        def encode(bound: tuple[int, int]) -> Ids:
            with self._call() as call:
                call.make_room(bound[1] - bound[0])
                call.encode_bytes(data, *bound)
                return call.all_ids()

        with ThreadPoolExecutor(num_threads) as pool:
            parts = list(pool.map(encode, pairwise(bounds)))
            ends = list(accumulate(map(len, parts), initial=0))
            ids = np.empty(ends[-1], dtype=np.uint32)
            list(pool.map(np.copyto, [ids[first:end] for first, end in pairwise(ends)], parts))
            return ids

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text; with a limit, stop soon after there are more."""
        with self._call() as call:
            call.limit = limit
            call.keeps_ids = False
            call.make_room(0)
            call.encode_text(text)
            return call.n_before + call.n_ids

    def merge_piece(self, piece: bytes) -> list[int]:
        """Return the ids of one piece, however long it is."""
        with self._call() as call:
            call.encode_pieces([piece])
            return self.as_list(call.all_ids())

    # ---- ids to text ----

    def as_list(self, ids: Ids) -> list[int]:
        """Return ids as a list, in which equal ids are one object."""
        if self._id_objects is None or len(ids) < 16:
            as_integers: list[int] = ids.tolist()
            return as_integers
        objects: list[int] = []
        for first in range(0, len(ids), IDS_AT_A_TIME):
            objects += self._id_objects.take(ids[first : first + IDS_AT_A_TIME], mode="clip").tolist()
        return objects

    @cached_property
    def _id_objects(self) -> npt.NDArray[np.object_] | None:
        n_ids = max(self._ranks.values()) + 1
        return np.arange(n_ids).astype(np.object_) if n_ids <= SPARSE * len(self._ranks) + 1024 else None

    def decode_bytes(self, ids: npt.ArrayLike) -> bytes:
        """Return the bytes of ordinary ids; raise `KeyError` for an id that is no token."""
        if isinstance(ids, list):
            ids = np.frombuffer(array("I", ids), dtype=np.uint32)  # three times as fast as NumPy itself
        return join_tokens(np.ascontiguousarray(ids, dtype=np.uint32), self._token_bytes)

    @cached_property
    def _token_bytes(self) -> TokenBytes:
        return build_token_bytes({token: content for content, token in self._ranks.items()})

    # ---- memories ----

    @contextmanager
    def _call(self) -> Iterator["_Call"]:
        """Lend a memory to one call; nothing waits for it, and a fork finds it in the list or not at all."""
        try:
            room, memory = self._memories.pop()
        except IndexError:
            room, memory = new_room(self._sizes), new_memory(self._sizes)
        call = _Call(self, room, memory)
        # A call that is interrupted does not come to the last line: what it was writing to is not used again.
        # The loops multiply modulo 2**64, of which NumPy warns where they are interpreted.
        with np.errstate(over="ignore") if IS_INTERPRETED else nullcontext():
            yield call
        if len(self._memories) < self._most_memories:
            self._memories.append((usual_room(call.room, self._sizes), without_heap(call.memory)))


class _Call:
    """What one call needs until its text is done: a memory, and the ids so far."""

    def __init__(self, encoder: CompiledEncoder, room: Room, memory: Memory) -> None:
        self.encoder, self.room, self.memory = encoder, room, memory
        self.ids: Ids = np.empty(0, dtype=np.uint32)
        self.n_ids = 0
        self.n_before = 0  # ids that were counted, but not kept
        self.keeps_ids = True
        self.limit: int | None = None

    def make_room(self, n_bytes: int) -> None:
        """Make an array of ids, whose size is a guess."""
        room = n_bytes if n_bytes < SMALL_BYTES else n_bytes // 2
        self.ids = np.empty(room + SPARE_IDS, dtype=np.uint32)

    def all_ids(self) -> Ids:
        """Return the ids that were written; the array is cut to them without a copy."""
        ids, self.ids = self.ids, np.empty(0, dtype=np.uint32)
        ids.resize(self.n_ids, refcheck=False)
        return ids

    def encode_text(self, text: str, *, is_last: bool = True) -> int:
        """Encode a text; return how many characters, which are all unless it goes on."""
        if (split_text := self.encoder._split) is not None:
            if is_last:
                self.encode_pieces([piece.encode("utf-8") for piece in split_text(text)])
            return len(text) if is_last else 0
        if len(text) < IN_PLACE_BYTES:
            encoded = text.encode("utf-8")
            rest = encoded[self.encode_copy(encoded, is_last=is_last) :]
        else:
            data = utf8_in_place(text)
            rest = data[self.encode_bytes(data, 0, len(data), is_last=is_last) :].tobytes()
        return len(text) - len(rest.decode("utf-8"))

    def encode_copy(self, encoded: bytes, *, is_last: bool = True) -> int:
        """Encode some UTF-8 by a copy with room after it; return how many bytes."""
        return self._encode(as_bytes(encoded), 0, np.array([len(encoded)]), is_last)

    def encode_bytes(self, data: Bytes, start: int, end: int, *, is_last: bool = True) -> int:
        """Encode UTF-8 from one place to another, after which nothing may be read; return where it stopped.

        So its last bytes are encoded by a copy.
        """
        inner_end = min(end, len(data) - PADDING)
        while inner_end > start and data[inner_end] & 0xC0 == 0x80:
            inner_end -= 1
        if inner_end > start:
            start = self._encode(data, start, np.array([inner_end]), is_last and inner_end == end)
        return start + self.encode_copy(data[start:end].tobytes(), is_last=is_last) if start < end else start

    def encode_texts(self, data: Bytes, ends: Counters) -> Counters:
        """Encode texts that lie one after the other; return where the ids of each end."""
        id_ends = np.empty(len(ends), dtype=np.int64)
        self._encode(data, 0, ends, True, id_ends)
        return id_ends

    def _encode(
        self, data: Bytes, start: int, ends: Counters, is_last: bool, id_ends: Counters | None = None
    ) -> int:
        """Cut texts into pieces and encode these, many at a time; return where it stopped."""
        cut, classes = np.zeros(6, dtype=np.int64), self.encoder._classes
        cut[split.PLACE] = start
        if id_ends is None:
            id_ends = np.empty(len(ends), dtype=np.int64)
        while True:
            cut[split.BASE], cut[split.N_PIECES], cut[split.N_TEXTS] = cut[split.PLACE], 0, 0
            base, first_text = int(cut[split.BASE]), int(cut[split.TEXT])
            why = self.encoder._cut(data, ends, is_last, classes, self.room, cut)
            n_pieces, n_texts = int(cut[split.N_PIECES]), int(cut[split.N_TEXTS])
            self._encode_pieces(
                data[base:],
                self.room.piece_starts,
                self.room.text_pieces[:n_texts],
                n_pieces,
                id_ends[first_text:],
            )
            if why in (split.DONE, split.UNFINISHED) or self._is_over:
                return int(cut[split.PLACE])
            if why == split.LONG_PIECE:
                self.room = new_room(self.encoder._sizes, 2 * int(self.room.block))

    def encode_pieces(self, pieces: list[bytes]) -> None:
        """Encode pieces that something else has cut."""
        nothing = np.empty(0, dtype=np.int64)
        for first in range(0, len(pieces), PIECES_AT_A_TIME):
            own = pieces[first : first + PIECES_AT_A_TIME]
            starts = np.fromiter(accumulate(map(len, own), initial=0), dtype=np.uint32)
            self._encode_pieces(as_bytes(b"".join(own)), starts, nothing, len(own), nothing)

    def _encode_pieces(
        self, data: Bytes, starts: Ids, text_pieces: Counters, n_pieces: int, id_ends: Counters
    ) -> None:
        done = np.array([0, 0, self.n_ids])
        vocabulary, why = self.encoder._vocabulary, encode.FULL
        while why != encode.DONE and not self._is_over:
            why = encode.encode_pieces(
                data, starts, text_pieces, n_pieces, vocabulary, self.memory, self.ids, id_ends, done
            )
            self.n_ids = int(done[encode.IDS_DONE])
            if missing := int(self.memory.counters[MISSING_BYTE]):
                byte = bytes([missing - 1])
                raise KeyError(
                    f"the byte {byte!r} is no token of this vocabulary, so that it cannot be encoded"
                )
            if why == encode.FULL:
                self.memory = grown(self.memory, self.encoder._sizes)
            elif why == encode.NO_HEAP:
                self.memory = with_heap(self.memory, int(self.memory.counters[PARTS_WANTED]))
            elif why == encode.NO_ROOM and (self.keeps_ids or not self.n_ids):
                self.ids.resize(len(self.ids) + len(self.ids) // 2 + SPARE_IDS, refcheck=False)
            elif why == encode.NO_ROOM:
                self.n_before += self.n_ids
                self.n_ids = done[encode.IDS_DONE] = 0

    @property
    def _is_over(self) -> bool:
        return self.limit is not None and self.n_before + self.n_ids > self.limit


def cut_at_words(data: Bytes, n_bytes: int) -> list[int]:
    """Return where a text may be cut into sections of about so many bytes, its start and its end included.

    The places are spaces after an ASCII character that is not white space.

    >>> cut_at_words(np.frombuffer(b"one two  three", np.uint8), 8)
    [0, 7, 14]
    """
    bounds = [0]
    for place in range(n_bytes, len(data), n_bytes):
        first = max(bounds[-1] + 1, place - CUT_WITHIN)
        stretch = data[first - 1 : place + 1]
        fits = (stretch[1:] == 32) & (stretch[:-1] > 32) & (stretch[:-1] < 127)
        places = fits.nonzero()[0]
        if len(places):
            bounds.append(first + int(places[-1]))
    return [*bounds, len(data)]


@cache
def class_bytes(pattern: str) -> Bytes:
    """(0x110000,) uint8: the class of each code point, and what marks the long s."""
    _, classes_of = _PATTERNS[pattern]
    classes = classes_of()
    if pattern == O200K_PATTERN:
        classes += np.uint8(FIRST_CLASS)
    classes[0x17F] |= LONG_S
    return classes
