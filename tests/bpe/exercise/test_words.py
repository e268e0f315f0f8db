"""What is said in English is said in Korean, with the same values in it."""

import re
import string

import pytest
from bpelab.bpe.exercise.mistakes import MISTAKES
from bpelab.bpe.exercise.steps import STEPS, empty_file
from bpelab.bpe.exercise.words import table


def test_every_text_is_there_in_both_languages() -> None:
    for key, texts in table().items():
        assert list(texts) == ["en", "ko"]
        assert all(texts.values()) or key == "status.later"


def test_every_text_that_has_words_has_them_in_korean() -> None:
    for key, texts in table().items():
        without_values = re.sub(r"\{[^}]*\}", "", texts["en"])
        if re.search("[a-z]{3}", without_values):
            assert re.search("[가-힣]", texts["ko"]), key
        assert not re.search("[가-힣]", re.sub("안녕?|'안'", "", texts["en"])), key


def test_both_languages_have_the_same_values() -> None:
    formatter = string.Formatter()
    for key, texts in table().items():
        if not key.startswith(("do.", "mistake.")):  # these have no values, but braces of Python
            fields = [{name for _, name, _, _ in formatter.parse(text) if name} for text in texts.values()]
            assert fields[0] == fields[1], key


def test_functions_and_mistakes_have_their_words_and_no_others() -> None:
    functions = {function.name for step in STEPS for function in step.functions}
    assert {key for key in table() if key.startswith("do.")} == {f"do.{name}" for name in functions}
    mistakes = {f"mistake.{function}.{name}" for function, names in MISTAKES.items() for name in names}
    assert {key for key in table() if key.startswith("mistake.")} == mistakes


def test_both_languages_show_the_same_examples() -> None:
    for key, texts in table().items():
        if key.startswith("do."):
            assert texts["en"].partition(">>>")[2] == texts["ko"].partition(">>>")[2] != "", key


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_file_fits_the_width_that_formatters_allow(language: str) -> None:
    for line in empty_file("my_bpe.py", language).splitlines():  # type: ignore[arg-type]
        assert len(line) <= 88 or line.startswith(("def ", "PATTERN")), line
