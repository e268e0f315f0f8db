r"""How is a class such as `[a-z&&[^aeiou]]` read? As `regex-syntax` reads it, which tiktoken uses.

Its classes nest, intersect with `&&`, subtract with `--`, and keep with `~~` what is in one of two but not in
both, from left to right (https://docs.rs/regex-syntax/0.8/regex_syntax/).
"""

import re
from dataclasses import dataclass
from typing import Literal

from bpelab.bpe.splitting.dialect.case import fold
from bpelab.bpe.splitting.dialect.charsets import (
    DIGITS,
    NOTHING,
    SPACE,
    WORD,
    Chars,
    CharSet,
    chars,
    combine,
    negate,
    unite,
)
from bpelab.bpe.splitting.dialect.properties import property_set

# Classes in classes, deeper than anyone writes them.
MAX_NESTING = 50

_PERL: dict[str, CharSet] = {"d": DIGITS, "s": SPACE, "w": WORD}
_POSIX = {
    "alnum": "09AZaz", "alpha": "AZaz", "ascii": "\0\x7f", "blank": "\t\t  ", "cntrl": "\0\x1f\x7f\x7f",
    "digit": "09", "graph": "!~", "lower": "az", "print": " ~", "punct": "!/:@[`{~", "space": "\t\r  ",
    "upper": "AZ", "word": "09AZ__az", "xdigit": "09AFaf",
}  # fmt: skip


def read_class(text: str, *, ignore_case: bool) -> CharSet:
    r"""Return the set that a class or an escape such as `\d` stands for; `ValueError` if it stands for none.

    The text is as `escapes` leaves it, with no escapes but those that `regex-syntax` knows.

    >>> read_class("[a-z&&[^b-y]]", ignore_case=False)
    Chars(ranges=((97, 97), (122, 122)))
    >>> read_class("[k]", ignore_case=True)
    Chars(ranges=((75, 75), (107, 107), (8490, 8490)))
    """
    reader = _ClassReader(text, ignore_case)
    found = reader.bracketed(0) if text[0] == "[" else reader.item()
    if reader.at < len(text):
        raise ValueError(f"the class ends before its last {text[reader.at :]!r}; put \\ before each [ in it")
    return chars(found) if isinstance(found, str) else found


@dataclass
class _ClassReader:
    text: str
    ignore_case: bool
    at: int = 0

    def take(self, n_chars: int = 1) -> str:
        taken = self.text[self.at : self.at + n_chars]
        if len(taken) < n_chars:
            raise ValueError("the class has no end")
        self.at += n_chars
        return taken

    def folded(self, found: CharSet) -> CharSet:
        return fold(found) if self.ignore_case else found

    def bracketed(self, depth: int) -> CharSet:
        if depth > MAX_NESTING:
            raise ValueError(f"classes stand in classes more than {MAX_NESTING} deep")
        self.take()
        is_negated = self.text.startswith("^", self.at) and bool(self.take())
        parts: list[CharSet] = []
        while self.text.startswith("-", self.at):
            parts.append(chars(self.take()))
        if not parts and self.text.startswith("]", self.at):
            parts.append(chars(self.take()))
        left: CharSet | None = None
        operator: Literal["&&", "--", "~~"] = "&&"
        while True:
            ahead = self.text[self.at : self.at + 2]
            if ahead in ("&&", "--", "~~") or ahead[:1] == "]":
                right = unite(parts) if parts else NOTHING
                left = right if left is None else combine(operator, left, right)
                if ahead[0] == "]":
                    self.take()
                    return negate(left) if is_negated else left
                self.take(2)
                operator, parts = ahead, []  # type: ignore[assignment]
            elif ahead[:1] == "[":
                parts.append(self.posix() or self.bracketed(depth + 1))
            else:
                parts.append(self.range())

    def posix(self) -> CharSet | None:
        """Read `[:alpha:]`, if that is what stands here."""
        match = re.compile(r"\[:(\^?)([a-z]+):\]").match(self.text, self.at)
        if match is None or match[2] not in _POSIX:
            return None
        self.at = match.end()
        ends = list(map(ord, _POSIX[match[2]]))
        found = self.folded(Chars(tuple(zip(ends[::2], ends[1::2], strict=True))))
        return negate(found) if match[1] else found

    def range(self) -> CharSet:
        first = self.item()
        if self.text[self.at : self.at + 1] != "-" or self.text[self.at + 1 : self.at + 2] in ("]", "-"):
            return first if not isinstance(first, str) else self.folded(chars(first))
        self.take()
        last = self.item()
        if not (isinstance(first, str) and isinstance(last, str)):
            raise ValueError(
                "a range goes from a character to a character; put \\ before a - that is only itself"
            )
        if last < first:
            raise ValueError(f"the range {first}-{last} ends before it begins")
        return self.folded(Chars(((ord(first), ord(last)),)))

    def item(self) -> CharSet | str:
        """Read one character, or one set that an escape stands for."""
        char = self.take()
        if char != "\\":
            return char
        char = self.take()
        if char.lower() in _PERL:
            found: CharSet = _PERL[char.lower()]
        elif char in "pP":
            name = self.take()
            if name == "{":
                end = self.text.find("}", self.at)
                name = self.take(end - self.at if end >= 0 else len(self.text))
                self.take()
            try:
                found = self.folded(property_set(name))
            except ValueError as error:
                raise ValueError(f"\\{char}{{{name}}}: {error}") from None
        elif char == "x":
            return chr(int(self.take(2), 16))
        else:
            return {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}.get(char, char)
        return negate(found) if char.isupper() else found
