"""The genuine tiktoken is loaded by its own loader, from our files."""

from pathlib import Path

import pytest
from bpelab.bpe.parity.reference import load_tiktoken


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base"])
def test_tiktoken_s_own_loader_takes_our_files(data: Path, name: str) -> None:
    path = None if name == "r50k_base" else data / "encodings" / f"{name}.tiktoken"
    assert load_tiktoken(name, path).encode("hello world")


def test_a_name_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="no encoding is named 'gpt-two'; there are: gpt2, r50k_base"):
        load_tiktoken("gpt-two")
