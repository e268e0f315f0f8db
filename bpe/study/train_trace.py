"""How are merges learned from a corpus, step by step?

The trace is a plain value that ends in the tokens of `train`. In a notebook it draws itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.study.drawing import and_more, code, table
from bpelab.bpe.study.visible import visible

if TYPE_CHECKING:
    from bpelab.bpe.corpus.blocks import Texts

T = TypeVar("T")

N_RUNNERS_UP = 5
N_EXAMPLES = 3
# What is drawn at most, so that a training of any length makes a page that opens.
N_ROWS = 2_000


@dataclass(frozen=True)
class PairCount:
    """Two tokens, and how often they are neighbours in the corpus."""

    left: bytes
    right: bytes
    count: int
    ids: tuple[int, int]  # of the two tokens

    def __str__(self) -> str:
        """Show the two tokens.

        >>> print(PairCount(b" a", b"b", 3, (256, 65)))
        ␣a + b
        """
        return f"{visible(self.left)} + {visible(self.right)}"


@dataclass(frozen=True)
class TrainStep:
    """One merge that was learned."""

    token: int
    merged: PairCount
    runners_up: tuple[PairCount, ...]  # the next most frequent, in the order in which they would win
    changed: tuple[tuple[PairCount, int], ...]  # pairs with their counts after, the largest changes first
    examples: tuple[tuple[tuple[bytes, ...], tuple[bytes, ...]], ...]  # frequent pieces before and after
    n_tokens: int  # in the corpus, after the merge

    @property
    def why(self) -> str:
        """The reason why this pair was merged.

        >>> pairs = PairCount(b"a", b"b", 2, (64, 65)), PairCount(b"b", b"a", 2, (65, 64))
        >>> TrainStep(256, pairs[0], pairs[1:], (), (), 3).why
        'as frequent as b + a; its ids are smaller: (64, 65) before (65, 64)'
        """
        if not self.runners_up:
            return "the only pair"
        runner_up = self.runners_up[0]
        if runner_up.count == self.merged.count:
            order = f"{self.merged.ids} before {runner_up.ids}"
            return f"as frequent as {runner_up}; its ids are smaller: {order}"
        return f"more frequent than the next by {self.merged.count - runner_up.count:,}"

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the step's row in a table of HTML."""
        return (
            str(self.token),
            code(str(self.merged)),
            code(visible(self.merged.left + self.merged.right)),
            f"{self.merged.count:,}",
            escape(self.why),
            ", ".join(f"{code(str(pair))} {pair.count:,}" for pair in self.runners_up[:3]),
        )


@dataclass(frozen=True)
class TrainTrace:
    """How merges were learned from a corpus."""

    pattern: str
    tokens: tuple[bytes, ...]  # the 256 single bytes, and a token a merge, in id order
    n_pieces: int  # distinct ones
    n_bytes: int
    steps: tuple[TrainStep, ...]

    def _repr_html_(self) -> str:
        head = f"<div>{self.n_bytes:,} bytes, {self.n_pieces:,} distinct pieces</div>"
        rows = [step.cells() for step in self.steps[:N_ROWS]]
        shown = table(("id", "pair", "token", "count", "why", "runners-up"), rows)
        return head + shown + and_more(len(self.steps) - N_ROWS, "merges")


def trace_train(texts: "Texts", vocab_size: int, pattern: str = "gpt2") -> TrainTrace:
    """Follow `train(texts, vocab_size=..., pattern=...)`: each merge, the reason for it, and what it changed.

    Meant for the first hundreds of merges, since each holds its runners-up and examples. The time of a
    merge grows with the number of distinct pairs. Ends early where no pair is left. Raises `ValueError` for
    fewer than 256 tokens and for a pattern that is not a regular expression.

    >>> trace = trace_train(["aaabdaaabac"], 256 + 2, pattern=".+")
    >>> [(step.merged.left, step.merged.right, step.merged.count) for step in trace.steps]
    [(b'a', b'a', 4), (b'a', b'b', 2)]
    >>> trace.steps[1].why
    'as frequent as aa + a; its ids are smaller: (64, 65) before (256, 64)'
    """
    from bpelab.bpe.training import count_pieces  # only here: a trace of encoding does not pay for it

    if vocab_size < 256:
        raise ValueError(f"vocab_size is {vocab_size}: it must be at least 256, the single bytes")
    counted = count_pieces(texts, pattern=pattern)
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    corpus = _Corpus(counted.counts)
    steps = []
    while len(tokens) < vocab_size and corpus.pair_counts:
        steps.append(corpus.merge_most_frequent(tokens))
    return TrainTrace(counted.pattern, tuple(tokens), len(counted.counts), corpus.n_bytes, tuple(steps))


class _Corpus:
    """The pieces as ids, and the counts of their pairs, kept up to date merge by merge."""

    def __init__(self, counts: Mapping[bytes, int]) -> None:
        self.counts = list(counts.values())
        self.pieces = [tuple(map(BYTE_ORDER.index, piece)) for piece in counts]
        self.n_bytes = self.n_tokens = sum(len(piece) * count for piece, count in counts.items())
        self.pair_counts: Counter[tuple[int, int]] = Counter()
        self.pieces_with: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        for number in range(len(self.pieces)):
            self._add(number)

    def _add(self, number: int) -> None:
        for pair in pairwise(self.pieces[number]):
            self.pair_counts[pair] += self.counts[number]
            self.pieces_with[pair].add(number)

    def merge_most_frequent(self, tokens: list[bytes]) -> TrainStep:
        """Make a token of the most frequent pair, of equals that with the smallest ids, and append it."""
        ordered = sorted(self.pair_counts.items(), key=lambda item: (-item[1], item[0]))[: N_RUNNERS_UP + 1]
        (best, _), token = ordered[0], len(tokens)
        tokens.append(tokens[best[0]] + tokens[best[1]])
        touched = sorted(self.pieces_with[best], key=lambda number: (-self.counts[number], number))
        before: dict[tuple[int, int], int] = {}
        examples: list[tuple[tuple[bytes, ...], tuple[bytes, ...]]] = []
        for number in touched:
            old = self.pieces[number]
            for pair in pairwise(old):
                before.setdefault(pair, self.pair_counts[pair])
                self.pair_counts[pair] -= self.counts[number]
                self.pieces_with[pair].discard(number)
            new = self.pieces[number] = _merged(old, best, token)
            for pair in pairwise(new):
                before.setdefault(pair, self.pair_counts[pair])
            self._add(number)
            self.n_tokens -= (len(old) - len(new)) * self.counts[number]
            if len(examples) < N_EXAMPLES:
                examples.append((tuple(tokens[part] for part in old), tuple(tokens[part] for part in new)))
        after = {pair: self.pair_counts[pair] for pair in before}
        for pair, count in after.items():
            if not count:
                del self.pair_counts[pair]
        changes = sorted(before, key=lambda pair: (-abs(after[pair] - before[pair]), pair))
        changes = [pair for pair in changes if after[pair] != before[pair] and pair != best]

        def pair_count(pair: tuple[int, int], count: int) -> PairCount:
            return PairCount(tokens[pair[0]], tokens[pair[1]], count, pair)

        return TrainStep(
            token=token,
            merged=pair_count(*ordered[0]),
            runners_up=tuple(pair_count(*item) for item in ordered[1:]),
            changed=tuple((pair_count(pair, before[pair]), after[pair]) for pair in changes[:N_RUNNERS_UP]),
            examples=tuple(examples),
            n_tokens=self.n_tokens,
        )


def grouped(parts: tuple[T, ...], pair: tuple[T, T]) -> Iterator[tuple[T, ...]]:
    """Yield the parts of a piece, and where two of them are the pair, from the left, both together.

    >>> list(grouped((7, 7, 7, 1), (7, 7)))
    [(7, 7), (7,), (1,)]
    """
    i = 0
    while i < len(parts):
        size = 2 if parts[i : i + 2] == pair else 1
        yield parts[i : i + size]
        i += size


def _merged(ids: tuple[int, ...], pair: tuple[int, int], token: int) -> tuple[int, ...]:
    """Replace each `pair`, from the left, by `token`."""
    return tuple(token if len(group) == 2 else group[0] for group in grouped(ids, pair))
