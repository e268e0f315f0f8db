"""How does tiktoken explain byte pair encoding? With these classes and functions, which print every merge.

Encoding is the one of `bpelab.bpe.textbook`. In training, of pairs that occur equally often the one that is
met first wins, as in tiktoken; `bpelab.bpe.train` takes the one with the smallest ids.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.bpe.textbook import mergeable_pairs, split
from bpelab.tiktoken.registry import get_encoding

_BACKGROUNDS = [f"\x1b[48;5;{colour}m" for colour in (167, 179, 185, 77, 80, 68, 134)]
_RESET = "\x1b[0m"


class SimpleBytePairEncoding:
    """An encoding without special tokens, in plain Python, which shows how it merges.

    >>> enc = SimpleBytePairEncoding.from_tiktoken("gpt2")
    >>> enc.encode("ab it", visualise="simple")
    [b'a', b'b']
    [b'ab']
    <BLANKLINE>
    [b' ', b'i', b't']
    [b' ', b'it']
    [b' it']
    <BLANKLINE>
    [397, 340]
    >>> enc.decode([397, 340])
    'ab it'
    """

    def __init__(self, *, pat_str: str, mergeable_ranks: Mapping[bytes, int]) -> None:
        self.pat_str = pat_str
        self.mergeable_ranks = dict(mergeable_ranks)
        self._bytes_of_rank = {rank: token for token, rank in mergeable_ranks.items()}

    def encode(self, text: str, visualise: str | None = "colour") -> list[int]:
        """Encode text; `visualise` is "colour", "simple", or None to print nothing."""
        ids: list[int] = []
        for piece in split(text, self.pat_str):
            ids += bpe_encode(self.mergeable_ranks, piece.encode("utf-8"), visualise)
        return ids

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of tokens; `KeyError` for an id that is not a token."""
        return b"".join(self.decode_tokens_bytes(tokens))

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens, with U+FFFD for what is not UTF-8."""
        return self.decode_bytes(tokens).decode("utf-8", "replace")

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """Return the bytes of each token."""
        return [self._bytes_of_rank[token] for token in tokens]

    @staticmethod
    def train(training_data: str, vocab_size: int, pat_str: str) -> "SimpleBytePairEncoding":
        """Return the encoding that `bpe_train` learns."""
        ranks = bpe_train(training_data, vocab_size, pat_str)
        return SimpleBytePairEncoding(pat_str=pat_str, mergeable_ranks=ranks)

    @staticmethod
    def from_tiktoken(encoding: Encoding | str) -> "SimpleBytePairEncoding":
        """Return an encoding, or the one of that name, in plain Python and without its special tokens."""
        source = get_encoding(encoding) if isinstance(encoding, str) else encoding
        return SimpleBytePairEncoding(pat_str=source.pattern, mergeable_ranks=source.ranks)


def bpe_encode(
    mergeable_ranks: Mapping[bytes, int],
    input: bytes,
    visualise: str | None = "colour",
) -> list[int]:
    """Merge one piece, and print its parts before each merge and after the last."""
    parts = [bytes([byte]) for byte in input]
    _show_parts(parts, visualise)
    while pairs := mergeable_pairs(parts, mergeable_ranks):
        _, place = min(pairs)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
        _show_parts(parts, visualise)
    if visualise:
        print()
    return [mergeable_ranks[part] for part in parts]


def bpe_train(data: str, vocab_size: int, pat_str: str, visualise: str | None = "colour") -> dict[bytes, int]:
    """Learn ranks: make a token of the most frequent pair, merge it everywhere, print that, repeat.

    Raises `ValueError` for fewer tokens than bytes, and where the text has too few pairs for so many tokens.

    >>> list(bpe_train("aaabdaaabac", 259, ".+", visualise=None))[256:]
    [b'aa', b'aaa', b'aaab']
    """
    if vocab_size < 256:
        raise ValueError(f"vocab_size={vocab_size}: it must be at least 256, one token for each byte")
    ranks = {bytes([byte]): byte for byte in range(256)}
    words = [[bytes([byte]) for byte in piece.encode("utf-8")] for piece in split(data, pat_str)]
    while len(ranks) < vocab_size:
        pair_counts = Counter(pair for word in words for pair in pairwise(word))
        if not pair_counts:
            raise ValueError(f"the text is one token a piece: it makes {len(ranks)} tokens, not {vocab_size}")
        left, right = max(pair_counts, key=pair_counts.__getitem__)  # of equal ones, the first in the text
        # Two pairs may make the same bytes, as a+bc and ab+c do: they are one token.
        ranks.setdefault(left + right, len(ranks))
        words = [_merged(word, left, right) for word in words]
        if visualise:
            print(f"The most common pair is {left!r} + {right!r}: {left + right!r} is token {len(ranks)}.")
            _show_words(words, visualise)
    return ranks


def _merged(word: Sequence[bytes], left: bytes, right: bytes) -> list[bytes]:
    """Return a word in which a pair is joined wherever it occurs, from left to right."""
    merged: list[bytes] = []
    for part in word:
        if merged and (merged[-1], part) == (left, right):
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def _show_parts(parts: Sequence[bytes], visualise: str | None) -> None:
    if visualise in ("colour", "color"):
        visualise_tokens(parts)
    elif visualise == "simple":
        print(list(parts))


def _show_words(words: Sequence[Sequence[bytes]], visualise: str) -> None:
    print("The corpus now begins with:")
    if visualise == "simple":
        for word in words[:20]:
            print(list(word))
    else:
        _show_parts([part for word in words[:50] for part in word], visualise)
    print()


def visualise_tokens(token_values: Iterable[bytes]) -> None:
    """Print tokens in a row, neighbours on different backgrounds; U+FFFD stands for half a character."""
    shown = []
    n_chars, last = 0, -1
    for token in token_values:
        text = token.decode("utf-8", "replace")
        colour = n_chars % len(_BACKGROUNDS)
        if colour == last:
            colour = (colour + 1) % len(_BACKGROUNDS)
        shown.append(_BACKGROUNDS[colour] + text)
        n_chars, last = n_chars + len(text), colour
    print("".join(shown) + _RESET)


def train_simple_encoding() -> SimpleBytePairEncoding:
    """Train on this file, show how "hello world" is encoded, and return the encoding."""
    text = Path(__file__).read_text(encoding="utf-8")
    encoding = SimpleBytePairEncoding.train(text, vocab_size=600, pat_str=GPT2_PATTERN)
    print('"hello world" is merged like this:')
    encoding.encode("hello world")
    return encoding
