"""What does `fancy-regex` make of a pattern before it matches? One of its rules changes what is matched.

So the same rules are applied here:
https://github.com/fancy-regex/fancy-regex/blob/0.19.0/src/optimize.rs
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeGuard

from bpelab.bpe.splitting.dialect.tree import Atomic, Choice, Group, Look, Node, Repeat, Sequence


def simplified(node: Node) -> Node:
    """Return the pattern with its repeats merged and reordered as `optimize.rs` does it.

    Mostly, but not always, the new pattern means the same: `x+y?x+` becomes `x+(?:yx+)?`, which matches a
    single x.
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
    """Make one repeat of `(?:x+)*` and the like, also through a group."""
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
