"""A trace ends in the ids of the encoder, and shows how."""

from dataclasses import FrozenInstanceError

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.study.trace import MAX_TRACED_PARTS, trace_encode
from bpelab.bpe.study.tree import MAX_TRACED_BYTES
from hypothesis import given
from hypothesis import strategies as st

TINY = Encoding(
    "tiny",
    pat_str=r" ?[a-z]+",
    mergeable_ranks={b" ": 0, b"a": 1, b"b": 2, b"c": 3, b"ab": 4, b"bc": 5, b"abcb": 6},
    special_tokens={},
)


def test_the_steps_of_a_piece_worked_by_hand() -> None:
    (piece,) = trace_encode("abcab", TINY).pieces
    first, second, last = piece.steps
    assert first.parts == (b"a", b"b", b"c", b"a", b"b")
    assert [(pair.place, pair.rank) for pair in first.candidates] == [(0, 4), (1, 5), (3, 4)]
    assert first.chosen == first.candidates[0]
    assert first.why == "the lowest rank of 3, and the leftmost of 2 with it"
    assert second.parts == (b"ab", b"c", b"a", b"b")
    assert second.why == "the only pair that makes a token"
    assert last.parts == piece.tokens == (b"ab", b"c", b"ab")
    assert last.chosen is None
    assert piece.ids == (4, 3, 4)


def test_a_piece_that_is_a_token_is_taken_whole_though_merging_ends_otherwise() -> None:
    (piece,) = trace_encode("abcb", TINY).pieces
    assert piece.is_token
    assert piece.ids == (6,) == tuple(TINY.encode("abcb"))
    assert piece.steps[-1].parts == (b"ab", b"c", b"b")
    assert "would end in other tokens" in piece.note


@pytest.mark.parametrize("name, text", list(multilingual_sample()))
def test_the_ids_are_those_of_the_encoder(gpt2: Encoding, name: str, text: str) -> None:
    trace = trace_encode(text, gpt2)
    assert trace.ids == gpt2.encode_ordinary(text)
    assert b"".join(trace.tokens) == text.encode()
    for piece in trace.pieces:
        assert text[piece.start :].startswith(piece.text)
        if not piece.is_token and piece.steps:
            assert piece.steps[-1].parts == piece.tokens


@given(st.text(st.sampled_from("ab cé안\n<&\ud800"), max_size=30))
def test_the_ids_of_any_text_are_those_of_the_encoder(gpt2: Encoding, text: str) -> None:
    assert trace_encode(text, gpt2).ids == gpt2.encode_ordinary(text)


def test_characters_that_the_pattern_skips_belong_to_no_piece() -> None:
    assert [(piece.text, piece.start) for piece in trace_encode("ab!? ab", TINY).pieces] == [
        ("ab", 0),
        (" ab", 4),
    ]


def test_a_piece_starts_where_the_pattern_found_it() -> None:
    encoding = Encoding("late", pat_str="(?<=!)a", mergeable_ranks={b"a": 0}, special_tokens={})
    assert [piece.start for piece in trace_encode("aa!a", encoding).pieces] == [3]


def test_a_long_piece_has_ids_and_no_steps(gpt2: Encoding) -> None:
    text = "x" * (MAX_TRACED_BYTES + 1)
    (piece,) = trace_encode(text, gpt2).pieces
    assert list(piece.ids) == gpt2.encode(text)
    assert piece.steps == ()
    assert piece.note == f"the steps of a piece of more than {MAX_TRACED_BYTES} bytes are not kept"


def test_a_trace_is_a_value() -> None:
    trace = trace_encode("ab", TINY)
    assert trace == trace_encode("ab", TINY)
    with pytest.raises(FrozenInstanceError):
        trace.text = ""  # type: ignore[misc]


def test_equal_pieces_share_their_steps(gpt2: Encoding) -> None:
    first, second, third = trace_encode(" lower lowest lower", gpt2).pieces
    assert (first.start, third.start) == (0, 13)
    assert third.steps is first.steps
    assert second.steps is not first.steps


def test_the_steps_that_a_trace_keeps_are_bounded_and_the_ids_stay_right(gpt2: Encoding) -> None:
    text = "".join(f" {'xyzq' * 56}{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(300))
    trace = trace_encode(text, gpt2)
    assert trace.ids == gpt2.encode_ordinary(text)
    n_parts = sum(len(step.parts) for piece in trace.pieces for step in piece.steps)
    assert MAX_TRACED_PARTS / 4 < n_parts <= MAX_TRACED_PARTS
    assert "as many as a trace holds" in trace.pieces[-1].note
    assert len(trace._repr_html_()) < 10_000_000


def test_the_first_pieces_of_a_trace_are_those_of_the_whole(gpt2: Encoding) -> None:
    text = "the cat  sat,\n 안녕 on the mat"
    whole = trace_encode(text, gpt2)
    for n_pieces in range(len(whole.pieces) + 2):
        first = trace_encode(text, gpt2, n_pieces)
        assert first.pieces == whole.pieces[:n_pieces]
        assert first.text == "".join(piece.text for piece in first.pieces)
