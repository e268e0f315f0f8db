"""What several tests share: the two encoders, and the corpora where they are present."""

import os
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding
from bpelab.bpe.parity import load_tiktoken


@pytest.fixture(scope="session")
def gpt2() -> Encoding:
    return get_encoding("gpt2")


@pytest.fixture(scope="session")
def tiktoken_gpt2() -> Any:
    return load_tiktoken("gpt2")


@pytest.fixture(scope="session")
def data() -> Path:
    folder = Path(os.environ.get("BPELAB_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}; set BPELAB_DATA to a folder that holds them")
    return folder


@pytest.fixture(scope="session")
def tiktoken_patterns() -> dict[str, str]:
    """The patterns of tiktoken's own definitions, read without their vocabularies."""
    from tiktoken_ext import openai_public

    def no_ranks(*_: object, **__: object) -> dict[bytes, int]:
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", no_ranks)
        patch.setattr(openai_public, "data_gym_to_mergeable_bpe_ranks", no_ranks)
        return {
            name: openai_public.ENCODING_CONSTRUCTORS[name]()["pat_str"]
            for name in ("gpt2", "cl100k_base", "o200k_base")
        }
