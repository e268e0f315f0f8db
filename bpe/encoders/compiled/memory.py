"""Which pieces have been met before? A table of them and their ids, for one call at a time.

A call takes a memory out of its encoder's list and puts it back at its end, so that no two calls ever write
to the same one, and none has to wait. A memory starts small and grows as new pieces are met, up to a fixed
number of slots, 25 MB in all; then everything in it is forgotten. The vocabulary is not in it.
"""

from typing import Any, NamedTuple

import numpy as np
from bpelab.bpe.encoders.compiled.machine import IDS_AT_ONCE, PADDING, U64, Bytes, Ids, Words
from bpelab.bpe.encoders.compiled.tables import Counters, empty_slots, move_slots

# Bytes of a block of text. What a block needs should stay in the processor's first two levels of cache.
BLOCK_BYTES = 1 << 14
# A memory begins with so many slots of 32 bytes each, and has at most so many.
FIRST_SLOTS = 1 << 13
MOST_SLOTS = 1 << 19
# Pieces of more than 15 bytes have so many slots less, and so many bytes for each slot of theirs.
LONG_PART = 8
BYTES_A_LONG_SLOT = 32
RUN_IDS_A_SLOT = 2  # for the ids of pieces that have more than three
LONGEST_REMEMBERED = U64(1024)  # a longer piece is hardly ever met twice
PIECES_AT_ONCE = 64
# Pieces that are cut before they are looked up, and texts that may end among them.
PIECES = 1 << 16
TEXTS = 1 << 12

# A longer piece is merged in windows of so many bytes, each of which has so many in common with the last.
WINDOW = 48
OVERLAP = 16

# The places of `counters`: how much is taken, whether something found no room, one more than a byte that is
# no token, and the bytes of a piece for which the heap has no room.
N_SHORT, N_LONG, N_BYTES, N_RUN_IDS, IS_FULL, MISSING_BYTE, HEAP_WANTED = range(7)

BEFORE = 4  # classes before the first one of a block, which no rule looks beyond


class Sizes(NamedTuple):
    """How large everything is; tests make it small."""

    first_slots: int = FIRST_SLOTS
    most_slots: int = MOST_SLOTS
    block: int = BLOCK_BYTES
    pieces: int = PIECES
    texts: int = TEXTS
    window: int = WINDOW
    overlap: int = OVERLAP


USUAL_SIZES = Sizes()


class Room(NamedTuple):
    """What the loops that cut a text write to."""

    block: np.uint64  # bytes of a block
    chars: Bytes  # (block,) one byte a character, see `characters`
    offsets: Ids  # (block,) the byte at which each character begins
    classes: Bytes  # (BEFORE + block,) the class of each character
    flags: Bytes  # (block,) 1 where a piece starts
    piece_starts: Ids  # where the pieces of several blocks start, and the end
    text_pieces: Counters  # how many pieces there are up to the end of each text


class Memory(NamedTuple):
    """What the loops that look pieces up write to."""

    slots: Words  # (4 * n_slots,) of pieces of up to 15 bytes, see `tables`
    shift: np.uint64
    long_slots: Words  # (4 * n_slots / LONG_PART,) of longer pieces
    long_shift: np.uint64
    data: Bytes  # the bytes of the longer pieces
    runs: Ids  # the ids of pieces that have more than three
    counters: Counters
    keys: Words  # (3 * PIECES_AT_ONCE,) both words of a piece's key, and its slot
    # For a window of n bytes of a piece that is merged:
    window: np.uint64
    overlap: np.uint64
    symbol_starts: Ids  # (n + 1,) where each symbol starts, and the end
    symbol_ids: Ids  # (n,) the id of each symbol
    symbol_ranks: Ids  # (n,) the rank of each symbol joined with the next
    old_starts: Ids  # the same of the window before
    old_ids: Ids
    # For a piece of n bytes that is merged by a heap:
    heap_after: Ids  # (n + 1,) where the symbol that starts here ends
    heap_before: Ids  # (n + 1,) where the symbol that ends here starts
    heap_ranks: Ids  # (n + 1,) the rank of the symbol that starts here joined with the next
    heap: Words  # (3 * n,)


def new_room(sizes: Sizes, block: int = 0) -> Room:
    """Return room for cutting texts into pieces; for a larger block than usual if that is asked for."""
    n_bytes = max(block, sizes.block)
    return Room(
        U64(n_bytes),
        chars=np.zeros(n_bytes + 2 * PADDING, dtype=np.uint8),
        offsets=np.empty(n_bytes + PADDING, dtype=np.uint32),
        classes=np.zeros(BEFORE + n_bytes + 2 * PADDING, dtype=np.uint8),
        flags=np.zeros(n_bytes + 2 * PADDING, dtype=np.uint8),
        piece_starts=np.empty(max(sizes.pieces, n_bytes) + PADDING, dtype=np.uint32),
        text_pieces=np.empty(sizes.texts, dtype=np.int64),
    )


def new_memory(sizes: Sizes) -> Memory:
    """Return an empty memory.

    >>> memory = new_memory(Sizes(first_slots=128))
    >>> len(memory.slots), len(memory.long_slots)
    (512, 64)
    """
    window = sizes.window + PADDING
    return Memory(
        **_kept(sizes.first_slots),
        keys=np.empty(3 * PIECES_AT_ONCE, dtype=np.uint64),
        window=U64(sizes.window),
        overlap=U64(sizes.overlap),
        symbol_starts=np.empty(window, dtype=np.uint32),
        symbol_ids=np.empty(window, dtype=np.uint32),
        symbol_ranks=np.empty(window, dtype=np.uint32),
        old_starts=np.empty(window, dtype=np.uint32),
        old_ids=np.empty(window, dtype=np.uint32),
        **_room_for_heap(0),
    )


def _kept(n_slots: int) -> dict[str, Any]:
    slots, shift = empty_slots(n_slots)
    long_slots, long_shift = empty_slots(max(16, n_slots // LONG_PART))
    return {
        "slots": slots,
        "shift": shift,
        "long_slots": long_slots,
        "long_shift": long_shift,
        "data": np.empty(BYTES_A_LONG_SLOT * (len(long_slots) // 4) + PADDING, dtype=np.uint8),
        "runs": np.empty(RUN_IDS_A_SLOT * n_slots + IDS_AT_ONCE, dtype=np.uint32),
        "counters": np.zeros(8, dtype=np.int64),
    }


def _room_for_heap(n_bytes: int) -> dict[str, Any]:
    arrays = {
        name: np.empty(n_bytes + 1, dtype=np.uint32) for name in ("heap_after", "heap_before", "heap_ranks")
    }
    return arrays | {"heap": np.empty(3 * n_bytes + 1, dtype=np.uint64)}


def with_heap(memory: Memory, n_bytes: int) -> Memory:
    """Return a memory with room for the heap of a piece of so many bytes, or of none."""
    memory.counters[HEAP_WANTED] = 0
    return memory._replace(**_room_for_heap(n_bytes))


def without_heap(memory: Memory) -> Memory:
    """Return a memory without the room for a heap that one long piece wanted."""
    return with_heap(memory, 0) if len(memory.heap) > 1 else memory


def usual_room(room: Room, sizes: Sizes) -> Room:
    """Return room of the usual size, after one long piece wanted more."""
    return new_room(sizes) if room.block > sizes.block else room


def grown(memory: Memory, sizes: Sizes) -> Memory:
    """Return a memory twice as large with the same in it, or one that has forgotten everything."""
    n_slots = len(memory.slots) // 4
    if n_slots >= sizes.most_slots:
        memory.slots[:] = 0
        memory.long_slots[:] = 0
        memory.counters[:] = 0
        return memory
    larger = memory._replace(**_kept(min(2 * n_slots, sizes.most_slots)))
    move_slots(memory.slots, larger.slots, larger.shift, False)
    move_slots(memory.long_slots, larger.long_slots, larger.long_shift, True)
    larger.data[: len(memory.data)] = memory.data
    larger.runs[: len(memory.runs)] = memory.runs
    larger.counters[:] = memory.counters
    larger.counters[IS_FULL] = 0
    return larger
