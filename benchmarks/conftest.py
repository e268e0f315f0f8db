"""What the benchmarks share: texts, and the two encoders with their answers compared beforehand."""

import os
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import get_encoding
from bpelab.bpe.parity import load_tiktoken
from bpelab.cli.corpora import standard_library

DATA = Path(os.environ.get("BPELAB_DATA", Path(__file__).parents[2] / "shared" / "data"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@cache
def text_of(name: str) -> str:
    """Give a text by its name; skips the benchmark where the text is not on this machine."""
    if name.startswith("standard library, "):
        n_megabytes = int(name.split()[-2])
        texts = standard_library(n_megabytes * 1_000_000)
        return "".join(text for _, text in texts)[: n_megabytes * 1_000_000]
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
def encoder(contender: str, name: str = "gpt2") -> Any:
    """Give one of the contenders; skips the benchmark where the encoding's file is not on this machine."""
    path = None if name == "gpt2" else DATA / "encodings" / f"{name}.tiktoken"
    if path is not None and not path.is_file():
        pytest.skip(f"{path} is not there; set BPELAB_DATA to a folder with encodings/{path.name}")
    return get_encoding(name, path=path) if contender == "bpelab" else load_tiktoken(name, path)


CONTENDERS = ("bpelab", "tiktoken")


@cache
def check_equal(text: str, name: str = "gpt2") -> None:
    """A wrong answer has no time."""
    assert encoder("bpelab", name).encode_ordinary(text) == encoder("tiktoken", name).encode_ordinary(text)
