"""The page tokenises in a real browser as we do, and shows any text as text."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding, textbook, train
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.splitting.patterns import KNOWN_PATTERNS
from bpelab.bpe.study.browser_patterns import JAVASCRIPT_PATTERNS
from bpelab.bpe.study.page import page_html

Open = Callable[..., Any]
ENCODE = "([name, texts]) => texts.map((text) => bpelab.encodings.get(name).encode(text))"
SPLIT = "([name, texts]) => texts.map((text) => bpelab.encodings.get(name).pieces(text).map((p) => p.text))"
# Its tokens "<script" and "&lt" would not come out as text if they went in as markup.
MARKUP = train(["<script", "&lt"], vocab_size=256 + 8, pattern="cl100k_base", name="markup")
TINY = train(["low lower lowest"], vocab_size=256 + 7, name="tiny")


def texts_to_compare() -> list[str]:
    texts = [text for _, text in multilingual_sample()]
    texts += map(repair_surrogates, islice(fuzz_texts(11), 200))
    points = [point for point in range(0, 0x110000, 97) if not 0xD800 <= point < 0xE000]
    texts += ["".join(f"a{chr(point)}1" for point in points[i : i + 300]) for i in range(0, len(points), 300)]
    return [*texts, "x'ſ 'ſ 'ſa 'LLa 'Ve I'M", "", " ", "\n", "a" * 3000, " " * 300]


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
def test_the_ids_in_the_browser_are_ours_and_tiktokens(
    request: pytest.FixtureRequest, open_page: Open, tiktoken_gpt2: Any, name: str
) -> None:
    path = None if name == "gpt2" else request.getfixturevalue("data") / "encodings" / f"{name}.tiktoken"
    encoding, texts = get_encoding(name, path=path), texts_to_compare()
    page = open_page([encoding])
    ids = page.evaluate(ENCODE, [name, texts])
    assert ids == [encoding.encode_ordinary(text) for text in texts]
    pieces = page.evaluate(SPLIT, [name, texts])
    assert pieces == [textbook.split(text, encoding.pattern) for text in texts]
    if name == "gpt2":
        assert ids == [tiktoken_gpt2.encode_ordinary(text) for text in texts]


def test_lone_surrogates_are_repaired_as_ours_are(open_page: Open) -> None:
    page = open_page([TINY])
    page.evaluate("text.value = 'a\\ud800b'; text.dispatchEvent(new Event('input'))")
    assert page.text_content(".ids code") == " ".join(map(str, TINY.encode("a\ud800b")))


def test_typed_text_is_tokenised_and_kept_in_the_address(open_page: Open) -> None:
    page = open_page([TINY, get_encoding("gpt2")])
    page.fill("textarea", "low lowest & 100% #안")
    shown = [panel.text_content() for panel in page.query_selector_all(".ids code")]
    assert shown == [
        " ".join(map(str, encoding.encode("low lowest & 100% #안")))
        for encoding in (TINY, get_encoding("gpt2"))
    ]
    address = page.url
    page.fill("textarea", "something else")
    again = open_page([TINY, get_encoding("gpt2")], address="#" + address.split("#", 1)[1])
    assert again.input_value("textarea") == "low lowest & 100% #안"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "<!--<script>",
        "/* script */",
        "&lt;",
    ],
)
def test_markup_is_shown_as_text(open_page: Open, text: str) -> None:
    page = open_page([MARKUP], text)
    assert page.input_value("textarea") == text
    assert page.evaluate("document.querySelectorAll('script, img').length") == 3
    assert page.text_content(".strip").replace("␣", " ") == text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(open_page: Open, scheme: str) -> None:
    text = "안녕하세요" * 20 + " " + "x" * 100
    phone = {"width": 390, "height": 800}
    page = open_page([TINY, get_encoding("gpt2")], text, viewport=phone, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_text_too_long_for_the_page_says_so(open_page: Open) -> None:
    page = open_page([TINY])
    page.fill("textarea", "a" * 10001)
    assert page.inner_text("#limit") == "Only the first 10,000 of 10,001 characters are encoded here."


def test_of_a_long_text_all_ids_and_the_first_pieces_are_shown(open_page: Open, gpt2: Encoding) -> None:
    text = "low 안 " * 600
    page = open_page([gpt2], text)
    assert page.text_content(".ids code").split() == list(map(str, gpt2.encode(text)))
    assert page.text_content(".strip").endswith("… and 701 more pieces")


def test_the_page_for_gpt2_is_small_and_loads_nothing() -> None:
    page = page_html([get_encoding("gpt2")])
    assert len(page) < 500_000
    assert "http:" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in page


def test_every_known_pattern_has_its_form_in_javascript() -> None:
    assert JAVASCRIPT_PATTERNS.keys() == KNOWN_PATTERNS


def test_an_unknown_pattern_is_refused() -> None:
    encoding = Encoding("odd", pat_str=".+", mergeable_ranks={b"a": 0}, special_tokens={})
    with pytest.raises(ValueError, match=r"odd: the page knows the patterns of gpt2.*not '\.\+'"):
        page_html([encoding])


def test_two_encodings_of_one_name_are_refused(gpt2: Encoding) -> None:
    with pytest.raises(ValueError, match=r"and of gpt2, gpt2 two are the same"):
        page_html([gpt2, gpt2])


def test_the_page_of_the_two_most_different_encodings_is_small(gpt2: Encoding, data: Path) -> None:
    assert len(page_html([gpt2]).encode("utf-8")) < 400_000
    o200k = get_encoding("o200k_base", path=data / "encodings" / "o200k_base.tiktoken")
    assert len(page_html([gpt2, o200k]).encode("utf-8")) < 1_500_000
