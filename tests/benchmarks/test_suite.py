"""A record has every answer, whatever interrupts the run, and no time for a wrong one."""

import contextlib
import importlib
import inspect
import io
import json
import re
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness import environment, parity, questions, suite
from bpelab.benchmarks.harness.record import RECORDS, load
from bpelab.benchmarks.harness.suite import run
from bpelab.cli.bench import bench
from bpelab.cli.signals import Ended
from bpelab.cli.verbs import app
from typer.testing import CliRunner

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
QUESTION = """
import pytest
from bpelab.benchmarks.harness.measure import measure

@pytest.mark.parametrize("contender", ["ours", "theirs", "wrong", "absent"])
@pytest.mark.parametrize("n", [1, 2])
def sum_seconds(benchmark, contender, n):
    if contender == "absent":
        pytest.skip("not installed: pip install absent")
    assert contender != "wrong", "another answer"
    about = {"group": f"sum of {n}", "axis": {"n": n}, "baseline": "theirs"}
    measure(benchmark, lambda: sum(range(n)), rounds=30, iterations=1, **about)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two questions in a folder of their own, and nothing that takes long."""
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").write_text(QUESTION)
    (tmp_path / "conftest.py").write_text("from bpelab.benchmarks.harness.plugin import *\n")
    monkeypatch.setattr(suite, "FOLDER", tmp_path)
    monkeypatch.setattr(suite, "_parity", lambda preset: [])
    monkeypatch.setattr(suite, "conformance", lambda: [{"encoder": "ours"}])
    monkeypatch.setattr(environment, "limits", dict)
    return tmp_path


def cells(record: dict[str, Any]) -> dict[tuple[str, str, str], Any]:
    return {(cell["question"], cell["group"], cell["contender"]): cell for cell in record["cells"]}


def test_every_pass_of_every_cell_is_there_and_what_is_missing_has_a_reason(folder: Path) -> None:
    path = folder / "records" / "record.json"
    seen: list[tuple[int, int, str]] = []
    record = run(path, n_passes=2, questions=("first", "second"), watch=lambda *step: seen.append(step))
    assert json.loads(path.read_text()) == record
    assert set(cells(record)) == {
        (question, f"sum of {n}", contender)
        for question in ("first", "second")
        for n in (1, 2)
        for contender in ("ours", "theirs")
    }
    assert all([len(samples) for samples in cell["passes"]] == [20, 20] for cell in record["cells"])
    cell = cells(record)["first", "sum of 2", "ours"]
    assert (cell["unit"], cell["baseline"], cell["axis"]) == ("s", "theirs", {"n": 2})
    reasons = {(entry["contender"], entry["reason"]) for entry in record["missing"]}
    assert {contender for contender, _ in reasons} == {"wrong", "absent"}
    assert ("absent", "not installed: pip install absent") in reasons
    assert all(reason.startswith("failed: ") for contender, reason in reasons if contender == "wrong")
    assert record["finished"]
    assert [step[0] for step in seen] == [0, 0, 1, 2, 3, 4]


def test_questions_that_share_a_process_have_cells_of_their_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []
    ask = suite._ask

    def watched(asking: Sequence[str], preset: str, seed: str) -> Any:
        asked.append(asking)
        return ask(asking, preset, seed)

    monkeypatch.setattr(questions, "TOGETHER", (("first", "second"),))
    monkeypatch.setattr(suite, "_ask", watched)
    record = run(folder / "record.json", n_passes=1, questions=("first", "second"))
    assert asked == [["first", "second"]]
    assert record["done"] == [[0, "first"], [0, "second"]]
    assert len(cells(record)) == len(record["cells"]) == 8
    assert {entry["question"] for entry in record["missing"]} == {"first", "second"}


def test_a_question_that_gets_fewer_passes_has_no_samples_in_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "MOST_PASSES", {"second": 1})
    path = folder / "record.json"
    run(path, n_passes=2, questions=("first", "second"))
    counts = {
        question: [[len(samples) for samples in cell["passes"]] for cell in own]
        for question in ("first", "second")
        if (own := [cell for cell in load(path)["cells"] if cell["question"] == question])
    }
    assert counts == {"first": [[20, 20]] * 4, "second": [[20, 0]] * 4}


BREAKS = QUESTION.replace(
    "lambda: sum(range(n))", "lambda: once.pop() if contender == 'ours' else 0"
).replace("    about = ", "    once = [1]\n    about = ")


def test_contenders_take_turns_and_one_that_breaks_in_a_round_is_missing(folder: Path) -> None:
    (folder / "first.py").write_text(BREAKS)
    record = run(folder / "record.json", n_passes=1, questions=("first",))
    assert {(cell["contender"], cell["in_turns"]) for cell in record["cells"]} == {("theirs", True)}
    reasons = {entry["reason"] for entry in record["missing"] if entry["contender"] == "ours"}
    assert reasons == {"failed: pop from empty list"}


def test_rounds_are_kept_in_their_order(folder: Path) -> None:
    slower = (
        QUESTION.replace("lambda: sum(range(n))", "lambda: time.sleep(next(naps))")
        .replace("import pytest", "import itertools, time\nimport pytest\n", 1)
        .replace(
            "    about = ", "    naps = itertools.chain([0], (0.001 * k for k in (9, 1, 5)))\n    about = "
        )
    )
    (folder / "first.py").write_text(slower.replace("rounds=30", "rounds=3"))
    record = run(folder / "record.json", n_passes=1, questions=("first",))
    for cell in record["cells"]:
        (samples,) = cell["passes"]
        assert samples[0] > samples[2] > samples[1]


def test_a_committed_record_needs_a_clean_tree(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "RECORDS", folder / "records")
    for modified in (True, False):
        monkeypatch.setattr(environment, "commit", lambda modified=modified: ("abc", modified))
        path = folder / "records" / "quick.json"
        if modified:
            with pytest.raises(ValueError, match="tracked files have changes: commit them first"):
                run(path, n_passes=1, questions=())
            assert not path.exists()
            elsewhere = run(folder / "mine.json", n_passes=1, questions=())
            assert elsewhere["modified"]
        else:
            assert not run(path, n_passes=1, questions=())["modified"]
    # A record that goes on in a changed tree is marked, whatever it was before.
    path = folder / "begun.json"
    run(path, n_passes=1, questions=())
    monkeypatch.setattr(environment, "commit", lambda: ("abc", True))
    assert run(path, n_passes=1, questions=(), resume=True)["modified"]


def test_the_old_record_is_removed_before_the_new_one_and_does_not_count_as_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*command: str) -> None:
        names = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *names, *command], check=True, capture_output=True)

    record, source = tmp_path / "benchmarks" / "records" / "quick.json", tmp_path / "source.py"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    source.write_text("1")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "all")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert not environment.commit()[1]
    record.unlink()
    assert not environment.commit()[1]
    source.write_text("2")
    assert environment.commit()[1]


def test_the_command_lists_the_questions() -> None:
    done = CliRunner().invoke(app, ["bench", "--list"], catch_exceptions=False)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(questions.QUESTIONS)
    assert "encode_warm        How fast is natural text encoded that has been met before?" in lines
    assert [line.split()[0] for line in lines if line.endswith("(full preset)")] == list(questions.FULL_ONLY)


def test_peers_are_listed_in_one_place() -> None:
    from bpelab.benchmarks.harness import packages, peers
    from bpelab.benchmarks.report.compare import OTHERS

    assert {*packages.PEERS} <= {*environment.PACKAGES}
    assert {*packages.PEERS} <= {*OTHERS}
    assert {*packages.NATIVES, "tokenizers"} == {*peers.ENCODERS}
    extras = {
        name.partition(";")[0].partition("=")[0].partition(">")[0].strip(): extra
        for extra in ("peers", "natives")
        for name in PYPROJECT["project"]["optional-dependencies"][extra]
    }
    assert {name: peer.extra for name, peer in packages.PEERS.items()} == extras


def test_an_interrupted_run_keeps_what_is_done_and_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "record.json"
    asked: list[str] = []
    ask = suite._ask

    def interrupted(asking: Sequence[str], preset: str, seed: str) -> Any:
        asked.append(f"{asking} {seed}")
        if len(asked) == 2:
            raise KeyboardInterrupt
        return ask(asking, preset, seed)

    monkeypatch.setattr(suite, "_ask", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(path, n_passes=1, questions=("first", "second"))
    kept = json.loads(path.read_text())
    assert kept["finished"] is None
    assert len(kept["done"]) == 1
    with pytest.raises(ValueError, match="exists: pass resume=True to continue it"):
        run(path, n_passes=1, questions=("first", "second"))
    record = run(path, n_passes=1, questions=("first", "second"), resume=True)
    assert record["finished"]
    assert len(asked) == 3
    assert asked[1] == asked[2] != asked[0]
    assert len(record["cells"]) == 8
    with pytest.raises(ValueError, match="has seed 1, and this run 2: begin another record"):
        run(path, seed=2, resume=True)
    path.write_text(path.read_text()[:500])
    with pytest.raises(ValueError, match=r"record\.json: line \d+: .*: this is not complete JSON"):
        run(path, resume=True)


def test_the_order_is_another_in_every_pass_and_the_same_for_a_seed(folder: Path) -> None:
    def order(seed: int) -> list[list[Any]]:
        return run(folder / f"{seed}.json", n_passes=1, seed=seed, questions=("first",))["cells"]

    names = {tuple((cell["group"], cell["contender"]) for cell in order(seed)) for seed in (1, 2, 3)}
    assert len(names) > 1


def test_a_question_that_breaks_is_an_error_with_its_output(folder: Path) -> None:
    (folder / "first.py").write_text("import nonsense_that_is_not_there\n")
    with pytest.raises(ChildProcessError, match=r"(?s)first: .*nonsense_that_is_not_there"):
        run(folder / "record.json", n_passes=1, questions=("first",))


def test_the_quick_preset_says_what_it_leaves_to_the_full_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "QUESTIONS", ("first", "second"))
    monkeypatch.setattr(suite, "FULL_ONLY", ("second",))
    quick = run(folder / "quick.json", n_passes=1)
    assert {cell["question"] for cell in quick["cells"]} == {"first"}
    assert ("second", "asked only by --preset full or --only second") in {
        (entry["question"], entry["reason"]) for entry in quick["missing"]
    }
    assert quick["conformance"] == [{"encoder": "ours"}]
    full = run(folder / "full.json", preset="full", n_passes=1)
    assert {cell["question"] for cell in full["cells"]} == {"first", "second"}


def test_every_question_says_what_varies_how_it_could_mislead_and_what_the_answer_was() -> None:
    from bpelab.benchmarks.report.content import sections

    cell = {"group": "", "contender": "", "baseline": "", "unit": "s", "axis": {}, "passes": [[1.0]]}
    cells = [cell | {"question": question} for question in questions.QUESTIONS]
    found = sections([{"preset": "full", "cells": cells, "missing": []}])
    assert [section.question for section in found] == list(questions.QUESTIONS)
    assert all(section.title[-1] in "?." and "Varies: " in section.reading for section in found)
    for words in ("Fixed: ", "How the number could mislead: ", "The answer (records/"):
        assert [section.question for section in found if words not in section.reading] == []
    for section in found:
        (name,) = re.findall(r"The answer \(records/(\w+\.json)\)", section.reading)
        assert section.question in {cell["question"] for cell in load(RECORDS / name)["cells"]}
    assert {*questions.FULL_ONLY} <= {*questions.QUESTIONS}


def test_the_folder_lists_the_questions_and_nothing_else() -> None:
    files = {path.stem for path in questions.FOLDER.glob("*.py")}
    # These take minutes, and are run by themselves.
    assert files - {"__init__"} == {
        *questions.QUESTIONS,
        "count_shares",
        "tokenize_shares",
        "train_large_corpus",
    }


def test_the_comparison_with_tiktoken_is_over_the_texts_of_every_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BPELAB_DATA", "nowhere")
    monkeypatch.setattr("bpelab.bpe.parity.corpora.standard_library", lambda: iter([("a.py", "import this")]))
    monkeypatch.setattr("sys.argv", ["parity", "gpt2"])
    monkeypatch.setattr(parity, "DATA", Path("nowhere"))
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        parity.main()
    found = json.loads(told.getvalue())
    assert found["equal"]
    assert found["encoding"] == "gpt2"
    assert found["n_texts"] == sum(part["n_texts"] for part in found["corpora"].values()) > 100


def test_an_interrupted_command_says_what_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(suite, "QUESTIONS", ("first",))
    monkeypatch.setattr(suite, "_ask", interrupted)
    path = folder / "record.json"
    for begun, kept in ((False, "nothing is kept"), (True, f"{path} has what was measured, and --resume")):
        if begun:
            path.write_text("{}")
            monkeypatch.setattr(suite, "run", lambda *_, **__: interrupted())
        with pytest.raises(Ended) as ended:
            bench(path, preset="quick", passes=1, seed=1, only=None, resume=False)
        assert ended.value.code == 130
        assert str(ended.value).startswith(f"interrupted: {kept}")


@pytest.mark.parametrize("question", questions.QUESTIONS)
def test_what_a_question_measures_is_a_function_of_its_own_with_a_contender(question: str) -> None:
    if question.startswith(("loader", "embedding")):
        pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
    module = importlib.import_module(f"bpelab.benchmarks.{question}")
    measured = [name for name in vars(module) if name.endswith(("_seconds", "_bytes"))]
    assert measured
    for name in measured:
        function = getattr(module, name)
        assert function.__module__ == module.__name__, "pytest takes what is imported for a measurement, too"
        assert "contender" in inspect.signature(function).parameters
    assert all(name.endswith("_bytes") == ("memory" in name) for name in measured)
