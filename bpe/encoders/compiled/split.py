"""How is a text cut into pieces? Block by block, each as if nothing came before it.

A block begins where a piece does, so that the text before it does not matter. The text after it may matter:
by the tail rule of `bpelab.bpe.splitting.patterns` the last two pieces may depend on it, and they begin the
next block.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from bpelab.bpe.encoders.compiled.characters import LONG_S, is_ascii, shorten
from bpelab.bpe.encoders.compiled.machine import (
    U64,
    Bytes,
    compiled,
    compiled_and_kept,
    count_ones,
    trailing_zeros,
    where_equal,
)
from bpelab.bpe.encoders.compiled.memory import Room
from bpelab.bpe.encoders.compiled.split_cl100k import mark_cl100k
from bpelab.bpe.encoders.compiled.split_gpt2 import mark_gpt2
from bpelab.bpe.encoders.compiled.split_o200k import FIRST_CLASS, mark_o200k
from bpelab.bpe.encoders.compiled.tables import Counters
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.rules_cl100k import cl100k_classes
from bpelab.bpe.splitting.rules_gpt2 import gpt2_classes
from bpelab.bpe.splitting.rules_o200k import o200k_classes

UNFINISHED_PIECES = U64(2)

# The places of `cut`: at which text and which byte the loops are, the byte at which they began, how many
# pieces and how many texts they have cut since, and the bytes of the block at hand.
TEXT, PLACE, BASE, N_PIECES, N_TEXTS, N_BYTES = range(6)
N_PLACES = 6
# Whether there is another block, or why not: at the end of the last text; before the last pieces of a text
# that goes on; at a piece longer than a block; because there is no room for more pieces.
READY, DONE, UNFINISHED, LONG_PIECE, NO_ROOM = range(5)


@compiled
def next_block(data: Bytes, text_ends: Counters, room: Room, cut: Counters) -> int:
    """Choose the next block of whole characters; tell whether there is one."""
    if cut[N_PIECES] == 0:
        room.piece_starts[U64(0)] = np.uint32(0)
    while cut[TEXT] < len(text_ends) and cut[PLACE] == text_ends[cut[TEXT]]:
        room.text_pieces[cut[N_TEXTS]] = cut[N_PIECES]
        cut[TEXT] += 1
        cut[N_TEXTS] += 1
        if cut[N_TEXTS] == len(room.text_pieces):
            return NO_ROOM
    if cut[TEXT] == len(text_ends):
        return DONE
    end = U64(text_ends[cut[TEXT]])
    stop = min(end, U64(cut[PLACE]) + room.block)
    while stop < end and data[stop] & np.uint8(0xC0) == np.uint8(0x80):
        stop -= U64(1)
    cut[N_BYTES] = np.int64(stop) - cut[PLACE]
    if cut[N_PIECES] + cut[N_BYTES] + 1 > len(room.piece_starts) - 8:
        return NO_ROOM
    return READY


@compiled
def chars_of_block(data: Bytes, classes: Bytes, room: Room, cut: Counters) -> tuple[Bytes, np.uint64]:
    """Return one byte for each character of the block (see `characters`), and how many there are."""
    own, n_bytes = data[U64(cut[PLACE]) :], U64(cut[N_BYTES])
    if is_ascii(own, n_bytes):
        return own, n_bytes
    return room.chars, shorten(own, n_bytes, classes, room.chars, room.offsets)


@compiled
def keep_pieces(n: np.uint64, text_ends: Counters, is_last: bool, room: Room, cut: Counters) -> int:
    """Write where the pieces of a block of n characters start; tell whether there may be another."""
    starts = room.piece_starts[U64(cut[N_PIECES]) :]
    flags = room.flags
    flags[n : n + U64(64)] = 0
    n_pieces = U64(0)
    for group in range(U64(0), n, U64(64)):
        bits = where_equal(flags, group, np.uint8(1))
        n_set = count_ones(bits)
        # Eight at once, some of them beyond the last: what costs time is to guess when a loop ends.
        for first in range(n_pieces, n_pieces + n_set, U64(8)):
            for k in range(U64(8)):
                starts[first + k] = np.uint32(group + trailing_zeros(bits))
                bits &= bits - U64(1)
        n_pieces += n_set
    n_bytes = U64(cut[N_BYTES])
    if n < n_bytes:  # some characters have more than one byte
        for i in range(n_pieces):
            starts[i] = room.offsets[starts[i]]
    starts[n_pieces] = np.uint32(n_bytes)
    before = np.uint32(cut[PLACE] - cut[BASE])
    goes_on = cut[PLACE] + cut[N_BYTES] < text_ends[cut[TEXT]]
    why = READY
    if goes_on or not (is_last or cut[TEXT] + 1 < len(text_ends)):
        if n_pieces <= UNFINISHED_PIECES:
            starts[U64(0)] = before  # still the end of the last piece before this block
            return LONG_PIECE if goes_on else UNFINISHED
        n_pieces -= UNFINISHED_PIECES
        if not goes_on:
            why = UNFINISHED
    cut[PLACE] += np.int64(starts[n_pieces])
    for i in range(n_pieces + U64(1)):
        starts[i] += before
    cut[N_PIECES] += np.int64(n_pieces)
    return why


@compiled_and_kept
def split_gpt2(
    data: Bytes, text_ends: Counters, is_last: bool, classes: Bytes, room: Room, cut: Counters
) -> int:
    """Cut texts that lie one after the other by GPT-2's pattern; return why it stopped.

    `room.piece_starts` gets where pieces start, counted from `cut[BASE]`, and the end; `room.text_pieces` how
    many of them belong to the texts up to each that ends. `is_last` tells whether the last text ends where
    its bytes do, or goes on elsewhere.
    """
    why = next_block(data, text_ends, room, cut)
    while why == READY:
        chars, n = chars_of_block(data, classes, room, cut)
        mark_gpt2(chars, n, room.classes, room.flags)
        why = keep_pieces(n, text_ends, is_last, room, cut)
        if why == READY:
            why = next_block(data, text_ends, room, cut)
    return why


@compiled_and_kept
def split_cl100k(
    data: Bytes, text_ends: Counters, is_last: bool, classes: Bytes, room: Room, cut: Counters
) -> int:
    """Cut texts by cl100k's pattern, as `split_gpt2` does by GPT-2's."""
    why = next_block(data, text_ends, room, cut)
    while why == READY:
        chars, n = chars_of_block(data, classes, room, cut)
        mark_cl100k(chars, n, room.classes, room.flags)
        why = keep_pieces(n, text_ends, is_last, room, cut)
        if why == READY:
            why = next_block(data, text_ends, room, cut)
    return why


@compiled_and_kept
def split_o200k(
    data: Bytes, text_ends: Counters, is_last: bool, classes: Bytes, room: Room, cut: Counters
) -> int:
    """Cut texts by o200k's pattern, as `split_gpt2` does by GPT-2's."""
    why = next_block(data, text_ends, room, cut)
    while why == READY:
        chars, n = chars_of_block(data, classes, room, cut)
        mark_o200k(chars, n, room.classes, room.flags)
        why = keep_pieces(n, text_ends, is_last, room, cut)
        if why == READY:
            why = next_block(data, text_ends, room, cut)
    return why


Cut = Callable[[Bytes, Counters, bool, Bytes, Room, Counters], int]
CUTS: dict[str, Cut] = {GPT2_PATTERN: split_gpt2, CL100K_PATTERN: split_cl100k, O200K_PATTERN: split_o200k}
_CLASSES = {GPT2_PATTERN: gpt2_classes, CL100K_PATTERN: cl100k_classes, O200K_PATTERN: o200k_classes}


@cache
def class_bytes(pattern: str) -> Bytes:
    """(0x110000,) uint8: what the array rules call each code point's class, with a mark for the long s."""
    first = np.uint8(FIRST_CLASS if pattern == O200K_PATTERN else 0)
    classes = _CLASSES[pattern]() + first
    classes[ord("ſ")] |= LONG_S
    return classes
