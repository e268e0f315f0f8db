"""A Dask cluster reads from a bucket and writes into it what one process reads from there and writes here."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Corpus, Encoding, count_pieces
from bpelab.bpe.foundation.progress import Progress, Reporter
from bpelab.dataset import lease
from bpelab.dataset.gpt_dataset import GPTDatasetV1
from bpelab.dataset.tokenize_corpus import tokenize_corpus

fsspec = pytest.importorskip("fsspec", reason="pip install 'bpelab[corpora]'")
WORDS = "The naïve café, 42 日本語。 in's it\n\n  of 🙂 déjà-vu<|endoftext|> a"


@pytest.fixture
def corpus(bucket: str) -> str:
    store, folder = fsspec.core.url_to_fs(f"{bucket}/corpus")
    for number in range(8):
        store.pipe_file(f"{folder}/{number}.txt", (f"{number}: " + f" {WORDS} {number}" * 400).encode())
    return f"{bucket}/corpus"


def contents(url: str) -> dict[str, bytes]:
    store, folder = fsspec.core.url_to_fs(url)
    return {path.rpartition("/")[2]: store.cat_file(path) for path in store.find(folder)}


@pytest.fixture
def cluster_of_buckets(bucket: str, cluster: Any) -> Any:
    """A cluster whose processes began after the store, and so know where it is."""
    return cluster


def test_the_shards_in_a_bucket_are_those_of_a_directory_while_a_worker_is_killed(
    corpus: str,
    bucket: str,
    tmp_path: Path,
    cluster_of_buckets: Any,
    gpt2: Encoding,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease, "SECONDS_TO_SETTLE", 0.05)
    monkeypatch.setattr(Reporter, "SECONDS", 0.0)
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if progress.found.get("shards") == 2 and not killed:
            killed.append(next(iter(cluster_of_buckets.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    tokenize_corpus([corpus], tmp_path / "out", gpt2, shard_bytes=1)
    address = cluster_of_buckets.scheduler_address
    tokenize_corpus([corpus], f"{bucket}/out", gpt2, shard_bytes=1, scheduler=address, progress=kill)
    assert killed
    expected = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.name != ".lock"}
    assert contents(f"{bucket}/out") == expected
    here, there = (GPTDatasetV1.from_files(place, 8, 8) for place in (tmp_path / "out", f"{bucket}/out"))
    assert len(here) == len(there) > 100
    assert all((here[i][0] == there[i][0]).all() for i in range(0, len(here), 17))


def test_what_a_cluster_counts_in_a_bucket_is_what_one_process_counts(
    corpus: str, bucket: str, cluster_of_buckets: Any
) -> None:
    address = cluster_of_buckets.scheduler_address
    shared = count_pieces(Corpus([corpus]), scheduler=address, checkpoint=f"{bucket}/kept")
    alone = count_pieces(Corpus([corpus]))
    assert shared == alone
