"""A training that is killed goes on to the same result."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bpelab.bpe import Encoding, PieceCounts, train
from bpelab.bpe.training import Progress, checkpoint, corpus
from bpelab.bpe.training import merges as merges_module
from bpelab.bpe.training.progress import Watch


class KilledError(Exception):
    pass


def killer(phase: str, after: int) -> Watch:
    """Give a `progress` that dies at the given report of a phase."""
    reports = []

    def watch(progress: Progress) -> None:
        if progress.phase == phase:
            reports.append(progress)
            if len(reports) == after:
                raise KilledError

    return watch


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write and report after every step, and make every step small."""
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(merges_module, "SECONDS_A_STEP", 0.0)
    monkeypatch.setattr("bpelab.bpe.training.progress.Reporter.SECONDS", 0.0)
    monkeypatch.setattr(corpus, "BLOCK_BYTES", 500)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    words = random.Random(7)
    known = ["".join(words.choices("abcdeé", k=words.randint(1, 8))) for _ in range(60)]
    return [" ".join(words.choices(known, k=80)) for _ in range(12)]


@pytest.mark.parametrize("after", [1, 2, 4])
@pytest.mark.parametrize("phase", ["counting", "merging"])
@pytest.mark.parametrize("many", [1, 96])
def test_a_killed_training_goes_on_to_the_same_result(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch, phase: str, after: int, many: int
) -> None:
    monkeypatch.setattr(merges_module, "MANY", many)
    monkeypatch.setattr(merges_module, "ENOUGH_WITH_MANY", 1)
    expected = train(texts, vocab_size=400)
    path = tmp_path / "c"
    for _ in range(2):  # twice, the second time from where the first stopped
        with pytest.raises(KilledError):
            train(texts, vocab_size=400, checkpoint=path, progress=killer(phase, after))
        assert path.exists() == (phase == "merging" or after > 1)
    resumed = train(texts, vocab_size=400, checkpoint=path)
    assert resumed._mergeable_ranks == expected._mergeable_ranks
    assert not path.exists()


def test_the_merges_of_a_checkpoint_are_not_learned_again(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "c"
    with pytest.raises(KilledError):
        train(texts, vocab_size=400, checkpoint=path, progress=killer("merging", 4))
    seen: list[Progress] = []
    train(texts, vocab_size=400, checkpoint=path, progress=seen.append)
    assert {step.phase for step in seen} == {"merging"}
    assert seen[0].done_before > 0


def test_what_was_counted_is_kept_however_quickly(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 1000.0)
    path = tmp_path / "c"
    with pytest.raises(KilledError):
        train(texts, vocab_size=400, checkpoint=path, progress=killer("merging", 1))
    seen: list[Progress] = []
    train(texts, vocab_size=400, checkpoint=path, progress=seen.append)
    assert {step.phase for step in seen} == {"merging"}


def test_other_texts_or_settings_are_refused(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "c"
    with pytest.raises(KilledError):
        train(texts, vocab_size=400, checkpoint=path, progress=killer("counting", 3))
    with pytest.raises(ValueError, match="the texts given now begin otherwise"):
        train(["other"], vocab_size=400, checkpoint=path)
    with pytest.raises(ValueError, match=r"made with min_frequency=1, not min_frequency=2"):
        train(texts, vocab_size=400, checkpoint=path, min_frequency=2)
    with pytest.raises(ValueError, match="made with first_tokens="):
        train(texts, vocab_size=400, checkpoint=path, byte_order="raw")


def test_counts_that_are_added_are_not_added_twice(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "c"
    extra = [PieceCounts(r"\S+", {b"zz": 1000})]
    expected = train(texts, counts=extra, pattern=r"\S+", vocab_size=350)
    for phase in ("counting", "merging"):
        with pytest.raises(KilledError):
            train(
                texts,
                counts=extra,
                pattern=r"\S+",
                vocab_size=350,
                checkpoint=path,
                progress=killer(phase, 3),
            )
    resumed = train(texts, counts=extra, pattern=r"\S+", vocab_size=350, checkpoint=path)
    assert resumed._mergeable_ranks == expected._mergeable_ranks


def test_a_file_that_is_no_checkpoint_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"something of mine")
    with pytest.raises(ValueError, match="c: not a checkpoint of a training"):
        train(["a b"], vocab_size=300, checkpoint=tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"something of mine"


def test_an_interrupted_process_leaves_nothing_half_written(tmp_path: Path, texts: list[str]) -> None:
    for number, text in enumerate(texts * 40):
        (tmp_path / f"{number}.txt").write_text(text)
    program = (
        "import pathlib, sys\nfrom bpelab.bpe import train\n"
        "from bpelab.bpe.training import checkpoint, corpus\n"
        "checkpoint.SECONDS_BETWEEN = 0.0; corpus.BLOCK_BYTES = 500\n"
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
    assert resumed._mergeable_ranks == expected._mergeable_ranks
