"""A run that is killed, interrupted or out of room goes on with what it has finished."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.corpus.places import Place
from bpelab.bpe.foundation.progress import Progress
from bpelab.dataset.shards import open_tokens
from bpelab.dataset.tokenize_corpus import _only_writer as only_writer_at
from bpelab.dataset.tokenize_corpus import tokenize_corpus

from .corpora import KilledError, contents, write_corpus


def test_a_stopped_run_goes_on_without_redoing_shards(
    tmp_path: Path, gpt2: Encoding, small_parts: None
) -> None:
    write_corpus(tmp_path / "corpus")
    arguments: Any = ([tmp_path / "corpus"], tmp_path / "out", gpt2)
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        if progress.found.get("shards") == 3:
            raise KilledError

    with pytest.raises(KilledError):
        tokenize_corpus(*arguments, shard_bytes=1000, progress=stop)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("tokens-*")}
    (tmp_path / "out" / ".tokens-000003.bin.0123abcd").write_bytes(b"half")
    # Three, and what the thread that ends a shard while another begins had almost done.
    assert 3 <= len(before) <= 4
    with pytest.raises(ValueError, match=f"only {len(before)} of 75 shards are"):
        open_tokens(tmp_path / "out")
    tokenize_corpus(*arguments, shard_bytes=1000, progress=seen.append)
    assert before.items() <= {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}.items()
    assert seen[0].phase == "checking"
    assert seen[-1].done_before > 0
    assert seen[-1].done == seen[-1].total
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "whole", gpt2, shard_bytes=1000)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_command_survives_kills_at_any_moment(tmp_path: Path, jobs: str) -> None:
    write_corpus(tmp_path / "corpus", 30)
    program = [Path(sys.executable).parent / "bpelab", "tokenize", tmp_path / "corpus", "--shard-bytes", "1"]
    choose = random.Random(int(jobs))
    for n_wanted in (1, 8):  # shards that are there when it is killed
        command = [*program, "-o", tmp_path / "out", "--jobs", jobs]
        running = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "out").glob("sources-*"))) < n_wanted and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(choose.random() * 0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    results = [
        subprocess.run([*program, "-o", tmp_path / name], capture_output=True, text=True)
        for name in ("out", "whole")
    ]
    assert [result.returncode for result in results] == [0, 0], results
    assert "30 documents" in results[0].stdout
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
def test_an_interrupted_command_says_how_to_go_on(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", 60)
    program = [Path(sys.executable).parent / "bpelab", "tokenize", tmp_path / "corpus", "--shard-bytes", "1"]
    command = [*program, "-o", tmp_path / "out", "--quiet"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "out").glob("sources-*")) and running.poll() is None:
        time.sleep(0.002)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said == (
        f"bpelab: interrupted: the shards that are finished are in {tmp_path / 'out'}, and the same command"
        " goes on with the others\n"
    )


FULL = """
import resource, sys
from pathlib import Path
from bpelab.bpe import get_encoding
from bpelab.dataset.tokenize_corpus import tokenize_corpus
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    tokenize_corpus([Path(sys.argv[1])], Path(sys.argv[2]), get_encoding("gpt2"), shard_bytes=1)
except OSError as error:
    print(error.filename)
"""


@pytest.mark.skipif(os.name != "posix", reason="there are no limits of file sizes")
def test_a_file_that_cannot_be_written_to_its_end_leaves_nothing_half_written(
    tmp_path: Path, gpt2: Encoding
) -> None:
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    corpus.mkdir()
    for number, n_words in enumerate(
        [600_000, 600_000, 1_000_000]
    ):  # two parts that fit, and one that does not
        (corpus / f"{number}.txt").write_text("the " * n_words)
    command = [sys.executable, "-c", FULL, corpus, out, "1500000"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout == f"{out / 'tokens-000002.bin'}\n", result.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        ".lock",
        "manifest.json",
        "sources-000000.jsonl",
        "sources-000001.jsonl",
        "tokens-000000.bin",
        "tokens-000001.bin",
    ]
    tokenize_corpus([corpus], out, gpt2, shard_bytes=1)
    tokenize_corpus([corpus], tmp_path / "whole", gpt2, shard_bytes=1)
    assert contents(out) == contents(tmp_path / "whole")


def test_what_killed_workers_have_left_is_removed_when_a_run_fails(tmp_path: Path) -> None:
    left = tmp_path / ".tokens-000000.bin.0123456789abcdef"
    with pytest.raises(KilledError), only_writer_at(Place.of(tmp_path)):
        left.touch()
        raise KilledError
    assert not left.exists()
