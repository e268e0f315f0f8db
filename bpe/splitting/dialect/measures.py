"""How large is a pattern, may it match nothing, and how long may a search for it take?"""

from bpelab.bpe.splitting.dialect.tree import (
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
    parts_of,
    walk,
)

# With two open-ended repeats, the time to fail may grow with the square of the text, and no faster.
MAX_OPEN_ENDS = 2


def least_chars(node: Node) -> int:
    """Return the fewest characters that a tree matches."""
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
    """Count the parts of a tree with each repeat written out."""
    match node:
        case Repeat(inner, least, most):
            return max(least + 1 if most is None else most, 1) * n_parts(inner)
    return 1 + sum(map(n_parts, parts_of(node)))


def is_empty_at_last(node: Node) -> bool:
    """Tell whether matching nothing is always tried last: engines differ in how they go on after it."""
    match node:
        case _ if least_chars(node) > 0:
            return True
        case Choice(options):
            return all(least_chars(option) > 0 for option in options[:-1]) and is_empty_at_last(options[-1])
        case Repeat(inner, _, _, is_greedy):
            return is_greedy and is_empty_at_last(inner)
        case Look():
            return True
    return all(map(is_empty_at_last, parts_of(node)))


def n_open_ends(node: Node) -> int:
    """Count the open-ended repeats on one way through a pattern; nested ones count as too many."""
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
    return sum(map(n_open_ends, parts_of(node)))
