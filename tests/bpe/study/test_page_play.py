"""The page plays the merges of each piece from its bytes, and two encodings follow one selection."""

from collections.abc import Callable
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding, trace_encode, train
from bpelab.bpe.parity.sample import multilingual_sample

Open = Callable[..., Any]
TINY = train(["low lower lowest"], vocab_size=256 + 2, name="tiny")
# Names that begin alike, and one with characters that a regular expression would read otherwise.
SPECIALS = ("<a>", "<a><b>", "b>", "[x].*", "|")
STEPS = """([name, texts]) => texts.map((text) => {
  const encoding = bpelab.encodings.get(name);
  const said = (step) => [step.parts.map(hex), why(step)];
  return encoding.pieces(text).map((piece) => encoding.steps(piece).map(said));
})"""

OVER = """(selector) => Array.from(document.querySelectorAll(selector), (shared) => {
  return Array.from(shared.querySelectorAll(".char, .token, .part"), (part) => part.textContent);
})"""


def test_it_opens_at_the_bytes_and_plays_to_the_end_of_the_text(open_page: Open) -> None:
    page = open_page([get_encoding("gpt2")], "low lower")
    assert page.inner_text(".parts").split() == ["l", "o", "w"]
    assert page.inner_text(".player .count") == "step 0 of 2"
    page.clock.install()
    page.click(".player .toggle")
    page.clock.run_for(2 * 900)
    assert page.inner_text(".player .count") == "step 2 of 2"
    assert page.inner_text(".parts") == "low"
    page.clock.run_for(900)
    assert page.inner_text("h3") == "␣lower → 2793"
    assert page.inner_text(".player .toggle") == "⏸ Pause"
    page.clock.run_for(10 * 900)
    assert page.inner_text(".parts") == "␣lower"
    assert page.inner_text(".player .toggle") == "▶ Play"


def test_the_keyboard_goes_back_and_forth(open_page: Open) -> None:
    page = open_page([get_encoding("gpt2")], "low lower")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".player .count") == "step 1 of 2"
    page.focus(".strip button[aria-pressed=true]")
    page.keyboard.press("ArrowRight")  # among the pieces
    assert page.inner_text("h3") == "␣lower → 2793"
    assert page.inner_text(".why") == "The lowest rank of 5."
    assert page.inner_text(".candidates .chosen") == "er 263"
    page.focus(".player .forward")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".parts").split() == ["␣l", "o", "w", "er"]
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".parts").split() == ["␣", "l", "o", "w", "er"]
    page.keyboard.press("p")
    assert page.inner_text("h3") == "low → 9319"
    page.keyboard.press("n")
    page.keyboard.press("ArrowLeft")  # from the first step to the end of the piece before
    assert page.inner_text(".parts") == "low"
    page.focus("textarea")
    page.keyboard.press("n")  # text, and no command
    assert "n" in page.input_value("textarea")


def test_the_address_keeps_text_piece_step_and_encodings(open_page: Open) -> None:
    encodings = [get_encoding("gpt2"), TINY]
    page = open_page(encodings, "low lower")
    page.select_option(".panel:first-child .encoding", "tiny")
    page.click(".panel:first-child .strip button:nth-child(2)")
    page.click(".player .forward")
    kept = open_page(encodings, address="#" + page.url.split("#", 1)[1])
    assert kept.input_value(".panel:first-child .encoding") == "tiny"
    assert kept.input_value("textarea") == "low lower"
    assert kept.inner_text(".player .count").startswith("step 1 of ")
    assert kept.inner_text(".panel:first-child .number") == "Piece 2 of 2"


@pytest.mark.parametrize(
    "address", ["#at=99&step=99", "#at=-5&step=-5&encoding=none", "#step=x&at=NaN", "#%"]
)
def test_any_address_opens(open_page: Open, address: str) -> None:
    page = open_page([get_encoding("gpt2")], "low lower", address=address)
    assert page.inner_text(".player .count") in {"step 0 of 2", "step 5 of 5"}


def test_steps_and_reasons_are_those_of_the_trace(open_page: Open, gpt2: Encoding) -> None:
    texts = [text for _, text in multilingual_sample()][:12]
    shown = open_page([gpt2]).evaluate(STEPS, ["gpt2", texts])
    for text, pieces in zip(texts, shown, strict=True):
        expected = [
            [[[part.hex(" ") for part in step.parts], step.why] for step in piece.steps]
            for piece in trace_encode(text, gpt2).pieces
        ]
        # "One token is left" is true of symbols only at the end, where the trace says "part".
        said = [
            [
                [parts, why[0].lower() + why[1:-1].replace("token is left", "part is left")]
                for parts, why in steps
            ]
            for steps in pieces
        ]
        assert said == expected


def test_two_encodings_follow_one_selection(open_page: Open, data: Any) -> None:
    o200k = get_encoding("o200k_base", path=data / "encodings" / "o200k_base.tiktoken")
    page = open_page([get_encoding("gpt2"), o200k], "we don't know")
    page.click(".panel:first-child .strip button:nth-child(3)")  # 't
    assert [shown.inner_text() for shown in page.query_selector_all("h3")] == ["'t → 470", "␣don't → 4128"]
    page.click(".panel:last-child .strip button:nth-child(3)")
    assert [shown.inner_text() for shown in page.query_selector_all("h3")] == ["␣know → 760", "␣know → 1761"]


def test_hover_and_focus_link_text_and_ids(open_page: Open) -> None:
    page = open_page([get_encoding("gpt2"), TINY], "low lower")
    linked = "Array.from(document.querySelectorAll('.linked'), (span) => span.textContent)"
    page.hover(".panel:first-child .ids .id:nth-of-type(2)")
    assert page.evaluate(linked) == [
        *("␣lower", "2793"),
        *("␣", "low", "e", "r", "220", "257", "68", "81"),
    ]
    page.hover("h1")
    assert page.evaluate(linked) == []
    page.focus(".panel:first-child .strip button:first-child")
    assert page.evaluate(linked) == ["low", "9319", "low", "257"]
    page.click(".panel:first-child .ids .id:nth-of-type(2)")
    assert page.inner_text(".panel:first-child h3") == "␣lower → 2793"


def test_a_character_of_several_tokens_stands_above_them(open_page: Open) -> None:
    page = open_page([get_encoding("gpt2")], "a 안녕é")
    assert page.evaluate(OVER, ".strip .shared") == [
        ["␣안", r"␣\xec", r"\x95", r"\x88"],
        ["녕", r"\xeb", r"\x85", r"\x95"],
    ]
    page.click(".strip button:nth-child(2)")
    assert page.evaluate(OVER, ".parts .shared") == [
        ["안", r"\xec", r"\x95", r"\x88"],
        ["녕", r"\xeb", r"\x85", r"\x95"],
        ["é", r"\xc3", r"\xa9"],
    ]
    assert page.text_content(".tree").endswith("안녕é")


def test_a_special_token_is_one_id_where_it_is_asked_for(open_page: Open, gpt2: Encoding) -> None:
    text = "The end.<|endoftext|>\n Another"
    page = open_page([gpt2], text)
    assert page.text_content(".ids code").split() == list(map(str, gpt2.encode_ordinary(text)))
    page.check("#special")
    assert page.text_content(".ids code").split() == list(map(str, gpt2.encode(text, allowed_special="all")))
    page.click(".strip button:nth-child(4)")
    assert page.inner_text("h3") == "<|endoftext|> → 50256"
    assert page.inner_text(".made") == "a special token, found before the pattern cuts"
    assert not page.is_visible(".steps")
    assert "special=1" in page.url


def test_special_tokens_are_found_as_ours_are(open_page: Open) -> None:
    specials = {name: TINY.n_vocab + number for number, name in enumerate(SPECIALS)}
    encoding = Encoding("odd", pat_str=TINY.pattern, mergeable_ranks=TINY.ranks, special_tokens=specials)
    texts = ["<a><b>", "<a><b", "a<a>b>b>  [x].*<a><a><b>", "x | y  |", "[x]..", "안<a>녕  |  ", ""]
    evaluate = "([texts]) => texts.map((text) => bpelab.encodings.get('odd').encode(text, true))"
    page = open_page([encoding])
    assert page.evaluate(evaluate, [texts]) == [
        encoding.encode(text, allowed_special="all") for text in texts
    ]


def test_line_ends_stay_what_they_were_until_the_text_is_edited(open_page: Open, gpt2: Encoding) -> None:
    text = "one\r\ntwo\r\n"
    page = open_page([gpt2], text)
    assert page.text_content(".ids code").split() == list(map(str, gpt2.encode(text)))
    page.click(".player .forward")
    kept = open_page([gpt2], address="#" + page.url.split("#", 1)[1])
    assert kept.text_content(".ids code") == page.text_content(".ids code")
    page.press("textarea", "End")
    page.type("textarea", " ")
    assert r"\r" not in page.text_content(".strip")


def test_a_tree_that_is_too_wide_says_how_to_see_the_rest(open_page: Open) -> None:
    page = open_page([get_encoding("gpt2")], "low", viewport={"width": 390, "height": 800})
    assert not page.is_visible(".cue")
    page.fill("textarea", "internationalization")
    assert page.is_visible(".cue")
    page.evaluate("document.querySelector('.player .range').value = 999")
    page.dispatch_event(".player .range", "input")
    tree, made = page.locator(".tree").bounding_box(), page.locator(".tree .new").bounding_box()
    assert tree["x"] < made["x"] + made["width"] / 2 < tree["x"] + tree["width"]
