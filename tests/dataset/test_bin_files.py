"""What nanoGPT and llm.c write is read, and `tokenize --bin` writes what nanoGPT would write."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, get_encoding
from bpelab.cli.verbs import run
from bpelab.dataset.bin_files import LLM_C, bin_windows, read_bin

IDS = [50256, 40, 367, 2885, 1464, 1807, 3619, 402, 271, 10899]


def llm_c(path: Path, ids: list[int], program: int = 20240520, version: int | None = None) -> Path:
    """Write a file as llm.c's `write_datafile` does."""
    known, dtype = LLM_C[program]
    header = np.zeros(256, dtype=np.int32)
    header[:3] = program, known if version is None else version, len(ids)
    path.write_bytes(header.tobytes() + np.array(ids, dtype=dtype).tobytes())
    return path


def nanogpt(path: Path, ids: list[int], dtype: Any = np.uint16) -> Path:
    np.array(ids, dtype=dtype).tofile(path)
    return path


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_ids_without_a_header_are_read_as_they_are(tmp_path: Path, dtype: Any) -> None:
    ids = read_bin(nanogpt(tmp_path / "train.bin", IDS, dtype), dtype=dtype, n_vocab=50257)
    assert ids.tolist() == IDS
    assert ids.dtype == dtype
    assert not ids.flags.writeable


@pytest.mark.parametrize("program", LLM_C)
def test_ids_with_the_header_of_llm_c_are_read_without_it(tmp_path: Path, program: int) -> None:
    ids = [*IDS, 128_000] if LLM_C[program][1].itemsize == 4 else IDS
    assert read_bin(llm_c(tmp_path / "shard.bin", ids, program)).tolist() == ids


def test_windows_over_a_file_are_those_over_its_ids_in_another_process_too(tmp_path: Path) -> None:
    windows = bin_windows(nanogpt(tmp_path / "train.bin", IDS), 3, 2, n_vocab=50257)
    again = pickle.loads(pickle.dumps(windows))
    for some in (windows, again):
        assert some.gather([1, 0]).tolist() == [IDS[2:6], IDS[:4]]
    assert len(pickle.dumps(windows)) < 500
    assert windows.fingerprint == bin_windows(llm_c(tmp_path / "c.bin", IDS), 3, 2).fingerprint


def test_the_dataset_of_a_file_has_the_items_of_its_ids(tmp_path: Path) -> None:
    dataset = pytest.importorskip(
        "bpelab.dataset.gpt_dataset", reason="pip install 'bpelab[torch]'"
    ).GPTDatasetV1
    inputs, targets = dataset.from_bin(nanogpt(tmp_path / "train.bin", IDS), 4, 4)[1]
    assert (inputs.tolist(), targets.tolist()) == (IDS[4:8], IDS[5:9])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        pytest.param(lambda path: path.write_bytes(b"abc"), "its 3 bytes are not a whole number", id="odd"),
        pytest.param(
            lambda path: nanogpt(path, [60_000]),
            "the id at place 0 is 60,000, which a vocabulary",
            id="vocabulary",
        ),
        pytest.param(
            lambda path: nanogpt(path, [1, 60_000], np.uint32),
            "place 2 is 60,000.*or has another dtype",
            id="dtype",
        ),
        pytest.param(
            lambda path: path.write_bytes(llm_c(path, IDS).read_bytes()[:-2]),
            "counts: it is cut off",
            id="cut",
        ),
        pytest.param(
            lambda path: llm_c(path, IDS, version=9), "version 9 of llm.c's format, not 1", id="version"
        ),
        pytest.param(
            lambda path: path.write_bytes(b"bpelab tokens 1\n" + bytes(2000)), "read_token_file", id="bpelab"
        ),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path: Path, write: Any, message: str) -> None:
    path = tmp_path / "some.bin"
    write(path)
    with pytest.raises(ValueError, match=f"some.bin: .*({message})"):
        read_bin(path, n_vocab=50257)


def test_a_file_without_ids_is_empty_and_makes_no_window(tmp_path: Path) -> None:
    path = nanogpt(tmp_path / "empty.bin", [])
    assert read_bin(path, n_vocab=5).tolist() == []
    with pytest.raises(ValueError, match="0 tokens are too few"):
        bin_windows(path, 1, 1)


def tokenize(*arguments: object) -> None:
    assert run(["tokenize", *map(str, arguments), "--quiet"]) == 0


@pytest.mark.parametrize("shard_bytes", [1, 1 << 25])
def test_what_is_written_is_what_nanogpt_s_own_script_writes(
    tmp_path: Path, gpt2: Encoding, tiktoken_gpt2: Any, shard_bytes: int
) -> None:
    texts = ["Hello, world.", "안녕 <|endoftext|>", "one\ntwo  three"]
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    expected: list[int] = []
    for text in texts:  # data/openwebtext/prepare.py
        expected += [*tiktoken_gpt2.encode_ordinary(text), tiktoken_gpt2.eot_token]
    output = tmp_path / "data"
    options = ["--bin", "--shard-bytes", shard_bytes]
    for _ in range(2):  # the second time everything is finished
        tokenize(corpus, "-o", output, *options)
        assert (output / "train.bin").read_bytes() == np.array(expected, dtype=np.uint16).tobytes()
    assert read_bin(output / "train.bin", n_vocab=gpt2.n_vocab).tolist() == expected


def test_a_vocabulary_that_nanogpt_cannot_read_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = get_encoding("gpt2")
    monkeypatch.setattr("bpelab.cli.tokenize.chosen_encoding", lambda *_, **__: Large(large))
    (tmp_path / "text").write_text("Hello", encoding="utf-8")
    with pytest.raises(ValueError, match="a vocabulary of 100,277 does not fit in two bytes an id"):
        tokenize(tmp_path / "text", "-o", tmp_path / "out", "--bin")
    assert not (tmp_path / "out").exists()


class Large:
    """An encoding that says it has more ids than two bytes hold."""

    n_vocab = 100_277

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoding, name)
