"""What is passed by mistake is named where it is passed, and never encoded as something else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, PieceCounts, train

BYTES = {bytes([byte]): byte for byte in range(256)}


def encoding(**changes: Any) -> Encoding:
    parts: dict[str, Any] = {"pat_str": ".+", "mergeable_ranks": BYTES, "special_tokens": {}}
    return Encoding("x", **parts | changes)


METHODS: dict[str, Callable[[Encoding, Any], object]] = {
    "encode": Encoding.encode,
    "encode_ordinary": Encoding.encode_ordinary,
    "encode_to_numpy": Encoding.encode_to_numpy,
    "encode_with_unstable": Encoding.encode_with_unstable,
    "encode_with_offsets": Encoding.encode_with_offsets,
    "encode_batch": lambda enc, text: enc.encode_batch([text]),
    "encode_iter": lambda enc, text: list(enc.encode_iter([text])),
    "count": Encoding.count,
    "truncate": lambda enc, text: enc.truncate(text, 5),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_what_is_no_text_is_refused_and_bytes_are_told_how_to_become_one(
    gpt2: Encoding, method: Callable[[Encoding, Any], object]
) -> None:
    with pytest.raises(
        TypeError, match=r"the text must be a str, not bytes; decode them first, as data\.decode"
    ):
        method(gpt2, b"hello")
    for wrong in (None, 5, ["hello"]):
        with pytest.raises(TypeError, match=rf"the text must be a str, not {type(wrong).__name__}$"):
            method(gpt2, wrong)


def test_a_number_is_not_taken_for_so_many_zero_bytes(gpt2: Encoding) -> None:
    with pytest.raises(TypeError):
        gpt2.encode_single_token(1)  # type: ignore[arg-type]
    assert gpt2.encode_single_token(memoryview(b"hello")) == 31373  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"mergeable_ranks": {b"a": 0.5}},
            TypeError,
            r"mergeable_ranks maps bytes to int, but it has b'a': 0\.5",
        ),
        ({"mergeable_ranks": {b"a": True}}, TypeError, r"b'a': True"),
        ({"mergeable_ranks": {"a": 0}}, TypeError, r"mergeable_ranks maps bytes to int, but it has 'a': 0"),
        ({"special_tokens": {"<a>": "300"}}, TypeError, r"special_tokens maps str to int, .* '<a>': '300'"),
        ({"special_tokens": {b"<a>": 300}}, TypeError, r"special_tokens maps str to int, .* b'<a>': 300"),
        (
            {"mergeable_ranks": BYTES | {b"ab": 2**31 - 1}},
            ValueError,
            r"the rank 2147483647: .* to 2\*\*31 - 2",
        ),
        ({"max_cached_pieces": "a"}, TypeError, r"max_cached_pieces must be a whole number, not 'a'"),
        ({"max_cached_pieces": 1.5}, TypeError, r"max_cached_pieces must be a whole number, not 1\.5"),
        ({"max_cached_pieces": True}, TypeError, r"max_cached_pieces must be a whole number, not True"),
        ({"max_cached_pieces": -1}, ValueError, r"max_cached_pieces is -1; it must be 0 or more"),
        ({"explicit_n_vocab": "256"}, TypeError, r"explicit_n_vocab must be a whole number, not '256'"),
        ({"pat_str": "("}, ValueError, r"the pattern '\(' is not a regular expression: missing \), at"),
    ],
)
def test_an_encoding_cannot_be_made_of_wrong_parts(
    changes: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        encoding(**changes)


def test_ids_may_be_any_whole_numbers() -> None:
    ranks = {token: np.int64(rank) for token, rank in BYTES.items()}
    assert encoding(mergeable_ranks=ranks).encode("ab" * 9000) == [97, 98] * 9000


@pytest.mark.parametrize("n_times", [1, 10_000], ids=["short", "long"])
def test_a_byte_that_is_no_token_is_named(n_times: int) -> None:
    only_a = encoding(mergeable_ranks={b"a": 0})
    assert only_a.encode("a" * n_times) == [0] * n_times
    with pytest.raises(KeyError, match=r"the byte b'b' is not a token of this vocabulary"):
        only_a.encode("ab" * n_times)


def test_no_threads_are_refused_and_any_iterable_is_a_batch(gpt2: Encoding) -> None:
    assert gpt2.encode_batch(iter(["hello", " world"])) == [[31373], [995]]  # type: ignore[arg-type]
    for call in (
        lambda: gpt2.encode_to_numpy("a", num_threads=0),
        lambda: gpt2.encode_batch(["a"], num_threads=0),
        lambda: gpt2.encode_ordinary_batch(["a"] * 100, num_threads=-1),
        lambda: gpt2.decode_batch([[1]], num_threads=0),
        lambda: gpt2.decode_bytes_batch([[1]], num_threads=0),
    ):
        with pytest.raises(ValueError, match=r"num_threads is .*: at least one thread must work"):
            call()


@pytest.mark.parametrize("wrong", ["a", 1.5, None, [1], True])
def test_what_is_no_number_is_refused_where_one_is_asked_for(gpt2: Encoding, wrong: Any) -> None:
    calls: dict[str, Callable[[], object]] = {
        "max_tokens": lambda: gpt2.truncate("hello", wrong),
        "num_threads": lambda: gpt2.encode_batch(["a"], num_threads=wrong),
        "limit": lambda: gpt2.count("hello", limit=wrong),
    }
    for name, call in calls.items():
        if name != "limit" or wrong is not None:
            with pytest.raises(TypeError, match=f"{name} must be a whole number, not "):
                call()
    assert gpt2.truncate("hello world", np.int8(1)) == "hello"  # type: ignore[arg-type]


def test_an_encoding_with_huge_special_ids_is_not_extended_to_less() -> None:
    huge = encoding(special_tokens={"<end>": 2**32 - 1})
    with pytest.raises(
        ValueError, match=r"vocab_size is 1,000: x, which is extended, has 4,294,967,296 tokens"
    ):
        train("ab ab", vocab_size=1000, extend=huge)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"special_tokens": "<|end|>"}, TypeError, r"special_tokens must be a list of str, not '<\|end\|>'"),
        ({"special_tokens": [5]}, TypeError, r"special_tokens must be a list of str, not \[5\]"),
        ({"special_tokens": ["\ud800"]}, ValueError, "holds a surrogate"),
        ({"errors": "ignore"}, ValueError, "errors is 'ignore': it must be 'strict', 'replace' or 'skip'"),
        ({"counts": "my.counts"}, TypeError, r"pass a single one as counts=\[\.\.\.\]"),
    ],
)
def test_training_refuses_at_once_what_it_would_take_for_something_else(
    options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    def watch(progress: object) -> None:
        assert "merging" not in str(progress)

    with pytest.raises(kind, match=message):
        train(["ab ab"], vocab_size=270, progress=watch, **options)


@pytest.mark.parametrize("counts", [{b"": 1}, {"ab": 1}, {b"ab": 0}, {b"ab": -5}, {b"ab": 1.5}])
def test_what_is_no_count_of_a_piece_is_refused(counts: Any) -> None:
    with pytest.raises(ValueError, match="a piece must be"):
        PieceCounts("gpt2", counts)
