"""Special tokens are found as the definition says: from left to right, and the longest at each place."""

from bpelab.bpe.splitting.specials import Special, SpecialFinder
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text("ab<|", min_size=1, max_size=6) | st.sampled_from(["aaaa", "<|a|>", "<|a", "<|", "ababab"])


def found_by_definition(names: frozenset[str], text: str) -> list[Special]:
    found, at = [], 0
    while at < len(text):
        here = [name for name in names if text.startswith(name, at)]
        if here:
            name = max(here, key=len)
            found.append(Special(at, at + len(name), name))
            at += len(name)
        else:
            at += 1
    return found


@given(names=st.frozensets(NAMES, min_size=1, max_size=12), parts=st.lists(NAMES, max_size=20))
def test_all_are_found_in_order_and_the_longest_wins(names: frozenset[str], parts: list[str]) -> None:
    finder, text = SpecialFinder(names), "".join(parts)
    expected = found_by_definition(names, text)
    assert list(finder.all(text)) == expected
    assert finder.first(text) == (expected[0] if expected else None)


def test_names_that_begin_alike_are_ruled_out_together() -> None:
    looked_for = []

    class Text(str):
        def find(self, sub: str, *places: int) -> int:  # type: ignore[override]
            looked_for.append(sub)
            return super().find(sub, *places)

    names = frozenset(f"<|reserved_{number}|>" for number in range(250)) | {"<|end|>", "<|begin|>", "[PAD]"}
    finder = SpecialFinder(names)
    assert list(finder.all(Text("plain text without any"))) == []
    assert looked_for == ["<|", "[PAD]"]
    looked_for.clear()
    assert [special.name for special in finder.all(Text("one<|end|>two"))] == ["<|end|>"]
    assert len(looked_for) < 8


def test_a_long_name_costs_no_more_where_the_text_nearly_contains_it() -> None:
    """Thousands of characters alike at every place of the text, which are compared a few times at most."""
    names = frozenset({"x" * 4999 + "y", "x" * 2500 + "z" + "x" * 2500, "zz"})
    text = "x" * 1_000_000
    assert list(SpecialFinder(names).all(text)) == []
    assert list(SpecialFinder(names).all(text + "y" + text)) == [
        Special(995_001, 1_000_001, "x" * 4999 + "y")
    ]
