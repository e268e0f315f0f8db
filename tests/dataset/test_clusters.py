"""A Dask cluster writes the shards that one process writes, to the byte, while its workers are killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.foundation.progress import Progress, Reporter
from bpelab.dataset.tokenize_corpus import tokenize_corpus

pytest.importorskip("distributed", reason="pip install 'bpelab[dask]'")
WORDS = "The naïve café, 42 日本語。 in's it\n\n  of 🙂 déjà-vu<|endoftext|> a"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clusters") / "corpus"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.txt").write_text(f"{number}: " + f" {WORDS} {number}" * (300 * number + 1))
    return folder


@pytest.fixture(scope="module")
def whole(corpus: Path, gpt2: Encoding) -> dict[str, bytes]:
    """What one process writes."""
    tokenize_corpus([corpus], corpus.parent / "whole", gpt2, shard_bytes=1)
    return contents(corpus.parent / "whole")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_shards_are_the_same_while_workers_are_killed(
    tmp_path: Path, corpus: Path, whole: Any, cluster: Any, gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reporter, "SECONDS", 0.0)
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if progress.found.get("shards") in (1, 6) and len(killed) < 2:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[-1], signal.SIGKILL)

    address = cluster.scheduler_address
    tokenize_corpus([corpus], tmp_path / "out", gpt2, shard_bytes=1, scheduler=address, progress=kill)
    assert killed
    assert contents(tmp_path / "out") == whole


def test_the_command_begins_on_this_machine_and_goes_on_with_a_cluster(
    tmp_path: Path, corpus: Path, whole: Any, cluster: Any
) -> None:
    program = [Path(sys.executable).parent / "bpelab", "tokenize", "corpus", "--shard-bytes", "1", "--quiet"]
    whole_here = tmp_path / "here"
    for output, more in ((whole_here, []), (tmp_path / "out", ["--scheduler", cluster.scheduler_address])):
        result = subprocess.run(
            [*program, "-o", os.path.relpath(output, corpus.parent), *more],
            cwd=corpus.parent,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        for name in ("tokens-000003.bin", "sources-000005.jsonl", "manifest.json"):
            if not more:
                (output / name).rename(tmp_path / name)
    assert contents(tmp_path / "out").keys() == whole.keys()
    for name in ("tokens-000003.bin", "sources-000005.jsonl", "manifest.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_part_that_cannot_be_read_is_named(tmp_path: Path, cluster: Any, gpt2: Encoding) -> None:
    (tmp_path / "good").write_text("good")
    (tmp_path / "bad").write_bytes(b"ab\xffcd")
    files = [tmp_path / "good", tmp_path / "bad"]
    with pytest.raises(ValueError, match=r"bad: not UTF-8 at byte 2"):
        tokenize_corpus(files, tmp_path / "out", gpt2, shard_bytes=1, scheduler=cluster.scheduler_address)


def test_a_worker_that_does_not_see_the_directory_is_told_apart(
    tmp_path: Path, corpus: Path, cluster: Any, gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The workers of another machine have no such directory: here, the client's is renamed.
    monkeypatch.setattr("bpelab.bpe.corpus.places.Place.absolute", lambda self: type(self)(f"{self.root}-x"))
    (tmp_path / "out-x").mkdir()
    with pytest.raises(ValueError, match=r"out-x: a worker does not find there what this run has begun"):
        tokenize_corpus([corpus], tmp_path / "out", gpt2, scheduler=cluster.scheduler_address)


def test_pipes_stay_on_this_machine(tmp_path: Path, cluster: Any, gpt2: Encoding) -> None:
    read, write = os.pipe()
    os.write(write, b"some text")
    os.close(write)
    with pytest.raises(ValueError, match="a pipe can be read only on this machine"):
        tokenize_corpus([f"/dev/fd/{read}"], tmp_path / "out", gpt2, scheduler=cluster.scheduler_address)
    os.close(read)
