"""What the tests of checkpoints share: texts, and a training that writes after every step."""

import random

import pytest
from bpelab.bpe.corpus import blocks as corpus
from bpelab.bpe.training import checkpoint
from bpelab.bpe.training import learner as merges_module


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write and report after every step, and make every step small."""
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoint, "WRITING_SHARE", 1e9)
    monkeypatch.setattr(merges_module, "SECONDS_A_STEP", 0.0)
    monkeypatch.setattr("bpelab.bpe.foundation.progress.Reporter.SECONDS", 0.0)
    monkeypatch.setattr(corpus, "BLOCK_BYTES", 500)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    words = random.Random(7)
    known = ["".join(words.choices("abcdeé", k=words.randint(1, 8))) for _ in range(60)]
    return [" ".join(words.choices(known, k=80)) for _ in range(12)]
