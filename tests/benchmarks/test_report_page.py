"""The page holds up in a real browser: on a phone, in the dark, offline, and whatever a record says."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness.record import RECORDS, load
from bpelab.benchmarks.report import content
from bpelab.benchmarks.report.page import page_html

Open = Callable[..., Any]

# WCAG's contrast of every text that is seen, beside the first background behind it that is not transparent.
CONTRASTS = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map(
    (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  ).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const style = getComputedStyle(element), isSvg = element instanceof SVGElement;
    if (!own || ["SCRIPT", "STYLE"].includes(element.tagName) || !element.getClientRects().length) continue;
    if (isSvg && style.stroke !== "none") continue;  // the halo behind a label
    const ink = parse(isSvg ? style.fill : style.color), [a, b] = [light(ink), light(behind(element))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.textContent.slice(0, 40)]);
  }
  return found;
}"""
# The same of the page's variables, one beside another.
VARIABLES = """(pairs) => pairs.map(([one, other]) => {
  const probe = document.createElement("i");
  document.body.append(probe);
  const colours = [one, other].map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number);
  });
  probe.remove();
  const light = (c) => c.map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const [a, b] = colours.map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
})"""


@cache
def committed_page() -> str:
    return page_html([load(RECORDS / "quick.json")])


@pytest.fixture
def open_report(browse: Open, tmp_path: Path) -> Open:
    """Open the page of records, of the committed one by default."""

    def open_(records: list[Any] | None = None, **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(page_html(records) if records else committed_page(), encoding="utf-8")
        return browse(path, **options)

    return open_


def test_every_question_has_its_section_its_plots_and_its_table(open_report: Open) -> None:
    record = load(RECORDS / "quick.json")
    page = open_report()
    for section in content.sections([record]):
        place = page.locator(f"#q-{section.question.replace('_', '-')}")
        assert place.locator("h2").text_content() == section.title
        assert place.locator("table:not(.heat) tbody tr").count() == len(section.parts[0].rows)
        if any(row.ratio for row in section.parts[0].rows):
            assert place.locator("svg.plot:visible").count() >= 1
        assert section.parts[0].answer in place.text_content()
        assert section.command in place.locator("code").all_text_contents()
    links = page.locator("nav a").evaluate_all("links => links.map(link => link.hash.slice(1))")
    assert links == page.locator("section").evaluate_all("sections => sections.map(s => s.id)")


def test_a_click_on_a_column_sorts_by_its_numbers_and_another_turns_them_round(open_report: Open) -> None:
    page = open_report()
    page.locator("#q-encode-warm summary", has_text="Table").click()
    table = page.locator("#q-encode-warm table")
    name = table.locator("thead th", has_text="typical")

    def shown() -> list[float]:
        return [float(value) for value in table.locator("tbody tr td:nth-child(3)").evaluate_all(
            "cells => cells.map(cell => cell.dataset.value)")]  # fmt: skip

    before = shown()
    name.locator("button").click()
    assert shown() == sorted(before)
    assert name.get_attribute("aria-sort") == "ascending"
    name.locator("button").focus()
    page.keyboard.press("Enter")
    assert shown() == sorted(before, reverse=True)
    assert name.get_attribute("aria-sort") == "descending"
    table.locator("thead button").first.click()
    groups = table.locator("tbody tr th").all_text_contents()
    assert groups == sorted(groups)
    assert name.get_attribute("aria-sort") == "none"


def test_nothing_is_wider_than_a_phone(open_report: Open, made_up: Callable[..., Any]) -> None:
    long = made_up(machine={"name": "x" * 300})
    long["cells"][0]["group"] = long["cells"][1]["group"] = "y" * 300
    for records in (None, [long, made_up()]):
        page = open_report(records, viewport={"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        outside = "e => e.getBoundingClientRect().right > 390 && !e.closest('.scroll')"
        assert page.evaluate(f"[...document.querySelectorAll('main *')].filter({outside}).length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_all_text_can_be_read_in_both_schemes(open_report: Open, scheme: str, width: int) -> None:
    page = open_report(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 500
    assert [text for contrast, text in contrasts if contrast < 4.5] == []
    pairs = [["--ink", f"--heat-{number}"] for number in range(8)]
    assert min(page.evaluate(VARIABLES, pairs)) >= 4.5
    marks = [["--card", f"--series-{number}"] for number in range(8)]
    assert min(page.evaluate(VARIABLES, marks)) >= 3


def test_whatever_a_record_says_is_text(open_report: Open, made_up: Callable[..., Any]) -> None:
    hostile = "</script><img src=x onerror=alert(1)><script>alert(2)</script>'\"&amp;"
    record = made_up(preset=hostile, started=hostile, machine={"name": hostile, "cpu": hostile})
    record["versions"] = {hostile: hostile}
    record["parity"][0]["encoding"] = hostile
    for cell in record["cells"]:
        cell["group"] += hostile
    record["cells"][0]["contender"] = hostile
    record["cells"] += [{**record["cells"][1], "question": hostile, "axis": {}}]
    record["missing"][0] |= {"contender": hostile, "reason": hostile, "question": hostile}
    page = open_report([record])
    assert page.locator("img, iframe, object, embed, link, base, form").count() == 0
    assert page.locator("script").count() == 2
    assert hostile in page.locator(".machine").text_content()
    assert hostile in page.locator("#environment").text_content()
    assert page.locator(".rows .group", has_text="onerror").count() > 0
    page.locator(".rows:visible").first.focus()
    page.keyboard.press("ArrowRight")
    assert hostile in page.locator("#tip").text_content()
    assert page.locator("img").count() == 0


def test_the_records_on_the_page_are_the_records(
    open_report: Open, made_up: Callable[..., Any], tmp_path: Path
) -> None:
    records = [made_up(), made_up(machine={"name": "</script> \u2028 안"})]
    page = open_report(records)
    for number, record in enumerate(records):
        with page.expect_download() as waiting:
            page.locator(".download").nth(number).click()
        path = tmp_path / f"{number}.json"
        waiting.value.save_as(path)
        assert json.loads(path.read_text(encoding="utf-8")) == record
        assert load(path) == record


def test_without_scripts_everything_but_sorting_is_there(open_report: Open) -> None:
    page = open_report(java_script_enabled=False)
    assert page.locator("section").count() > 5
    assert page.locator("tbody tr").count() > 100
    assert page.locator(".point title").count() > 100
    page.locator("summary").first.click()


def test_a_mark_tells_its_values_under_the_pointer_and_to_the_keyboard(open_report: Open) -> None:
    page = open_report()
    tip = page.locator("#tip")
    plot = page.locator("#q-encode-growth svg.curves")
    marks = plot.locator(".point")
    assert tip.is_hidden()
    # The fastest on the longest text: no other mark can lie on it.
    rightmost = max(range(marks.count()), key=lambda i: marks.nth(i).bounding_box()["x"])  # type: ignore[index]
    marks.nth(rightmost).hover()
    assert tip.is_visible()
    assert tip.text_content() == marks.nth(rightmost).get_attribute("data-told")
    page.mouse.move(0, 0)
    assert tip.is_hidden()
    plot.focus()
    for key, place in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowLeft", -1)):
        page.keyboard.press(key)
        assert tip.text_content() == marks.nth(place).get_attribute("data-told")
    page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_a_button_hides_and_shows_a_contender_on_the_whole_page(open_report: Open) -> None:
    page = open_report()
    buttons = page.locator("#q-encode-growth .legend button", has_text="tiktoken")
    who = buttons.first.get_attribute("data-toggle")
    its = page.locator(f".row[data-who='{who}']:visible, .point[data-who='{who}']:visible")
    before = its.count()
    assert before > 3
    buttons.first.click()
    assert its.count() == 0
    assert {*page.locator(f"[data-toggle='{who}']").evaluate_all("b => b.map(b => b.ariaPressed)")} == {
        "false"
    }
    buttons.first.focus()
    page.keyboard.press("Space")
    assert its.count() == before


@pytest.mark.parametrize("width", [390, 1280])
def test_the_contents_stay_in_sight_and_plots_fill_the_width(open_report: Open, width: int) -> None:
    page = open_report(viewport={"width": width, "height": 800})
    page.evaluate("scrollTo(0, 3000)")
    box = page.locator("nav").bounding_box()
    assert -1 <= box["y"] < 30
    for figure in page.locator("#q-encode-growth figure").all():
        plot, around = figure.locator("svg.curves").bounding_box(), figure.bounding_box()
        assert plot["width"] > around["width"] - 90
