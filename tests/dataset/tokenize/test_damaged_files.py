"""Token files that are damaged or mixed up are refused by name, and made again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding
from bpelab.dataset.shards import open_tokens, open_windows
from bpelab.dataset.tokenize_corpus import tokenize_corpus

from .corpora import contents, written


def test_windows_of_files_are_those_of_their_ids(tokens: Path) -> None:
    ids, _ = written(tokens)
    windows = open_windows(tokens, 16, 8)
    assert windows.dtype == np.uint16
    assert windows.gather([5])[0].tolist() == ids[40:57]
    single = open_windows(tokens / "tokens-000000.bin", 16, 8)
    assert single.fingerprint == windows.fingerprint


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "bytes where its header says"),
        (lambda data: data[:40], "header is cut off or altered"),
        (lambda data: data[:1000] + bytes([data[1000] ^ 1]) + data[1001:], "its tokens are altered"),
        (lambda data: data.replace(b'"gpt2"', b'"gpt3"'), "header is cut off or altered"),
        (lambda data: b"\x93NUMPY" + data[6:], "not a token file: it begins with b'.x93NUMPY"),
        (lambda data: b"", "not a token file: it begins with b''"),
    ],
)
def test_a_damaged_shard_is_refused_by_name(tokens: Path, damage: Any, message: str) -> None:
    path = tokens / "tokens-000000.bin"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=rf"tokens-000000\.bin: .*{message}"):
        open_tokens(tokens)


def test_a_shard_of_another_directory_is_refused(tokens: Path, tmp_path: Path, gpt2: Encoding) -> None:
    (tmp_path / "other").write_text("other text")
    tokenize_corpus([tmp_path / "other"], tmp_path / "foreign", gpt2)
    (tmp_path / "foreign" / "tokens-000000.bin").rename(tokens / "tokens-000000.bin")
    with pytest.raises(ValueError, match=r"tokens-000000\.bin: this is the shard of another directory"):
        open_tokens(tokens)


def test_a_directory_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no manifest\.json in it"):
        open_tokens(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "x"}))
    with pytest.raises(ValueError, match=r"manifest\.json: not a manifest of token files: its format is 'x'"):
        open_tokens(tmp_path)


def test_a_shard_that_was_removed_is_made_again(tokens: Path, tmp_path: Path, gpt2: Encoding) -> None:
    before = contents(tokens)
    (tokens / "tokens-000000.bin").unlink()  # as the error of a damaged one advises
    tokenize_corpus([tmp_path / "corpus"], tokens, gpt2)
    assert contents(tokens) == before
