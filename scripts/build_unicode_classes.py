"""Where do `bpe/data/unicode16.classes` come from? From tiktoken itself, asked about every code point.

    python scripts/build_unicode_classes.py

An encoding whose pattern is one property drops everything else, so that its tokens are the code points
that tiktoken's regular expressions count to that property.
"""

import zlib
from pathlib import Path

import numpy as np
import tiktoken
from bpelab.bpe.splitting.unicode16 import CLASSES

TARGET = Path(__file__).parents[1] / "bpe" / "data" / "unicode16.classes"


def points_with(property_pattern: str) -> list[int]:
    """Ask tiktoken which code points match."""
    single_bytes = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding(
        "one property", pat_str=property_pattern, mergeable_ranks=single_bytes, special_tokens={}
    )
    everything = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
    return list(map(ord, encoding.decode(encoding.encode_ordinary(everything))))


def main() -> None:
    """Write the table, and say how large it is."""
    table = np.zeros(0x110000, dtype=np.uint8)
    for number, property_pattern in enumerate(CLASSES[1:], 1):
        points = points_with(property_pattern)
        if table[points].any():
            raise ValueError(f"{property_pattern} overlaps an earlier class")
        table[points] = number
    TARGET.write_bytes(zlib.compress(table.tobytes(), 9))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
