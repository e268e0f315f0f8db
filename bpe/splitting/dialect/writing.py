"""How is a pattern written for `regex`, once it is read?"""

from bpelab.bpe.splitting.dialect.charsets import EVERYTHING, WORD, Chars
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
    walk,
)
from bpelab.bpe.splitting.dialect.written_sets import written, written_char


def written_tree(node: Node, asked: frozenset[int], *, exact: bool) -> str:
    """Return the pattern of a tree in the syntax of version 1 of `regex`.

    Only the groups that are asked for capture; `exact` is as in `written_sets.written`.
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
