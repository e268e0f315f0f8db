"""Where does `bpe/data/unicode16.cases` come from? From tiktoken itself, asked which characters are one.

    python scripts/build_unicode_cases.py

An encoding whose pattern is one character, without regard to case, drops everything but that character's
other cases. The file holds each such group of characters, a line each.
"""

import zlib
from pathlib import Path

import tiktoken

TARGET = Path(__file__).parents[1] / "bpe" / "data" / "unicode16.cases"
EVERYTHING = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)


def matches(pattern: str, text: str) -> str:
    """Ask tiktoken which characters of a text match."""
    single_bytes = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("one", pat_str=pattern, mergeable_ranks=single_bytes, special_tokens={})
    return str(encoding.decode(encoding.encode_ordinary(text)))


def main() -> None:
    """Write the groups, and say how large the file is."""
    # What is upper or lower case, or changes between them, may be equal to something else.
    cased = matches(r"[\p{CWCM}\p{CWCF}\p{Lu}\p{Lt}\p{Ll}\p{Upper}\p{Lower}]", EVERYTHING)
    groups = {matches(f"(?i:{char})", cased) for char in cased}
    # A group that reaches beyond what was looked at would show here.
    everyone = "".join(sorted(group for group in groups if len(group) > 1))
    if matches(f"(?i:[{everyone}])", EVERYTHING) != "".join(sorted(everyone)):
        raise ValueError("a character is equal to one that has no case")
    text = "\n".join(sorted(group for group in groups if len(group) > 1))
    TARGET.write_bytes(zlib.compress(text.encode("utf-8"), 9))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
