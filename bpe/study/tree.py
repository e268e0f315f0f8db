"""How do the merges of one piece follow each other, and which tree do they make?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bpelab.bpe.textbook import mergeable_pairs

# The steps of a piece of n bytes hold up to n²/2 symbols and as many candidates.
MAX_TRACED_BYTES = 256


@dataclass(frozen=True)
class Candidate:
    """Two neighbours that make a token together."""

    place: int  # the left one is `parts[place]`
    left: bytes
    right: bytes
    rank: int  # of the token that they make


@dataclass(frozen=True)
class MergeStep:
    """A piece at one moment: its symbols, the pairs that could merge, and the one that does."""

    parts: tuple[bytes, ...]  # the symbols
    candidates: tuple[Candidate, ...]
    chosen: Candidate | None  # None: no pair is left, and the symbols are the tokens

    @property
    def why(self) -> str:
        """The reason why this pair merges, or why none does.

        >>> MergeStep((b"a", b"b"), (pair := Candidate(0, b"a", b"b", 3),), pair).why
        'the only pair that makes a token'
        """
        if self.chosen is None:
            return "one part is left" if len(self.parts) == 1 else "no neighbours make a token: merging ends"
        if len(self.candidates) == 1:
            return "the only pair that makes a token"
        n_equal = sum(candidate.rank == self.chosen.rank for candidate in self.candidates)
        if n_equal == 1:
            return f"the lowest rank of {len(self.candidates)}"
        return f"the lowest rank of {len(self.candidates)}, and the leftmost of {n_equal} with it"


def merge_steps(piece: bytes, ranks: Mapping[bytes, int]) -> Iterator[MergeStep]:
    """Yield each moment of `textbook.merge_piece`; the last one has no pair to merge.

    >>> [step.parts for step in merge_steps(b"aba", {b"a": 0, b"b": 1, b"ab": 2})]
    [(b'a', b'b', b'a'), (b'ab', b'a')]
    """
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while pairs := mergeable_pairs(parts, ranks):
        candidates = {
            (rank, i): Candidate(place=i, left=parts[i], right=parts[i + 1], rank=rank) for rank, i in pairs
        }
        _, i = first = min(pairs)
        yield MergeStep(tuple(parts), tuple(candidates.values()), candidates[first])
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    yield MergeStep(tuple(parts), (), None)


class Node(NamedTuple):
    """A symbol of a piece in the tree of its merges."""

    token: bytes
    x: float  # in leaves
    level: int  # 0 for a single byte
    rank: int | None  # of the token that a merge made
    children: tuple["Node", ...]


def merge_tree(steps: Sequence[MergeStep]) -> list[Node]:
    """Return the tokens that are left at the end, each with the symbols that it was merged from.

    >>> (root,) = merge_tree(list(merge_steps(b"ab", {b"a": 0, b"b": 1, b"ab": 2})))
    >>> root.rank, root.level, [child.token for child in root.children]
    (2, 1, [b'a', b'b'])
    """
    nodes = [Node(part, float(i), 0, None, ()) for i, part in enumerate(steps[0].parts)]
    for step in steps:
        if step.chosen is not None:
            i = step.chosen.place
            left, right = nodes[i : i + 2]
            level = 1 + max(left.level, right.level)
            middle = (left.x + right.x) / 2
            nodes[i : i + 2] = [
                Node(left.token + right.token, middle, level, step.chosen.rank, (left, right))
            ]
    return nodes
