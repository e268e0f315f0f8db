"""A trainer's merges are followed, and whose rule its ties follow is told."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from bpelab.bpe import textbook, train
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.parity.trainers import FAMILIES, compare_trainer
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = [text for _, text in multilingual_sample()][:12]


def trained(byte_order: str) -> Callable[[Sequence[str], int], list[bytes]]:
    return lambda texts, size: list(train(texts, vocab_size=size, byte_order=byte_order).ranks)  # type: ignore[arg-type]


def first_seen(texts: Sequence[str], size: int) -> list[tuple[bytes, bytes]]:
    """minbpe's trainer: `max` of a dict takes the first of the tied pairs."""
    pieces = [
        [bytes([byte]) for byte in piece.encode()]
        for text in texts
        for piece in textbook.split(text, GPT2_PATTERN)
    ]
    merges: list[tuple[bytes, bytes]] = []
    while len(merges) < size - 256:
        counts: dict[tuple[bytes, bytes], int] = {}
        for piece in pieces:
            for pair in pairwise(piece):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            break
        best = max(counts, key=lambda pair: counts[pair])
        merges.append(best)
        for piece in pieces:
            i = 0
            while i + 1 < len(piece):
                if (piece[i], piece[i + 1]) == best:
                    piece[i : i + 2] = [best[0] + best[1]]
                i += 1
    return merges


@pytest.mark.parametrize(
    ("family", "trainer"),
    [("huggingface", trained("gpt2")), ("rustbpe", trained("raw")), ("minbpe", first_seen)],
)
def test_the_family_of_ties_is_told(family: str, trainer: Callable[..., object]) -> None:
    result = compare_trainer(trainer, TEXTS, 330)
    assert (result.families, result.n_merges, result.mistake) == ((family,), 74, None)
    assert result.n_ties > 10
    assert (result.difference is None) == (family == "huggingface")
    if result.difference:
        assert result.difference.is_tie


@settings(max_examples=60)
@given(st.lists(st.text("ab c1", max_size=20), min_size=1, max_size=4), st.integers(257, 270))
def test_our_merges_are_those_of_our_family(texts: list[str], size: int) -> None:
    def trainer(texts: list[str], size: int) -> list[bytes]:
        counts: dict[bytes, int] = {}
        for text in texts:
            for piece in textbook.split(text, GPT2_PATTERN):
                counts[piece.encode()] = counts.get(piece.encode(), 0) + 1
        return list(textbook.train(counts, size))[256:]

    result = compare_trainer(trainer, texts, size)
    assert "rustbpe" in result.families  # the textbook's bytes are in the order of their value
    assert result.mistake is None


def test_a_merge_that_is_not_the_most_frequent_is_a_mistake_with_both_counts() -> None:
    result = compare_trainer(lambda *_: [(b"a", b"b"), (b"c", b"d")], ["abab ab cd cd efef efef"], 258)
    found = result.mistake
    assert found is not None
    assert (found.number, found.theirs, found.theirs_count) == (1, (b"a", b"b"), 3)
    assert (found.ours, found.ours_count) == ((b"e", b"f"), 4)
    assert not found.is_tie
    assert result.difference == found


def test_a_result_is_told_to_programs_with_bytes_in_hexadecimal() -> None:
    result = compare_trainer(lambda *_: [(b"a", b"b")], ["abab ab efef efef"], 258)
    told = json.loads(json.dumps(result.as_json()))
    assert (told["n_texts"], told["equal"]) == (1, False)
    assert told["difference"] == told["mistake"]
    assert (told["mistake"]["theirs"], told["mistake"]["ours"]) == (["61", "62"], ["65", "66"])
    equal = compare_trainer(lambda *_: [(b"e", b"f")], ["abab ab efef efef"], 257).as_json()
    assert (equal["difference"], equal["mistake"], equal["equal"]) == (None, None, True)


def test_a_token_s_bytes_stand_for_the_pair_that_made_it() -> None:
    tokens = trained("gpt2")(TEXTS, 300)
    assert compare_trainer(lambda *_: tokens[256:], TEXTS, 300) == compare_trainer(
        lambda *_: tokens, TEXTS, 300
    )


def test_a_trainer_that_stops_early_or_goes_on_for_nothing_differs() -> None:
    early = compare_trainer(lambda *_: [], ["ab ab"], 258).mistake
    assert early is not None
    assert (early.number, early.theirs, early.ours_count) == (1, None, 2)
    beyond = compare_trainer(lambda *_: [b"ab", b"bc"], ["abab"], 258)
    assert beyond.mistake is not None
    assert beyond.mistake.theirs_count == 0
    # After "ab" and " ab" nothing is left of "ab ab".
    done = compare_trainer(lambda *_: [b"ab", b" ab"], ["ab ab"], 300)
    assert (done.difference, done.n_merges) == (None, 2)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ({b"ab": 256}, "returned .* where a list of merges in order was expected"),
        (None, "returned None"),
        ([("a", "b")], r"merge 1 of the trainer is \('a', 'b'\)"),
        ([(b"a", b"b"), (97, 98)], r"merge 2 of the trainer is \(97, 98\)"),
        ([(b"a", b"")], "merge 1"),
        ([b"a", 7], "merge 2 of the trainer is 7"),
    ],
)
def test_what_is_not_a_list_of_merges_is_refused(returned: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare_trainer(lambda *_: returned, ["ab"], 258)


def test_a_vocabulary_without_merges_is_refused() -> None:
    with pytest.raises(ValueError, match="vocab_size is 256: it must be more than 256"):
        compare_trainer(lambda *_: [], ["ab"], 256)


def test_every_family_is_described() -> None:
    assert set(FAMILIES) == {"huggingface", "rustbpe", "minbpe", "largest", "smallest-bytes", "largest-bytes"}
