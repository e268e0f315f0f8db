r"""Which tokens can never be produced by encoding any text?

A token is produced if some text has it among its ids, and one such text proves it: the token's own text,
or that text with its first and last characters completed and something around them. Two things prove the
contrary: bytes that cannot be neighbours in UTF-8, and merges that do not end in the token. The latter
proof holds within any text, because until something merges across the ends of a token's bytes, the same
merges happen inside them as when they stand alone. For the few tokens that remain there is neither proof.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random

from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.encoding import Encoding

# Neighbours that may keep a pattern from cutting a token off, or another token from merging with it.
_ASCII = "".join(map(chr, range(32, 127)))
_BEFORE = ("", *_ASCII, "\n", "é", "о", "中")
_AFTER = ("", *_ASCII, "\n", "é", "о", "中", "re", "RE", "ve", "ll", "LL")
N_TRIED = 60_000
N_IN_CONTEXT = 5
_CONTINUATION = [bytes([byte]) for byte in range(0x80, 0xC0)]
_NEVER = frozenset([0xC0, 0xC1, *range(0xF5, 0x100)])  # bytes that UTF-8 does not use
_LEADS = {2: range(0xC2, 0xE0), 3: range(0xE0, 0xF0), 4: range(0xF0, 0xF5)}


@dataclass(frozen=True)
class Unreachable:
    """A token for which no text is known, and why."""

    token: bytes
    id: int
    reason: str
    is_proved: bool


def unreachable_tokens(encoding: Encoding) -> list[Unreachable]:
    r"""List the mergeable tokens that no text is known to produce, in id order.

    Takes some seconds for gpt2 and a minute for 200,000 tokens. Raises `KeyError` if a single byte is not
    a token.
    """
    found = []
    for token, rank in sorted(encoding.ranks.items(), key=lambda item: item[1]):
        reason, is_proved = _why_never(token, encoding)
        if not reason and witness(token, encoding) is None:
            reason, is_proved = "no text is known to produce it, and there is no proof that none does", False
        if reason:
            found.append(Unreachable(token, rank, reason, is_proved))
    return found


def witness(token: bytes, encoding: Encoding) -> str | None:
    r"""Find a text that has the token among its ids; None if no text that was tried has it.

    >>> from bpelab.bpe import get_encoding
    >>> witness(b" the", get_encoding("gpt2"))
    ' the'
    """
    rank = encoding.ranks[token]
    for text in _texts_around(token):
        if rank in encoding.encode_ordinary(text):
            return text
    return None


def _why_never(token: bytes, encoding: Encoding) -> tuple[str, bool]:
    """Return a reason why no text produces the token, or "", and whether the reason is a proof."""
    first, inner, last = _edges(token)
    if not (_is_text(inner) and _prefixes(first) and _suffixes(last)):
        return "no UTF-8 text has these bytes", True
    if merge_with_heap(token, encoding.ranks) == [encoding.ranks[token]]:
        return "", False
    if inner != token:
        return "its merges end in other tokens, and it is not a piece", True
    # A piece that is a token is taken whole, so that the pattern may still give it.
    return "", False


def _edges(token: bytes) -> tuple[bytes, bytes, bytes]:
    r"""Split a token into the rest of a character at its start, whole characters, and one begun at its end.

    >>> _edges(b"\x95a\xec")
    (b'\x95', b'a', b'\xec')
    """
    start = 0
    while start < min(3, len(token)) and 0x80 <= token[start] < 0xC0:
        start += 1
    end = len(token)
    for back in range(1, min(3, len(token) - start) + 1):
        lead = token[-back]
        if lead >= 0xC0:
            if back < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4):
                end = len(token) - back
            break
    return token[:start], token[start:end], token[end:]


def _texts_around(token: bytes) -> Iterator[str]:
    """Yield texts whose bytes contain the token: all ways to complete it, or a random choice of them."""
    first, _, last = _edges(token)
    prefixes, suffixes = _prefixes(first), _suffixes(last)
    if len(prefixes) * len(suffixes) <= N_TRIED:
        around: Iterator[tuple[bytes, bytes]] = product(prefixes, suffixes)
    else:
        draw = Random(0)
        around = ((draw.choice(prefixes), draw.choice(suffixes)) for _ in range(N_TRIED))
    for_contexts: list[str] = []
    for prefix, suffix in around:
        text = (prefix + token + suffix).decode("utf-8")
        yield text
        if len(for_contexts) < N_IN_CONTEXT:
            for_contexts.append(text)
    for before, after in product(_BEFORE, _AFTER):
        yield from (before + text + after for text in for_contexts)


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@cache
def _prefixes(end: bytes) -> list[bytes]:
    """Return the bytes that may precede the last bytes of a character, shuffled."""
    # An eighth of the 20,000 beginnings of four-byte characters is enough: each end still has some.
    found = [
        bytes([lead]) + b"".join(middle)
        for n_bytes, leads in _LEADS.items()
        for lead in (leads if n_bytes > len(end) else ())
        for middle in list(product(_CONTINUATION, repeat=n_bytes - 1 - len(end)))[:: 8 if n_bytes == 4 else 1]
    ]
    return _mixed([prefix for prefix in found if _is_text(prefix + end)]) if end else [b""]


@cache
def _suffixes(start: bytes) -> list[bytes]:
    """Return the bytes that may follow the first bytes of a character, shuffled."""
    n_bytes = 0 if not start else 2 if start[0] < 0xE0 else 3 if start[0] < 0xF0 else 4
    n_lacking = max(0, n_bytes - len(start))
    rests = [b"".join(rest) for rest in product(_CONTINUATION, repeat=n_lacking)]
    return _mixed([rest for rest in rests[:: 8 if n_lacking == 3 else 1] if _is_text(start + rest)])


def _mixed(endings: list[bytes]) -> list[bytes]:
    Random(0).shuffle(endings)
    return endings
