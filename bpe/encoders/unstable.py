"""Which of a text's tokens stay whatever follows, and how may the last ones change?

What is stable is tiktoken's judgement, step for step and with its limits:
https://github.com/openai/tiktoken/blob/0.14.0/src/lib.rs, `_encode_unstable_native` and, for bytes that end
within a character, https://github.com/openai/tiktoken/blob/0.14.0/src/py.rs, `_encode_bytes`
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile

from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.splitting.unicode16 import is_white

_SPACES = frozenset(b" \n\t")
# More ids than these are not put together: their lists would take a gigabyte.
MOST_IDS = 1 << 26


def n_unstable(tokens: Sequence[int], n_last_piece: int, bytes_of_rank: Mapping[int, bytes]) -> int:
    """Return how many of a text's last tokens may change when the text goes on.

    These are the `n_last_piece` tokens of its last piece (0 after a special token, which is stable). Before
    white space they are also the tokens of white space before them, which some patterns take in.

    >>> n_unstable([7, 1, 1], 1, {1: b" ", 7: b"a"})
    2
    """
    n = n_last_piece
    if n and _is_space(bytes_of_rank.get(tokens[-n])):
        before = map(bytes_of_rank.get, tokens[-n - 1 :: -1])
        n += sum(1 for _ in takewhile(_is_space, before))
    return n


def encode_any_bytes(
    data: bytes,
    *,
    encode: Callable[[str], tuple[list[int], int]],
    merge_piece: Callable[[bytes], list[int]],
    bytes_of_rank: Mapping[int, bytes],
) -> list[int]:
    """Return the ids of bytes that need not be UTF-8.

    What is UTF-8 at their beginning is encoded as text. Its last piece, as far as it is unstable, and all the
    bytes after it are then merged as one piece. `encode` returns the ids of a text and how many of them are
    those of its last piece.
    """
    try:
        tokens, _ = encode(data.decode("utf-8"))
        return tokens
    except UnicodeDecodeError as error:
        n_valid = error.start
    tokens, n_last_piece = encode(data[:n_valid].decode("utf-8"))
    n_stable = len(tokens) - n_unstable(tokens, n_last_piece, bytes_of_rank)
    rest = b"".join(map(bytes_of_rank.__getitem__, tokens[n_stable:])) + data[n_valid:]
    return tokens[:n_stable] + merge_piece(rest)


def completions(
    tokens: list[int],
    n_last_piece: int,
    *,
    bytes_of_rank: Mapping[int, bytes],
    ranks: Mapping[bytes, int],
    sorted_tokens: Sequence[bytes],
    encode_ordinary: Callable[[str], list[int]],
) -> tuple[list[int], list[list[int]]]:
    """Split the ids of a text into stable ones and the ways in which the others may be completed.

    The completions are sorted here, and in no order in tiktoken. Raises `ValueError` where they have more
    than `MOST_IDS` ids together, as after thousands of spaces.
    """
    n_stable = len(tokens) - n_unstable(tokens, n_last_piece, bytes_of_rank)
    unstable = b"".join(map(bytes_of_rank.__getitem__, tokens[n_stable:]))
    if not unstable:
        return tokens, []

    found: set[tuple[int, ...]] = {(ranks[token],) for token in _starting_with(unstable, sorted_tokens)}
    n_ids = len(found)
    # A token may also begin inside the unstable bytes and reach beyond them.
    longest = max(map(len, sorted_tokens))
    for i in range(max(1, len(unstable) - longest), len(unstable)):
        for token in _starting_with(unstable[i:], sorted_tokens):
            possible = unstable[:i] + token
            try:
                ids = encode_ordinary(possible.decode("utf-8"))
            except UnicodeDecodeError:
                ids = merge_with_heap(possible, ranks)
            completion = tuple(_until_covered(ids, len(unstable), bytes_of_rank))
            if completion not in found:
                found.add(completion)
                n_ids += len(completion)
            if n_ids > MOST_IDS:
                raise ValueError(
                    f"the text ends in {len(unstable):,} bytes that may still change, and the ways in which"
                    f" they may go on have more than {MOST_IDS:,} ids together: encode a text whose last word"
                    " is shorter"
                )
    # What follows may also end a run of white space one character earlier than the text does.
    last = _last_char(unstable)
    if len(last) < len(unstable) and is_white(last.decode("utf-8", "replace")):
        before = unstable[: -len(last)]
        found.add((*merge_with_heap(before, ranks), *merge_with_heap(last, ranks)))
    return tokens[:n_stable], [list(ids) for ids in sorted(found)]


def _is_space(token: bytes | None) -> bool:
    return token is not None and _SPACES.issuperset(token)


def _starting_with(prefix: bytes, sorted_tokens: Sequence[bytes]) -> Iterator[bytes]:
    for i in range(bisect_left(sorted_tokens, prefix), len(sorted_tokens)):
        if not sorted_tokens[i].startswith(prefix):
            return
        yield sorted_tokens[i]


def _until_covered(ids: list[int], n_bytes: int, bytes_of_rank: Mapping[int, bytes]) -> Iterator[int]:
    for token in ids:
        yield token
        n_bytes -= len(bytes_of_rank[token])
        if n_bytes <= 0:
            return


def _last_char(data: bytes) -> bytes:
    start = len(data) - 1
    while start and data[start] & 0xC0 == 0x80:
        start -= 1
    return data[start:]
