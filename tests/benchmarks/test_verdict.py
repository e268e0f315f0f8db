"""The verdict is said in a sentence, against everyone, and never over cells that cannot be compared."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from bpelab.benchmarks.report import content, verdict
from bpelab.benchmarks.report.markdown import markdown
from bpelab.benchmarks.report.matrix import matrix
from bpelab.benchmarks.report.page import page_html

Record = dict[str, Any]
Made = Callable[..., Record]


def with_ladder(record: Record) -> Record:
    """Add the textbook, the arrays, tiktoken and gigatoken, each on a megabyte of code."""
    for who, seconds in (
        ("bpelab's textbook", 1),
        ("bpelab's arrays", 0.02),
        ("tiktoken", 0.1),
        ("gigatoken", 0.01),
    ):
        record["cells"].append(
            {
                "question": "encode_ladder", "group": "code", "contender": who, "baseline": "tiktoken",
                "unit": "s", "amount": 1_000_000, "amount_of": "bytes", "passes": [[seconds]] * 3,
                "axis": {"text": "standard library, 1 MB", "form": "array", "extent": "whole"},
            }
        )  # fmt: skip
    return record


def test_the_verdict_without_a_ladder_is_what_the_first_question_found(made_up: Made) -> None:
    assert verdict.sentence(made_up()) == "bpelab is faster: 4.88× (verse to an array, against tiktoken)."
    assert verdict.sentence(made_up(cells=[])) == "Nothing was compared in this run."
    assert verdict.parity_lines(made_up()) == [
        (True, "gpt2 gives the same ids as tiktoken: 10 texts, 1,000 bytes, 300 tokens compared.")
    ]


def test_the_verdict_compares_the_best_of_ours_with_tiktoken_and_with_the_fastest(made_up: Made) -> None:
    record = with_ladder(made_up())
    assert verdict.sentence(record) == (
        "On source code, bpelab's arrays encode 50.0 MB/s, 5.00× as fast as tiktoken and 0.50× as fast as"
        " gigatoken, the fastest of the others."
    )


def test_what_was_lost_is_compared_with_the_best_of_all_others_and_not_with_the_baseline(
    made_up: Made,
) -> None:
    lost = verdict.lost(with_ladder(made_up()))
    assert lost == [
        "code: bpelab's arrays 0.50× of gigatoken",
        "cpu, 64 x 256: look-up 0.50× of one-hot @ Linear",
        "cpu, 64 x 64: look-up 0.50× of one-hot @ Linear",
    ]
    assert all(line in markdown([with_ladder(made_up())]) for line in lost)


def test_ratios_with_wide_intervals_are_counted_and_marked(made_up: Made) -> None:
    record = made_up()
    assert verdict.caveats(record)[0].startswith("2 of 9 ratios have an interval beyond ±10 %")
    assert markdown([record]).count("(wide)") == 2
    assert page_html([record]).count("class='point c0 wide'") == 2
    for cell in record["cells"]:
        cell["passes"] = [cell["passes"][0]] * 3
    assert verdict.caveats(record) == ["All 9 ratios have an interval within ±10 %."]
    assert "(wide)" not in markdown([record])


def test_the_matrix_has_the_best_of_each_task_and_the_mean_of_the_ratios_to_it(made_up: Made) -> None:
    record = with_ladder(made_up())
    record["cells"] += [
        cell | {"question": "first_use", "axis": {"question": "first pass", "text": "standard library, 1 MB"}}
        for cell in record["cells"][-4:-1]
    ]
    found = matrix(record)
    assert found
    assert [task.name for task in found.tasks] == ["code", "first pass"]
    assert found.best == [100e6, 50e6]
    means = {line.contender: (line.mean, line.n_tasks) for line in found.lines}
    assert means["bpelab's arrays"] == (pytest.approx(math.sqrt(2)), 2)
    assert means["tiktoken"] == (pytest.approx(math.sqrt(10 * 5)), 2)
    assert means["gigatoken"] == (1.0, 1)
    assert found.lines[0].contender == "gigatoken"
    record["cells"] += [
        cell | {"question": "decode_and_count", "axis": {"call": call}, "group": call}
        for cell in record["cells"][-3:]
        for call in ("count", "decode")
    ]
    found = matrix(record)
    assert found
    assert (found.lines[-1].contender, found.lines[-1].mean) == ("gigatoken", None)  # one of four tasks


def test_every_encoder_and_kind_of_text_is_in_the_table_of_conformance(made_up: Made) -> None:
    record = made_up()
    for text in (page_html([record]), markdown([record])):
        assert "1 of 2 encoders give tiktoken" in text
        assert text.count("✗") == 1
        assert "contractions: &lt;b" in text
    del record["conformance"]
    assert "Who gives" not in page_html([record]) + markdown([record])


def test_cpu_and_cuda_are_beside_each_other_and_never_in_one_count(made_up: Made) -> None:
    record = made_up()
    record["limits"]["cuda"] = {"copy_bytes_per_second": 1e12, "flops_per_second": {"float32": 1e13}}
    record["cells"] += [
        cell | {"group": cell["group"].replace("cpu", "cuda"), "axis": cell["axis"] | {"device": "cuda"}}
        for cell in record["cells"]
        if cell["question"] == "embedding"
    ]
    (section,) = (s for s in content.sections([record]) if s.question == "embedding")
    sentence = "The look-up is faster in 2 of 4 comparisons, slower in 2."
    assert section.parts[0].answer.startswith(f"On cpu: {sentence}")
    assert f"On cuda: {sentence}" in section.parts[0].answer
    page = page_html([record])
    assert page.count("class='heat'") == page.count("<figcaption>Roofline") == 2
    names = [
        f"cpu, {vocabulary} x {dim}, one-hot @ Linear</li>" for vocabulary in (64, 1024) for dim in (64, 256)
    ]
    assert all(name in page for name in names)


def test_a_difference_from_tiktoken_is_the_first_thing_said(made_up: Made) -> None:
    record = made_up()
    record["parity"][0]["difference"] = {"source": "corpus.txt"}
    assert verdict.parity_lines(record)[0][0] is False
    assert "✗ gpt2 differs from tiktoken's in corpus.txt" in markdown([record])
