"""Where does GPT-2's vocabulary come from? From 50,000 merges that ship with this package.

A byte-level vocabulary is the 256 single bytes, in GPT-2's order, and then one token for each merge.
"""

import zlib
from collections.abc import Container, Iterable
from importlib.resources import files

import numpy as np

# GPT-2 first numbers the bytes that print as themselves in Latin-1, then the others.
# https://github.com/openai/gpt-2/blob/master/src/encoder.py, bytes_to_unicode
PRINTABLE_BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTE_ORDER = bytes(PRINTABLE_BYTES + [byte for byte in range(256) if byte not in PRINTABLE_BYTES])

# vocab.bpe and encoder.json write each byte as one printable character: itself, or U+0100 onwards.
CHAR_OF_BYTE = {
    byte: chr(byte) if i < len(PRINTABLE_BYTES) else chr(256 + i - len(PRINTABLE_BYTES))
    for i, byte in enumerate(BYTE_ORDER)
}
BYTE_OF_CHAR = {char: byte for byte, char in CHAR_OF_BYTE.items()}


def printable(token: bytes) -> str:
    """Return a token as GPT-2's files write it.

    >>> printable(b" the")
    'Ġthe'
    """
    return "".join(map(CHAR_OF_BYTE.__getitem__, token))


def missing_byte(tokens: Container[bytes]) -> str:
    """Say which single byte is missing from the tokens of a vocabulary; empty if none is.

    >>> missing_byte({b"!": 0})
    "the single byte 0x00 ('Ā') is missing"
    """
    for byte in range(256):
        if bytes([byte]) not in tokens:
            return f"the single byte 0x{byte:02x} ({CHAR_OF_BYTE[byte]!r}) is missing"
    return ""


def pack_merges(merges: Iterable[tuple[int, int]]) -> bytes:
    """Compress merges, as pairs of ids below 65,536, to the format of `data/gpt2.merges`.

    The (2, n_merges) little-endian uint16 table is cut into its four byte planes for zlib: similar bytes are
    then next to each other, which compresses better than the pairs themselves.
    """
    table = np.array(list(merges), dtype="<u2").T
    planes = table.copy().view(np.uint8).reshape(2, -1, 2).transpose(0, 2, 1)
    return zlib.compress(planes.tobytes(), 9)


def unpack_merges(packed: bytes) -> list[tuple[int, int]]:
    """Return the merges that `pack_merges` compressed.

    >>> unpack_merges(pack_merges([(1, 2), (256, 3)]))
    [(1, 2), (256, 3)]
    """
    planes = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(2, 2, -1)
    lefts, rights = planes.transpose(0, 2, 1).copy().view("<u2").reshape(2, -1).tolist()
    return list(zip(lefts, rights, strict=True))


def gpt2_merges() -> list[tuple[int, int]]:
    """Return GPT-2's 50,000 merges as pairs of ids; merge k makes token 256 + k.

    >>> gpt2_merges()[0]  # the first merge joins a space and a "t"
    (220, 83)
    """
    return unpack_merges(files("bpelab.bpe.data").joinpath("gpt2.merges").read_bytes())


def gpt2_ranks() -> dict[bytes, int]:
    """Return GPT-2's 50,256 mergeable tokens and their ids, in the order of the ids.

    >>> gpt2_ranks()[b" the"]
    262
    """
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    for left, right in gpt2_merges():
        tokens.append(tokens[left] + tokens[right])
    return dict(zip(tokens, range(len(tokens)), strict=True))
