"""What is a training after some merges, and can one that a file holds have come from this corpus?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.training.counts import MAX_COUNT, n_bytes_of_counts
from bpelab.bpe.training.pairs import SEPARATOR, Counts, Ids
from bpelab.bpe.training.settings import TrainSettings

# The tokens of a training are short. The longest ones, made of runs and copies, double in length, so that
# all tokens together have a few times the bytes of the pieces. Far more than that was not learned.
MAX_TOKEN_BYTES, MAX_TIMES_PIECES = 1 << 30, 64
# Up to this length a token is checked to be made by its own merges; longer tokens consist of shorter ones.
CHECKED_TOKEN_LENGTH = 1000
# Pairs are looked up in stretches of so many slots, for which eight arrays take 64 MB.
SLOTS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class MergingState:
    """A training after some merges: everything that `MergeLearner` needs to go on."""

    merges: list[tuple[int, int]]
    ids: Ids  # (n_slots,) int32: the pieces as the merges have left them, -1 around each
    weights: Counts  # (n_pieces,) int64: how often each piece occurs


@dataclass(frozen=True)
class Bounds:
    """What a corpus allows its training: its tokens and pieces cannot have more bytes than its text."""

    n_piece_bytes: int  # of the distinct pieces, at most
    n_bytes: int  # of all text
    max_token_length: int | None


def first_state(counts: Mapping[bytes, int], settings: TrainSettings) -> MergingState:
    """Lay counted pieces out as ids, before any merge; `OverflowError` from 2**63 bytes on.

    >>> state = first_state({b"ab": 3, b"a": 1}, TrainSettings(vocab_size=300, byte_order="raw"))
    >>> state.ids.tolist(), state.weights.tolist()
    ([-1, 97, 98, -1, 97, -1], [3, 1])
    """
    n_bytes = n_bytes_of_counts(counts)
    if n_bytes > MAX_COUNT:
        raise OverflowError(f"the corpus has {n_bytes:,} bytes: counts hold up to 2**63 - 1")
    pieces = list(counts)
    if settings.extend is None:
        id_of_byte = np.zeros(256, dtype=np.int32)
        id_of_byte[np.frombuffer(b"".join(settings.first_tokens()), dtype=np.uint8)] = np.arange(256)
        flat = id_of_byte[np.frombuffer(b"".join(pieces), dtype=np.uint8)]
        lengths = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    else:
        encoded = [merge_with_heap(piece, settings.extend.ranks) for piece in pieces]
        flat = np.array([token for ids in encoded for token in ids], dtype=np.int32)
        lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(pieces))
    is_token = np.ones(len(flat) + len(pieces) + 1, dtype=np.bool_)
    is_token[np.append(0, np.cumsum(lengths + 1))] = False
    ids = np.full(len(is_token), SEPARATOR, dtype=np.int32)
    ids[is_token] = flat
    return MergingState([], ids, np.fromiter(counts.values(), dtype=np.int64, count=len(pieces)))


def check_state(state: MergingState, first_tokens: Sequence[bytes], bounds: Bounds) -> None:
    """Raise `ValueError` unless a training that begins with `first_tokens` can come to this state."""
    _check_pieces(state, _check_merges(state.merges, first_tokens, bounds), bounds)


def tokens_after(first_tokens: Sequence[bytes], merges: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return the bytes of every token, by id, once the merges are made.

    >>> tokens_after([b"a", b"b"], [(0, 1), (2, 0)])
    [b'a', b'b', b'ab', b'aba']
    """
    tokens = list(first_tokens)
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens


def _check_merges(merges: Sequence[tuple[int, int]], tokens: Sequence[bytes], bounds: Bounds) -> list[int]:
    """Raise `ValueError` unless the merges can follow `tokens` in a training; return all tokens' lengths."""
    longest = bounds.n_piece_bytes
    if bounds.max_token_length is not None:
        longest = min(longest, bounds.max_token_length)
    lengths = [len(token) for token in tokens]
    for new, (left, right) in enumerate(merges, len(tokens)):
        if not (0 <= left < new and 0 <= right < new and lengths[left] and lengths[right]):
            raise ValueError(f"a merge joins {left} and {right} to {new}, and these are not both tokens yet")
        lengths.append(lengths[left] + lengths[right])
        if lengths[-1] > longest:
            raise ValueError(
                f"the token {new} would have {lengths[-1]:,} bytes: {longest:,} can be learned here"
            )
    if sum(lengths) > max(MAX_TOKEN_BYTES, MAX_TIMES_PIECES * bounds.n_piece_bytes):
        raise ValueError(
            f"its tokens have {sum(lengths):,} bytes, its pieces {bounds.n_piece_bytes:,} at most"
        )
    known = tokens_after(tokens, merges)  # only now: before, their lengths could be anything
    ranks = {token: rank for rank, token in enumerate(known[: len(tokens)]) if token}
    for rank, token in enumerate(known[len(tokens) :], len(tokens)):
        if token in ranks:
            raise ValueError(f"two tokens are {token!r:.60}")
        ranks[token] = rank
    for token in known[len(tokens) :]:
        if len(token) <= CHECKED_TOKEN_LENGTH and merge_with_heap(token, ranks) != [ranks[token]]:
            raise ValueError(f"its merges never make its token {token!r:.60}")
    return lengths


def _check_pieces(state: MergingState, lengths: Sequence[int], bounds: Bounds) -> None:
    """Raise `ValueError` unless the merges can have left these pieces of such a corpus."""
    ids, weights = state.ids, state.weights
    ends = np.flatnonzero(ids == SEPARATOR)
    if len(ends) != len(weights) + 1 or ends[0] != 0 or ends[-1] != len(ids) - 1 or (np.diff(ends) < 2).any():
        raise ValueError(f"{len(ends):,} separators in {len(ids):,} ids do not make {len(weights):,} pieces")
    if ids.min() < SEPARATOR or ids.max() >= len(lengths):
        raise ValueError(
            f"a piece has an id from {ids.min()} to {ids.max()}: they end at {len(lengths) - 1:,}"
        )
    if not len(weights):
        return
    if weights.min() < 1:
        raise ValueError(f"a piece occurs {weights.min():,} times: each occurs at least once")
    slot_lengths = np.array([*lengths, 0], dtype=np.int64)[ids]  # a separator is -1: the last, 0
    if (slot_lengths == 0).sum() > len(ends):
        raise ValueError("a piece holds the id of a special token")
    # In floats first: nothing bounds these sums before they are compared, and integers would wrap around.
    if slot_lengths.sum(dtype=np.float64) > bounds.n_piece_bytes:
        raise ValueError(f"its pieces have more bytes than the corpus, {bounds.n_piece_bytes:,}")
    piece_lengths = np.add.reduceat(slot_lengths, ends[:-1])
    n_bytes: int | float = float(piece_lengths.astype(np.float64) @ weights.astype(np.float64))
    if n_bytes < 2.0**63:
        n_bytes = sum(map(mul, piece_lengths.tolist(), weights.tolist()))
    if n_bytes > bounds.n_bytes:
        raise ValueError(
            f"its pieces, as often as they occur, have {n_bytes:,} bytes: {bounds.n_bytes:,} were read"
        )
    _check_merged(ids, state.merges, len(lengths))


def _check_merged(ids: npt.NDArray[np.int32], merges: Sequence[tuple[int, int]], n_tokens: int) -> None:
    """Raise `ValueError` where a pair is left in a piece that an earlier merge must have joined."""
    joined = np.array(sorted(left * n_tokens + right for left, right in merges), dtype=np.int64)
    if not len(joined):
        return
    for at in range(0, len(ids), SLOTS_AT_ONCE):
        stretch = ids[at : at + SLOTS_AT_ONCE + 1].astype(np.int64)
        lefts, rights = stretch[:-1], stretch[1:]
        keys = np.where((lefts >= 0) & (rights >= 0), lefts * n_tokens + rights, -1)
        found = joined[np.minimum(np.searchsorted(joined, keys), len(joined) - 1)] == keys
        if found.any():
            left, right = divmod(int(keys[found][0]), n_tokens)
            raise ValueError(f"a piece still holds the pair {left}, {right}, which was merged")
