"""A piece has one key, which no other piece has, in one table."""

import numpy as np
from bpelab.bpe.encoders.arrays.keys import KEY_WORDS, MAX_KEY_BYTES, Pieces, as_words, by_tier, keys_of_words
from bpelab.bpe.encoders.arrays.store import NO_RANK, PieceStore, TokenTables
from bpelab.bpe.encoders.arrays.tiers import TieredTable
from hypothesis import given
from hypothesis import strategies as st

PIECES = st.lists(st.binary(min_size=1, max_size=MAX_KEY_BYTES + 9), min_size=1, max_size=30, unique=True)
BYTES = {bytes([byte]): byte for byte in range(256)}


def pieces_of(contents: list[bytes]) -> Pieces:
    """Lay some pieces side by side."""
    lengths = np.array(list(map(len, contents)))
    data = b"".join(contents)
    return Pieces(data, as_words(data), np.cumsum(lengths) - lengths, lengths)


def test_each_length_has_the_smallest_key_that_holds_it_and_itself() -> None:
    lengths = np.arange(1, MAX_KEY_BYTES + 9)
    tiers = [(KEY_WORDS[tier], lengths[own].tolist()) for tier, own in by_tier(lengths)]
    assert tiers == [(1, [*range(1, 8)]), (2, [*range(8, 16)]), (4, [*range(16, 32)])]


@given(PIECES)
def test_no_two_pieces_have_one_key(contents: list[bytes]) -> None:
    pieces = pieces_of([content + b"\0" * n for content in contents for n in range(3)])
    for tier, own in by_tier(pieces.lengths):
        some = pieces.take(own)
        keys = zip(*keys_of_words(*some[1:], KEY_WORDS[tier]), strict=True)
        assert len(set(keys)) == len(set(map(some.content, range(len(own)))))


@given(known=PIECES, other=PIECES)
def test_a_piece_that_is_known_is_found_in_one_look_up(known: list[bytes], other: list[bytes]) -> None:
    with_key = [content for content in known if len(content) <= MAX_KEY_BYTES]
    table = TieredTable()
    if with_key:
        table.insert(pieces_of(with_key), np.arange(1, len(with_key) + 1, dtype=np.uint64))
    values, missing = table.find(pieces_of(known + other))
    expected = [with_key.index(content) + 1 if content in with_key else 0 for content in known + other]
    assert values.tolist() == expected
    assert missing.tolist() == [place for place, value in enumerate(expected) if not value]


@given(known=PIECES, other=PIECES)
def test_a_store_knows_what_it_was_told_and_nothing_else(known: list[bytes], other: list[bytes]) -> None:
    known = [content for content in known if content not in BYTES] or [b"ab"]
    store = PieceStore(TokenTables(BYTES))
    ids = np.frombuffer(b"".join(known), dtype=np.uint8).astype(np.uint32)
    told = store.remember(pieces_of(known), ids, np.array(list(map(len, known))))
    values, missing = store.find(pieces_of(known + other))
    assert values[: len(known)].tolist() == told.tolist()
    unknown = [content not in known and content not in BYTES for content in known + other]
    assert missing.tolist() == np.flatnonzero(unknown).tolist()


@given(known=PIECES, other=PIECES)
def test_the_tables_of_a_vocabulary_know_each_token_s_rank(known: list[bytes], other: list[bytes]) -> None:
    ranks = BYTES | {content: 1000 - n for n, content in enumerate(known) if content not in BYTES}
    found = TokenTables(ranks).ranks_of(*pieces_of(known + other))
    assert found.tolist() == [ranks.get(content, NO_RANK) for content in known + other]
