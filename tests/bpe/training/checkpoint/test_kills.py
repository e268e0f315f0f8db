"""Ctrl-C and kills lose nothing that was done."""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest
from bpelab.bpe import Encoding, train
from bpelab.bpe.training import Progress, checkpoint
from bpelab.bpe.training import counts as counts_module

from .stopping import killer


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize(
    ("phase", "after"), [("counting", 1), ("counting", 5), ("merging", 1), ("merging", 3)]
)
def test_an_interrupt_keeps_all_that_was_done(
    tmp_path: Path,
    texts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    phase: str,
    after: int,
    error: type[BaseException],
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 1000.0)
    path = tmp_path / "c"
    with pytest.raises(error):
        train(texts, vocab_size=400, checkpoint=path, progress=killer(phase, after, error))
    seen: list[Progress] = []
    resumed = train(texts, vocab_size=400, checkpoint=path, progress=seen.append)
    done_before = next(step.done_before for step in seen if step.phase == phase)
    assert done_before > 0 or (phase, after) == ("merging", 1)
    assert resumed.ranks == train(texts, vocab_size=400).ranks


def test_a_block_that_was_half_added_is_not_written(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c"
    calls = count(1)
    real = counts_module.add_counts

    def add_half(total: dict[bytes, int], more: dict[bytes, int]) -> None:
        if next(calls) == 4:
            real(total, dict(list(more.items())[: len(more) // 2]))
            raise KeyboardInterrupt
        real(total, more)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(counts_module, "add_counts", add_half)
        train(texts, vocab_size=400, checkpoint=path)
    resumed = train(texts, vocab_size=400, checkpoint=path)
    assert resumed.ranks == train(texts, vocab_size=400).ranks


PROGRAM = """
import pathlib, sys, time
from bpelab.bpe import train
from bpelab.bpe.training import checkpoint
from bpelab.bpe.corpus import blocks as corpus
from bpelab.bpe.training import learner as merges
checkpoint.SECONDS_BETWEEN = float(sys.argv[3]); checkpoint.WRITING_SHARE = 1e9
corpus.BLOCK_BYTES = 500; merges.SECONDS_A_STEP = 0.0
def show(progress):
    print(progress.phase, progress.done, flush=True)
    time.sleep(0.002)  # or it could end before the signal comes
from bpelab.bpe.foundation import progress
progress.Reporter.SECONDS = 0.0
train(pathlib.Path(sys.argv[1]), vocab_size=2000, checkpoint=sys.argv[2], progress=show)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("moment", [("counting", 3000), ("merging", 100), ("merging", 500)], ids=str)
def test_a_process_that_is_killed_anywhere_goes_on_to_the_same_result(
    tmp_path: Path, texts: list[str], number: int, moment: tuple[str, int]
) -> None:
    words = random.Random(3)
    folder = tmp_path / "corpus"
    folder.mkdir()
    for n in range(40):
        (folder / f"{n:02}.txt").write_text(
            " ".join("".join(words.choices("abcdefgh", k=6)) for _ in range(60))
        )
    path = tmp_path / "c"
    seconds = "0" if number == signal.SIGKILL else "1000"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(path), seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        phase, done = line.split()
        if phase == moment[0] and int(done) >= moment[1]:
            process.send_signal(number)
            break
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == -number, stderr
    assert path.exists()
    resumed = train(folder, vocab_size=2000, checkpoint=path)
    expected = train(folder, vocab_size=2000)
    assert resumed.ranks == expected.ranks


def test_an_interrupted_process_leaves_nothing_half_written(tmp_path: Path, texts: list[str]) -> None:
    for number, text in enumerate(texts * 40):
        (tmp_path / f"{number}.txt").write_text(text)
    program = (
        "import pathlib, sys\nfrom bpelab.bpe import train\n"
        "from bpelab.bpe.corpus import blocks\nfrom bpelab.bpe.training import checkpoint\n"
        "checkpoint.SECONDS_BETWEEN = 0.0; checkpoint.WRITING_SHARE = 1e9; blocks.BLOCK_BYTES = 500\n"
        "train(pathlib.Path(sys.argv[1]), vocab_size=400, checkpoint=sys.argv[2], jobs=2)"
    )
    path = tmp_path.with_suffix(".checkpoint")
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), str(path)],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode != 0, stderr
    assert [file.name for file in path.parent.glob(f".{path.name}*")] == []
    resumed = train(tmp_path, vocab_size=400, checkpoint=path)
    expected: Encoding = train(tmp_path, vocab_size=400)
    assert resumed.ranks == expected.ranks
