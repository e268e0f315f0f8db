"""What happens, step by step, when a text is encoded and when an encoding is learned?

The traces are plain values. `trace_encode` follows `textbook.merge_piece`, and ends in the ids of
`Encoding.encode_ordinary`; `trace_train` ends in the tokens of `train`. In a notebook they draw themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.splitting.regex_splitter import splitter_of
from bpelab.bpe.textbook import mergeable_pairs

if TYPE_CHECKING:
    from bpelab.bpe.corpus.documents import Texts

# The steps of a piece of n bytes hold up to n²/2 parts and as many candidates.
MAX_TRACED_BYTES = 256
# For all the distinct pieces of a text together: some 200 MB.
MAX_TRACED_PARTS = 1 << 21
N_RUNNERS_UP = 5
N_EXAMPLES = 3


@dataclass(frozen=True)
class Candidate:
    """Two neighbours that make a token together."""

    place: int  # the left one is `parts[place]`
    left: bytes
    right: bytes
    rank: int  # of the token that they make


@dataclass(frozen=True)
class MergeStep:
    """The parts of a piece at one moment, the pairs that could merge, and the one that does."""

    parts: tuple[bytes, ...]
    candidates: tuple[Candidate, ...]
    chosen: Candidate | None  # None: no pair is left, the parts are the tokens

    @property
    def why(self) -> str:
        """Say why that pair, or why none.

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


@dataclass(frozen=True)
class PieceTrace:
    """How one piece of text became ids."""

    text: str
    start: int  # in characters of the whole text
    ids: tuple[int, ...]
    tokens: tuple[bytes, ...]
    is_token: bool  # the piece is a token as it stands, which is taken without merging
    steps: tuple[MergeStep, ...]  # empty beyond MAX_TRACED_BYTES and MAX_TRACED_PARTS

    @property
    def note(self) -> str:
        """Say what the steps alone do not show; empty where there is nothing to add."""
        if self.is_token and self.steps and self.steps[-1].parts != self.tokens:
            return "the piece is a token and is taken whole: its merges would end in other tokens"
        if self.is_token and len(self.steps) != 1:
            return "the piece is a token and is taken whole; merging gives the same"
        if not self.steps and len(self.text.encode("utf-8")) > MAX_TRACED_BYTES:
            return f"the steps of a piece of more than {MAX_TRACED_BYTES} bytes are not kept"
        if not self.steps:
            return "the steps of this piece are not kept: those before are as many as a trace holds"
        return ""

    def _repr_html_(self) -> str:
        from bpelab.bpe.study.drawing import piece_html

        return piece_html(self)


@dataclass(frozen=True)
class EncodeTrace:
    """How a text became ids."""

    text: str
    encoding_name: str
    pieces: tuple[PieceTrace, ...]

    @property
    def ids(self) -> list[int]:
        """The ids of the whole text."""
        return [token for piece in self.pieces for token in piece.ids]

    @property
    def tokens(self) -> list[bytes]:
        """The bytes of each token of the whole text."""
        return [token for piece in self.pieces for token in piece.tokens]

    def _repr_html_(self) -> str:
        from bpelab.bpe.study.drawing import encode_html

        return encode_html(self)


def trace_encode(text: str, encoding: Encoding) -> EncodeTrace:
    """Follow `encoding.encode_ordinary(text)`: the pieces, and every step of merging each of them.

    A surrogate is repaired as `encode_ordinary` does it. Time and memory are cubic and quadratic in the
    length of a piece, up to `MAX_TRACED_BYTES`. A longer piece gets its ids in O(n log n), and no steps, and
    so does a piece after `MAX_TRACED_PARTS`. Equal pieces share their steps. Raises `KeyError` for a byte
    that is not a token.

    >>> from bpelab.bpe import get_encoding
    >>> trace = trace_encode("low lower", get_encoding("gpt2"))
    >>> trace.ids, [piece.text for piece in trace.pieces]
    ([9319, 2793], ['low', ' lower'])
    >>> [step.chosen.rank for step in trace.pieces[0].steps if step.chosen]
    [322, 9319]
    """
    text = repair_surrogates(text)
    spans = splitter_of(encoding.pattern).spans(text)
    traced: dict[str, PieceTrace] = {}
    n_left = MAX_TRACED_PARTS
    pieces = []
    for start, end in spans:
        piece = text[start:end]
        if piece not in traced:
            n_bytes = len(piece.encode("utf-8"))
            n_parts = n_bytes * (n_bytes + 1) // 2
            with_steps = n_bytes <= MAX_TRACED_BYTES and n_parts <= n_left
            n_left -= n_parts if with_steps else 0
            traced[piece] = _trace_piece(piece, start, encoding, with_steps)
        pieces.append(replace(traced[piece], start=start))
    return EncodeTrace(text, encoding.name, tuple(pieces))


def _trace_piece(piece: str, start: int, encoding: Encoding, with_steps: bool) -> PieceTrace:
    ranks = encoding.ranks
    data = piece.encode("utf-8")
    steps = tuple(merge_steps(data, ranks)) if with_steps else ()
    is_token = data in ranks
    if is_token:
        tokens: tuple[bytes, ...] = (data,)
    elif steps:
        tokens = steps[-1].parts
    else:
        tokens = tuple(encoding.decode_tokens_bytes(merge_with_heap(data, ranks)))
    return PieceTrace(piece, start, tuple(ranks[token] for token in tokens), tokens, is_token, steps)


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


@dataclass(frozen=True)
class PairCount:
    """Two tokens, and how often they are neighbours in the corpus."""

    left: bytes
    right: bytes
    count: int


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
        """Say why that pair.

        >>> TrainStep(256, PairCount(b"a", b"b", 2), (PairCount(b"b", b"a", 2),), (), (), 3).why
        'as frequent as the next; its ids are smaller'
        """
        if not self.runners_up:
            return "the only pair"
        if self.runners_up[0].count == self.merged.count:
            return "as frequent as the next; its ids are smaller"
        return f"more frequent than the next by {self.merged.count - self.runners_up[0].count:,}"


@dataclass(frozen=True)
class TrainTrace:
    """How merges were learned from a corpus."""

    pattern: str
    tokens: tuple[bytes, ...]  # the 256 single bytes, and a token a merge, in id order
    n_pieces: int  # distinct ones
    n_bytes: int
    steps: tuple[TrainStep, ...]

    def _repr_html_(self) -> str:
        from bpelab.bpe.study.drawing import train_html

        return train_html(self)


def trace_train(texts: "Texts", vocab_size: int, pattern: str = "gpt2") -> TrainTrace:
    """Follow `train(texts, vocab_size=..., pattern=...)`: each merge, why it, and what it changed.

    Meant for the first hundreds of merges: each holds what stood beside it. A merge costs time in the
    number of distinct pairs. Ends sooner where no pair is left. Raises `ValueError` for less than 256
    tokens and for a pattern that is no regular expression.

    >>> trace = trace_train(["aaabdaaabac"], 256 + 2, pattern=".+")
    >>> [(step.merged.left, step.merged.right, step.merged.count) for step in trace.steps]
    [(b'a', b'a', 4), (b'a', b'b', 2)]
    >>> trace.steps[1].why
    'as frequent as the next; its ids are smaller'
    """
    from bpelab.bpe.training import count_pieces

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
        """Make a token of the most frequent pair, of equals the one of the smallest ids, and append it."""
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
            return PairCount(tokens[pair[0]], tokens[pair[1]], count)

        return TrainStep(
            token=token,
            merged=pair_count(*ordered[0]),
            runners_up=tuple(pair_count(*item) for item in ordered[1:]),
            changed=tuple((pair_count(pair, before[pair]), after[pair]) for pair in changes[:N_RUNNERS_UP]),
            examples=tuple(examples),
            n_tokens=self.n_tokens,
        )


def _merged(ids: tuple[int, ...], pair: tuple[int, int], token: int) -> tuple[int, ...]:
    """Put `token` wherever `pair` stands, from the left."""
    merged: list[int] = []
    i = 0
    while i < len(ids):
        if ids[i : i + 2] == pair:
            merged.append(token)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)
