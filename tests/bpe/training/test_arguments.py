"""An impossible request is refused before the training begins, by the name of the argument."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import PieceCounts, count_pieces, train


def never() -> Iterator[str]:
    raise AssertionError("the corpus was read before the settings were checked")
    yield ""


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"vocab_size": "a"}, TypeError, r"vocab_size must be an int, not 'a' \(str\)"),
        ({"vocab_size": 300.0}, TypeError, r"vocab_size must be an int, not 300\.0 \(float\)"),
        ({"vocab_size": True}, TypeError, r"vocab_size must be an int, not True \(bool\)"),
        ({"vocab_size": None}, TypeError, "vocab_size must be an int, not None"),
        ({"vocab_size": np.float64(300)}, TypeError, "vocab_size must be an int"),
        ({"vocab_size": 2**70}, ValueError, "vocab_size is 1,180,591,620,717,411,303,424: it must be from"),
        ({"vocab_size": -1}, ValueError, "vocab_size is -1: it must be from 256"),
        ({"min_frequency": "2"}, TypeError, "min_frequency must be an int, not '2'"),
        ({"min_frequency": 1.5}, TypeError, "min_frequency must be an int"),
        ({"min_frequency": 0}, ValueError, "min_frequency is 0"),
        ({"max_token_length": "9"}, TypeError, "max_token_length must be an int"),
        ({"max_token_length": False}, TypeError, "max_token_length must be an int"),
        ({"max_token_length": 0}, ValueError, "max_token_length is 0"),
        ({"jobs": "2"}, TypeError, "jobs must be an int"),
        ({"jobs": 0}, ValueError, "jobs is 0: it must be from 1 to"),
        (
            {"jobs": 5000},
            ValueError,
            r"jobs is 5,000: it must be from 1 to [\d,]+ on this machine",
        ),
        ({"special_tokens": "<a>"}, TypeError, "special_tokens must be a list of str, not '<a>'"),
        ({"special_tokens": [b"<a>"]}, TypeError, r"special_tokens must be a list of str, .* is bytes"),
        ({"special_tokens": None}, TypeError, "special_tokens must be a list of str, not None"),
        ({"special_tokens": {"<a>", "<b>"}}, TypeError, "special_tokens must be a list of str, not {"),
        ({"special_tokens": {"<a>": 5}}, TypeError, "not those of a dict"),
        ({"special_tokens": ["<\ud800>"]}, ValueError, r"special_tokens: '<\\ud800>' holds a surrogate"),
        ({"special_tokens": [""]}, ValueError, "must be new, different and not empty"),
        ({"special_tokens": ["<a>", "<a>"]}, ValueError, "different and not empty: '<a>'"),
        ({"errors": "ignore"}, ValueError, "errors is 'ignore': it must be 'strict', 'replace' or 'skip'"),
        ({"pattern": 5}, TypeError, r"pattern must be a str or None, not 5 \(int\)"),
        ({"pattern": ""}, ValueError, "the pattern is empty"),
        ({"progress": 5}, TypeError, "progress must be a function that takes a Progress"),
        ({"extend": "gpt2"}, TypeError, "extend must be an Encoding, not 'gpt2'; get_encoding"),
        ({"counts": [5]}, TypeError, r"counts are PieceCounts, or files of them, not int \(5\)"),
        ({"byte_order": "utf-8"}, ValueError, "byte_order is 'utf-8'"),
    ],
)
def test_an_impossible_setting_is_named_before_any_work(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train(never(), **{"vocab_size": 300, **settings})


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"jobs": 5000}, ValueError, "jobs is 5,000"),
        ({"jobs": 1.0}, TypeError, "jobs must be an int"),
        ({"errors": None}, ValueError, "errors is None"),
        ({"pattern": ""}, ValueError, "pattern is empty"),
        ({"progress": "yes"}, TypeError, "progress must be a function"),
    ],
)
def test_counting_checks_its_arguments_likewise(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        count_pieces(never(), **settings)


def test_whole_numbers_of_numpy_and_any_sequence_of_special_tokens_are_taken() -> None:
    expected = train(["low lower"], vocab_size=260, special_tokens=["<a>", "<b>"], min_frequency=2)
    found = train(
        ["low lower"],
        vocab_size=np.int32(260),  # type: ignore[arg-type]
        special_tokens=iter(("<a>", "<b>")),  # type: ignore[arg-type]
        min_frequency=np.uint8(2),  # type: ignore[arg-type]
        max_token_length=np.int64(2**40),  # type: ignore[arg-type]
        jobs=np.int16(1),  # type: ignore[arg-type]
    )
    assert found.ranks == expected.ranks
    assert found.special_tokens == expected.special_tokens == {"<a>": 258, "<b>": 259}


def test_piece_counts_are_a_pattern_and_a_mapping() -> None:
    for pattern, counts in [(5, {}), ("p", [(b"a", 1)])]:
        with pytest.raises(TypeError, match="piece counts are a pattern and a mapping, not"):
            PieceCounts(pattern, counts)  # type: ignore[arg-type]
