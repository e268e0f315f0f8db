"""A report is a function of its records, says what they say, and refuses what is broken by name."""

import contextlib
import copy
import json
import math
import random
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness.questions import QUESTIONS
from bpelab.benchmarks.harness.record import RECORDS, load, load_all, write
from bpelab.benchmarks.harness.rows import absences, rows
from bpelab.benchmarks.report import content, verdict
from bpelab.benchmarks.report.compare import compare
from bpelab.benchmarks.report.markdown import markdown, plain
from bpelab.benchmarks.report.marks import marks_of
from bpelab.benchmarks.report.page import page_html
from bpelab.cli.verbs import app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

Record = dict[str, Any]
Made = Callable[..., Record]


def written(path: Path, record: Any) -> Path:
    path.write_text(record if isinstance(record, str) else json.dumps(record), encoding="utf-8")
    return path


def changed(record: Record, change: Callable[[Record], object]) -> Record:
    change(record)
    return record


def without_baseline(record: Record) -> None:
    record["cells"] = [cell for cell in record["cells"] if cell["contender"] != "tiktoken"]


def cell(change: Callable[[Record], object]) -> Callable[[Record], Record]:
    """Change the first cell."""
    return lambda record: changed(record, lambda record: change(record["cells"][0]))


BROKEN: list[tuple[str, Callable[[Record], Any], str]] = [
    ("truncated", lambda r: json.dumps(r, indent=1)[:700], r"line \d+: .*: this is not complete JSON"),
    ("empty", lambda r: "", "line 1: .*: this is not complete JSON"),
    ("a list", lambda r: [r], "an object was expected, not list"),
    ("nested without end", lambda r: "[" * 100_000, "this is not "),
    ("another schema", lambda r: r | {"schema": "bpelab benchmarks 9"}, "schema is 'bpelab benchmarks 9'"),
    ("no schema", lambda r: {}, "schema is None"),
    ("NaN", lambda r: json.dumps(r | {"seconds": math.nan}), "it has NaN, where a number was expected"),
    ("infinite", lambda r: json.dumps(r | {"seconds": math.inf}), "it has Infinity"),
    ("a huge number", lambda r: json.dumps(r).replace("240.0", "1e999"), "seconds is inf"),
    (
        "no baseline",
        lambda r: changed(r, without_baseline),
        "the baseline 'tiktoken' is neither a contender nor missing",
    ),
    ("no name of one", cell(lambda cell: cell.pop("baseline")), "cell 0 has no 'baseline'"),
    ("no sample", cell(lambda cell: cell.update(passes=[[]])), "it has no sample"),
    ("a negative one", cell(lambda cell: cell.update(passes=[[-1]])), "where numbers of 0 or more were"),
    ("a text", cell(lambda cell: cell.update(passes=[["1"]])), "where numbers of 0 or more were"),
    ("a unit", cell(lambda cell: cell.update(unit="h")), "its unit is 'h', neither 's' nor 'B'"),
    ("an amount", cell(lambda cell: cell.update(amount="x")), "amount is 'x'"),
    ("an axis", cell(lambda cell: cell["axis"].update(n_bytes="x")), "n_bytes is 'x'"),
    ("twice", lambda r: changed(r, lambda r: r["cells"].append(r["cells"][0])), "appears twice"),
    ("no machine", lambda r: changed(r, lambda r: r.pop("machine")), "the record has no 'machine'"),
    ("no name", lambda r: r | {"machine": {}}, "machine has no 'name'"),
    ("a surrogate", cell(lambda cell: cell.update(group="\ud800")), r"cells: 0: group is .*surrogate"),
    ("a name of one", lambda r: r | {"\udcff": 1}, r"a name in the record is .*surrogate"),
    ("a number of 25 digits", cell(lambda cell: cell.update(passes=[[10**25]])), r"from 1e-12 to 1e\+15"),
    ("one of 400 digits", lambda r: r | {"seconds": 10**400}, "seconds is a number of 1,329 bits"),
    ("one of 5,000 digits", lambda r: json.dumps(r).replace("240.0", "9" * 5000), "digits"),
    ("an infinity anywhere", lambda r: json.dumps(r).replace('"array"', "1e999"), "form is inf"),
    ("nested deep", lambda r: json.dumps(r).replace('"array"', "[" * 900 + "]" * 900), "more than 12 deep"),
    ("no list of samples", cell(lambda cell: cell.update(passes=[None])), "a pass is None"),
    ("sizes of caches", lambda r: r | {"machine": {"name": "", "caches": {"L1": None}}}, "L1 is None"),
    ("limits", lambda r: r | {"limits": {"copy_bytes_per_second": "x"}}, "copy_bytes_per_second is 'x'"),
    ("a step", lambda r: r | {"done": [[1]]}, r"done 0 is \[1\], where a pass and its question"),
    ("conformance", lambda r: r | {"conformance": [{"encoder": 1}]}, "conformance 0: encoder is 1"),
    (
        "a difference",
        lambda r: changed(r, lambda r: r["conformance"][1].update(difference="x")),
        "conformance 1: difference is 'x', where an object was expected",
    ),
    ("no cells", lambda r: r | {"cells": {}}, "where a list was expected"),
]


@pytest.mark.parametrize(("break_it", "message"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_record_is_refused_by_name(
    made_up: Made, tmp_path: Path, break_it: Callable[[Record], Any], message: str
) -> None:
    path = written(tmp_path / "mine.json", break_it(made_up()))
    with pytest.raises(ValueError, match=rf"mine\.json: .*{message}"):
        load(path)


HOSTILE = (
    None, True, "", "x", "\ud800", "a\nb\0", "²", "9" * 50, -1, 0, 1.5, 10**25, 10**400, 1e308, 5e-324, [],
    {}, [[]], {"a": 1}, [1], ["x"], [[0]], [[1e308], [5e-324]], {"n_bytes": 10**400}, {"source": ["x"]},
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_record_with_anything_anywhere_is_refused_or_shown(
    made_up: Made, tmp_path: Path, data: st.DataObject
) -> None:
    record = made_up()
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = record
        while place and (keys := [*place] if isinstance(place, dict) else [*range(len(place))]):
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
                place[key] = copy.deepcopy(data.draw(st.sampled_from(HOSTILE)))
                break
            place = place[key]
    path = written(tmp_path / "mine.json", record)
    try:
        loaded = load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path}: ")
        return
    (markdown([loaded]) + page_html([loaded])).encode("utf-8")
    for old, new in ((loaded, made_up()), (made_up(), loaded)):
        with contextlib.suppress(ValueError):  # they may have nothing in common
            compare(old, new)


def test_records_of_different_schemas_do_not_mix(made_up: Made, tmp_path: Path) -> None:
    new = written(tmp_path / "new.json", made_up())
    old = written(tmp_path / "old.json", made_up(schema="bpelab benchmarks 0"))
    with pytest.raises(ValueError, match=r"old\.json: its schema is 'bpelab benchmarks 0'"):
        load_all([new, old])
    assert len(load_all([new, new])) == 1


def test_a_record_of_the_older_schema_is_read_as_one_of_today(made_up: Made, tmp_path: Path) -> None:
    renamed = {"encode_warm": "fresh_process", "encode_growth": "decode_count"}
    old = made_up(schema="bpelab benchmarks 1", done=[[0, "fresh_process"], [0, "train"]])
    for entry in [*old["cells"], *old["missing"]]:
        entry["question"] = renamed.get(entry["question"], entry["question"])
    loaded = load(written(tmp_path / "old.json", old))
    assert loaded["schema"] == made_up()["schema"]
    assert loaded["done"] == [[0, "first_use"], [0, "train"]]
    assert [row.ratio for row in rows(loaded, "first_use")] == [
        row.ratio for row in rows(made_up(), "encode_warm")
    ]
    assert len(rows(loaded, "decode_and_count")) == len(rows(made_up(), "encode_growth"))
    assert {entry["question"] for entry in loaded["missing"]} == {"first_use", "train"}
    write(tmp_path / "new.json", loaded)
    assert load(tmp_path / "new.json") == loaded


@pytest.mark.parametrize("path", sorted(RECORDS.glob("*.json")), ids=lambda path: path.name)
def test_every_committed_record_is_read_and_its_memory_is_in_bytes(path: Path) -> None:
    record = load(path)
    assert {cell["question"] for cell in record["cells"]} <= {*QUESTIONS}
    for cell in record["cells"]:
        assert (cell["unit"] == "B") == ("memory" in cell["group"]), cell["group"]


def test_a_baseline_that_is_missing_for_a_reason_is_no_fault(made_up: Made, tmp_path: Path) -> None:
    record = changed(made_up(), without_baseline)
    for question in ("encode_warm", "encode_growth", "encode_long_piece"):
        record["missing"].append(
            {"question": question, "group": "", "contender": "tiktoken", "reason": "not installed"}
        )
    loaded = load(written(tmp_path / "mine.json", record))
    assert {row.ratio for row in rows(loaded, "encode_warm")} == {None}
    assert "no baseline" in markdown([loaded])


def test_the_same_records_give_the_same_bytes_whatever_order_they_were_measured_in(made_up: Made) -> None:
    record, shuffled = made_up(), made_up()
    random.Random(1).shuffle(shuffled["cells"])
    assert markdown([record]) == markdown([shuffled])
    page = page_html([record])
    assert page == page_html([made_up()])
    assert page.partition("id='records'")[0] == page_html([shuffled]).partition("id='records'")[0]


def test_the_page_of_the_committed_record_is_under_two_megabytes_and_says_what_it_says() -> None:
    record = load(RECORDS / "quick.json")
    page = page_html([record])
    assert len(page.encode("utf-8")) < 2_000_000
    assert f"<p class='sentence'>{escape(verdict.sentence(record))}</p>" in page
    # Besides the questions: the verdict, where it was measured and, where asked, who gives the ids.
    n_others = 2 + bool(record.get("conformance"))
    assert page.count("<section") == len(content.sections([record])) + n_others


def test_a_contender_has_one_mark_and_no_two_have_the_same() -> None:
    record = load(RECORDS / "quick.json")
    marks = marks_of([record])
    assert {*marks} == {cell["contender"] for cell in record["cells"]}
    of_question: dict[str, set[str]] = {}
    for cell in record["cells"]:
        of_question.setdefault(cell["question"], set()).add(cell["contender"])
    for question, names in of_question.items():
        assert len({marks[name] for name in names}) == len(names), question


def with_controls(record: Record, *factors: tuple[float, float]) -> Record:
    """Add a control to as many groups, slower than bpelab by these factors in its two passes."""
    ours = [cell for cell in record["cells"] if cell["contender"] == "bpelab"]
    for cell, passes in zip(ours, factors, strict=False):
        values = [[samples[0] * factor] for samples, factor in zip(cell["passes"][:2], passes, strict=True)]
        record["cells"].append(cell | {"contender": "control", "baseline": "bpelab", "passes": values})
    return record


def test_the_record_says_how_often_the_control_held_one(made_up: Made, tmp_path: Path) -> None:
    record = with_controls(made_up(), (1.01, 0.98), (1.02, 0.97), (1.01, 1.01))
    assert verdict.controls_held(record) == (2, 3)
    (line,) = [line for line in verdict.caveats(record) if "second time" in line]
    assert "in 3 groups; 2 of the 3 intervals hold 1×" in line
    assert verdict.busy(record) == []
    assert load(written(tmp_path / "mine.json", record)) == record
    # No change of a control is a change of the code.
    assert len(compare(made_up(), record).changes) == len(made_up()["cells"])


def test_a_busy_machine_is_said_once(made_up: Made) -> None:
    assert verdict.busy(made_up()) == []
    assert verdict.busy(made_up(load={"before": 0.3, "after": 2.0})) == []
    (line,) = verdict.busy(made_up(load={"before": 3.1, "after": None}))
    assert "3.1 other processes wanted to run" in line
    (line,) = verdict.busy(with_controls(made_up(), (1.3, 1.2)))
    assert "the same code measured twice differs by 25%" in line


def test_what_is_absent_for_one_reason_is_one_line(made_up: Made) -> None:
    entries = [
        {"question": question, "group": str(n), "contender": who, "reason": "no device"}
        for question, who, n in (("embedding", "look-up", 1), ("embedding", "look-up", 2), ("train", "x", 1))
    ]
    record = made_up(missing=[*entries, {**entries[0], "reason": "another"}])
    first, second = absences(record)
    assert (first.reason, first.contenders, first.n_cells) == ("no device", ("look-up", "x"), 3)
    assert first.questions == ("embedding", "train")
    assert (second.reason, second.n_cells) == ("another", 1)
    assert [absence.n_cells for absence in absences(record, "train")] == [1]


def test_a_question_without_answers_has_no_section_and_says_why_at_the_end(made_up: Made) -> None:
    record = made_up()
    assert "train" not in [section.question for section in content.sections([record])]
    assert content.left_out([record]) == ["train: not installed"]
    for text in (page_html([record]), markdown([record])):
        assert "train: not installed" in text


def test_machines_merge_and_what_none_measured_is_said(made_up: Made) -> None:
    laptop, server = made_up(), made_up(machine={"name": "server"}, cells=[])
    text = markdown([laptop, server])
    assert "### Testing 1, 2 cores, quick, 2026-11-23" in text
    assert "### server, quick, 2026-11-23" in text
    assert content.NO_CUDA in text
    assert "gigatoken: not installed (1)" in text
    server = made_up(machine={"name": "server", "gpu": "H200"})
    for cell in server["cells"]:
        cell["axis"] |= {"device": "cuda"} if cell["question"] == "embedding" else {}
    assert content.NO_CUDA not in markdown([laptop, server])


def test_a_foreign_question_is_shown_and_opens_no_file(made_up: Made) -> None:
    record = made_up()
    record["cells"] = [cell | {"question": "../suite"} for cell in record["cells"][:2]]
    (section,) = (s for s in content.sections([record]) if s.parts[0].rows)
    assert (section.title, section.reading) == ("../suite", "")


@given(text=st.text(max_size=40))
def test_no_text_ends_a_cell_of_a_markdown_table(text: str) -> None:
    escaped = plain(text)
    assert "\n" not in escaped
    assert "<" not in escaped
    assert "|" not in escaped.replace("\\\\", "").replace("\\|", "")


def test_how_near_the_limit_a_cell_is(made_up: Made) -> None:
    record = made_up()
    shares = {
        row.contender: content.share_of_limit(record, row.cell)
        for row in rows(record, "embedding")
        if row.cell["axis"]["vocab_size"] == 64
    }
    # 10^6 bytes at 10^10 a second by 2 ms; 10^7 operations take as long as the bytes, by 1 ms.
    assert shares == {"look-up": pytest.approx(0.05), "one-hot @ Linear": pytest.approx(0.1)}


def slowed(
    record: Record, factor: float, contender: str | None = "bpelab", question: str | None = "encode_warm"
) -> Record:
    for cell in record["cells"]:
        if contender in (None, cell["contender"]) and question in (None, cell["question"]):
            cell["passes"] = [[value * factor for value in samples] for samples in cell["passes"]]
    return record


def verdicts(old: Record, new: Record, threshold: float = 1.1) -> dict[str, str]:
    found = compare(old, new, threshold).changes
    return {change.contender: change.verdict for change in found if change.verdict != "the same"}


def test_a_comparison_tells_changes_from_noise(made_up: Made) -> None:
    assert verdicts(made_up(), made_up()) == {}
    assert verdicts(made_up(), slowed(made_up(), 1.05)) == {}  # within the noise
    assert verdicts(made_up(), slowed(made_up(), 1.5)) == {"bpelab": "regression"}
    assert verdicts(made_up(), slowed(made_up(), 1.5), threshold=2) == {"bpelab": "worse"}
    assert verdicts(made_up(), slowed(made_up(), 0.5)) == {"bpelab": "better"}
    assert verdicts(made_up(), slowed(made_up(), 1.5, question="loader")) == {"bpelab": "regression"}


def test_a_slower_machine_is_not_a_regression(made_up: Made) -> None:
    slower = slowed(made_up(), 1.5, contender=None, question=None)
    assert verdicts(made_up(), slower) == {}
    assert compare(made_up(), slower).machine == pytest.approx(1 / 1.5)


def test_a_machine_that_is_slower_in_some_passes_hides_no_regression(made_up: Made) -> None:
    draw = random.Random(1)

    def moved(record: Record, factors: tuple[float, ...]) -> Record:
        for cell in record["cells"]:
            first = cell["passes"][0][0]
            cell["passes"] = [[first * factor * draw.uniform(0.99, 1.01)] for factor in factors]
        return record

    old, new = moved(made_up(), (1, 3, 2)), moved(slowed(made_up(), 1.5), (2, 1, 3))
    assert verdicts(old, new) == {"bpelab": "regression"}


def test_what_became_faster_is_no_regression_though_its_baseline_became_faster_still(made_up: Made) -> None:
    new = slowed(made_up(), 1 / 5, "look-up", "embedding")
    slowed(new, 1 / 300, "one-hot @ Linear", "embedding")
    found = {change.contender: change for change in compare(made_up(), new).changes}
    assert (found["look-up"].verdict, found["look-up"].factor) == ("better", pytest.approx(5))
    assert (found["one-hot @ Linear"].verdict, found["one-hot @ Linear"].is_ours) == ("better", False)
    # Nor where there is nothing else to tell how fast the machine is.
    old = made_up()
    for record in (old, new):
        record["cells"] = [cell for cell in record["cells"] if cell["question"] == "embedding"]
    assert verdicts(old, new) == {"look-up": "better", "one-hot @ Linear": "better"}
    assert compare(old, new).machine is None
    assert any("no package is in both records" in line for line in compare(old, new).differences)


def test_one_question_whose_baselines_moved_moves_nothing_else(made_up: Made) -> None:
    new = slowed(made_up(), 0.5, "tiktoken", "encode_warm")
    assert verdicts(made_up(), new) == {"tiktoken": "better"}


def test_a_package_of_another_version_does_not_tell_how_fast_the_machine_is(made_up: Made) -> None:
    new = slowed(made_up(), 0.5, "tiktoken", None)
    assert compare(made_up(), new).machine == pytest.approx(2)
    new["versions"] = {**new["versions"], "tiktoken": "0.15.0"}
    assert compare(made_up(), new).machine is None
    assert verdicts(made_up(), new) == {"tiktoken": "better"}


def test_the_same_code_seldom_cries_wolf_and_a_change_is_found(made_up: Made) -> None:
    draw = random.Random(1)

    def measured(factor: float) -> Record:
        record = made_up()
        for cell in record["cells"]:
            slower = factor if cell["contender"] == "bpelab" else 1.0
            cell["passes"] = [[slower * math.exp(draw.gauss(0, 0.1))] for _ in range(5)]
        return record

    runs = [(measured(1), measured(1), measured(3)) for _ in range(100)]
    assert sum("regression" in verdicts(old, new).values() for old, new, _ in runs) <= 5
    assert sum("regression" in verdicts(old, slow).values() for old, _, slow in runs) >= 95


def test_a_single_pass_proves_nothing(made_up: Made) -> None:
    old, new = made_up(), slowed(made_up(), 3.0)
    for record in (old, new):
        for cell in record["cells"]:
            cell["passes"] = cell["passes"][:1]
    assert verdicts(old, new) == {}


def test_a_wrong_answer_and_a_difference_are_regressions(made_up: Made) -> None:
    new = made_up()
    new["missing"].append(
        {"question": "train", "group": "g", "contender": "bpelab", "reason": "failed: other merges"}
    )
    new["parity"][0]["difference"] = {"source": "text"}
    found = compare(made_up(), new)
    assert found.regressions == ["gpt2 differs from tiktoken's", "train, g, bpelab: failed: other merges"]


@pytest.mark.parametrize("threshold", [0.9, math.nan])
def test_a_threshold_below_one_is_refused(made_up: Made, threshold: float) -> None:
    with pytest.raises(ValueError, match="it must be 1 or more"):
        compare(made_up(), made_up(), threshold)


def test_the_command_writes_both_and_compares_with_an_exit_code(made_up: Made, tmp_path: Path) -> None:
    old = str(written(tmp_path / "old.json", made_up()))
    new = str(written(tmp_path / "new.json", slowed(made_up(), 1.5)))
    page = tmp_path / "out" / "page.html"
    done = CliRunner().invoke(app, ["report", old, "-o", str(page)], catch_exceptions=False)
    assert done.exit_code == 0
    assert page.read_text(encoding="utf-8") == page_html([made_up()])
    assert page.with_suffix(".md").read_text(encoding="utf-8") == markdown([made_up()])
    assert verdict.sentence(made_up()) in done.stdout
    done = CliRunner().invoke(app, ["report", "--compare", old, new])
    assert done.exit_code == 1
    assert "regression: encode_warm, verse to an array, bpelab: 0.67× as fast as before" in done.stdout
    assert CliRunner().invoke(app, ["report", "--compare", old, old]).exit_code == 0
    done = CliRunner().invoke(app, ["report"])
    assert "which records?" in str(done.exception)
