r"""What does a pattern consist of, once it is read, and how is it written for `regex`?

`fancy-regex` rewrites some trees before it matches, and one of its rules changes what they match. So the same
rules are applied here (https://github.com/fancy-regex/fancy-regex/blob/0.19.0/src/optimize.rs).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeGuard

from bpelab.bpe.splitting.charsets import EVERYTHING, WORD, Chars, CharSet, written, written_char

# With two repeats that end anywhere the time to fail may grow with the square of the text, and no faster.
MAX_OPEN_ENDS = 2


@dataclass(frozen=True)
class Char:
    """One character, of a set."""

    source: str  # as it was written; two are the same where this is
    ignore_case: bool
    held: CharSet


@dataclass(frozen=True)
class Place:
    """A place between two characters, as `regex` says it; w stands for the set of word characters."""

    form: str


@dataclass(frozen=True)
class Sequence:
    """One thing after another; nothing at all where there is none."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """The first of several that leads to a match."""

    options: tuple["Node", ...]


@dataclass(frozen=True)
class Repeat:
    """Something several times; without an upper limit where `most` is None."""

    inner: "Node"
    least: int
    most: int | None
    is_greedy: bool


@dataclass(frozen=True)
class Group:
    """Something that a back reference may ask for. Two groups of the same are equal, as in `fancy-regex`."""

    inner: "Node"
    number: int = field(compare=False)


@dataclass(frozen=True)
class Atomic:
    """Something that, once matched, is not matched otherwise."""

    inner: "Node"


@dataclass(frozen=True)
class Look:
    """Something that must, or must not, stand before or after a place."""

    inner: "Node"
    sign: Literal["=", "!", "<=", "<!"]


@dataclass(frozen=True)
class Reference:
    """What a group matched, once more."""

    number: int


Node = Char | Place | Sequence | Choice | Repeat | Group | Atomic | Look | Reference
EMPTY = Sequence(())

# ---- what `fancy-regex` makes of the tree before it matches ----


def simplified(node: Node) -> Node:
    """Merge and reorder repeats as `optimize.rs` does: mostly, but not always, to the same effect.

    For one, `x+y?x+` becomes `x+(?:yx+)?`, which matches a single x.
    """
    return _regrouped(_merged(node))


def _with_parts(node: Node, change: Callable[[Node], Node]) -> Node:
    match node:
        case Sequence(parts):
            return Sequence(tuple(map(change, parts)))
        case Choice(options):
            return Choice(tuple(map(change, options)))
        case Repeat() | Group() | Atomic() | Look():
            return replace(node, inner=change(node.inner))
    return node


def _merged(node: Node) -> Node:
    """Make one repeat of `(?:x+)*` and the like, also where a group stands between."""
    node = _with_parts(node, _merged)
    if not isinstance(node, Repeat):
        return node
    inner = node.inner.inner if isinstance(node.inner, Group) else node.inner
    if not isinstance(inner, Repeat) or not (_is_simple(node) and _is_simple(inner)):
        return node
    one = (inner.least, inner.most) == (node.least, node.most)
    repeat = Repeat(inner.inner, node.least if one else 0, node.most if one else None, True)
    return replace(node.inner, inner=repeat) if isinstance(node.inner, Group) else repeat


def _is_simple(repeat: Repeat) -> bool:
    return repeat.is_greedy and (repeat.least, repeat.most) in ((0, 1), (0, None), (1, None))


def _is_open(node: Node) -> TypeGuard[Repeat]:
    return isinstance(node, Repeat) and node.is_greedy and node.most is None and node.least <= 1


def _regrouped(node: Node) -> Node:
    node = _with_parts(node, _regrouped)
    if isinstance(node, Sequence):
        parts, i = list(node.parts), 0
        while i + 2 < len(parts):
            left, middle, right = parts[i : i + 3]
            if (
                _is_open(left)
                and _is_open(right)
                and left.inner == right.inner
                and isinstance(middle, Repeat)
                and middle.least == 0
                and middle.most != 0
            ):
                middle = replace(middle, least=1)
                if left.least < right.least:
                    parts[i : i + 3] = [Repeat(Sequence((left, middle)), 0, 1, True), right]
                else:
                    parts[i : i + 3] = [left, Repeat(Sequence((middle, right)), 0, 1, True)]
                i += 1
            i += 1
        return Sequence(tuple(parts))
    match node:
        case Repeat(Sequence((left, Repeat(Sequence((middle, right)), 0, 1, True))), least, None, True) if (
            least <= 1 and _is_open(left) and _is_open(right) and left.inner == right.inner
        ):
            core = Sequence((left, Repeat(Sequence((middle, right)), 0, None, True)))
            return core if least else Repeat(core, 0, 1, True)
    return node


# ---- writing for `regex` ----


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Sequence(parts) | Choice(parts):
            return parts
        case Repeat() | Group() | Atomic() | Look():
            return (node.inner,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a tree and everything in it."""
    yield node
    for part in _parts(node):
        yield from walk(part)


def written_tree(node: Node, asked: frozenset[int], *, exact: bool) -> str:
    """Return the pattern of a tree, in the words of version 1 of `regex`.

    Only the groups that are asked for capture; `exact` is as in `charsets.written`.
    """
    word = written(WORD, exact=exact) if any(isinstance(part, Place) for part in walk(node)) else ""

    def write(node: Node) -> str:
        match node:
            case Char(held=Chars(((first, last),))) if first == last:
                return written_char(chr(first))
            case Char(held=held):
                return r"(?s:.)" if held == EVERYTHING else written(held, exact=exact)
            case Place(form):
                return form.replace("w", word)
            case Sequence(parts):
                return "".join(
                    f"(?:{write(part)})" if isinstance(part, Choice) else write(part) for part in parts
                )
            case Choice(options):
                return "|".join(map(write, options))
            case Repeat(inner, least, most, is_greedy):
                once = write(inner) if isinstance(inner, Char) else f"(?:{write(inner)})"
                number = "" if most is None else most
                times = _SHORT.get((least, most), f"{{{least},{number}}}")
                return f"{once}{times}{'' if is_greedy else '?'}"
            case Group(inner, number):
                return f"(?P<g{number}>{write(inner)})" if number in asked else f"(?:{write(inner)})"
            case Atomic(inner):
                return f"(?>{write(inner)})"
            case Look(inner, sign):
                return f"(?{sign}{write(inner)})"
            case Reference(number):
                return f"(?P=g{number})"

    return write(node)


_SHORT = {(0, 1): "?", (0, None): "*", (1, None): "+"}


def least_chars(node: Node) -> int:
    """Return how many characters a tree matches at least."""
    match node:
        case Char():
            return 1
        case Sequence(parts):
            return sum(map(least_chars, parts))
        case Choice(options):
            return min(map(least_chars, options))
        case Repeat(inner, least):
            return least * least_chars(inner)
        case Group() | Atomic():
            return least_chars(node.inner)
    return 0


def n_parts(node: Node) -> int:
    """Count what a tree consists of where each repeat is written out."""
    match node:
        case Repeat(inner, least, most):
            return max(least + 1 if most is None else most, 1) * n_parts(inner)
    return 1 + sum(map(n_parts, _parts(node)))


def is_empty_at_last(node: Node) -> bool:
    """Tell whether all else is tried before nothing is matched: how engines go on from there differs."""
    match node:
        case _ if least_chars(node) > 0:
            return True
        case Choice(options):
            return all(least_chars(option) > 0 for option in options[:-1]) and is_empty_at_last(options[-1])
        case Repeat(inner, _, _, is_greedy):
            return is_greedy and is_empty_at_last(inner)
        case Look():
            return True
    return all(map(is_empty_at_last, _parts(node)))


def n_open_ends(node: Node) -> int:
    """Count the repeats on one way through a pattern that may end in many places; many for nested ones."""
    match node:
        case Choice(options):
            return max(map(n_open_ends, options))
        case Repeat(inner, least, most):
            is_open = most is None or most - least > 8
            if not is_open:
                return (most or 0) * n_open_ends(inner)
            is_fixed = all(isinstance(part, Char | Place | Sequence | Group) for part in walk(inner))
            return 1 if is_fixed else MAX_OPEN_ENDS + 1
        case Atomic(Repeat(Char())):
            return 0
        case Reference():
            return 1
    return sum(map(n_open_ends, _parts(node)))
