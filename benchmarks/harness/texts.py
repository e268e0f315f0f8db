"""Which texts are measured? Some that every machine has, and those of the data folder."""

import pydoc_data.topics
import random
from functools import cache

import pytest
from bpelab.benchmarks.harness.environment import absent, text_file
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.parity.standard_library import standard_library

LETTERS = "abcdefghijklmnopqrstuvwxyz"

SENTENCE = (
    "The quick brown fox jumps over the lazy dog, and then it runs away from the big bad wolf, of course."
)


@cache
def text_of(name: str) -> str:
    """Return a text by its name; skips the benchmark if the text is not on this machine.

    "NAME xN" repeats it N times; "standard library, N MB" is Python's own source; the package carries the
    "multilingual sample".
    """
    if name.startswith("standard library, "):
        n_bytes = int(float(name.split()[-2]) * 1_000_000)
        return "".join(text for _, text in standard_library(n_bytes))[:n_bytes]
    file, _, times = name.partition(" x")
    if file == "documentation":
        return "\n".join(pydoc_data.topics.topics.values()) * int(times or 1)
    if file == "multilingual sample":
        return "\n".join(text for _, text in multilingual_sample()) * int(times or 1)
    path = text_file(file)
    if not path.is_file():
        pytest.skip(absent(path))
    return path.read_text(encoding="utf-8") * int(times or 1)


def one_piece(kind: str, n_bytes: int) -> str:
    """Return about `n_bytes` bytes that are one piece: no pattern cuts them."""
    if kind == "random letters":
        return "".join(random.Random(1).choices(LETTERS, k=n_bytes))
    unit = {"a": "a", "spaces": " ", "one emoji": "🙂"}[kind]
    return unit * max(1, n_bytes // len(unit.encode("utf-8")))
