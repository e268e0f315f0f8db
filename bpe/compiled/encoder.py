"""How is the engine used? As `arrays.encoder` is; the loops do the rest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
from bpelab.bpe.arrays.split_cl100k import cl100k_classes
from bpelab.bpe.arrays.split_gpt2 import gpt2_classes
from bpelab.bpe.arrays.split_o200k import o200k_classes
from bpelab.bpe.compiled import loops
from bpelab.bpe.compiled.characters import LONG_S
from bpelab.bpe.compiled.decode import TokenBytes, build_token_bytes, join_tokens
from bpelab.bpe.compiled.loops import CL100K, DONE, FULL, GPT2, LONG_PIECE, N_IDS, NO_HEAP, NO_ROOM, O200K, START, TEXT
from bpelab.bpe.compiled.machine import IDS_AT_ONCE, PADDING, U64, Bytes, Ids
from bpelab.bpe.compiled.memory import (
    MISSING_BYTE,
    Memory,
    Sizes,
    for_larger_block,
    for_larger_heap,
    grown,
    new_memory,
)
from bpelab.bpe.compiled.tables import Counters, Vocabulary, as_bytes, build_vocabulary
from bpelab.bpe.compiled.text import utf8_in_place
from bpelab.bpe.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

_PATTERNS = {
    GPT2_PATTERN: (GPT2, gpt2_classes),
    CL100K_PATTERN: (CL100K, cl100k_classes),
    O200K_PATTERN: (O200K, o200k_classes),
}
# A shorter text is copied, since what is read in words must go on for some bytes after it.
IN_PLACE_BYTES = 4096
# Ids that are kept at a time where not all are, or where they become a list: they stay in the cache.
IDS_AT_A_TIME = 1 << 16
# How many ids there are is not known before: of some MB there is room for one id every two bytes, which is
# enough for natural text and code, and costs no memory before it is written to.
SMALL_BYTES = 1 << 20
# Threads take sections of about so many bytes.
SECTION_BYTES = 1 << 20
CUT_WITHIN = 4096
# Ids up to so many times the number of tokens have a table of their own, as Python's integers.
SPARSE = 16


class CompiledEncoder:
    """Ordinary text to ids, and back; threads may share one.

    For a pattern whose rules are not known (see `bpelab.bpe.patterns`) `split` must be given, which cuts a text
    into its pieces. Texts hold no surrogates: they raise `UnicodeEncodeError`. A byte that is no token raises
    `KeyError`.

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
        sizes: Sizes = Sizes(),
        most_memories: int = 8,
    ) -> None:
        self._ranks = ranks
        self._pattern, self._split = None, split
        if pattern in _PATTERNS:
            self._pattern, _ = _PATTERNS[pattern]
            self._classes = class_bytes(pattern)
        elif split is None:
            raise ValueError(f"the rules of the pattern {pattern!r} are not known: pass `split`")
        self._sizes = sizes
        self._most_memories = most_memories
        self._memories: list[Memory] = []

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
        ids: list[int] = []
        for part in self.encode_blocks(text):
            ids += self.as_list(part)
        return ids

    def encode_blocks(self, text: str) -> Iterator[Ids]:
        """Yield the ids of a text, some at a time: (n_tokens,) uint32 each."""
        parts: list[Ids] = []
        with self._call() as call:
            call.make_room(len(text))
            call.encode_text(text)
            parts.append(call.all_ids())
        yield from parts

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids of what stays the same in a text that goes on, and how many characters that is."""
        with self._call() as call:
            call.make_room(len(text))
            n_chars = call.encode_text(text, is_last=False)
            return [call.all_ids()], n_chars

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text as a list: one call of the loops for all of them."""
        if self._pattern is None:
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
        if self._pattern is None or num_threads == 1 or len(text) < 2 * IN_PLACE_BYTES:
            return self.encode(text)
        data = utf8_in_place(text)
        bounds = cut_at_words(data, max(len(data) // (2 * num_threads) + 1, IN_PLACE_BYTES))

        def encode(bound: tuple[int, int]) -> Ids:
            with self._call() as call:
                call.make_room(bound[1] - bound[0])
                call.encode_bytes(data, *bound)
                return call.all_ids()

        with ThreadPoolExecutor(num_threads) as pool:
            return np.concatenate(list(pool.map(encode, pairwise(bounds))))

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
            return call.all_ids().tolist()

    # ---- ids to text ----

    def as_list(self, ids: Ids) -> list[int]:
        """Return ids as a list, in which equal ids are one object."""
        if self._id_objects is None or len(ids) < 16:
            return ids.tolist()
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
        return join_tokens(np.ascontiguousarray(ids, dtype=np.uint32), self._token_bytes)

    @cached_property
    def _token_bytes(self) -> TokenBytes:
        return build_token_bytes({token: content for content, token in self._ranks.items()})

    # ---- memories ----

    @contextmanager
    def _call(self) -> Iterator["_Call"]:
        """Lend a memory to one call; nothing waits for it, and a fork finds it in the list or not at all."""
        try:
            memory = self._memories.pop()
        except IndexError:
            memory = new_memory(self._sizes)
        call = _Call(self, memory)
        # A call that is interrupted does not come to the next line: what it was writing to is not used again.
        with np.errstate(over="ignore"):  # the loops multiply and subtract modulo 2**64, also interpreted
            yield call
        if len(self._memories) < self._most_memories:
            self._memories.append(call.memory)


class _Call:
    """One call of the loops after another, with what they need, until a text is done."""

    def __init__(self, encoder: CompiledEncoder, memory: Memory) -> None:
        self.encoder, self.memory = encoder, memory
        self.vocabulary, self.sizes = encoder._vocabulary, encoder._sizes
        self.ids: Ids = np.empty(0, dtype=np.uint32)
        self.n_ids = 0
        self.n_before = 0  # ids that were counted, but not kept
        self.keeps_ids = True
        self.limit: int | None = None
        self.block = self.sizes.block

    def make_room(self, n_bytes: int) -> None:
        """Make an array of ids, whose size is a guess."""
        room = n_bytes if n_bytes < SMALL_BYTES else n_bytes // 2
        self.ids = np.empty(room + self.block + IDS_AT_ONCE, dtype=np.uint32)

    def all_ids(self) -> Ids:
        """Return the ids that were written; the array is cut to them without a copy."""
        ids, self.ids = self.ids, np.empty(0, dtype=np.uint32)
        ids.resize(self.n_ids, refcheck=False)
        return ids

    def encode_text(self, text: str, *, is_last: bool = True) -> int:
        """Encode a text; return how many characters, which are all unless it goes on."""
        if self.encoder._pattern is None:
            if is_last and text:
                self.encode_pieces([piece.encode("utf-8") for piece in self.encoder._split(text)])
            return len(text) if is_last else 0
        if len(text) < IN_PLACE_BYTES:
            encoded = text.encode("utf-8")
            n_done = self.encode_copy(encoded, is_last)
            rest = encoded[n_done:]
        else:
            data = utf8_in_place(text)
            n_done = self.encode_bytes(data, 0, len(data), is_last=is_last)
            rest = data[n_done:].tobytes()
        return len(text) - len(rest.decode("utf-8"))

    def encode_copy(self, encoded: bytes, is_last: bool = True) -> int:
        """Encode some UTF-8 by a copy with room after it; return how many bytes."""
        progress = self._progress(0)
        self._encode(as_bytes(encoded), np.array([len(encoded)]), np.empty(1, dtype=np.int64), progress, is_last)
        return int(progress[START])

    def encode_bytes(self, data: Bytes, start: int, end: int, *, is_last: bool = True) -> int:
        """Encode UTF-8 from one place to another, which is not followed by room; return where it stopped.

        So its end is encoded by a copy.
        """
        progress = self._progress(start)
        inner_end = min(end, len(data) - PADDING)
        if start < inner_end:
            while inner_end > start and data[inner_end] & 0xC0 == 0x80:
                inner_end -= 1
            self._encode(data, np.array([inner_end]), np.empty(1, dtype=np.int64), progress, is_last and inner_end == end)
        done = int(progress[START])
        return done + self.encode_copy(data[done:end].tobytes(), is_last) if done < end else done

    def encode_texts(self, data: Bytes, ends: Counters) -> Counters:
        """Encode texts that lie one after the other; return where the ids of each end."""
        id_ends = np.empty(len(ends), dtype=np.int64)
        self._encode(data, ends, id_ends, self._progress(0), True)
        return id_ends

    def _progress(self, start: int) -> Counters:
        progress = np.zeros(3, dtype=np.int64)
        progress[START], progress[N_IDS] = start, self.n_ids
        return progress

    def _encode(self, data: Bytes, ends: Counters, id_ends: Counters, progress: Counters, is_last: bool) -> None:
        while True:
            why = loops.encode_texts(
                self.encoder._pattern,
                data,
                ends,
                is_last,
                U64(self.block),
                self.encoder._classes,
                self.vocabulary,
                self.memory,
                self.ids,
                id_ends,
                progress,
            )
            if not self._goes_on(why, progress):
                return

    def encode_pieces(self, pieces: list[bytes]) -> None:
        """Encode pieces that something else has cut."""
        starts = np.fromiter(accumulate(map(len, pieces), initial=0), dtype=np.uint32)
        data = as_bytes(b"".join(pieces))
        progress = self._progress(0)
        while True:
            why = loops.encode_pieces(data, starts, self.vocabulary, self.memory, self.ids, progress)
            if not self._goes_on(why, progress):
                return

    def _goes_on(self, why: int, progress: Counters) -> bool:
        """Do what the loops stopped for, and tell whether they should be called again."""
        self.n_ids = int(progress[N_IDS])
        if missing := int(self.memory.counters[MISSING_BYTE]):
            self.memory.counters[MISSING_BYTE] = 0
            byte = bytes([missing - 1])
            raise KeyError(f"the byte {byte!r} is no token of this vocabulary, so that it cannot be encoded")
        if self.limit is not None and self.n_before + self.n_ids > self.limit:
            return False
        if why == FULL:
            self.memory = grown(self.memory, self.sizes)
        elif why == NO_HEAP:
            self.memory = for_larger_heap(self.memory)
        elif why == LONG_PIECE:
            self.block *= 2
            self.memory = for_larger_block(self.memory, self.block)
        elif why == NO_ROOM:
            if not self.keeps_ids:
                self.n_before += self.n_ids
                self.n_ids = progress[N_IDS] = 0
            size = max(self.block + IDS_AT_ONCE, 0 if not self.keeps_ids else self.n_ids + self.block + len(self.ids) // 2)
            if size > len(self.ids):
                self.ids.resize(size, refcheck=False)
        return why not in (DONE, loops.UNFINISHED)


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
    classes[0x17F] |= LONG_S
    return classes
