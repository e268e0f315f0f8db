"""The page learns the merges that `train` learns, and shows each of them with the reason."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import get_encoding, train
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.study.page import write_page
from bpelab.bpe.study.train_trace import trace_train

Open = Callable[..., Any]
LEARN = """([text, split, order, merges]) => {
  const page = bpelabTraining.page;
  page.change({ preset: "", text, split, order, merges, step: 0 });
  const { tokens, moments } = page.learned;
  const bytes = (token) => Array.from(token, (byte) => byte.charCodeAt(0));
  return { tokens: tokens.map(bytes), nTokens: moments.map(({ nTokens }) => nTokens) };
}"""
AT_EACH_MOMENT = """() => {
  const { learned } = bpelabTraining.page;
  const ids = (piece, n) => learned.tokensAt(piece, n).map(({ id }) => id);
  return learned.moments.map((_, n) => learned.order.flatMap((piece) => ids(piece, n)));
}"""
MARKED = """(n) => {
  const { learned } = bpelabTraining.page;
  return learned.order.flatMap((piece) => {
    const tokens = learned.tokensAt(piece, n);
    return tokens.map(({ id, isNew, joinsNext }, i) => [id, isNew, joinsNext && tokens[i + 1].id]);
  });
}"""
TEXTS = {
    "English": "It was the best of times, it was the worst of times, it isn't. " * 3,
    "Korean": "나 보기가 역겨워 가실 때에는 말없이 고이 보내 드리우리다, 가실 길에",
    "emoji": "🙂🙃🙂 👩\u200d👩\u200d👧 👩\u200d👧 🇰🇷🇰🇷🇰🇵 e\u0301e\u0301",
    "runs of equal letters": "aaaa aaaaaaa aaa aa a aaaaaaaaaaa",
    "ties": "bab bab zy yz xz zx ab ba",
    "CRLF": "one\r\ntwo\r\n\r\none \r\n two\r\none\rtwo",
    "code": "def f(x):\n    return x\n\n\tdef g(x):\n        return f(x)\n" * 2,
    "digits": "1234567 12345 123 1234567",
    "controls and old letters": "\0\x1c \x1f\x85\u2028ſ'ſ 'S'ſ don'ſ \ufeff\ufeff",
    "one letter": "a",
    "nothing": "",
}
PATTERNS = {"gpt2": "gpt2", "cl100k_base": "cl100k_base", "o200k_base": "o200k_base", "none": r"[\s\S]+"}


@pytest.fixture
def open_page(browse: Open, tmp_path: Path) -> Open:
    """Write a page and open its second half from the disk."""

    def open_(fragment: str = "", query: str = "", **options: Any) -> Any:
        write_page(tmp_path / "page.html", [get_encoding("gpt2")])
        page = browse(tmp_path / "page.html", f"{query}#learn{fragment}", **options)
        page.wait_for_selector("html[data-learning]")
        return page

    return open_


@pytest.mark.filterwarnings("ignore:training stopped")
@pytest.mark.parametrize("order", ["gpt2", "raw"])
@pytest.mark.parametrize("split", PATTERNS)
def test_the_merges_in_the_browser_are_those_of_train(open_page: Open, split: str, order: Any) -> None:
    page = open_page()
    for name, text in {**TEXTS, **dict(islice(multilingual_sample(), 12))}.items():
        learned = page.evaluate(LEARN, [text, split, order, 50])
        trained = train([text], vocab_size=256 + 50, pattern=PATTERNS[split], byte_order=order)
        assert [bytes(token) for token in learned["tokens"]] == list(trained.ranks), (name, text)
        assert learned["nTokens"][-1] == len(trained.encode_ordinary(text)), (name, text)


@pytest.mark.filterwarnings("ignore:training stopped")
@pytest.mark.parametrize("name", ["English", "Korean", "runs of equal letters"])
def test_the_text_after_each_merge_is_what_so_many_merges_make_of_it(open_page: Open, name: str) -> None:
    page, text = open_page(), TEXTS[name]
    learned = page.evaluate(LEARN, [text, "gpt2", "gpt2", 10])
    shown = page.evaluate(AT_EACH_MOMENT)
    encodings = [train([text], vocab_size=256 + n) for n in range(len(shown))]
    assert shown == [encoding.encode_ordinary(text) for encoding in encodings]
    assert learned["nTokens"] == [len(ids) for ids in shown]
    page.fill("#trial", "aaa wasted 보기")
    for n, encoding in enumerate(encodings):
        page.evaluate("(step) => bpelabTraining.page.change({ step })", n)
        assert page.inner_text(".trial .rate").split(": ")[1].split() == [
            str(token) for token in encoding.encode_ordinary("aaa wasted 보기")
        ]


@pytest.mark.parametrize("name", ["Korean", "runs of equal letters"])
def test_what_is_new_and_what_merges_next_is_marked(open_page: Open, name: str) -> None:
    page = open_page()
    n_tokens = page.evaluate(LEARN, [TEXTS[name], "gpt2", "gpt2", 10])["nTokens"]
    for n in range(len(n_tokens) - 1):
        marked, after = page.evaluate(MARKED, n), page.evaluate(MARKED, n + 1)
        pair = page.evaluate("(n) => bpelabTraining.page.learned.moments[n].leaders[0]", n)
        joined = [(left, right) for left, _, right in marked if right is not False]
        assert joined == [(pair["left"], pair["right"])] * (n_tokens[n] - n_tokens[n + 1])
        assert [token for token, is_new, _ in after if is_new] == [256 + n] * len(joined)


def test_the_leading_pairs_and_their_counts_are_those_of_the_trace(open_page: Open) -> None:
    page, text = open_page(), TEXTS["English"]
    page.evaluate(LEARN, [text, "gpt2", "gpt2", 25])
    for n, step in enumerate(trace_train([text], 256 + 25).steps):
        leaders = page.evaluate("(n) => bpelabTraining.page.learned.moments[n].leaders.slice(0, 6)", n)
        expected = [step.merged, *step.runners_up]
        tokens = page.evaluate("() => bpelabTraining.page.learned.tokens")
        seen = [
            (tokens[pair["left"]].encode("latin1"), tokens[pair["right"]].encode("latin1"), pair["count"])
            for pair in leaders
        ]
        assert seen == [(pair.left, pair.right, pair.count) for pair in expected]


def test_the_reason_is_the_count_or_the_tie(open_page: Open) -> None:
    page = open_page("&preset=hug&step=1", locale="en-US")
    assert page.inner_text(".done") == "Merge 1: u + g became ug, id 256, at 20 places."
    assert page.inner_text(".reason") == "Next: u + n, 16×, the most frequent of 6 pairs."
    assert page.inner_text("#learning li.chosen").split() == ["u", "+", "n", "16"]
    page.click("text=A tie")
    assert page.inner_text(".done") == "At the beginning every byte is a token of its own."
    assert page.inner_text(".reason") == (
        "Next: a + b. A tie: 2 pairs occur 2× each. The smallest left id wins, then the smallest right id:"
        " (64, 65) before (65, 64)."
    )
    page.click("#learning button.last")
    assert page.inner_text(".reason") == (
        "No pair is left: every piece is one token. A real training ends long before, at the vocabulary size"
        " it was asked for."
    )


def test_a_run_is_counted_at_every_place_and_merged_from_the_left(open_page: Open) -> None:
    page = open_page("&corpus=aaaa&step=1", locale="en-US")
    assert page.inner_text(".done").endswith(
        "at 2 places. Counted 3×: in a run of equal tokens places overlap, and merging goes from the left."
    )


def test_one_goes_back_and_forth_by_buttons_slider_and_keys(open_page: Open) -> None:
    page = open_page("&preset=hug", locale="en-US")
    number = page.locator("#learning .count")
    page.click("#learning button.next")
    assert number.inner_text() == "1 of 7"
    page.click("h1 >> visible=true")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert number.inner_text() == "2 of 7"
    page.keyboard.press("End")
    assert number.inner_text() == "7 of 7"
    page.keyboard.press("ArrowRight")
    assert number.inner_text() == "7 of 7"
    page.keyboard.press("Home")
    assert number.inner_text() == "0 of 7"
    page.fill("#learning .range", "4")
    assert number.inner_text() == "4 of 7"
    page.click(".vocabulary li:last-child button")
    assert number.inner_text() == "0 of 7"


def test_it_plays_to_the_end_and_again_from_the_beginning(open_page: Open) -> None:
    page = open_page("&preset=hug&step=5&speed=20", locale="en-US")
    page.clock.install(time=0)
    page.clock.pause_at(60_000)
    page.click("h1 >> visible=true")
    page.keyboard.press(" ")
    assert page.inner_text("#learning button.toggle") == "Pause"
    page.clock.run_for(1000)
    assert page.inner_text("#learning .count") == "7 of 7"
    assert page.inner_text("#learning button.toggle") == "Play"
    page.click("#learning button.toggle")
    page.clock.run_for(120)
    assert page.inner_text("#learning .count") == "2 of 7"
    page.keyboard.press("ArrowLeft")  # whoever steps back wants to look
    page.clock.run_for(1000)
    assert page.inner_text("#learning .count") == "1 of 7"


def test_the_address_keeps_what_is_seen(open_page: Open) -> None:
    page = open_page()
    page.fill("#corpus", "low lower & 100% #안\n+")
    page.select_option("[name=pattern]", "cl100k_base")
    page.select_option("[name=order]", "raw")
    page.select_option("[name=merges]", "25")
    page.wait_for_function("() => location.hash.includes('corpus=low')")
    page.click("#learning button.next")
    page.click("text=Each piece once")
    page.wait_for_function("() => location.hash.includes('step=1') && location.hash.includes('view=pieces')")
    again = open_page("&" + page.url.split("&", 1)[1])
    for selector in (".done", "#learning .bars", ".text .pieces", "#learning .count"):
        assert again.inner_text(selector) == page.inner_text(selector)
    assert again.input_value("#corpus") == "low lower & 100% #안\n+"


def test_both_halves_keep_their_place(open_page: Open) -> None:
    page = open_page("&preset=hug&step=3", locale="en-US")
    page.click("#to-encode")
    page.fill("#text", "low lowest")
    page.click("#encode .toggle")
    page.click("#to-learn")
    assert page.evaluate("document.querySelector('#encode .toggle').textContent").endswith("Play")
    assert page.inner_text("#learning .count") == "3 of 7"
    assert page.inner_text("h1 >> visible=true") == "How merges are learned"
    page.click("#to-encode")
    assert page.input_value("#text") == "low lowest"
    page.go_back()
    assert page.inner_text("#learning .count") == "3 of 7"


@pytest.mark.parametrize(("query", "locale", "title"), [
    ("", "en-US", "How merges are learned"),
    ("", "ko-KR", "병합은 어떻게 학습될까"),
    ("?lang=ko", "en-US", "병합은 어떻게 학습될까"),
    ("?lang=en", "ko-KR", "How merges are learned"),
])  # fmt: skip
def test_the_words_are_in_the_readers_language(open_page: Open, query: str, locale: str, title: str) -> None:
    page = open_page("", query, locale=locale)
    assert page.inner_text("h1 >> visible=true") == title
    assert page.get_attribute("html", "lang") == ("ko" if "병합" in title else "en")


def test_every_word_is_in_both_languages(open_page: Open) -> None:
    page = open_page()
    words = page.evaluate("() => bpelabTraining.TRAIN_WORDS")
    assert words["en"].keys() == words["ko"].keys()
    for key in words["en"]:
        marks = [{part.split("}")[0] for part in words[lang][key].split("{")[1:]} for lang in ("en", "ko")]
        assert marks[0] == marks[1], key


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt; \\xec"])
def test_markup_that_is_learned_from_is_shown_as_text(open_page: Open, text: str) -> None:
    page = open_page()
    page.evaluate(LEARN, [text, "gpt2", "gpt2", 10])
    shown = page.text_content(".text .pieces")
    assert shown.replace("␣", " ").replace("\\\\", "\\") == text
    assert page.evaluate("document.querySelectorAll('img').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("preset", ["english", "korean", "code", "hug", "tie", "runs"])
def test_nothing_is_wider_than_a_phone(open_page: Open, scheme: str, preset: str) -> None:
    phone = {"width": 390, "height": 800}
    page = open_page(f"&preset={preset}&step=1000", "?lang=ko", viewport=phone, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.filterwarnings("ignore:training stopped")
def test_a_long_text_is_learned_from_up_to_a_limit_that_is_told(open_page: Open) -> None:
    page = open_page(locale="en-US")
    text = "가나다라" * 1251
    learned = page.evaluate(LEARN, [text, "none", "gpt2", 50])
    assert page.inner_text(".told") == "Only the first 5,000 of 5,004 characters are learned from here."
    trained = train([text[:5000]], vocab_size=256 + 50, pattern=r"[\s\S]+")
    assert [bytes(token) for token in learned["tokens"]] == list(trained.ranks)


def test_a_letter_in_several_tokens_stands_above_them(open_page: Open) -> None:
    page = open_page("&corpus=안녕")
    assert page.inner_text(".text .shared >> nth=0").split() == ["안", "ec", "95", "88"]
    page.click("#learning button.last")
    assert page.query_selector(".text .shared") is None
