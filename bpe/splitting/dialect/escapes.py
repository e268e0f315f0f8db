r"""Which characters does an escape such as `\n`, `\x41` or `\p{L}` stand for, in a class and outside?"""

import re

from bpelab.bpe.splitting.dialect.source import Source

_ESCAPED = {"a": "\x07", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b"}
# What the names that `fancy-regex` adds stand for in a class, and what their negations stand for.
_NAMES_ADDED = {
    "alnum": (r"\p{alpha}\p{digit}", r"[^\p{alpha}\p{digit}]"),
    "blank": (r"\p{Zs}\x09", r"[^\p{Zs}\x09]"),
    "cntrl": (r"\x00-\x1F\x7F-\x9F", r"[^\x00-\x1F\x7F-\x9F]"),
    "word": (r"\w", r"\W"),
    "graph": (r"[^\p{White_Space}\p{C}]", r"[\p{White_Space}\p{C}]"),
    "print": (r"[^\p{C}\t\n\v\f\r]", r"[\p{C}\t\n\v\f\r]"),
    "cs": (r"\P{any}", r"\p{any}"),
}
_META = frozenset(r"\.+*?()|[]{}^$#&-~")


def read_char_escape(source: Source, at: int, *, in_class: bool = False) -> tuple[int, str, bool]:
    """Return where an escape ends, the character or class it stands for, and whether case is ignored."""
    name = source.pattern[at + 1 : at + 2]
    end = at + 2
    ignore_case = source.flags["i"]
    if not name:
        raise source.wrong(at, "nothing follows the last \\")
    if name in "dDsSwW":
        return end, f"\\{name}", ignore_case
    if name in "hH":
        return end, f"[{'^' * (name == 'H')}0-9A-Fa-f]", False
    if name in "xuU":
        return *_hexadecimal(source, at, source.blank(end), {"x": 2, "u": 4, "U": 8}[name]), ignore_case
    if name in "pP" and end < len(source.pattern):
        return *_property(source, at, in_class), ignore_case
    if name in _ESCAPED:
        return end, _ESCAPED[name], False
    if in_class and name == "b":
        return end, "\b", False
    if name.isascii() and name.isalpha() and not (in_class and name in "kAzBKGR"):
        raise source.wrong(at, f"\\{name} is not an escape")
    if name.isascii() and name.isdigit():
        raise source.wrong(at, f"\\{name} in a class; write \\x and two digits for a character by its number")
    return end, name, False


def _property(source: Source, at: int, in_class: bool) -> tuple[int, str]:
    if source.pattern[at + 2] != "{":
        return at + 3, source.pattern[at : at + 3]
    end = source.pattern.find("}", at)
    if end < 0:
        raise source.wrong(at, f"{source.pattern[at : at + 3]} has no }}")
    name = source.pattern[at + 3 : end]
    is_negated = (source.pattern[at + 1] == "P") != name.startswith("^")
    name = name.removeprefix("^").lower()
    if name not in _NAMES_ADDED:
        return end + 1, f"\\{'P' if is_negated else 'p'}{{{name}}}"
    added = _NAMES_ADDED[name][is_negated]
    return end + 1, added if in_class else f"[{added}]"


def _hexadecimal(source: Source, start: int, at: int, n_digits: int) -> tuple[int, str]:
    match = re.compile(rf"([0-9A-Fa-f]{{{n_digits}}})").match(source.pattern, at)
    if match is not None:
        end, digits = match.end(), match[1]
    else:
        digits, end = "", at + 1
        while source.pattern.startswith("{", at) and end < len(source.pattern):
            end = source.blank(end)
            digit = source.pattern[end : end + 1]
            end += 1
            if digit == "}" and digits:
                break
            if len(digits) == 8 or digit not in tuple("0123456789abcdefABCDEF"):
                raise source.wrong(start, "an escape by number goes as \\x41 or \\x{1F600}")
            digits += digit
        else:
            raise source.wrong(start, "an escape by number goes as \\x41 or \\x{1F600}")
    number = int(digits, 16)
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise source.wrong(start, f"there is no character U+{number:04X}")
    return end, chr(number)


def read_class_source(source: Source, start: int) -> tuple[int, str]:
    """Return where a class in brackets ends, and the class as `read_class` takes it, its escapes replaced."""
    at, depth = start + 1, 1
    text = "["
    has_negated = False

    def opening() -> None:
        nonlocal at, text
        for char in "^]":
            if source.pattern.startswith(char, at):
                text += char
                at += 1

    opening()
    while depth:
        char = source.pattern[at : at + 1]
        if not char:
            raise source.wrong(start, "this [ has no ]")
        if char == "\\":
            at, found, _ = read_char_escape(source, at, in_class=True)
            if len(found) == 1:
                text += f"\\{found}" if found in _META else found
                continue
            if found.startswith("[^") and (r"\p{" in found or r"\P{" in found):
                text += "&&" * has_negated
                has_negated = True
            text += found
            continue
        at += 1
        text += char
        if char == "[":
            depth += 1
            opening()
        elif char == "]":
            depth -= 1
    return at, text
