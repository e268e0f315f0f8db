"""Does a trainer learn the same merges, and to whom do its ties go? Its merges are followed one by one.

At each merge, the pairs of the corpus are counted anew. A merge of a pair that occurs less often than another
is a mistake. A tie is a choice, and the choices tell the family: all merges of a trainer that follows
Hugging Face's rule are those of that rule.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.training import count_pieces

Pair = tuple[bytes, bytes]

# Who follows each rule, in the order in which they are named.
FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "huggingface": "Hugging Face and bpelab: the smallest pair of ids, bytes in GPT-2's order",
        "rustbpe": "rustbpe and bpeasy: the smallest pair of ids, bytes by their value",
        "minbpe": "minbpe and tiktoken's educational trainer: the pair that comes first in the corpus",
        "largest": "the largest pair of ids, bytes by their value",
        "smallest-bytes": "the smallest pair of tokens, compared as bytes",
        "largest-bytes": "the largest pair of tokens, compared as bytes",
    }
)


@dataclass(frozen=True)
class MergeDifference:
    """The first merge that differs from ours, with both candidates and how often each occurs there."""

    number: int  # of the merge, from 1
    theirs: Pair | None  # None where the trainer stopped
    theirs_count: int
    ours: Pair | None  # None where no pair is left
    ours_count: int

    @property
    def is_tie(self) -> bool:
        """Whether both occur equally often, so that the trainer's choice is another rule, not a mistake."""
        return self.theirs is not None and self.ours is not None and self.theirs_count == self.ours_count


@dataclass(frozen=True)
class TrainerComparison:
    """How far the merges of a trainer are ours, and which families of ties they agree with."""

    n_texts: int
    n_merges: int  # that were followed
    n_ties: int  # among them
    families: tuple[str, ...]  # that would have made all merges that were followed; keys of `FAMILIES`
    difference: MergeDifference | None  # from ours: None where all merges are the same
    mistake: MergeDifference | None  # a merge of no family: not one of the most frequent pairs

    def as_json(self) -> dict[str, Any]:
        """Return what `json.dumps` takes, with the bytes of tokens in hexadecimal."""

        def shown(found: MergeDifference | None) -> dict[str, Any] | None:
            if found is None:
                return None
            pairs = {
                name: pair and [token.hex() for token in pair]
                for name, pair in (("theirs", found.theirs), ("ours", found.ours))
            }
            return asdict(found) | pairs

        return asdict(self) | {
            "difference": shown(self.difference),
            "mistake": shown(self.mistake),
            "equal": self.difference is None,
        }


def compare_trainer(
    train: Callable[[list[str], int], Any], texts: Iterable[str], vocab_size: int, pattern: str = "gpt2"
) -> TrainerComparison:
    """Train on the texts and follow the merges, up to and including the first that no family would make.

    `train(texts, vocab_size)` returns its merges in order: pairs of bytes, or the bytes of each new token.
    The 256 single bytes may come first. It must split as the pattern does. Raises `ValueError` for a result
    of another kind and for a vocabulary without merges.

    >>> found = compare_trainer(lambda texts, size: [b"ab", b"aab"], ["aabaab"], 258, ".+")
    >>> found.families, found.difference.theirs, found.difference.ours
    (('largest', 'largest-bytes'), (b'a', b'b'), (b'a', b'a'))
    """
    if vocab_size <= 256:
        raise ValueError(f"vocab_size is {vocab_size}: it must be more than 256, the single bytes")
    documents = list(texts)
    merges = _merges_of(train(documents, vocab_size))[: vocab_size - 256]
    corpus = _Corpus(count_pieces(documents, pattern=pattern).counts)
    families = dict.fromkeys(FAMILIES)
    difference: MergeDifference | None = None
    n_ties = 0
    for number in range(1, vocab_size - 255):
        best = corpus.most_frequent()
        if not best and number > len(merges):
            break  # nothing is left, and the trainer knows it
        top = corpus.pair_counts[best[0]] if best else 0
        ours = corpus.choice("huggingface", best) if best else None
        theirs = corpus.pair_of(merges[number - 1]) if number <= len(merges) else None
        count = corpus.pair_counts.get(theirs, 0) if theirs else 0
        found = MergeDifference(number, theirs, count, ours, top)
        if theirs != ours and difference is None:
            difference = found
        if theirs is None or not best or count < top:
            return TrainerComparison(len(documents), number - 1, n_ties, tuple(families), difference, found)
        if len(best) > 1:
            n_ties += 1
            families = {name: None for name in families if corpus.choice(name, best) == theirs}
        corpus.merge(theirs)
    return TrainerComparison(
        len(documents), min(len(merges), vocab_size - 256), n_ties, tuple(families), difference, None
    )


def _merges_of(found: Any) -> list[Pair | bytes]:
    """Check what a trainer returned: pairs of bytes, or tokens, with or without the single bytes."""
    if isinstance(found, Mapping | str | bytes) or not isinstance(found, Iterable):
        raise ValueError(f"the trainer returned {found!r:.60}, where a list of merges in order was expected")
    merges: list[Pair | bytes] = []
    for number, merge in enumerate(found, 1):
        if isinstance(merge, bytes):
            if len(merge) > 1:
                merges.append(merge)
            continue
        if (
            not isinstance(merge, Sequence)
            or len(merge) != 2
            or not all(isinstance(part, bytes) and part for part in merge)
        ):
            raise ValueError(
                f"merge {number} of the trainer is {merge!r:.60}, where a pair of bytes, such as (b'a',"
                " b'b'), or the bytes of a token was expected"
            )
        merges.append((merge[0], merge[1]))
    return merges


class _Corpus:
    """The pieces of a corpus in the order of their first occurrence, and the counts of their pairs."""

    def __init__(self, counts: Mapping[bytes, int]) -> None:
        self._counts = list(counts.values())
        self._pieces = [[piece[i : i + 1] for i in range(len(piece))] for piece in counts]
        self.pair_counts: Counter[Pair] = Counter()
        self._pieces_with: defaultdict[Pair, set[int]] = defaultdict(set)
        self._made: dict[bytes, int] = {}
        for number in range(len(self._pieces)):
            self._count(number, 1)

    def _count(self, number: int, sign: int) -> None:
        for pair in pairwise(self._pieces[number]):
            self.pair_counts[pair] += sign * self._counts[number]
            if sign > 0:
                self._pieces_with[pair].add(number)
            else:
                self._pieces_with[pair].discard(number)
                if not self.pair_counts[pair]:
                    del self.pair_counts[pair]

    def most_frequent(self) -> list[Pair]:
        """Return the pairs of which there are most."""
        top = max(self.pair_counts.values(), default=0)
        return [pair for pair, count in self.pair_counts.items() if count == top]

    def pair_of(self, merge: Pair | bytes) -> Pair:
        """Return the pair of a merge; of the pairs that make a token, the most frequent."""
        if isinstance(merge, tuple):
            return merge
        cuts = [(merge[:i], merge[i:]) for i in range(1, len(merge))]
        return max(cuts, key=lambda pair: self.pair_counts.get(pair, 0))

    def choice(self, family: str, tied: Sequence[Pair]) -> Pair:
        """Return the pair that a family merges."""
        if family == "minbpe":
            return min(tied, key=self._first_place)
        if family == "largest-bytes":
            return max(tied)
        if family == "smallest-bytes":
            return min(tied)
        order = BYTE_ORDER if family == "huggingface" else bytes(range(256))
        choose = max if family == "largest" else min
        return choose(tied, key=lambda pair: (self._id(pair[0], order), self._id(pair[1], order)))

    def _id(self, token: bytes, order: bytes) -> int:
        return order.index(token) if len(token) == 1 else self._made[token]

    def _first_place(self, pair: Pair) -> tuple[int, int]:
        number = min(self._pieces_with[pair])
        return number, next(i for i, found in enumerate(pairwise(self._pieces[number])) if found == pair)

    def merge(self, pair: Pair) -> None:
        """Join a pair everywhere."""
        token = pair[0] + pair[1]
        self._made.setdefault(token, 256 + len(self._made))
        for number in sorted(self._pieces_with[pair]):
            self._count(number, -1)
            parts = self._pieces[number]
            i = 0
            while i + 1 < len(parts):
                if (parts[i], parts[i + 1]) == pair:
                    parts[i : i + 2] = [token]
                i += 1
            self._count(number, 1)
