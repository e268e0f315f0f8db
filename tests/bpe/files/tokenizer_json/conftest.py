"""What the tests of `tokenizer.json` share: small encodings, their files, and files that are changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, train
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_json
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

from .small_files import PATTERNS, SAMPLE


@pytest.fixture(scope="module")
def trained() -> dict[str, Encoding]:
    return {
        name: train(
            [SAMPLE * 3], pattern=pattern, vocab_size=290, special_tokens=["<|end|>", "<|x|>"], name=name
        )
        for name, pattern in PATTERNS.items()
    }


@pytest.fixture(scope="module")
def pairs(trained: dict[str, Encoding]) -> dict[str, tuple[Encoding, Any]]:
    tokenizers = pytest.importorskip("tokenizers")
    return {
        name: (ours, tokenizers.Tokenizer.from_str(dump_tokenizer_json(ours).decode()))
        for name, ours in trained.items()
    }


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of a small encoding, changed by a function."""

    def write(change: Callable[[dict[str, Any]], object], pattern: str = GPT2_PATTERN) -> Path:
        encoding = train(["ab abc"], pattern=pattern, vocab_size=260, special_tokens=["<|end|>"])
        content = json.loads(dump_tokenizer_json(encoding))
        change(content)
        path = tmp_path / "tokenizer.json"
        path.write_text(json.dumps(content))
        return path

    return write
