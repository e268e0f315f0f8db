"""A pattern that is said to match everything leaves nothing of any text out."""

import pytest
from bpelab.bpe.splitting.dialect.coverage import matches_everything
from bpelab.bpe.splitting.patterns import KNOWN_PATTERNS
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import given, settings
from hypothesis import strategies as st

PARTS = [r"\p{L}", r"[^\s\p{L}]", r"\s", r"\S", "a", "[^a]", ".", r"\n", "(?=a)", r"\b", "(?!a)", "(a|b)"]
REPEATS = ["", "", "?", "+", "*", "{2}", "{1,3}", "?+", "*+", "++", "+?"]
RULE = st.lists(
    st.builds("{}{}".format, st.sampled_from(PARTS), st.sampled_from(REPEATS)), min_size=1, max_size=3
).map("".join)
# Most of them match everything, where the rules before them do not prevent it.
PATTERNS = st.builds(
    lambda rules, rest: "|".join([*rules, *rest]),
    st.lists(RULE, max_size=3),
    st.sampled_from(
        [[], [r"\s", r"\S"], [r"\S+", r"\S?\s"], [r"[^a]", r" ?+a"], [r"[^a ]", r"\s?+[^b ]+", r"\s"]]
    ),
)


@settings(max_examples=60)
@given(PATTERNS, st.lists(st.text("ab1 \n-é\U0001f642", max_size=8), min_size=9, max_size=9))
def test_nothing_is_left_out_where_everything_is_said_to_match(pattern: str, texts: list[str]) -> None:
    try:
        is_said = matches_everything(pattern)
    except ValueError:
        return
    for text in texts if is_said else []:
        assert "".join(splitter(pattern)(text)) == text


@pytest.mark.parametrize("pattern", sorted(KNOWN_PATTERNS))
def test_openai_s_patterns_match_everything(pattern: str) -> None:
    assert matches_everything(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\p{L}+|\s+",
        r"a*|[^a]",
        r".|\n(?=a)",
        r"\s?+\s|\S",
        r"(?:\s|a)?+\s|\S",
        r"\s{2}|\S",
        r"a|[^a]b",
        r"(?!a).|\n",
    ],
)
def test_what_may_leave_something_out_is_not_said_to_match_everything(pattern: str) -> None:
    assert not matches_everything(pattern)
    assert any("".join(splitter(pattern)(text)) != text for text in (" ", "1", "\n", "b", "a"))
