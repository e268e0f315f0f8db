"""A notebook shows the trace, as text that cannot become markup."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.study.drawing import N_SPLIT, split_lines, tree_svg
from bpelab.bpe.study.trace import trace_encode
from bpelab.bpe.study.train_trace import trace_train
from bpelab.bpe.study.tree import merge_tree
from bpelab.bpe.study.visible import split_characters, visible
from hypothesis import given
from hypothesis import strategies as st


class Tags(HTMLParser):
    """Collects the names of tags and the text between them; fails where one closes that is not open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag != "wbr":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;"])
def test_markup_stays_text_in_a_notebook(gpt2: Encoding, text: str) -> None:
    for html in (trace_encode(text, gpt2)._repr_html_(), trace_train([text], 262)._repr_html_()):
        tags = Tags(html)
        drawn = {"div", "b", "span", "wbr", "details", "summary", "svg", "g", "path", "text"}
        assert tags.names <= drawn | {"table", "tr", "th", "td"}
    assert text.replace(" ", "␣") in "".join(Tags(trace_encode(text, gpt2)._repr_html_()).texts)


def test_a_token_has_its_id_and_bytes_on_hover(gpt2: Encoding) -> None:
    assert 'title="id 995, bytes 20 77 6f 72 6c 64"' in trace_encode("Hello world", gpt2)._repr_html_()


def test_the_empty_text_is_drawn(gpt2: Encoding) -> None:
    assert "0 tokens" in "".join(Tags(trace_encode("", gpt2)._repr_html_()).texts)


def test_the_tree_is_the_merges(gpt2: Encoding) -> None:
    (piece,) = trace_encode("lower", gpt2).pieces
    (root,) = merge_tree(piece.steps)
    assert (root.token, [child.token for child in root.children]) == (b"lower", [b"l", b"ower"])
    assert root.rank == gpt2.encode_single_token("lower")
    labels = re.findall(r">([^<>]+)</text>", tree_svg(piece.steps))
    assert {"l", "o", "w", "e", "r", "er", "ow", "ower", "lower"} <= set(labels)


@pytest.mark.parametrize(
    "token, shown",
    [
        (b" a", "␣a"),
        (b"\t\r\n", r"\t\r\n"),
        (b"\\n", r"\\n"),
        (b"\xec\x95", r"\xec\x95"),
        ("␣".encode(), r"\u{2423}"),
        ("\u200b\x00".encode(), r"\u{200b}\u{0}"),
        ("\u0301a".encode(), "◌\u0301a"),
        ("안".encode() + b"\xec", r"안\xec"),
    ],
)
def test_invisible_characters_are_made_visible(token: bytes, shown: str) -> None:
    assert visible(token) == shown


@given(st.binary(max_size=4), st.binary(max_size=4))
def test_different_tokens_look_different(one: bytes, other: bytes) -> None:
    assert (visible(one) == visible(other)) == (one == other)


def test_tokens_of_a_vocabulary_look_different(gpt2: Encoding) -> None:
    assert len(set(map(visible, gpt2.token_byte_values()))) == 50256


@given(st.text("a안🙂é", max_size=8), st.data())
def test_split_characters_are_put_together_again(text: str, data: st.DataObject) -> None:
    encoded = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(encoded) - 1)), max_size=6)))
    places = [0, *(cut for cut in cuts if cut < len(encoded)), len(encoded)]
    tokens = [encoded[i:j] for i, j in pairwise(places) if i < j]
    for split in split_characters(tokens):
        assert b"".join(split.parts).decode() == split.char
        assert len(split.parts) > 1
        assert tokens[split.first_token].endswith(split.parts[0])


def test_characters_across_tokens_are_named(gpt2: Encoding) -> None:
    assert split_lines(trace_encode("안", gpt2).tokens) == [
        "안 (U+C548) goes across tokens 1 to 3: ec | 95 | 88"
    ]


@pytest.mark.parametrize("text", ["\0" * 100_000, "é한🙂" * 20_000, "\ud800 <b>" * 20_000, "word " * 50_000])
def test_a_text_of_any_length_makes_a_page_that_opens(gpt2: Encoding, text: str) -> None:
    html = trace_encode(text, gpt2)._repr_html_()
    assert len(html) < 3_000_000
    assert "more" in "".join(Tags(html).texts)
    html.encode("utf-8")


def test_characters_across_tokens_are_listed_up_to_a_number() -> None:
    lines = split_lines([b"\xec\x95", b"\x88"] * 5_000)
    assert len(lines) == N_SPLIT + 1
    assert lines[-1] == "… and 4,900 more"
