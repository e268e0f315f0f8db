"""What does a pattern consist of, once it is read?"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from bpelab.bpe.splitting.dialect.charsets import CharSet


@dataclass(frozen=True)
class Char:
    """One character, of a set."""

    source: str  # as it was written; two are the same where this is
    ignore_case: bool
    held: CharSet


@dataclass(frozen=True)
class Place:
    """A place between two characters, in the syntax of `regex`; w stands for the set of word characters."""

    form: str


@dataclass(frozen=True)
class Sequence:
    """Several things, one after the other; with no parts, nothing at all."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """The first of several options that leads to a match."""

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
    """Something that a back reference may ask for. Groups of equal content are equal, as in `fancy-regex`."""

    inner: "Node"
    number: int = field(compare=False)


@dataclass(frozen=True)
class Atomic:
    """Something that, once matched, is not matched in another way."""

    inner: "Node"


@dataclass(frozen=True)
class Look:
    """Something that must, or must not, stand before or after a place."""

    inner: "Node"
    sign: Literal["=", "!", "<=", "<!"]


@dataclass(frozen=True)
class Reference:
    """The text that a group matched, once more."""

    number: int


Node = Char | Place | Sequence | Choice | Repeat | Group | Atomic | Look | Reference
EMPTY = Sequence(())


def parts_of(node: Node) -> tuple[Node, ...]:
    """Return what a node directly consists of."""
    match node:
        case Sequence(parts) | Choice(parts):
            return parts
        case Repeat() | Group() | Atomic() | Look():
            return (node.inner,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a tree and everything in it."""
    yield node
    for part in parts_of(node):
        yield from walk(part)
