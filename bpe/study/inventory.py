"""What is in a vocabulary? Its tokens by length and by script, and how each was built."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.study.tree import MAX_TRACED_BYTES, Node, merge_steps, merge_tree

PART_OF_A_CHARACTER = "parts of characters"
NO_LETTERS = "no letters"
SHARED_LETTERS = "letters of no one script"
_NO_SCRIPTS = frozenset({"Micro", "Masculine", "Feminine", "Modifier", "Katakana-hiragana"})


@cache
def _script_of_letter(letter: str) -> str:
    # The standard library has no table of scripts; the first word of a letter's name is its script.
    name = unicodedata.name(letter, "unnamed").split()[0].capitalize()
    return SHARED_LETTERS if name in _NO_SCRIPTS else name


def script(token: bytes) -> str:
    r"""Name the script of a token by the first of its letters.

    >>> [script(token) for token in (b" the", "안".encode(), b"42", b"\xec\x95")]
    ['Latin', 'Hangul', 'no letters', 'parts of characters']
    """
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return PART_OF_A_CHARACTER
    letter = next(filter(str.isalpha, text), None)
    return NO_LETTERS if letter is None else _script_of_letter(letter)


def count_scripts(encoding: Encoding) -> Counter[str]:
    """Count the mergeable tokens by script."""
    return Counter(map(script, encoding.ranks))


def count_lengths(encoding: Encoding) -> Counter[int]:
    """Count the mergeable tokens by their length in bytes."""
    return Counter(map(len, encoding.ranks))


def longest_tokens(encoding: Encoding, n: int) -> list[bytes]:
    """Return the longest mergeable tokens, the longest first, of equals the lowest id first."""
    ranks = encoding.ranks
    return sorted(ranks, key=lambda token: (-len(token), ranks[token]))[:n]


def find_token(encoding: Encoding, wanted: str) -> bytes:
    """Find the token that has this text or, where the text is digits alone, this id.

    Raises `KeyError` if there is none.

    >>> from bpelab.bpe import get_encoding
    >>> find_token(get_encoding("gpt2"), " the"), find_token(get_encoding("gpt2"), "262")
    (b' the', b' the')
    """
    if wanted.isascii() and wanted.isdigit():
        if (n_digits := len(wanted)) > 10:
            raise KeyError(f"no token has an id of {n_digits:,} digits: ids are from 0 to 2**32 - 1")
        return encoding.decode_single_token_bytes(int(wanted))
    token = wanted.encode("utf-8", "surrogatepass")
    if token not in encoding.ranks:
        raise KeyError(
            f"{wanted!r} is not a token of {encoding.name}; its ids are {encoding.encode_ordinary(wanted)}"
        )
    return token


def built_from(token: bytes, encoding: Encoding) -> Node:
    """Return the tree of merges that makes a token, down to its bytes.

    Raises `ValueError` for a token that its merges do not make, and for one of more than
    `MAX_TRACED_BYTES`, whose tree would be too large to read.

    >>> from bpelab.bpe import get_encoding
    >>> [part.token for part in built_from(b" the", get_encoding("gpt2")).children]
    [b' t', b'he']
    """
    ranks = encoding.ranks
    if token not in ranks or merge_with_heap(token, ranks) != [ranks[token]]:
        raise ValueError(f"{token!r:.80} is not made by merges of {encoding.name}")
    if len(token) > MAX_TRACED_BYTES:
        raise ValueError(f"the token has {len(token):,} bytes: a tree is drawn for up to {MAX_TRACED_BYTES}")
    (root,) = merge_tree(list(merge_steps(token, ranks)))
    return root


@dataclass(frozen=True)
class Compression:
    """How well an encoding compresses a text."""

    text_name: str
    encoding_name: str
    n_bytes: int
    n_tokens: int

    @property
    def bytes_per_token(self) -> float:
        """How many bytes of UTF-8 a token holds on average."""
        return self.n_bytes / max(1, self.n_tokens)


def compare_compression(
    encodings: Sequence[Encoding], texts: Sequence[tuple[str, str]]
) -> list[tuple[Compression, ...]]:
    """Encode each (name, text) with each encoding: a row for each text, in the order of the encodings."""
    return [
        tuple(
            Compression(
                name, encoding.name, len(repair_surrogates(text).encode("utf-8")), encoding.count(text)
            )
            for encoding in encodings
        )
        for name, text in texts
    ]
