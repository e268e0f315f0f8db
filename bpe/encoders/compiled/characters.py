"""How is UTF-8 read one character at a time, and as fast as ASCII where it is ASCII?

A block becomes one byte a character: an ASCII character is itself, and any other one is 128 and its class in
the pattern. What the rules of a pattern ask of a character is in that byte, so that they are the same for
any text; and where a block is ASCII, the text itself is that array."""

import numpy as np
from bpelab.bpe.encoders.compiled.machine import U64, Bytes, Ids, Verdict, compiled, load_word, trailing_zeros

NOT_ASCII = np.uint8(128)
CLASS_BITS = np.uint8(15)
# The long s, "ſ", which is an s where a pattern does not tell capitals from small letters.
LONG_S = np.uint8(16)

_HIGH_BITS = U64(0x8080808080808080)


@compiled
def is_ascii(data: Bytes, n_bytes: np.uint64) -> Verdict:
    """Tell whether all of so many bytes are below 128."""
    all_bits = np.uint8(0)
    for i in range(n_bytes):
        all_bits |= data[i]
    return all_bits < NOT_ASCII


@compiled
def shorten(data: Bytes, n_bytes: np.uint64, classes: Bytes, chars: Bytes, offsets: Ids) -> np.uint64:
    """Write one byte for each character of some UTF-8, and where it begins; return how many there are.

    `classes` has the class of each code point. Up to eight ASCII characters are read at once, and 64 where no
    other is near, as in English with a few curly quotes.
    """
    place, n = U64(0), U64(0)
    while place < n_bytes:
        n_ascii = min(trailing_zeros(load_word(data, place) & _HIGH_BITS) >> U64(3), n_bytes - place)
        for k in range(U64(8)):
            chars[n + k] = data[place + k]
            offsets[n + k] = np.uint32(place + k)
        n += n_ascii
        place += n_ascii
        if n_ascii == U64(8):
            while place + U64(64) <= n_bytes and is_ascii(data[place:], U64(64)):
                for k in range(U64(64)):
                    chars[n + k] = data[place + k]
                    offsets[n + k] = np.uint32(place + k)
                n += U64(64)
                place += U64(64)
        while place < n_bytes and data[place] >= NOT_ASCII:
            first = U64(data[place])
            point = U64(data[place + U64(1)]) & U64(63)
            size = U64(2)
            if first < U64(0xE0):
                point |= (first & U64(31)) << U64(6)
            else:
                point = point << U64(6) | U64(data[place + U64(2)]) & U64(63)
                size = U64(3)
                if first < U64(0xF0):
                    point |= (first & U64(15)) << U64(12)
                else:
                    point = (
                        (first & U64(7)) << U64(18) | point << U64(6) | U64(data[place + U64(3)]) & U64(63)
                    )
                    size = U64(4)
            chars[n] = NOT_ASCII | classes[point]
            offsets[n] = np.uint32(place)
            n += U64(1)
            place += size
    return n
