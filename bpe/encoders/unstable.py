"""How could a text go on? The tokens that stay whatever follows, and how the rest may come out."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

import regex
from bpelab.bpe.encoders.heap import merge_with_heap

_SPACES = frozenset(b" \n\t")
# More ids than these are not put together: their lists would take a gigabyte.
MOST_IDS = 1 << 26


def completions(
    tokens: list[int],
    n_last_piece: int,
    *,
    bytes_of_id: Mapping[int, bytes],
    ranks: Mapping[bytes, int],
    sorted_tokens: Sequence[bytes],
    encode_ordinary: Callable[[str], list[int]],
) -> tuple[list[int], list[list[int]]]:
    """Split the ids of a text into stable ones and the ways in which the others may be completed.

    Raises `ValueError` where these have more than `MOST_IDS` ids together, as after thousands of spaces.

    `n_last_piece` of the tokens are those of the last piece; 0 after a special token, which is stable.
    This is tiktoken's search, step for step and with its limits; the completions come sorted here and
    in no order there: https://github.com/openai/tiktoken/blob/0.14.0/src/lib.rs, `_encode_unstable_native`
    """
    if n_last_piece and _is_space(bytes_of_id[tokens[-n_last_piece]]):
        while n_last_piece < len(tokens) and _is_space(bytes_of_id[tokens[-n_last_piece - 1]]):
            n_last_piece += 1
    n_stable = len(tokens) - n_last_piece
    unstable = b"".join(map(bytes_of_id.__getitem__, tokens[n_stable:]))
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
            completion = tuple(_until_covered(ids, len(unstable), bytes_of_id))
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
    if len(last) < len(unstable) and regex.fullmatch(r"\s", last.decode("utf-8", "replace")):
        before = unstable[: -len(last)]
        found.add((*merge_with_heap(before, ranks), *merge_with_heap(last, ranks)))
    return tokens[:n_stable], [list(ids) for ids in sorted(found)]


def _is_space(token: bytes) -> bool:
    return _SPACES.issuperset(token)


def _starting_with(prefix: bytes, sorted_tokens: Sequence[bytes]) -> Iterator[bytes]:
    for i in range(bisect_left(sorted_tokens, prefix), len(sorted_tokens)):
        if not sorted_tokens[i].startswith(prefix):
            return
        yield sorted_tokens[i]


def _until_covered(ids: list[int], n_bytes: int, bytes_of_id: Mapping[int, bytes]) -> Iterator[int]:
    for token in ids:
        yield token
        n_bytes -= len(bytes_of_id[token])
        if n_bytes <= 0:
            return


def _last_char(data: bytes) -> bytes:
    start = len(data) - 1
    while start and data[start] & 0xC0 == 0x80:
        start -= 1
    return data[start:]
