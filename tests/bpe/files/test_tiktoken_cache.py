"""Files are kept where tiktoken looks for them."""

from pathlib import Path

import pytest
from bpelab.bpe.files.tiktoken_cache import tiktoken_cache_path, write_tiktoken_cache


def test_tiktoken_s_cache_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert tiktoken_cache_path("x") is None
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)
    assert tiktoken_cache_path("x").parent.name == "data-gym-cache"  # type: ignore[union-attr]


def test_tiktoken_loads_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tiktoken_ext import openai_public

    written = write_tiktoken_cache(tmp_path)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert openai_public.gpt2()["mergeable_ranks"] == openai_public.r50k_base()["mergeable_ranks"]
    assert sorted(tmp_path.iterdir()) == sorted(written)
