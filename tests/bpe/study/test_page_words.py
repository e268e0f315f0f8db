"""The page speaks English and Korean, and shows what a text costs in 46 languages."""

from collections.abc import Callable
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding, train
from bpelab.bpe.study.languages import article1

Open = Callable[..., Any]
TINY = train(["low lower lowest"], vocab_size=256 + 7, name="tiny")
BARS = """() => Array.from(document.querySelectorAll('.bars > li'), (row) => {
  return Array.from(row.querySelectorAll('button, .value'), (shown) => shown.textContent);
})"""


@pytest.mark.parametrize(
    ("address", "locale", "title"),
    [
        ("", "ko-KR", "텍스트가 토큰이 되는 과정"),
        ("?lang=ko", "en-US", "텍스트가 토큰이 되는 과정"),
        ("?lang=en", "ko-KR", "How text becomes tokens"),
        ("", "fr-FR", "How text becomes tokens"),
    ],
)
def test_the_address_chooses_the_language_and_else_the_browser(
    open_page: Open, address: str, locale: str, title: str
) -> None:
    page = open_page([TINY], address=address, locale=locale)
    assert page.inner_text("h1") == page.title() == title


def test_the_other_language_shows_the_same(open_page: Open) -> None:
    page = open_page([TINY], "low lower")
    page.click(".strip button:nth-child(2)")
    page.click("#other-language")
    page.wait_for_selector("html[lang=ko][data-ready]")
    assert page.inner_text(".number") == "조각 2 / 2"


def test_every_text_has_both_languages_and_the_same_gaps(open_page: Open) -> None:
    page = open_page([TINY])
    words = page.evaluate("WORDS")
    gaps = "(text) => [...new Set(text.match(/\\{\\w+\\}/g))].sort().join()"
    for key, (english, korean) in words.items():
        assert english.strip(), key
        assert korean.strip(), key
        assert page.evaluate(gaps, english) == page.evaluate(gaps, korean), key


def test_nothing_is_left_unsaid_in_either_language(open_page: Open) -> None:
    for address in ("?lang=en", "?lang=ko"):
        page = open_page([TINY], "low", address)
        assert page.evaluate("document.querySelectorAll('[data-say]:empty').length") == 0
        assert "undefined" not in page.inner_text("body")


def test_bars_are_the_numbers_of_tokens(open_page: Open, gpt2: Encoding) -> None:
    page = open_page([gpt2])
    page.click("#compare .all")
    shown = {name: values for name, *values in page.evaluate(BARS)}
    assert len(shown) == len(article1()) == 46
    texts = {version.language: version for version in article1()}
    english, korean = gpt2.count(texts["en"].text), gpt2.count(texts["ko"].text)
    recorded = texts["ko"].n_tokens
    assert shown["Korean"] == [
        f"gpt2: {korean} · {korean / english:.1f}×",
        *(f"{name}: {n} · {n / texts['en'].n_tokens[name]:.1f}×" for name, n in recorded.items()),
    ]


def test_a_language_shows_its_tokens(open_page: Open, gpt2: Encoding) -> None:
    page = open_page([gpt2])
    page.click("#compare .bars li:last-child button")
    texts = {version.language: version.text for version in article1()}
    assert page.input_value("textarea") == texts["my"]


def test_the_recorded_numbers_are_those_of_the_encodings(data: Any) -> None:
    for name in ("cl100k_base", "o200k_base"):
        encoding = get_encoding(name, path=data / "encodings" / f"{name}.tiktoken")
        assert [version.n_tokens[name] for version in article1()] == [
            encoding.count(version.text) for version in article1()
        ]
