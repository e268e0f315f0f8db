"""The READMEs, the page of benchmarks and the ladder show what the committed records say."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness.questions import QUESTIONS
from bpelab.benchmarks.harness.record import RECORDS, load
from bpelab.benchmarks.report import splice, tables
from bpelab.benchmarks.report.ladder import ladder_svg, rungs
from bpelab.benchmarks.report.splice import PAGES, spliced

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_shows_the_committed_records(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert PAGES[name](page) == page, "python -m bpelab.benchmarks.report.splice writes it"


def test_a_stale_page_is_written_again_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    for name in PAGES:
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    page = tmp_path / "README.md"
    page.write_text(
        page.read_text(encoding="utf-8").replace("**7", "**9", 1).replace("×", "x"), encoding="utf-8"
    )
    monkeypatch.setattr(splice, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["splice", "--check"])
    assert splice.main() == 1
    assert page.read_bytes() != (ROOT / "README.md").read_bytes()
    monkeypatch.setattr("sys.argv", ["splice"])
    assert splice.main() == 0
    assert page.read_bytes() == (ROOT / "README.md").read_bytes()
    assert splice.main() == 0
    assert capsys.readouterr().out.split() == ["README.md", "README.md"]


@pytest.mark.parametrize("page", ["", "<!-- a: begin -->\n", "<!-- a: end -->\n<!-- a: begin -->\n"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="must have the lines <!-- a: begin --> and <!-- a: end -->"):
        spliced(page, {"a": "text\n"})


def test_both_readmes_have_the_same_five_figures_of_which_two_are_losses() -> None:
    english, korean = tables.headline(), tables.headline_in_korean()
    figures = re.findall(r"\*\*([\d.,]+)×\*\*", english)
    assert figures == re.findall(r"\*\*([\d.,]+)×\*\*", korean)
    assert len(figures) == 5
    assert sum(float(figure.replace(",", "")) < 1 for figure in figures) >= 2
    commands = [re.findall(r"`bpelab bench[^`]*`", text) for text in (english, korean)]
    assert commands[0] == commands[1]
    assert len(commands[0]) == 1


def test_every_table_names_its_commit_its_date_and_a_command_of_known_questions() -> None:
    texts = {name: tables.comparison(name) for name in tables.COMPARISONS}
    texts |= {name: tables.rates(name) for name in tables.RATES}
    for name, text in texts.items():
        sentence, *_, about = text.strip().splitlines()
        assert sentence.endswith("."), name
        assert re.search(r"Measured on \d{4}-\d\d-\d\d at commit `[0-9a-f]{12}`", about), name
        asked = re.findall(r"--only (\w+)", about)
        assert asked
        assert {*asked} <= {*QUESTIONS}, name


def test_memory_is_in_the_table_of_memory_alone() -> None:
    sizes = re.compile(r"\| [\d.,]+ [kMG]?B \|")
    assert sizes.search(tables.comparison("memory"))
    others = [name for name in tables.COMPARISONS if name != "memory"]
    assert [name for name in others if sizes.search(tables.comparison(name))] == []


def test_the_sentence_above_a_table_counts_its_rows() -> None:
    for name in tables.COMPARISONS:
        sentence, *lines = tables.comparison(name).splitlines()
        rows = [line for line in lines if re.search(r"× \([\d.,]+× to", line)]
        counted = re.search(r"in (?:all (\d+)|\d+ of (\d+)) comparisons", sentence)
        assert counted
        assert int(counted[1] or counted[2]) == len(rows), name


def ladder_record() -> Any:
    return load(RECORDS / tables.LADDER_RECORD)


def test_the_ladder_is_well_formed_and_every_text_lies_within_it() -> None:
    root = ElementTree.fromstring(ladder_svg(ladder_record()))
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    texts = root.findall(f"{SVG}text")
    assert all(0 < float(t.attrib["x"]) < width and 0 < float(t.attrib["y"]) < height for t in texts)
    shown = ["".join(text.itertext()) for text in texts]
    for name in ("textbook", "cached", "arrays", "tiktoken", "gigatoken"):
        assert any(text.startswith(name) for text in shown), name


def test_the_ladder_goes_from_the_slowest_to_the_fastest_and_shows_losses() -> None:
    found = rungs(ladder_record())
    assert [rung.rate for rung in found] == sorted(rung.rate for rung in found)
    assert found[-1].kind == "other"
    assert all(rung.low <= rung.rate <= rung.high for rung in found)
    assert {rung.contender for rung in found if rung.ratio == 1} == {"tiktoken"}


def test_the_ladder_takes_each_encoder_from_its_largest_text() -> None:
    record = ladder_record()
    amounts = {rung.contender: rung.rate for rung in rungs(record)}
    cells = [
        cell
        for cell in record["cells"]
        if (cell["question"], cell["contender"]) == ("encode_ladder", "tiktoken")
        and cell["axis"]["form"] == "array"
        and cell["axis"]["text"].startswith("standard library")
    ]
    assert len(cells) == 2
    largest = max(cells, key=lambda cell: cell["amount"])
    record["cells"] = [cell for cell in record["cells"] if cell not in cells or cell is largest]
    assert {rung.contender: rung.rate for rung in rungs(record)} == amounts


def test_whatever_a_record_says_is_text_in_the_ladder(made_up: Callable[..., Any]) -> None:
    record = ladder_record()
    record["machine"]["name"] = "<script>&\"'"
    record["cells"][0]["contender"] = "</text><script>"
    root = ElementTree.fromstring(ladder_svg(record))
    assert root.find(f".//{SVG}script") is None
    assert any("<script>&\"'" in "".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    with pytest.raises(ValueError, match="does not have the question encode_ladder"):
        ladder_svg(made_up())
