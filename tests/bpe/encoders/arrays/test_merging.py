"""Pieces are merged as the textbook merges them, many at once and long ones, in chunks and in blocks."""

import random
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, textbook
from bpelab.bpe.encoders.arrays import chunks, long_piece, rounds
from bpelab.bpe.encoders.arrays.chunks import merge_in_blocks, merge_in_chunks
from bpelab.bpe.encoders.arrays.keys import as_words
from bpelab.bpe.encoders.arrays.long_piece import merge_long_piece
from bpelab.bpe.encoders.arrays.rounds import merge_in_rounds
from bpelab.bpe.encoders.arrays.store import TokenTables
from bpelab.bpe.encoders.heap import merge_with_heap
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=200)
@given(pieces=st.lists(st.binary(min_size=1, max_size=70), min_size=1, max_size=20), few=st.integers(0, 9))
def test_merging_many_is_merging_each(
    gpt2: Encoding, tokens: TokenTables, pieces: list[bytes], few: int
) -> None:
    pieces += [b"hello world", b"aaaaaaaaaaaaaaaa", b"abababababab"]
    lengths = np.array(list(map(len, pieces)))
    data, starts, ranks = b"".join(pieces), np.cumsum(lengths) - lengths, gpt2.ranks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "FEW_PIECES", few)
        ids, counts = merge_in_rounds(data, as_words(data), starts, lengths, ranks, tokens)
    parts = [part.tolist() for part in np.split(ids, np.cumsum(counts)[:-1])]
    assert parts == [textbook.merge_piece(piece, ranks) for piece in pieces]


@settings(max_examples=200)
@given(
    piece=st.text(alphabet="ab =\n한🙂", min_size=1, max_size=60)
    | st.text("abcdefgh", min_size=1, max_size=60)
)
def test_a_long_piece_is_merged_as_the_textbook_does(gpt2: Encoding, tokens: TokenTables, piece: str) -> None:
    data = piece.encode()
    expected = textbook.merge_piece(data, gpt2.ranks)
    if data not in gpt2.ranks:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(long_piece, "BYTES_A_RANK", 0)
            patch.setattr(long_piece, "FEW_BYTES", 0)
            assert merge_long_piece(data, gpt2.ranks, tokens).tolist() == expected


@settings(max_examples=300)
@given(
    piece=st.text(alphabet="ab =\n한🙂", min_size=1, max_size=60)
    | st.text("abcdefgh", min_size=1, max_size=60)
    | st.lists(st.sampled_from(["ation", " international", "====", "izational"]), min_size=1).map("".join),
    chunk=st.integers(2, 20),
    overlap=st.integers(1, 10),
)
def test_a_piece_is_merged_in_chunks_as_it_is_as_a_whole(
    gpt2: Encoding, tokens: TokenTables, piece: str, chunk: int, overlap: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", max(chunk, 2 * overlap))
        patch.setattr(chunks, "OVERLAP_BYTES", overlap)
        ids = merge_in_chunks(piece.encode(), gpt2.ranks, tokens)
    assert ids.tolist() == merge_with_heap(piece.encode(), gpt2.ranks)


@settings(max_examples=300)
@given(data=st.data(), piece=st.text(alphabet="abc", min_size=2, max_size=40))
def test_vocabularies_whose_ranks_make_no_sense_are_merged_right(data: Any, piece: str) -> None:
    """Where a merge makes a pair of a lower rank, joining all of one rank at once would go wrong."""
    names = data.draw(st.lists(st.text(alphabet="abc", min_size=2, max_size=5), unique=True, max_size=30))
    ranks = {bytes([byte]): 1000 + byte for byte in range(256)} | {
        name.encode(): i for i, name in enumerate(names)
    }
    tokens = TokenTables(ranks)
    expected = textbook.merge_piece(piece.encode(), ranks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_piece, "BYTES_A_RANK", 0)
        patch.setattr(long_piece, "FEW_BYTES", 0)
        if piece.encode() not in ranks:
            assert merge_long_piece(piece.encode(), ranks, tokens).tolist() == expected
        patch.setattr(chunks, "CHUNK_BYTES", 4)
        patch.setattr(chunks, "OVERLAP_BYTES", 2)
        assert merge_in_chunks(piece.encode(), ranks, tokens).tolist() == expected
        patch.setattr(rounds, "FEW_PIECES", 0)
        if piece.encode() not in ranks:
            ids, _ = merge_in_rounds(
                piece.encode(), as_words(piece.encode()), np.array([0]), np.array([len(piece)]), ranks, tokens
            )
            assert ids.tolist() == expected


@settings(max_examples=300)
@given(
    piece=st.text(alphabet="ab =\n한🙂", min_size=1, max_size=90)
    | st.text("abcdefgh", min_size=1, max_size=90)
    | st.lists(st.sampled_from(["ation", " international", "====", "izational"]), min_size=1).map("".join),
    block=st.integers(4, 60),
    overlap=st.integers(1, 20),
)
def test_a_piece_is_merged_in_blocks_as_it_is_as_a_whole(
    gpt2: Encoding, tokens: TokenTables, piece: str, block: int, overlap: int
) -> None:
    data, ranks = piece.encode(), gpt2.ranks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_piece, "BLOCK_BYTES", block)
        patch.setattr(long_piece, "OVERLAP_BYTES", overlap)
        assert merge_long_piece(data, ranks, tokens).tolist() == merge_with_heap(data, ranks)


@settings(max_examples=300)
@given(data=st.data(), piece=st.text(alphabet="abc", min_size=2, max_size=60), block=st.integers(4, 20))
def test_blocks_that_have_no_token_in_common_are_not_put_together(data: Any, piece: str, block: int) -> None:
    names = data.draw(st.lists(st.text(alphabet="abc", min_size=2, max_size=9), unique=True, max_size=30))
    ranks = {bytes([byte]): 1000 + byte for byte in range(256)}
    ranks |= {name.encode(): rank for rank, name in enumerate(names)}
    ids = merge_in_blocks(
        piece.encode(),
        block,
        data.draw(st.integers(1, block)),
        lambda part: np.array(merge_with_heap(part, ranks), dtype=np.uint32),
        TokenTables(ranks),
    )
    assert ids is None or ids.tolist() == merge_with_heap(piece.encode(), ranks)


@pytest.mark.parametrize("kind", ["a", " ", "random", "🙂", "=", "ab"])
def test_a_hundred_thousand_bytes_in_one_piece(gpt2: Encoding, tokens: TokenTables, kind: str) -> None:
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=100_000)
    piece = "".join(letters).encode() if kind == "random" else kind.encode() * (100_000 // len(kind.encode()))
    expected = merge_with_heap(piece, gpt2.ranks)
    assert merge_long_piece(piece, gpt2.ranks, tokens).tolist() == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_piece, "BYTES_A_RANK", 0)
        assert merge_long_piece(piece, gpt2.ranks, tokens).tolist() == expected


@pytest.mark.parametrize("kind", [b"a", b" ", b"ab"])
def test_a_long_piece_of_few_pairs_is_merged_in_buckets(
    gpt2: Encoding, tokens: TokenTables, monkeypatch: pytest.MonkeyPatch, kind: bytes
) -> None:
    piece = kind * (40_000 // len(kind))
    expected = merge_with_heap(piece, gpt2.ranks)
    for another_way in ("merge_in_chunks", "merge_with_heap"):
        monkeypatch.delattr(long_piece, another_way)
    assert merge_long_piece(piece, gpt2.ranks, tokens).tolist() == expected
