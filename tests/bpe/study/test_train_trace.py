"""The trace of a training ends in the tokens of the trainer, and shows how."""

import pytest
from bpelab.bpe import train
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.study.train_trace import trace_train
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = ["low lower lowest", "new newer newest", "wide wider widest", "low low low"]


def test_training_worked_by_hand() -> None:
    trace = trace_train(["ab ab abc"], 256 + 3, pattern="[a-z]+")
    first, second = trace.steps
    assert (first.merged.left, first.merged.right, first.merged.count) == (b"a", b"b", 3)
    assert [(pair.left, pair.right, pair.count) for pair in first.runners_up] == [(b"b", b"c", 1)]
    assert first.why == "more frequent than the next by 2"
    assert [(pair.left, pair.right, pair.count, after) for pair, after in first.changed] == [
        (b"b", b"c", 1, 0),
        (b"ab", b"c", 0, 1),
    ]
    assert first.examples == (((b"a", b"b"), (b"ab",)), ((b"a", b"b", b"c"), (b"ab", b"c")))
    assert (trace.n_bytes, first.n_tokens, second.n_tokens) == (7, 4, 3)
    assert second.why == "the only pair"


@pytest.mark.parametrize("texts", [TEXTS, ["aaaa aaa aa"], [text for _, text in multilingual_sample()]])
def test_the_merges_are_those_of_the_trainer(texts: list[str]) -> None:
    vocab_size = 256 + 3 if texts == ["aaaa aaa aa"] else 256 + 12
    trace = trace_train(texts, vocab_size)
    assert list(trace.tokens) == list(train(texts, vocab_size=vocab_size).ranks)


@given(st.lists(st.text("abc ", max_size=20), max_size=5))
@settings(max_examples=50)
@pytest.mark.filterwarnings("ignore:training stopped")
def test_the_merges_of_any_texts_are_those_of_the_trainer(texts: list[str]) -> None:
    trace = trace_train(texts, 256 + 8)
    assert list(trace.tokens) == list(train(texts, vocab_size=256 + 8).ranks)


def test_a_vocabulary_without_the_single_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="vocab_size is 255: it must be at least 256, the single bytes"):
        trace_train(["a"], 255)
