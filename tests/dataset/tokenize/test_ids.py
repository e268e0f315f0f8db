"""A corpus becomes token files: the ids of its documents, whatever the processes and cuts."""

import gzip
import json
import time
from itertools import count
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, get_encoding, train
from bpelab.bpe.corpus.read_part import Utf8
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.encoders.choice import ENGINES, is_installed
from bpelab.bpe.encoders.engine import Ids, Places
from bpelab.dataset import make_shard, token_writer
from bpelab.dataset.tokenize_corpus import tokenize_corpus

from .corpora import END, WORDS, contents, expected_ids, write_corpus, written


@pytest.mark.parametrize("shard_bytes", [1, 3000, 10**9])
def test_the_ids_are_those_of_the_documents(
    tmp_path: Path, gpt2: Encoding, small_parts: None, shard_bytes: int
) -> None:
    texts = write_corpus(tmp_path / "corpus")
    manifest = tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", gpt2, shard_bytes=shard_bytes)
    ids, ends = written(tmp_path / "out")
    assert ids == expected_ids(texts, gpt2)
    assert ends == (np.flatnonzero(np.array(ids) == END) + 1).tolist()
    assert manifest.n_tokens == len(ids)
    assert (len(manifest.shards) == 1) == (shard_bytes == 10**9)


def test_processes_change_no_byte(tmp_path: Path, gpt2: Encoding) -> None:
    write_corpus(tmp_path / "corpus", 6)
    for jobs in (1, 2):
        tokenize_corpus([tmp_path / "corpus"], tmp_path / f"{jobs}", gpt2, jobs=jobs, shard_bytes=1)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_threads_encode_at_a_time_than_there_are_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")
    encode, places, n_calls = make_shard.ShardMaker._encode, BoundedSemaphore(jobs), count()

    def noted(maker: make_shard.ShardMaker, texts: list[Utf8]) -> make_shard.Block:
        assert places.acquire(blocking=False)
        time.sleep(0.01)  # for others to begin, if nothing holds them
        places.release()
        next(n_calls)
        return encode(maker, texts)

    monkeypatch.setattr(make_shard.ShardMaker, "_encode", noted)
    write_corpus(tmp_path / "corpus", 12)
    compiled = get_encoding("gpt2", engine="compiled")
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", compiled, jobs=jobs, shard_bytes=1)
    assert next(n_calls) == 12


@pytest.mark.parametrize(
    ("reading", "content"),
    [
        (Reading(documents="line"), "first one\n\nsecond\r\n third"),
        (
            Reading(format="jsonl"),
            '{"text": "first one"}\n{"text": ""}\n\n{"text": "second"}\n{"x": 1, "text": " third"}\n',
        ),
    ],
)
def test_lines_are_documents_on_request(
    tmp_path: Path, gpt2: Encoding, reading: Reading, content: str
) -> None:
    (tmp_path / "corpus").write_text(content, newline="")
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", gpt2, reading=reading)
    assert written(tmp_path / "out")[0] == expected_ids(["first one", "second", " third"], gpt2)


def test_memory_for_ids_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_parts: None
) -> None:
    encoder = pytest.importorskip("bpelab.bpe.encoders.compiled.encoder", exc_type=ImportError)
    encode, is_new = encoder.CompiledEncoder.encode_utf8, []

    def noted(self: Any, data: bytes, ends: Places, out: Ids) -> tuple[Ids, Places]:
        ids, id_ends = encode(self, data, ends, out)
        is_new.append(not np.shares_memory(ids, out))
        return ids, id_ends

    monkeypatch.setattr(encoder.CompiledEncoder, "encode_utf8", noted)
    monkeypatch.setattr(make_shard, "_BLOCK_BYTES", 1)
    texts = write_corpus(tmp_path / "corpus")
    compiled = get_encoding("gpt2", engine="compiled")
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", compiled, shard_bytes=20_000)
    assert written(tmp_path / "out")[0] == expected_ids(texts, compiled)
    assert len(is_new) > 50
    assert sum(is_new) < 20


def test_long_files_of_lines_are_cut_between_lines(tmp_path: Path, gpt2: Encoding, small_parts: None) -> None:
    lines = [f"line {number} " * (number % 200) for number in range(300)]
    (tmp_path / "corpus").write_text("\n".join(lines))
    tokenize_corpus(
        [tmp_path / "corpus"], tmp_path / "out", gpt2, reading=Reading(documents="line"), shard_bytes=500
    )
    assert written(tmp_path / "out")[0] == expected_ids([line for line in lines if line], gpt2)


@pytest.mark.parametrize("engine", [name for name in ENGINES if is_installed(name)])
@pytest.mark.parametrize("block_bytes", [1, 700, 10**6])
def test_neither_engines_nor_what_is_encoded_together_changes_a_byte(
    tmp_path: Path,
    gpt2: Encoding,
    small_parts: None,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    block_bytes: int,
) -> None:
    corpus = tmp_path / "corpus"
    texts = write_corpus(corpus, 3)
    short = [f"{WORDS} {number}"[number % 7 :] for number in range(60)]
    (corpus / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in short))
    (corpus / "b.txt.gz").write_bytes(gzip.compress(texts[2].encode()))
    whole = tmp_path / "whole"
    tokenize_corpus([corpus], whole, gpt2, shard_bytes=4000)
    assert written(whole)[0] == expected_ids([*texts, *short, texts[2]], gpt2)
    monkeypatch.setattr(make_shard, "_BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(token_writer, "_BLOCK_IDS", block_bytes)
    tokenize_corpus([corpus], tmp_path / "out", gpt2.with_engine(engine), shard_bytes=4000)
    assert contents(tmp_path / "out") == contents(whole)


def test_without_end_of_text_documents_still_end(tmp_path: Path) -> None:
    encoding = train("a b c d e", vocab_size=260)
    for name, text in {"a": "one", "b": "", "c": "two"}.items():
        (tmp_path / name).write_text(text)
    files = [tmp_path / name for name in "abc"]
    with pytest.raises(ValueError, match=r"has no <\|endoftext\|> to put after each document"):
        tokenize_corpus(files, tmp_path / "out", encoding)
    tokenize_corpus(files, tmp_path / "out", encoding, end_of_text=False)
    ids, ends = written(tmp_path / "out")
    assert (encoding.decode(ids), ends) == ("onetwo", [3, 6])


@pytest.mark.parametrize("jobs", [1, 2])
def test_text_that_cannot_be_read_is_named(
    tmp_path: Path, gpt2: Encoding, small_parts: None, jobs: int
) -> None:
    write_corpus(tmp_path / "corpus")
    (tmp_path / "corpus" / "2.txt").write_bytes(b"ab\xffcd")
    with pytest.raises(ValueError, match=r"corpus.2\.txt: not UTF-8 at byte 2"):
        tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", gpt2, jobs=jobs, shard_bytes=1000)


def test_bytes_that_are_not_utf8_can_be_replaced(tmp_path: Path, gpt2: Encoding) -> None:
    (tmp_path / "bad").write_bytes(b"ab\xffcd")
    tokenize_corpus([tmp_path / "bad"], tmp_path / "out", gpt2, reading=Reading(errors="replace"))
    assert written(tmp_path / "out")[0] == expected_ids(["ab\N{REPLACEMENT CHARACTER}cd"], gpt2)


@pytest.mark.parametrize("shard_bytes", [0, -1])
def test_shards_without_text_are_refused(tmp_path: Path, gpt2: Encoding, shard_bytes: int) -> None:
    with pytest.raises(ValueError, match=f"shard_bytes is {shard_bytes}; it must be 1 or more"):
        tokenize_corpus([tmp_path], tmp_path / "out", gpt2, shard_bytes=shard_bytes)


def test_a_directory_that_is_a_loop_of_links_is_refused_by_name(tmp_path: Path) -> None:
    text, loop = tmp_path / "a.txt", tmp_path / "loop"
    text.write_text("one two")
    loop.symlink_to(loop)
    with pytest.raises(OSError) as caught:
        tokenize_corpus([text], loop, get_encoding("gpt2"))
    assert caught.value.filename == str(loop)
