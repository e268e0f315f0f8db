r"""How is a token shown, when it may hold blanks, controls, or half a character?

Different tokens look different: a space is `␣`; characters that do not print, bytes that are not a whole
character, and `\` and `␣` themselves are shown as escapes.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

_SHORT = {" ": "␣", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}


def visible(token: bytes) -> str:
    r"""Show a token, so that different tokens look different.

    >>> print(visible(b" the"), visible(b"a\n"), visible("안".encode()[:2]), visible("\u200b".encode()))
    ␣the a\n \xec\x95 \u{200b}
    """
    shown = []
    # "surrogateescape" leaves bytes that are not a character as U+DC80 to U+DCFF, which UTF-8 cannot hold.
    for char in token.decode("utf-8", "surrogateescape"):
        if char in _SHORT:
            shown.append(_SHORT[char])
        elif "\udc80" <= char <= "\udcff":
            shown.append(f"\\x{ord(char) - 0xDC00:02x}")
        elif char == "␣" or not char.isprintable():
            shown.append(f"\\u{{{ord(char):x}}}")
        elif not shown and unicodedata.category(char).startswith("M"):
            shown.append(f"◌{char}")  # a mark needs a letter to stand on
        else:
            shown.append(char)
    return "".join(shown)


def width(text: str) -> int:
    r"""Return how many columns of a terminal a text takes: 2 for a wide character, 0 for a mark upon another.

    >>> width("안 a"), width("e\u0301")
    (4, 1)
    """
    return sum(
        0 if unicodedata.category(char) in ("Mn", "Me") else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def padded(text: str, n_columns: int, *, right: bool = False) -> str:
    """Fill a text up with spaces to so many columns, on its left if it goes to the right.

    >>> padded("안", 4), padded("12", 4, right=True)
    ('안  ', '  12')
    """
    spaces = " " * (n_columns - width(text))
    return spaces + text if right else text + spaces


def spaced_hex(token: bytes) -> str:
    """Show the bytes of a token.

    >>> spaced_hex(b" a")
    '20 61'
    """
    return token.hex(" ")


@dataclass(frozen=True)
class SplitCharacter:
    """A character whose bytes lie in more than one token."""

    char: str
    first_token: int  # where the first of the tokens stands in the text
    parts: tuple[bytes, ...]  # the bytes of the character in each of them


def split_characters(tokens: Sequence[bytes]) -> list[SplitCharacter]:
    r"""Find the characters of a text that go across its tokens.

    >>> split_characters([b"a\xec\x95", b"\x88"])
    [SplitCharacter(char='안', first_token=0, parts=(b'\xec\x95', b'\x88'))]
    """
    ends = list(accumulate(map(len, tokens)))
    found, at, token = [], 0, 0
    for char in b"".join(tokens).decode("utf-8"):
        end = at + len(char.encode("utf-8"))
        while ends[token] <= at:
            token += 1
        if ends[token] < end:
            data, parts, first = char.encode("utf-8"), [], token
            begin = at
            while begin < end:
                stop = min(end, ends[token])
                parts.append(data[begin - at : stop - at])
                begin = stop
                if stop == ends[token] and begin < end:
                    token += 1
            found.append(SplitCharacter(char, first, tuple(parts)))
        at = end
    return found
