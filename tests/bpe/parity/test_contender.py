"""Any function from str to ids can be compared, by itself or as MODULE:FUNCTION."""

import os
import sys
from pathlib import Path

import pytest
from bpelab.bpe import Encoding, compare
from bpelab.bpe.parity.contender import as_contender, load_function, names_a_function


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("of_mine", "of_yours", "c"):
        sys.modules.pop(name, None)  # those of the test before
    return tmp_path


def test_a_function_of_the_working_directory_is_found(folder: Path) -> None:
    (folder / "of_mine.py").write_text("class Mine:\n    @staticmethod\n    def encode(text): return [7]\n")
    assert names_a_function("of_mine:Mine.encode")
    assert load_function("of_mine:Mine.encode")("a") == [7]


def test_a_file_is_not_a_function_and_neither_is_a_drive(folder: Path) -> None:
    if os.name != "nt":  # where a file's name cannot have a colon
        (folder / "my:encode").write_text("")
        assert not names_a_function("my:encode")
    for value in ("gpt2", r"C:\my.json", "C:my.json", "c:encode", "dir/my.json", ":encode", "my:", "my:a b"):
        assert not names_a_function(value)
    (folder / "c.py").write_text("def encode(text): return []\n")
    assert names_a_function("c:encode")


@pytest.mark.parametrize(
    ("source", "value", "message"),
    [
        ("", "no_such_module:encode", "there is no module 'no_such_module' in"),
        ("", "of_yours.deeper:encode", "there is no module 'of_yours.deeper'"),
        ("def decode(ids): ...", "of_yours:encode", "of_yours has no 'encode'; it has: decode"),
        ("encode = 3", "of_yours:encode", "of_yours:encode is a int, where a function was expected"),
        (
            "import no_such_library",
            "of_yours:encode",
            "importing it failed: No module named 'no_such_library'",
        ),
        ("1 / 0", "of_yours:encode", "importing it failed: ZeroDivisionError"),
        ("def encode(", "of_yours:encode", "importing it failed: SyntaxError"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_told_in_one_line(
    folder: Path, source: str, value: str, message: str
) -> None:
    (folder / "of_yours.py").write_text(source)
    with pytest.raises(ValueError, match=message):
        load_function(value)


def test_arrays_of_ids_are_ids(gpt2: Encoding) -> None:
    texts = ["Hello, world", "", "한국어"]
    assert compare(lambda text: gpt2.encode_to_numpy(text), gpt2, texts).difference is None
    assert compare(lambda text: tuple(gpt2.encode(text)), gpt2, texts).difference is None


def test_a_panic_of_rust_is_an_answer_and_ctrl_c_is_not() -> None:
    panic = type("PanicException", (BaseException,), {})

    def fails(error: BaseException) -> object:
        raise error

    assert as_contender(lambda _: fails(panic("oh"))).answer("a").error == "PanicException: oh"
    with pytest.raises(KeyboardInterrupt):
        as_contender(lambda _: fails(KeyboardInterrupt())).answer("a")


def test_what_is_not_an_encoder_is_refused(gpt2: Encoding) -> None:
    with pytest.raises(TypeError, match="int is not an encoder: pass a function from str to a list of ids"):
        compare(3, gpt2, [])
    with pytest.raises(TypeError, match="one of the two must be an Encoding"):
        compare(gpt2.encode, gpt2.encode, [])
