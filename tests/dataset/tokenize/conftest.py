"""What the tests of tokenizing share: small parts, frequent reports, and token files."""

from pathlib import Path

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.corpus import parts as parts_module
from bpelab.bpe.foundation.progress import Reporter
from bpelab.dataset.tokenize_corpus import tokenize_corpus

from .corpora import write_corpus


@pytest.fixture(autouse=True)
def every_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report after every part, so that a test can stop a run after any."""
    monkeypatch.setattr(Reporter, "SECONDS", 0.0)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 1000)
    monkeypatch.setattr(parts_module, "_WINDOW_BYTES", 300)


@pytest.fixture
def tokens(tmp_path: Path, gpt2: Encoding) -> Path:
    write_corpus(tmp_path / "corpus")
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "tokens", gpt2)
    return tmp_path / "tokens"
