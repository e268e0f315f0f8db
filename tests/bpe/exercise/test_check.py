"""A right solution passes, and what is not written yet is named."""

from pathlib import Path

import pytest
from bpelab.bpe.exercise import answers
from bpelab.bpe.exercise.cases import SMALL, random_cases
from bpelab.bpe.exercise.check import check, same
from bpelab.bpe.exercise.steps import STEPS, empty_file
from bpelab.bpe.exercise.words import table

from .students import FUNCTIONS, LANGUAGES, checked, written


def test_a_right_solution_passes_all_steps_and_gives_tiktokens_ids(tmp_path: Path) -> None:
    result = check(written(tmp_path))
    assert [step.status for step in result.steps] == ["right"] * 9
    assert result.is_right and result.steps[-1].reference == "tiktoken"
    assert min(step.n_right for step in result.steps) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_that_is_written_runs_and_is_all_to_do(tmp_path: Path, language: str) -> None:
    path = tmp_path / "my_bpe.py"
    path.write_text(empty_file("my_bpe.py", language), encoding="utf-8")  # type: ignore[arg-type]
    result = check(path)
    assert [step.status for step in result.steps] == ["todo", *["later"] * 8]
    assert result.steps[0].todo == ("split",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_of_the_docstrings_are_those_of_the_textbook(language: str) -> None:
    import doctest

    module: dict[str, object] = {}
    exec(empty_file("my_bpe.py", language), module)  # type: ignore[arg-type]
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(verbose=False)
    for name in FUNCTIONS:
        right = {**module, **answers.RIGHT}
        for test in finder.find(module[name], name, globs=right):
            assert test.examples
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("blank", ["...", "pass", "raise NotImplementedError('later')"])
def test_the_first_function_that_is_not_written_is_named(tmp_path: Path, blank: str) -> None:
    result = checked(tmp_path, "from_printable", blank)
    assert (result.status, result.todo) == ("todo", ("from_printable",))


def test_a_function_that_is_not_in_the_file_is_to_do(tmp_path: Path) -> None:
    (tmp_path / "my_bpe.py").write_text("")
    result = check(tmp_path / "my_bpe.py")
    assert (result.steps[0].status, result.steps[0].todo) == ("todo", ("split",))


def test_functions_may_use_other_files_next_to_theirs_and_leave_none(tmp_path: Path) -> None:
    (tmp_path / "helping.py").write_text(
        "def pieces(pattern, text):\n    import regex\n    return regex.findall(pattern, text)\n"
    )
    result = checked(tmp_path, "split", "import helping\nreturn helping.pieces(PATTERN, text)")
    assert result.status == "right"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helping.py", "my_bpe.py"]


def test_values_are_equal_only_if_their_types_are() -> None:
    assert same({b"a": [1]}, {b"a": [1]})
    assert not same({b"a": [True]}, {b"a": [1]})
    assert not same([1.0], [1])


def test_all_cases_have_labels_and_no_label_is_without_a_case() -> None:
    labels = {f"case.{name}.{case.label}" for name, cases in SMALL.items() for case in cases}
    known = {key for key in table() if key.startswith("case.")}
    assert known == labels | {"case.random", "case.whole"}


def test_random_cases_are_always_the_same_and_differ_from_each_other() -> None:
    for name in FUNCTIONS:
        cases = list(random_cases(name))
        assert cases == list(random_cases(name))
        assert len({repr(case.arguments) for case in cases}) > len(cases) // 2


def test_the_file_may_have_any_name(tmp_path: Path) -> None:
    path = written(tmp_path).rename(tmp_path / "my bpe.txt")
    assert check(path, steps=STEPS[:1]).is_right
