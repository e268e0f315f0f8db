r"""What does a pattern mean to tiktoken, and how is that said to `regex`?

tiktoken reads patterns with `fancy-regex` (https://docs.rs/fancy-regex/0.19/), this package matches them
with `regex`. The two write much alike that is not the same: `$`, `\h`, `[a&&b]`, `(?i)`, a flag that is set
inside a group. So a pattern is parsed here as `fancy-regex` parses it, and written again for `regex` without
anything the two read differently. What cannot be said exactly is refused, with its name and place.
"""

import re
from dataclasses import dataclass
from functools import cache

from bpelab.bpe.splitting.charsets import EVERYTHING, CharSet, chars, fold, has_stand_ins, negate
from bpelab.bpe.splitting.classes import read_class
from bpelab.bpe.splitting.pattern_tree import (
    EMPTY,
    MAX_OPEN_ENDS,
    Atomic,
    Char,
    Choice,
    Group,
    Look,
    Node,
    Place,
    Reference,
    Repeat,
    Sequence,
    is_empty_at_last,
    least_chars,
    n_open_ends,
    n_parts,
    simplified,
    walk,
    written_tree,
)

MAX_CHARS = 20_000
# With each repeat written out: tiktoken has such a limit for what it compiles, and no memory is endless.
MAX_PARTS = 100_000
# Groups in groups, as deep as tiktoken reads them.
MAX_NESTING = 64


@dataclass(frozen=True)
class Translated:
    """A pattern that can be written for `regex`, version 1."""

    tree: Node
    may_be_empty: bool
    may_run_away: bool  # the time it takes may grow with more than the square of the text

    @property
    def has_groups(self) -> bool:
        """Tell whether the pattern for `regex` captures groups."""
        return bool(self._asked())

    def _asked(self) -> frozenset[int]:
        return frozenset(node.number for node in walk(self.tree) if isinstance(node, Reference))

    def written(self, *, exact: bool) -> str:
        """Return the pattern: for all texts, or for those that `is_plain`, which is faster."""
        return written_tree(self.tree, self._asked(), exact=exact)

    def has_stand_ins(self) -> bool:
        """Tell whether a text may be matched as `as_unicode16` makes it, by the plain pattern."""
        held = [node.held for node in walk(self.tree) if isinstance(node, Char)]
        return not self.has_groups and all(map(has_stand_ins, held))


def translate(pattern: str) -> Translated:
    r"""Write a pattern of tiktoken's for `regex`; `ValueError` with the place where that cannot be done.

    >>> translate(r"(?i)a$|\p{Nd}").written(exact=False)
    '[Aa]\\Z|\\p{gc=Nd}'
    >>> translate(r"\Ga")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the pattern '\\Ga': \G at character 0 cannot be matched as tiktoken does: ...
    """
    if len(pattern) > MAX_CHARS:
        raise ValueError(
            f"the pattern {excerpt(pattern, 0)} has {len(pattern):,} characters: it may have {MAX_CHARS:,}"
        )
    tree = simplified(_Parser(pattern).whole())
    if n_parts(tree) > MAX_PARTS:
        raise ValueError(
            f"the pattern {excerpt(pattern, 0)} has more than {MAX_PARTS:,} parts where each repeat is"
            " written out; write + for a repeat of very many"
        )
    return Translated(tree, least_chars(tree) == 0, n_open_ends(tree) > MAX_OPEN_ENDS)


def excerpt(pattern: str, place: int) -> str:
    """Return the pattern as an error shows it, or what is around a place in a long one."""
    if len(pattern) <= 200:
        return repr(pattern)
    start = max(0, place - 40)
    return f"{'...' * (start > 0)}{pattern[start : start + 80]!r}..."


_ESCAPED = {"a": "\x07", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b"}
# What stands in a class for the names that `fancy-regex` adds, and its negation.
_NAMES_ADDED = {
    "alnum": (r"\p{alpha}\p{digit}", r"[^\p{alpha}\p{digit}]"),
    "blank": (r"\p{Zs}\x09", r"[^\p{Zs}\x09]"),
    "cntrl": (r"\x00-\x1F\x7F-\x9F", r"[^\x00-\x1F\x7F-\x9F]"),
    "word": (r"\w", r"\W"),
    "graph": (r"[^\p{White_Space}\p{C}]", r"[\p{White_Space}\p{C}]"),
    "print": (r"[^\p{C}\t\n\v\f\r]", r"[\p{C}\t\n\v\f\r]"),
    "cs": (r"\P{any}", r"\p{any}"),
}
_REFUSED_GROUPS = {
    "?(": "a condition",
    "?P>": "a call of a group",
    "?~": "an absent operator",
    "*": "a backtracking verb",
}
_ADVICE = {
    "K": "write what comes before as a look-behind, (?<=...)",
    "G": "write the pattern without it",
    "g": "write what the group holds once more",
}
_META = frozenset(r"\.+*?()|[]{}^$#&-~")


TEXT_START = Place(r"\A")
TEXT_END = Place(r"\Z")


def _line_start(crlf: bool) -> Place:
    return Place(r"(?:\A|(?<=\n)|(?<=\r)(?!\n))" if crlf else r"(?<![^\n])")


def _line_end(crlf: bool) -> Place:
    return Place(r"(?:\Z|(?=\r)|(?<!\r)(?=\n))" if crlf else r"(?![^\n])")


_BOUNDARIES = {
    "start": Place("(?<!w)(?=w)"),
    "end": Place("(?<=w)(?!w)"),
    "start-half": Place("(?<!w)"),
    "end-half": Place("(?!w)"),
}
_PLACES = {
    "A": TEXT_START,
    "z": TEXT_END,
    "b": Place("(?:(?<=w)(?!w)|(?<!w)(?=w))"),
    "B": Place("(?:(?<=w)(?=w)|(?<!w)(?!w))"),
    "<": _BOUNDARIES["start"],
    ">": _BOUNDARIES["end"],
}


@cache
def _fold_char(char: str) -> CharSet:
    return fold(chars(char))


def _dot(*, newline: bool, crlf: bool) -> Char:
    if newline:
        return Char("any", False, EVERYTHING)
    return Char(f"dot {crlf}", False, negate(chars("\r\n" if crlf else "\n")))


# ---- parsing, as `fancy-regex` does it ----


class _Parser:
    """Follows `parse.rs` of `fancy-regex` function by function; places are those of characters."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.flags = dict.fromkeys("imRsUx", False)
        self.n_groups = 0
        self.number_of: dict[str, int] = {}
        self.closed: set[int] = set()
        self.n_behind = 0  # how many look-behinds stand around the place

    def wrong(self, place: int, what: str) -> ValueError:
        """Return the error for what tiktoken refuses as well."""
        return ValueError(
            f"the pattern {excerpt(self.pattern, place)} is no regular expression: {what},"
            f" at character {place}"
        )

    def other(self, place: int, what: str, advice: str) -> ValueError:
        """Return the error for what tiktoken knows, and `regex` cannot do in the same way."""
        return ValueError(
            f"the pattern {excerpt(self.pattern, place)}: {what} at character {place} cannot be matched as"
            f" tiktoken does: {advice}"
        )

    def whole(self) -> Node:
        at, tree = self.alternatives(0, 0)
        if at < len(self.pattern):
            raise self.wrong(at, "this ) closes nothing")
        return tree

    def alternatives(self, at: int, depth: int) -> tuple[int, Node]:
        at, option = self.branch(at, depth)
        options = [option]
        at = self.blank(at)
        while self.pattern.startswith("|", at):
            at, option = self.branch(at + 1, depth)
            options.append(option)
            at = self.blank(at)
        return at, options[0] if len(options) == 1 else Choice(tuple(options))

    def branch(self, at: int, depth: int) -> tuple[int, Node]:
        parts: list[Node] = []
        while at < len(self.pattern):
            end, part = self.piece(at, depth)
            if end == at:
                break
            if part != EMPTY:
                parts.append(part)
            at = end
        return at, parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def piece(self, at: int, depth: int) -> tuple[int, Node]:
        at, inner = self.atom(at, depth)
        at = self.blank(at)
        start, sign = at, self.pattern[at : at + 1]
        if sign == "{":
            bounds = self.bounds(at)
            if bounds is None:
                return at, inner  # the { is only itself
            at, least, most = bounds
        elif sign and sign in "?*+":
            at, least, most = at + 1, int(sign == "+"), 1 if sign == "?" else None
        else:
            return at, inner
        if inner == EMPTY or isinstance(inner, Look):
            raise self.wrong(start, f"{sign} has nothing to repeat")
        at = self.blank(at)
        is_greedy = not self.pattern.startswith("?", at)
        at += not is_greedy
        if most is None and not is_empty_at_last(inner):
            raise self.other(
                start,
                "an endless repeat of what may be empty before it tries to be more",
                "write what may be empty last, as in (?:a|b?)*, and no lazy repeat in it",
            )
        node: Node = Repeat(inner, least, most, is_greedy != self.flags["U"])
        if self.pattern.startswith("+", at):
            at += 1
            if self.n_behind:
                raise self.other(at - 1, "a possessive repeat in a look-behind", "leave the + out")
            node = Atomic(node)
        return at, node

    def bounds(self, at: int) -> tuple[int, int, int | None] | None:
        """Read `{2,5}` and its like: where it ends, and its numbers."""
        start, at = at, self.blank(at + 1)
        at, first = self.digits(at)
        if not first and not self.pattern.startswith(",", at):
            return None
        least = int(first or 0)
        most: int | None = least
        at = self.blank(at)
        if self.pattern.startswith(",", at):
            at, last = self.digits(self.blank(at + 1))
            most = int(last) if last else None
            at = self.blank(at)
        if not self.pattern.startswith("}", at):
            return None
        if max(least, most or 0) > MAX_PARTS:
            raise self.wrong(start, f"a repeat may be of up to {MAX_PARTS:,}")
        if most is not None and most < least:
            raise self.wrong(start, "this repeat ends before it begins")
        return at + 1, least, most

    def digits(self, at: int) -> tuple[int, str]:
        match = re.compile("[0-9]{0,20}").match(self.pattern, at)
        return (match.end(), match[0]) if match else (at, "")

    def atom(self, at: int, depth: int) -> tuple[int, Node]:
        at = self.blank(at)
        char = self.pattern[at : at + 1]
        match char:
            case "" | "+" | "*" | "?" | "|" | ")":
                return at, EMPTY
            case ".":
                return at + 1, _dot(newline=self.flags["s"], crlf=self.flags["R"])
            case "^":
                return at + 1, _line_start(self.flags["R"]) if self.flags["m"] else TEXT_START
            case "$":
                return at + 1, _line_end(self.flags["R"]) if self.flags["m"] else TEXT_END
            case "(":
                return self.group(at, depth)
            case "[":
                return self.bracketed(at)
            case "\\":
                return self.escape(at)
        return at + 1, self.literal(char, self.flags["i"])

    def literal(self, char: str, ignore_case: bool) -> Char:
        return Char(f"literal {char}", ignore_case, _fold_char(char) if ignore_case else chars(char))

    def char(self, source: str, place: int, ignore_case: bool) -> Char:
        try:
            return Char(source, ignore_case, read_class(source, ignore_case=ignore_case))
        except ValueError as error:
            raise self.wrong(place, f"{excerpt(source, 0)}: {error}") from None

    def escape(self, at: int) -> tuple[int, Node]:
        """Read an escape outside of a class."""
        name = self.pattern[at + 1 : at + 2]
        end = at + 2
        if name.isascii() and name.isdigit():
            end, digits = self.digits(at + 1)
            return end, self.reference(at, int(digits))
        if name == "k":
            match = re.compile(r"<(\w+)>|'(\w+)'").match(self.pattern, end)
            if match is None:
                raise self.other(at, r"\k without the <name> of a group", "name a group before it")
            target = match[1] or match[2]
            number = int(target) if target.isdecimal() else self.number_of.get(target, 0)
            return match.end(), self.reference(at, number)
        if name in ("b", "B"):
            brace = self.blank(end)
            is_brace = self.pattern.startswith("{", brace)
            if is_brace and not re.compile("[0-9,]").match(self.pattern, self.blank(brace + 1)):
                match = re.compile(r"\{(start-half|start|end-half|end)\}").match(self.pattern, brace)
                if match is None or name == "B":
                    raise self.wrong(at, r"\b may be followed by {start}, {end}, {start-half} or {end-half}")
                return match.end(), _BOUNDARIES[match[1]]
        if name in _PLACES:
            return end, _PLACES[name]
        if name == "Z":
            newline = r"[\r\n]" if self.flags["R"] else r"\n"
            return end, Place(rf"(?={newline}*+\Z)")
        if name in ("N", "O"):
            return end, _dot(newline=name == "O", crlf=False)
        if name == "R":
            newlines = chars("\n\v\f\r\x85\u2028\u2029")
            pair = Sequence((self.literal("\r", False), self.literal("\n", False)))
            if self.n_behind:
                raise self.other(at, r"\R in a look-behind", r"write [\r\n]")
            return end, Atomic(Choice((pair, Char(r"\R", False, newlines))))
        if name in ("K", "G", "g"):
            raise self.other(at, f"\\{name}", _ADVICE[name])
        end, found, ignore_case = self.char_escape(at)
        if len(found) == 1:
            return end, self.literal(found, ignore_case)
        return end, self.char(found, at, ignore_case)

    def char_escape(self, at: int, in_class: bool = False) -> tuple[int, str, bool]:
        """Read an escape that stands for characters: one, or a class as `read_class` takes it."""
        name = self.pattern[at + 1 : at + 2]
        end = at + 2
        ignore_case = self.flags["i"]
        if not name:
            raise self.wrong(at, "nothing follows the last \\")
        if name in "dDsSwW":
            return end, f"\\{name}", ignore_case
        if name in "hH":
            return end, f"[{'^' * (name == 'H')}0-9A-Fa-f]", False
        if name in "xuU":
            return *self.hexadecimal(at, self.blank(end), {"x": 2, "u": 4, "U": 8}[name]), ignore_case
        if name in "pP" and end < len(self.pattern):
            return *self.property(at, in_class), ignore_case
        if name in _ESCAPED:
            return end, _ESCAPED[name], False
        if in_class and name == "b":
            return end, "\b", False
        if name.isascii() and name.isalpha() and not (in_class and name in "kAzBKGR"):
            raise self.wrong(at, f"\\{name} is no escape")
        if name.isascii() and name.isdigit():
            raise self.wrong(
                at, f"\\{name} in a class; write \\x and two digits for a character by its number"
            )
        return end, name, False

    def property(self, at: int, in_class: bool) -> tuple[int, str]:
        if self.pattern[at + 2] != "{":
            return at + 3, self.pattern[at : at + 3]
        end = self.pattern.find("}", at)
        if end < 0:
            raise self.wrong(at, f"{self.pattern[at : at + 3]} has no }}")
        name = self.pattern[at + 3 : end]
        is_negated = (self.pattern[at + 1] == "P") != name.startswith("^")
        name = name.removeprefix("^").lower()
        if name not in _NAMES_ADDED:
            return end + 1, f"\\{'P' if is_negated else 'p'}{{{name}}}"
        added = _NAMES_ADDED[name][is_negated]
        return end + 1, added if in_class else f"[{added}]"

    def hexadecimal(self, start: int, at: int, n_digits: int) -> tuple[int, str]:
        match = re.compile(rf"([0-9A-Fa-f]{{{n_digits}}})").match(self.pattern, at)
        if match is not None:
            end, digits = match.end(), match[1]
        else:
            digits, end = "", at + 1
            while self.pattern.startswith("{", at) and end < len(self.pattern):
                end = self.blank(end)
                digit = self.pattern[end : end + 1]
                end += 1
                if digit == "}" and digits:
                    break
                if len(digits) == 8 or digit not in tuple("0123456789abcdefABCDEF"):
                    raise self.wrong(start, "an escape by number goes as \\x41 or \\x{1F600}")
                digits += digit
            else:
                raise self.wrong(start, "an escape by number goes as \\x41 or \\x{1F600}")
        number = int(digits, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise self.wrong(start, f"there is no character U+{number:04X}")
        return end, chr(number)

    def reference(self, at: int, number: int) -> Node:
        if number not in self.closed:
            raise self.other(at, "a reference", "it may only go back to a group that is closed before it")
        if self.flags["i"]:
            raise self.other(at, "a reference without regard to case", "put it into (?-i:...)")
        if self.n_behind:
            raise self.other(at, "a reference in a look-behind", "move it out")
        return Reference(number)

    def bracketed(self, start: int) -> tuple[int, Node]:
        """Read a class: its escapes are replaced, the rest is for `read_class`."""
        at, depth = start + 1, 1
        source = "["
        has_negated = False

        def opening() -> None:
            nonlocal at, source
            for char in "^]":
                if self.pattern.startswith(char, at):
                    source += char
                    at += 1

        opening()
        while depth:
            char = self.pattern[at : at + 1]
            if not char:
                raise self.wrong(start, "this [ has no ]")
            if char == "\\":
                at, found, _ = self.char_escape(at, in_class=True)
                if len(found) == 1:
                    source += f"\\{found}" if found in _META else found
                    continue
                if found.startswith("[^") and (r"\p{" in found or r"\P{" in found):
                    source += "&&" * has_negated
                    has_negated = True
                source += found
                continue
            at += 1
            source += char
            if char == "[":
                depth += 1
                opening()
            elif char == "]":
                depth -= 1
        return at, self.char(source, start, self.flags["i"])

    def group(self, start: int, depth: int) -> tuple[int, Node]:
        depth += 1
        if depth >= MAX_NESTING:
            raise self.wrong(start, f"groups stand in groups more than {MAX_NESTING - 2} deep")
        at = self.blank(start + 1)
        for sign, what in _REFUSED_GROUPS.items():
            if self.pattern.startswith(sign, at):
                raise self.other(at, what, "write the pattern without it")
        if match := re.compile(r"\?(<=|<!|=|!)").match(self.pattern, at):
            is_behind = match[1].startswith("<")
            self.n_behind += is_behind
            before = set(self.closed)
            at, inner = self.alternatives(match.end(), depth)
            self.n_behind -= is_behind
            if is_behind or match[1] == "!":
                self.closed = before  # what a look-behind or a failed look-ahead matched is not kept alike
            return self.closing(at), Look(inner, match[1])  # type: ignore[arg-type]
        if self.pattern.startswith("?>", at):
            if self.n_behind:
                raise self.other(at, "an atomic group in a look-behind", "write (?:...)")
            at, inner = self.alternatives(at + 2, depth)
            return self.closing(at), Atomic(inner)
        if match := re.compile(r"\?P=(\w+)\)").match(self.pattern, at):
            return match.end(), self.reference(start, self.number_of.get(match[1], 0))
        name = None
        if match := re.compile(r"\?(?:P?<([^>]+)>|'([^']+)')").match(self.pattern, at):
            name, at = match[1] or match[2], match.end()
            if name in self.number_of:
                raise self.other(start, f"a second group named {name}", "give it another name")
        elif self.pattern.startswith("?", at):
            return self.flagged(at + 1, depth)
        self.n_groups += 1
        number = self.n_groups
        at, inner = self.alternatives(at, depth)
        self.closed.add(number)
        if name is not None:
            self.number_of[name] = number
        return self.closing(at), Group(inner, number)

    def closing(self, at: int) -> int:
        at = self.blank(at)
        if not self.pattern.startswith(")", at):
            raise self.wrong(at, "missing )")
        return at + 1

    def flagged(self, start: int, depth: int) -> tuple[int, Node]:
        """Read `(?i)` and `(?i:...)`. Only the second form ends; the first goes on beyond its group."""
        before = dict(self.flags)
        at = start
        value = True
        while True:
            at = self.blank(at)
            flag = self.pattern[at : at + 1]
            if flag in self.flags:
                self.flags[flag] = value
            elif flag == "-" and value:
                value = False
            elif flag == ")" and at > start + (not value):
                return at + 1, EMPTY
            elif flag == ":" and (value or at > start + 1):
                at, inner = self.alternatives(at + 1, depth)
                self.flags = before
                if not self.pattern.startswith(")", at):
                    raise self.wrong(at, "missing )")
                return at + 1, inner
            elif not (flag == "u" and value):
                raise self.wrong(at, f"(?{self.pattern[start : at + 1]} is no group, and no flag")
            at += 1

    def blank(self, at: int) -> int:
        """Skip comments, and white space where the flag x is set."""
        while True:
            if self.flags["x"] and (match := re.compile(r"[ \r\n\t]+|#[^\n]*\n?").match(self.pattern, at)):
                at = match.end()
            elif self.pattern.startswith("(?#", at):
                match = re.compile(r"\(\?#(?:\\.|[^)\\])*\)", re.DOTALL).match(self.pattern, at)
                if match is None:
                    raise self.wrong(at, "this comment has no )")
                at = match.end()
            else:
                return at
