"""How do texts become ids in one call? Some ten thousand pieces are cut, and encoded, and so on.

Python waits for some dozen turns of that, or until there is what only Python can do: get more memory. Were it
asked in every turn, it would wait for its lock each time, which another thread may hold for 5 milliseconds.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from bpelab.bpe.encoders.compiled.encode import DONE, PIECES_DONE, TEXTS_DONE, encode_pieces
from bpelab.bpe.encoders.compiled.machine import U64, Bytes, Ids, compiled, compiled_and_kept
from bpelab.bpe.encoders.compiled.memory import MISSING_BYTE, Memory, Room
from bpelab.bpe.encoders.compiled.split import (
    BASE,
    N_PIECES,
    N_PLACES,
    N_TEXTS,
    NO_ROOM,
    PLACE,
    READY,
    TEXT,
    split_cl100k,
    split_gpt2,
    split_o200k,
)
from bpelab.bpe.encoders.compiled.tables import Counters, RankTables
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

# The places of `cut` after those of `split`: why the cutting stopped, and the text at which it had begun.
WHY, FIRST_TEXT = N_PLACES, N_PLACES + 1
# So many turns, for some 16 MB, before Python may look whether somebody has pressed Ctrl-C.
TURNS = 64


def new_cut(start: int) -> Counters:
    """Return what the loops know of a text of which they have cut nothing, but begin at a byte."""
    cut = np.zeros(N_PLACES + 2, dtype=np.int64)
    cut[PLACE] = start
    return cut


@compiled
def begin_turn(cut: Counters, done: Counters) -> None:
    """Forget the pieces that are encoded."""
    cut[BASE], cut[FIRST_TEXT] = cut[PLACE], cut[TEXT]
    cut[N_PIECES] = cut[N_TEXTS] = 0
    done[PIECES_DONE] = done[TEXTS_DONE] = 0


@compiled
def encode_cut(
    data: Bytes,
    room: Room,
    cut: Counters,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    id_ends: Counters,
    done: Counters,
) -> int:
    """Encode the pieces that are cut and not encoded; return why it stopped, as `encode_pieces` does."""
    text_pieces = room.text_pieces[: U64(cut[N_TEXTS])]
    ends = id_ends[U64(cut[FIRST_TEXT]) :]
    data = data[U64(cut[BASE]) :]
    return encode_pieces(data, room.piece_starts, text_pieces, cut[N_PIECES], tables, memory, ids, ends, done)


@compiled
def may_go_on(why: int, cut: Counters, counters: Counters) -> bool:
    """Tell whether another turn follows one whose pieces were encoded as far as `why` says."""
    is_more = cut[WHY] == READY or cut[WHY] == NO_ROOM
    return why == DONE and is_more and counters[MISSING_BYTE] == 0


@compiled_and_kept
def encode_gpt2(
    data: Bytes,
    text_ends: Counters,
    is_last: bool,
    classes: Bytes,
    room: Room,
    cut: Counters,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    id_ends: Counters,
    done: Counters,
) -> int:
    """Encode texts that lie one after the other by GPT-2's pattern; return why it stopped.

    That is a reason of `encode_pieces`, after which the same call goes on: all is encoded when the reason is
    `DONE`, as is the one of `split_gpt2`, which is in `cut[WHY]`. `id_ends` gets where the ids of texts end.
    """
    why = encode_cut(data, room, cut, tables, memory, ids, id_ends, done)
    n_turns = 0
    while n_turns < TURNS and may_go_on(why, cut, memory.counters):
        n_turns += 1
        begin_turn(cut, done)
        cut[WHY] = split_gpt2(data, text_ends, is_last, classes, room, cut)
        why = encode_cut(data, room, cut, tables, memory, ids, id_ends, done)
    return why


@compiled_and_kept
def encode_cl100k(
    data: Bytes,
    text_ends: Counters,
    is_last: bool,
    classes: Bytes,
    room: Room,
    cut: Counters,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    id_ends: Counters,
    done: Counters,
) -> int:
    """Encode texts by cl100k's pattern, as `encode_gpt2` does by GPT-2's."""
    why = encode_cut(data, room, cut, tables, memory, ids, id_ends, done)
    n_turns = 0
    while n_turns < TURNS and may_go_on(why, cut, memory.counters):
        n_turns += 1
        begin_turn(cut, done)
        cut[WHY] = split_cl100k(data, text_ends, is_last, classes, room, cut)
        why = encode_cut(data, room, cut, tables, memory, ids, id_ends, done)
    return why


@compiled_and_kept
def encode_o200k(
    data: Bytes,
    text_ends: Counters,
    is_last: bool,
    classes: Bytes,
    room: Room,
    cut: Counters,
    tables: RankTables,
    memory: Memory,
    ids: Ids,
    id_ends: Counters,
    done: Counters,
) -> int:
    """Encode texts by o200k's pattern, as `encode_gpt2` does by GPT-2's."""
    why = encode_cut(data, room, cut, tables, memory, ids, id_ends, done)
    n_turns = 0
    while n_turns < TURNS and may_go_on(why, cut, memory.counters):
        n_turns += 1
        begin_turn(cut, done)
        cut[WHY] = split_o200k(data, text_ends, is_last, classes, room, cut)
        why = encode_cut(data, room, cut, tables, memory, ids, id_ends, done)
    return why


EncodeTexts = Callable[..., Any]
ENCODERS: dict[str, EncodeTexts] = {
    GPT2_PATTERN: encode_gpt2,
    CL100K_PATTERN: encode_cl100k,
    O200K_PATTERN: encode_o200k,
}
