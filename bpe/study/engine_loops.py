"""How does one text go through the compiled loops? Shown with the memory that they leave behind."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.study.columns import Show, array, cells, characters, in_bands, name, numbers, step, table

if TYPE_CHECKING:
    from bpelab.bpe.encoders.compiled.call import Call
    from bpelab.bpe.encoders.compiled.machine import Words


def loops_lines(text: str, encoding: Encoding, show: Show) -> Iterator[str]:
    """Yield the lines of the picture; raises `ImportError` where Numba is not installed."""
    from bpelab.bpe.encoders.compiled.memory import BEFORE
    from bpelab.bpe.encoders.compiled.tables import MAX_IN_SLOT

    call = _call_of(text, encoding)
    room, n, data = call.room, len(text), text.encode()
    # The loops read ASCII where it lies, and write an array of characters for any other text.
    chars = room.chars[:n] if len(data) > n else np.frombuffer(data, dtype=np.uint8)
    yield "compiled: a loop over the characters, then a loop over the pieces"
    yield from step(
        1,
        "Each character is one byte: an ASCII character itself, any other 128 + its class."
        " The loop writes classes, compares neighbours, and flags where pieces start.",
    )
    yield from in_bands(
        {
            "text": characters(text, show),
            "chars": cells(chars),
            "classes": cells(room.classes[BEFORE : BEFORE + n]),
            "flags": cells(room.flags[:n] == 1),
        }
    )
    yield ""
    n_pieces = np.count_nonzero(room.flags[:n] == 1)
    piece_starts = room.piece_starts[: n_pieces + 1]
    yield from array("piece_starts", piece_starts, "byte offsets; the last is the end")
    yield from step(
        2,
        "A key is 15 bytes and the length; that of a longer piece is a hash, and where its"
        " bytes are kept. Its slot has up to three ids, or where more of them are in `runs`.",
    )
    ids = call.all_ids()
    slots = _slots(call)
    rows = [("piece", "slot", "key, as it lies in memory", "ids")]
    runs: dict[str, str] = {}
    for start, end in zip(piece_starts[:-1].tolist(), piece_starts[1:].tolist(), strict=True):
        piece = data[start:end]
        if piece not in slots:
            rows.append((name(piece, show), "", "(longer than what is remembered)", ""))
            continue
        slot, words = slots[piece]
        count = int(words[3] >> np.uint64(32))
        if count <= MAX_IN_SLOT:
            shown = numbers(words[2:].view(np.uint32)[:count])
        else:
            first = int(words[2])
            shown = f"runs[{first}:{first + count}]"
            runs[shown] = numbers(call.memory.runs[first : first + count])
        rows.append((name(piece, show), str(slot), words[:2].tobytes().hex(" ", -8), shown))
    yield from table(rows, frozenset({1}))
    if runs:
        yield ""
        yield from table(list(runs.items()))
    yield ""
    yield from array("ids", ids)


def _call_of(text: str, encoding: Encoding) -> "Call":
    """Encode a text by loops that have met nothing, and return the call with its memory."""
    from bpelab.bpe.encoders.compiled.call import Call, Parts
    from bpelab.bpe.encoders.compiled.compile_ahead import make_ready
    from bpelab.bpe.encoders.compiled.encode_texts import ENCODERS
    from bpelab.bpe.encoders.compiled.memory import USUAL_SIZES, new_memory, new_room
    from bpelab.bpe.encoders.compiled.split import class_bytes
    from bpelab.bpe.encoders.compiled.tables import build_tables

    pattern = encoding.pattern
    make_ready(pattern)
    with np.errstate(over="ignore"):  # interpreted loops multiply modulo 2**64, as compiled ones do
        classes = class_bytes(pattern)
        parts = Parts(build_tables(encoding.ranks), ENCODERS[pattern], classes, None, USUAL_SIZES)
        call = Call(parts, new_room(USUAL_SIZES), new_memory(USUAL_SIZES), len(text.encode()))
        call.encode_text(text)
    return call


def _slots(call: "Call") -> "dict[bytes, tuple[int, Words]]":
    """Return the slot of each piece that the memory has, and its four words."""
    found = {}
    for slots, is_long in ((call.memory.slots, False), (call.memory.long_slots, True)):
        of_four = slots.reshape(-1, 4)
        for slot in np.flatnonzero(of_four[:, 1]).tolist():
            key = of_four[slot, :2]
            if is_long:
                start, length = int(key[1]) & 0xFFFFFFFFFF, int(key[1]) >> 40
                piece = call.memory.data[start : start + length].tobytes()
            else:
                piece = key.tobytes()[: int(key[1]) >> 56]
            found[piece] = slot, of_four[slot]
    return found
