"""How is the compiled engine used? As the arrays are: text goes in, ids come out, threads may share it."""

import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.compiled.call import IN_PLACE_BYTES, PIECES_AT_A_TIME, Call, Parts
from bpelab.bpe.encoders.compiled.compile_ahead import make_ready
from bpelab.bpe.encoders.compiled.decode import TokenBytes, build_token_bytes, join_tokens
from bpelab.bpe.encoders.compiled.encode_texts import ENCODERS
from bpelab.bpe.encoders.compiled.machine import IS_INTERPRETED, Bytes, Ids
from bpelab.bpe.encoders.compiled.memory import (
    USUAL_SIZES,
    Memory,
    Room,
    Sizes,
    new_memory,
    new_room,
    usual_room,
    without_heap,
)
from bpelab.bpe.encoders.compiled.split import class_bytes
from bpelab.bpe.encoders.compiled.tables import build_tables
from bpelab.bpe.encoders.compiled.text import bytes_in_place, utf8_in_place
from bpelab.bpe.encoders.engine import Engine, Places
from bpelab.bpe.foundation.once import once
from bpelab.bpe.foundation.tables_by_id import IdPlaces
from bpelab.bpe.splitting.patterns import sections

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

# Characters of a block where the ids are wanted some at a time.
BLOCK_CHARS = 1 << 18
# Characters of a thread's section. Much shorter ones would mean more waiting for each other than work.
SECTION_CHARS = 1 << 20
# Texts of a batch are joined until they have so many characters together, which the loops encode in one call.
BATCH_CHARS = 1 << 18
# Ids that become a list at a time; fewer would be slower, since the list grows by them, and more take memory.
IDS_AT_A_TIME = 1 << 18
# Fewer ids become a list by `tolist`, which begins sooner; their own integers take 32 KB at most.
FEW_IDS = 1 << 10
# How far back from the end of a section a place to cut is looked for.
CUT_WITHIN = 4096
# So many memories are kept, one for every call that can run at the same time.
MOST_MEMORIES = max(2, os.cpu_count() or 2)


class CompiledEncoder(Engine):
    """Ordinary text to ids, and back; threads may share one.

    For a pattern that is not one of OpenAI's (see `bpelab.bpe.splitting.patterns`) `split` must be given,
    which cuts a text into its pieces. `bytes_of_id` has what ids decode to, if that is more than the ranks.

    The loops are read from disk or compiled when the first text comes. Raises `ValueError` for a pattern of
    another kind without `split`; its methods raise `UnicodeEncodeError` for a text with a surrogate, and
    `KeyError` for one with a byte that is not a token.

    >>> ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256}
    >>> encoder = CompiledEncoder(ranks, r"\\S+", str.split)
    >>> encoder.encode("abcab")
    array([256,  99, 256], dtype=uint32)
    >>> encoder.decode_bytes([256, 99])
    b'abc'
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        pattern: str,
        split: Callable[[str], list[str]] | None = None,
        *,
        bytes_of_id: Mapping[int, bytes] | None = None,
        sizes: Sizes = USUAL_SIZES,
        most_memories: int = MOST_MEMORIES,
    ) -> None:
        if pattern not in ENCODERS and split is None:
            raise ValueError(f"the rules of the pattern {pattern!r} are not known: pass `split`")
        self._ranks = ranks
        self._pattern = pattern
        self._split = None if pattern in ENCODERS else split
        self._given_bytes = bytes_of_id
        self._sizes = sizes
        self._most_memories = most_memories
        self._memories: list[tuple[Room, Memory]] = []

    @once
    def _parts(self) -> Parts:
        make_ready(self._pattern)
        with _unsigned_arithmetic():
            tables = build_tables(self._ranks)
        classes = np.zeros(0, dtype=np.uint8) if self._split else class_bytes(self._pattern)
        return Parts(tables, ENCODERS.get(self._pattern), classes, self._split, self._sizes)

    @contextmanager
    def _call(
        self, n_bytes: int, limit: int | None = None, *, keeps_ids: bool = True, out: Ids | None = None
    ) -> Iterator[Call]:
        """Lend a memory to one call; nothing waits for it, and a fork finds it in the list or not at all."""
        parts = self._parts
        try:
            room, memory = self._memories.pop()
        except IndexError:
            room, memory = new_room(self._sizes), new_memory(self._sizes)
        call = Call(parts, room, memory, n_bytes, limit, keeps_ids, out)
        # A call that is interrupted does not reach the last line: what it was writing to is not used again.
        with _unsigned_arithmetic():
            yield call
        if len(self._memories) < self._most_memories:
            self._memories.append((usual_room(call.room, self._sizes), without_heap(call.memory)))

    # ---- text to ids ----

    def encode(self, text: str, num_threads: int = 1) -> Ids:
        """Return the ids of a text, (n_tokens,) uint32, in one array that is never copied.

        With several threads, the text is cut by the word rule (see `bpelab.bpe.splitting.patterns`) into
        sections.
        """
        if num_threads > 1 and self._split is None and len(text) >= 2 * IN_PLACE_BYTES:
            return self._encode_in_threads(utf8_in_place(text), num_threads)
        with self._call(len(text)) as call:
            call.encode_text(text)
            return call.all_ids()

    def _encode_in_threads(self, data: Bytes, num_threads: int) -> Ids:
        bounds = cut_at_words(data, max(len(data) // (2 * num_threads) + 1, IN_PLACE_BYTES))

        def encode(bound: tuple[int, int]) -> Ids:
            with self._call(bound[1] - bound[0]) as call:
                call.encode_bytes(data, *bound, is_last=True)
                return call.all_ids()

        with _threads(num_threads) as pool:
            parts = list(pool.map(encode, pairwise(bounds)))
            ends = list(accumulate(map(len, parts), initial=0))
            ids = np.empty(ends[-1], dtype=np.uint32)
            list(pool.map(np.copyto, [ids[first:end] for first, end in pairwise(ends)], parts))
            return ids

    def encode_to_list(self, text: str) -> list[int]:
        """Return the ids of a text as a list, in which equal ids are one object: 8 bytes a token, not 40."""
        return self.as_list(self.encode(text))

    def encode_blocks(self, text: str, num_threads: int = 1) -> Iterator[Ids]:
        """Yield the ids of a text in order, some at a time, (n_tokens,) uint32 each.

        Unlike `encode` it needs memory for some blocks only, and its caller may stop at any of them.
        """
        if self._split is not None:
            yield from self._encode_split(self._split(text))
        elif num_threads > 1:
            yield from self._encode_sections(text, num_threads)
        else:
            start, n_wanted = 0, BLOCK_CHARS
            while start < len(text):
                with self._call(n_wanted) as call:
                    end = start + n_wanted
                    n_chars = call.encode_text(text[start:end], is_last=end >= len(text))
                    ids = call.all_ids()
                # A piece that is longer than a block makes the block grow, so that it is not cut too often.
                n_wanted = BLOCK_CHARS if n_chars else 2 * n_wanted
                start += n_chars
                if len(ids):
                    yield ids

    def _encode_split(self, pieces: list[str]) -> Iterator[Ids]:
        for first in range(0, len(pieces), PIECES_AT_A_TIME):
            own = [piece.encode("utf-8") for piece in pieces[first : first + PIECES_AT_A_TIME]]
            with self._call(sum(map(len, own))) as call:
                call.encode_pieces(own)
                ids = call.all_ids()
            yield ids

    def _encode_sections(self, text: str, num_threads: int) -> Iterator[Ids]:
        """Yield the ids of sections in order, with a few of them under way."""
        n_chars = max(BLOCK_CHARS, min(len(text) // (2 * num_threads) + 1, SECTION_CHARS))
        waiting: deque[Future[Ids]] = deque()
        with _threads(num_threads) as pool:
            for section in sections(text, n_chars):
                waiting.append(pool.submit(self.encode, section))
                if len(waiting) > 2 * num_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids of the part of a text that stays the same however the text goes on.

        The second result is the number of characters in that part.
        """
        with self._call(len(text)) as call:
            n_chars = call.encode_text(text, is_last=False)
            return [call.all_ids()], n_chars

    def encode_batch(self, texts: Sequence[str], num_threads: int = 1) -> list[list[int]]:
        """Return the ids of each text as a list, in order: one call of the loops for many short texts."""
        groups = list(_groups(texts))
        if num_threads == 1 or len(groups) < 2:
            return [ids for group in groups for ids in self._encode_group(group)]
        with _threads(num_threads) as pool:
            return [ids for answer in pool.map(self._encode_group, groups) for ids in answer]

    def _encode_group(self, texts: Sequence[str]) -> list[list[int]]:
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
        with self._call(len(data)) as call:
            id_ends = call.encode_texts(bytes_in_place(data), np.array(ends, dtype=np.int64))
            ids = self.as_list(call.all_ids())
        return [ids[start:end] for start, end in pairwise([0, *id_ends.tolist()])]

    def encode_utf8(self, data: bytes, ends: Places, out: Ids | None = None) -> tuple[Ids, Places]:
        """Return the ids of texts whose UTF-8 lies one after the other, and where those of each end."""
        if self._split is not None:
            return super().encode_utf8(data, ends)
        with self._call(len(data), out=out) as call:
            id_ends = call.encode_texts(bytes_in_place(data), ends)
            return call.all_ids(), id_ends

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text without keeping them; with a limit, stop soon after there are more."""
        with self._call(0, limit, keeps_ids=False) as call:
            start, n_wanted = 0, len(text) if self._split else BLOCK_CHARS
            while start < len(text) and not call.is_over:
                end = start + n_wanted
                n_chars = call.encode_text(text[start:end], is_last=end >= len(text))
                n_wanted = n_wanted if n_chars else 2 * n_wanted
                start += n_chars
            return call.n_ids

    def merge_piece(self, piece: bytes) -> list[int]:
        """Return the ids of one piece, however long it is."""
        with self._call(len(piece)) as call:
            call.encode_pieces([piece])
            return self.as_list(call.all_ids())

    # ---- ids to lists and to bytes ----

    def as_list(self, ids: Ids) -> list[int]:
        """Return ids as a list, in which equal ids are one object unless there are only a few ids."""
        if len(ids) < FEW_IDS:
            as_integers: list[int] = ids.tolist()
            return as_integers
        objects = self._objects_of(ids[:IDS_AT_A_TIME])
        for first in range(IDS_AT_A_TIME, len(ids), IDS_AT_A_TIME):
            objects += self._objects_of(ids[first : first + IDS_AT_A_TIME])
        return objects

    def _objects_of(self, ids: Ids) -> list[int]:
        places: npt.NDArray[Any] = self._places.of(ids) if len(self._places.far) else ids
        objects: list[int] = self._id_objects.take(places, mode="clip").tolist()
        return objects

    @once
    def _places(self) -> IdPlaces:
        return IdPlaces(self._ranks.values())

    @once
    def _id_objects(self) -> npt.NDArray[np.object_]:
        return self._places.ids().astype(np.object_)

    def decode_bytes(self, ids: Sequence[int] | npt.NDArray[Any]) -> bytes:
        """Return the bytes of ids; raise `KeyError` for an id that is not a token.

        Raises `OverflowError` for an id outside 0 to 2**32 - 1, `TypeError` for anything but whole numbers.
        """
        return join_tokens(as_ids(ids), self._token_bytes)

    @once
    def _token_bytes(self) -> TokenBytes:
        make_ready(self._pattern)
        return build_token_bytes(
            self._given_bytes or {token: content for content, token in self._ranks.items()}
        )


def _threads(n_threads: int) -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor  # which few callers need

    return ThreadPoolExecutor(n_threads)


def _unsigned_arithmetic() -> Any:
    """Keep NumPy from warning where interpreted loops multiply modulo 2**64, as compiled ones do."""
    return np.errstate(over="ignore") if IS_INTERPRETED else nullcontext()


def _groups(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the texts of a batch in groups of at least `BATCH_CHARS` characters, but the last."""
    first = n_chars = 0
    for end, text in enumerate(texts, 1):
        n_chars += len(text)
        if n_chars >= BATCH_CHARS:
            yield texts[first:end]
            first, n_chars = end, 0
    if first < len(texts):
        yield texts[first:]


def as_ids(ids: Sequence[int] | npt.NDArray[Any]) -> Ids:
    """Return ids as an array of (n_tokens,) uint32, in which none has become another.

    >>> as_ids([1, 2]), as_ids(np.array([3], dtype=np.int64))
    (array([1, 2], dtype=uint32), array([3], dtype=uint32))
    """
    if not isinstance(ids, np.ndarray):
        return np.frombuffer(array("I", ids), dtype=np.uint32)  # three times as fast as NumPy itself
    if ids.ndim != 1 or (ids.dtype.kind not in "iu" and len(ids)):
        raise TypeError(f"ids must be whole numbers, (n_tokens,), not {ids.dtype} of shape {ids.shape}")
    if ids.dtype != np.uint32 and len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < 1 << 32:
        raise OverflowError(f"ids from {ids.min()} to {ids.max()}: they must be from 0 to 2**32 - 1")
    return np.ascontiguousarray(ids, dtype=np.uint32)


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
