"""What the benchmarks share: texts, and the two encoders with their answers compared beforehand."""

import os
import random
import sysconfig
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import get_encoding
from bpelab.bpe.parity import load_tiktoken

Encode = Callable[[str], Any]
DATA = Path(os.environ.get("BPELAB_DATA", Path(__file__).parents[2] / "shared" / "data"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def standard_library(n_bytes: int = 12_000_000) -> str:
    """Python's own source files, one after the other, until there are so many bytes of them."""
    parts = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if n_bytes <= 0:
            break
        data = path.read_bytes()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue  # a few of its own test files are not UTF-8 on purpose
        if "site-packages" not in path.parts:
            parts.append(text)
            n_bytes -= len(data)
    return "".join(parts)


@cache
def text_of(name: str) -> str:
    """Give a text by its name; skips the benchmark where the text is not on this machine."""
    if name.startswith("1 MB of "):
        kind = name.removeprefix("1 MB of ")
        return one_piece(kind, 1_000_000)
    if name == "standard library, 12 MB":
        return standard_library()
    file, _, times = name.partition(" x")
    path = DATA / "text" / f"{file}.txt"
    if not path.is_file():
        pytest.skip(f"{path} is not there; set BPELAB_DATA to a folder with text/{path.name}")
    return path.read_text(encoding="utf-8") * int(times or 1)


def one_piece(kind: str, n_bytes: int) -> str:
    """One piece of so many bytes."""
    if kind == "random letters":
        return "".join(random.Random(1).choices(LETTERS, k=n_bytes))
    unit = {"a": "a", "spaces": " ", "one emoji": "🙂"}[kind]
    return unit * (n_bytes // len(unit.encode("utf-8")))


@cache
def ours() -> Any:
    return get_encoding("gpt2")


@cache
def theirs() -> Any:
    return load_tiktoken("gpt2")


CONTENDERS: dict[str, Callable[[], Any]] = {"bpelab": ours, "tiktoken": theirs}


def check_equal(text: str) -> None:
    """A wrong answer has no time."""
    assert ours().encode_ordinary(text) == theirs().encode_ordinary(text)
