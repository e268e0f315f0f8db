r"""How is a pattern read? As `fancy-regex` reads it, function by function of its `parse.rs`.

https://docs.rs/fancy-regex/0.19/
"""

import re
from functools import cache

from bpelab.bpe.splitting.dialect.assertions import (
    BOUNDARIES,
    PLACES,
    TEXT_END,
    TEXT_START,
    line_end,
    line_start,
)
from bpelab.bpe.splitting.dialect.case import fold
from bpelab.bpe.splitting.dialect.charsets import EVERYTHING, CharSet, chars, negate
from bpelab.bpe.splitting.dialect.classes import read_class
from bpelab.bpe.splitting.dialect.escapes import read_char_escape, read_class_source
from bpelab.bpe.splitting.dialect.measures import is_empty_at_last
from bpelab.bpe.splitting.dialect.source import Source, excerpt
from bpelab.bpe.splitting.dialect.tree import (
    EMPTY,
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
)

MAX_CHARS = 20_000
# With each repeat written out: tiktoken has such a limit for what it compiles, and no memory is endless.
MAX_PARTS = 100_000
# Groups in groups, as deep as tiktoken reads them.
MAX_NESTING = 64

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


@cache
def _fold_char(char: str) -> CharSet:
    return fold(chars(char))


def _dot(*, newline: bool, crlf: bool) -> Char:
    if newline:
        return Char("any", False, EVERYTHING)
    return Char(f"dot {crlf}", False, negate(chars("\r\n" if crlf else "\n")))


def parse(pattern: str) -> Node:
    """Return what a pattern consists of; `ValueError` with the place for one that cannot be matched alike."""
    return _Parser(pattern).whole()


class _Parser:
    """Follows `parse.rs` of `fancy-regex` function by function; places are those of characters."""

    def __init__(self, pattern: str) -> None:
        self.source = Source(pattern)
        self.pattern = pattern
        self.n_groups = 0
        self.number_of: dict[str, int] = {}
        self.closed: set[int] = set()
        self.n_behind = 0  # how many look-behinds surround the place

    def whole(self) -> Node:
        at, tree = self.alternatives(0, 0)
        if at < len(self.pattern):
            raise self.source.wrong(at, "this ) closes nothing")
        return tree

    def alternatives(self, at: int, depth: int) -> tuple[int, Node]:
        at, option = self.branch(at, depth)
        options = [option]
        at = self.source.blank(at)
        while self.pattern.startswith("|", at):
            at, option = self.branch(at + 1, depth)
            options.append(option)
            at = self.source.blank(at)
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
        at = self.source.blank(at)
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
            raise self.source.wrong(start, f"{sign} has nothing to repeat")
        at = self.source.blank(at)
        is_greedy = not self.pattern.startswith("?", at)
        at += not is_greedy
        if most is None and not is_empty_at_last(inner):
            raise self.source.other(
                start,
                "an endless repeat of what may be empty before it tries to be more",
                "write what may be empty last, as in (?:a|b?)*, and no lazy repeat in it",
            )
        node: Node = Repeat(inner, least, most, is_greedy != self.source.flags["U"])
        if self.pattern.startswith("+", at):
            at += 1
            if self.n_behind:
                raise self.source.other(at - 1, "a possessive repeat in a look-behind", "leave the + out")
            node = Atomic(node)
        return at, node

    def bounds(self, at: int) -> tuple[int, int, int | None] | None:
        """Return where `{2,5}` or the like ends, and its numbers; None where the brace stands for itself."""
        start, at = at, self.source.blank(at + 1)
        at, first = self.source.digits(at)
        if not first and not self.pattern.startswith(",", at):
            return None
        least = int(first or 0)
        most: int | None = least
        at = self.source.blank(at)
        if self.pattern.startswith(",", at):
            at, last = self.source.digits(self.source.blank(at + 1))
            most = int(last) if last else None
            at = self.source.blank(at)
        if not self.pattern.startswith("}", at):
            return None
        if max(least, most or 0) > MAX_PARTS:
            raise self.source.wrong(start, f"a repeat may be of up to {MAX_PARTS:,}")
        if most is not None and most < least:
            raise self.source.wrong(start, "this repeat ends before it begins")
        return at + 1, least, most

    def atom(self, at: int, depth: int) -> tuple[int, Node]:
        at = self.source.blank(at)
        char = self.pattern[at : at + 1]
        match char:
            case "" | "+" | "*" | "?" | "|" | ")":
                return at, EMPTY
            case ".":
                return at + 1, _dot(newline=self.source.flags["s"], crlf=self.source.flags["R"])
            case "^":
                return at + 1, line_start(self.source.flags["R"]) if self.source.flags["m"] else TEXT_START
            case "$":
                return at + 1, line_end(self.source.flags["R"]) if self.source.flags["m"] else TEXT_END
            case "(":
                return self.group(at, depth)
            case "[":
                end, found = read_class_source(self.source, at)
                return end, self.char(found, at, self.source.flags["i"])
            case "\\":
                return self.escape(at)
        return at + 1, self.literal(char, self.source.flags["i"])

    def literal(self, char: str, ignore_case: bool) -> Char:
        return Char(f"literal {char}", ignore_case, _fold_char(char) if ignore_case else chars(char))

    def char(self, source: str, place: int, ignore_case: bool) -> Char:
        try:
            return Char(source, ignore_case, read_class(source, ignore_case=ignore_case))
        except ValueError as error:
            raise self.source.wrong(place, f"{excerpt(source, 0)}: {error}") from None

    def escape(self, at: int) -> tuple[int, Node]:
        """Read an escape outside of a class."""
        name = self.pattern[at + 1 : at + 2]
        end = at + 2
        if name.isascii() and name.isdigit():
            end, digits = self.source.digits(at + 1)
            return end, self.reference(at, int(digits))
        if name == "k":
            match = re.compile(r"<(\w+)>|'(\w+)'").match(self.pattern, end)
            if match is None:
                raise self.source.other(at, r"\k without the <name> of a group", "name a group before it")
            target = match[1] or match[2]
            number = int(target) if target.isdecimal() else self.number_of.get(target, 0)
            return match.end(), self.reference(at, number)
        if name in ("b", "B"):
            brace = self.source.blank(end)
            is_brace = self.pattern.startswith("{", brace)
            if is_brace and not re.compile("[0-9,]").match(self.pattern, self.source.blank(brace + 1)):
                match = re.compile(r"\{(start-half|start|end-half|end)\}").match(self.pattern, brace)
                if match is None or name == "B":
                    raise self.source.wrong(
                        at, r"\b may be followed by {start}, {end}, {start-half} or {end-half}"
                    )
                return match.end(), BOUNDARIES[match[1]]
        if name in PLACES:
            return end, PLACES[name]
        if name == "Z":
            newline = r"[\r\n]" if self.source.flags["R"] else r"\n"
            return end, Place(rf"(?={newline}*+\Z)")
        if name in ("N", "O"):
            return end, _dot(newline=name == "O", crlf=False)
        if name == "R":
            newlines = chars("\n\v\f\r\x85\u2028\u2029")
            pair = Sequence((self.literal("\r", False), self.literal("\n", False)))
            if self.n_behind:
                raise self.source.other(at, r"\R in a look-behind", r"write [\r\n]")
            return end, Atomic(Choice((pair, Char(r"\R", False, newlines))))
        if name in ("K", "G", "g"):
            raise self.source.other(at, f"\\{name}", _ADVICE[name])
        end, found, ignore_case = read_char_escape(self.source, at)
        if len(found) == 1:
            return end, self.literal(found, ignore_case)
        return end, self.char(found, at, ignore_case)

    def reference(self, at: int, number: int) -> Node:
        if number not in self.closed:
            raise self.source.other(
                at, "a reference", "it may only go back to a group that is closed before it"
            )
        if self.source.flags["i"]:
            raise self.source.other(at, "a reference without regard to case", "put it into (?-i:...)")
        if self.n_behind:
            raise self.source.other(at, "a reference in a look-behind", "move it out")
        return Reference(number)

    def group(self, start: int, depth: int) -> tuple[int, Node]:
        depth += 1
        if depth >= MAX_NESTING:
            raise self.source.wrong(start, f"groups stand in groups more than {MAX_NESTING - 2} deep")
        at = self.source.blank(start + 1)
        for sign, what in _REFUSED_GROUPS.items():
            if self.pattern.startswith(sign, at):
                raise self.source.other(at, what, "write the pattern without it")
        if match := re.compile(r"\?(<=|<!|=|!)").match(self.pattern, at):
            is_behind = match[1].startswith("<")
            self.n_behind += is_behind
            before = set(self.closed)
            at, inner = self.alternatives(match.end(), depth)
            self.n_behind -= is_behind
            if is_behind or match[1] == "!":
                self.closed = before  # engines differ in whether they keep what was matched in these
            return self.closing(at), Look(inner, match[1])  # type: ignore[arg-type]
        if self.pattern.startswith("?>", at):
            if self.n_behind:
                raise self.source.other(at, "an atomic group in a look-behind", "write (?:...)")
            at, inner = self.alternatives(at + 2, depth)
            return self.closing(at), Atomic(inner)
        if match := re.compile(r"\?P=(\w+)\)").match(self.pattern, at):
            return match.end(), self.reference(start, self.number_of.get(match[1], 0))
        name = None
        if match := re.compile(r"\?(?:P?<([^>]+)>|'([^']+)')").match(self.pattern, at):
            name, at = match[1] or match[2], match.end()
            if name in self.number_of:
                raise self.source.other(start, f"a second group named {name}", "give it another name")
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
        at = self.source.blank(at)
        if not self.pattern.startswith(")", at):
            raise self.source.wrong(at, "missing )")
        return at + 1

    def flagged(self, start: int, depth: int) -> tuple[int, Node]:
        """Read `(?i)` or `(?i:...)`. The second ends with its bracket; the first goes on beyond its group."""
        before = dict(self.source.flags)
        at = start
        value = True
        while True:
            at = self.source.blank(at)
            flag = self.pattern[at : at + 1]
            if flag in self.source.flags:
                self.source.flags[flag] = value
            elif flag == "-" and value:
                value = False
            elif flag == ")" and at > start + (not value):
                return at + 1, EMPTY
            elif flag == ":" and (value or at > start + 1):
                at, inner = self.alternatives(at + 1, depth)
                self.source.flags = before
                if not self.pattern.startswith(")", at):
                    raise self.source.wrong(at, "missing )")
                return at + 1, inner
            elif not (flag == "u" and value):
                raise self.source.wrong(at, f"(?{self.pattern[start : at + 1]} is neither a group nor a flag")
            at += 1
