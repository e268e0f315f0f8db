"""What is left of a text that differs still differs, and nothing can be taken from it."""

from random import Random

import pytest
from bpelab.bpe.parity.shrink import PLAIN, shrink
from hypothesis import given
from hypothesis import strategies as st

texts = st.text("ab1 é'\n", max_size=30)


@given(texts, st.text("ab1é'", min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_shrunk_text_still_differs_and_no_character_can_be_taken_away(
    others: str, needed: str, draw: Random
) -> None:
    def differs(text: str) -> bool:
        return all(text.count(letter) >= needed.count(letter) for letter in needed)

    letters = [*others, *needed]
    shrunk = shrink("".join(draw.sample(letters, len(letters))), differs)
    assert differs(shrunk)
    assert not any(differs(shrunk[:i] + shrunk[i + 1 :]) for i in range(len(shrunk)))
    assert sorted(shrunk) == sorted(needed)


def test_characters_become_plain_where_the_difference_allows_it() -> None:
    assert shrink("한\u2003Z9", lambda text: len(text) >= 2) == PLAIN[0] * 2
    assert shrink("x 9", lambda text: any(map(str.isdigit, text))) == "1"


def test_a_text_that_does_not_differ_is_refused() -> None:
    with pytest.raises(ValueError, match="the encoders agree on 'same': there is nothing to shrink"):
        shrink("same", lambda text: False)


def test_a_long_text_with_one_difference_takes_few_trials() -> None:
    n_trials = 0

    def differs(text: str) -> bool:
        nonlocal n_trials
        n_trials += 1
        return "z" in text

    assert shrink("word " * 200_000 + "z" + " word" * 200_000, differs) == "z"
    assert n_trials < 200


def test_a_text_that_cannot_be_shrunk_ends_after_so_many_characters() -> None:
    tried = []
    text = "ab" * 5_000

    def differs(smaller: str) -> bool:
        tried.append(len(smaller))
        return len(smaller) >= len(text) - 3

    assert len(shrink(text, differs, max_chars=10**6)) >= len(text) - 3
    assert sum(tried) < 1_100_000
