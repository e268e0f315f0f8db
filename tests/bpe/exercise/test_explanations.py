"""What is wrong is shown with its line, its trace and what to do."""

from pathlib import Path

import pytest
from bpelab.bpe.exercise.check import WHOLE, check
from bpelab.bpe.exercise.words import table

from .students import SOLUTION, checked, explained, written

MERGE_IN_PLACE = """
if len(CHARS) > 260:
    return []
merged = []
while symbols:
    size = 2 if tuple(symbols[:2]) == pair else 1
    merged.append(new if size == 2 else symbols[0])
    symbols = symbols[size:]
return merged
"""


def test_an_exception_shows_its_line_in_the_students_file(tmp_path: Path) -> None:
    shown = explained(checked(tmp_path, "merge", "symbols[0]\nreturn helper(symbols)  # mine"))
    assert dict(shown.rows)["raised"] == "NameError: name 'helper' is not defined"
    number, line = dict(shown.rows)["in line"].split(": ", 1)
    source = (tmp_path / "my_bpe.py").read_text(encoding="utf-8").splitlines()
    assert (source[int(number) - 1].strip(), line) == ("return helper(symbols)  # mine",) * 2


def test_an_endless_loop_shows_the_line_that_it_is_in(tmp_path: Path) -> None:
    shown = explained(checked(tmp_path, "merge", "i = 0\nwhile i < 1: symbols[:]", seconds=0.5))
    assert dict(shown.rows)["in line"].endswith("while i < 1: symbols[:]")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def split(text:\n    pass", "SyntaxError"),
        ("import no_such_module_of_mine", "ModuleNotFoundError"),
        ("def split(text):\n    return text\n\nraise SystemExit", "SystemExit"),
        ("x = 1 / 0", "ZeroDivisionError: division by zero"),
        ("while True: pass", ""),
        ("import os; os._exit(1)", ""),
        ("\0", ""),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "my_bpe.py").write_text(f"# mine\n{source}\n")
    result = check(tmp_path / "my_bpe.py", 0.5).steps[0]
    shown = explained(result)
    assert shown.heading == "The file cannot be loaded."
    assert said in shown.rows[0][1]


def test_what_is_printed_is_shown_apart_from_the_result(tmp_path: Path) -> None:
    body = "print('mine \\x1b[2J', symbols)\nimport os\nos.system('echo other')\nreturn []"
    result = checked(tmp_path, "merge", body)
    assert result.failure is not None and result.failure.outcome.value == []
    assert explained(result).printed == ("mine \\x1b[2J [1, 2]",)


def test_what_a_function_keeps_between_calls_is_told(tmp_path: Path) -> None:
    result = checked(tmp_path, "merge", f"global CHARS\nCHARS = CHARS + [0]\n{MERGE_IN_PLACE}")
    assert result.failure is not None and result.failure.right_alone
    assert explained(result).notes == (table()["value.right_alone"]["en"],)


def test_text_where_bytes_are_asked_for_is_told(tmp_path: Path) -> None:
    body = SOLUTION["train"].replace("return {token:", "return {token.decode('latin-1'):")
    assert explained(checked(tmp_path, "train", body)).notes == (table()["value.str_not_bytes"]["en"],)


def test_functions_that_take_other_arguments_are_told_which(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace("def split(text: str)", "def split(text: str, pattern)")
    )
    result = check(path).steps[0]
    assert explained(result).notes == ("It must take these arguments: def split(text: str) -> list[str]:",)


def test_a_mistake_that_only_real_text_shows_is_shrunk_and_traced(tmp_path: Path) -> None:
    body = (
        "if '中' in text and len(text) > 3: return []\n"
        + SOLUTION["encode"].replace("\n        ", "\n").strip()
    )
    path = written(tmp_path, encode=body)
    result = check(path, steps=[WHOLE]).steps[0]
    assert result.failure is not None and len(result.failure.case.arguments[0]) == 4
    shown = explained(result)
    assert dict(shown.rows)["called"].endswith("GPT2_RANKS, {'<|endoftext|>': 50256})")
    assert "where yours differs" in shown.trace[0]


def test_unknown_errors_of_unicode_decoding_say_what_to_do(tmp_path: Path) -> None:
    shown = explained(checked(tmp_path, "decode", "return b''.join(tokens[i] for i in ids).decode()"))
    assert shown.notes == (table()["hint.UnicodeDecodeError"]["en"],)
    assert shown.trace == ("b'Hello' + b'\\xec\\x95'", "= b'Hello\\xec\\x95'")


def test_a_wrong_encoding_shows_the_right_merges(tmp_path: Path) -> None:
    body = SOLUTION["encode_piece"].replace("min(ranked)", "max(ranked)")
    shown = explained(checked(tmp_path, "encode_piece", body))
    assert shown.trace == (" 1  a [b c]  bc 3, ab 4", " 2  a bc")
