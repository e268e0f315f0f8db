"""What several tests share: the two encoders, and the corpora where they are present."""

import os
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding
from bpelab.bpe.parity import load_tiktoken_gpt2


@pytest.fixture(scope="session")
def gpt2() -> Encoding:
    return get_encoding("gpt2")


@pytest.fixture(scope="session")
def tiktoken_gpt2() -> Any:
    return load_tiktoken_gpt2()


@pytest.fixture(scope="session")
def data() -> Path:
    folder = Path(os.environ.get("BPELAB_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}; set BPELAB_DATA to a folder that holds them")
    return folder
