"""Workers count what one process counts, piece for piece, and a run that was stopped counts only the rest."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import PieceCounts, count_pieces, train
from bpelab.bpe.corpus.blocks import Corpus
from bpelab.bpe.corpus.places import Place
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.foundation.progress import Progress, Reporter
from bpelab.bpe.training import shared_counting, shares, tallies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORDS = "The naïve café, 42 日本語。 in's it\n\n  of 🙂 déjà-vu<|endoftext|> a"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a share of each file, and a tree of two levels."""
    monkeypatch.setattr(shares, "usual_task_bytes", lambda n_bytes, least: 1)
    monkeypatch.setattr(shared_counting, "FILES_A_SUM", 3)
    monkeypatch.setattr(Reporter, "SECONDS", 0.0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with common and rare pieces, of every kind."""
    folder = tmp_path_factory.mktemp("shared") / "corpus"
    folder.mkdir()
    texts = [f"{number}: " + f" {WORDS} {number} rare{number}x" * (40 * number + 1) for number in range(10)]
    texts[3] = f"{'long' * 60_000} {texts[3]}"
    for number, text in enumerate(texts[:7]):
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    records = "".join(json.dumps({"text": text}) + "\n" for text in texts[7:9])
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        (folder / "7.jsonl").write_text(records)
        return folder
    with pyarrow.CompressedOutputStream(str(folder / "7.jsonl.zst"), "zstd") as file:
        file.write(records.encode())
    pyarrow.parquet.write_table(pyarrow.table({"text": texts[8:]}), folder / "8.parquet", row_group_size=1)
    return folder


@pytest.fixture(scope="module")
def whole(corpus: Path) -> PieceCounts:
    """What is counted in one go."""
    return count_pieces(corpus, engine="arrays")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Note each call that counts a share or begins a sum."""
    calls: list[int] = []

    def begin(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return tallies.begin_counting(*arguments, **options)

    monkeypatch.setattr(shares, "begin_counting", begin)
    yield calls


def killer(after: int) -> Any:
    """Return a `progress` that ends the counting after so many shares."""

    def watch(progress: Progress) -> None:
        if progress.found.get("shares") == after:
            raise KeyboardInterrupt

    return watch


@pytest.mark.parametrize("engine", ["arrays", "compiled"])
@pytest.mark.parametrize("pattern", ["gpt2", "o200k_base", r"\w+|\W+"])
def test_shares_add_up_to_the_counts_of_the_whole(
    tmp_path: Path, corpus: Path, engine: Any, pattern: str
) -> None:
    whole = count_pieces(corpus, engine="arrays", pattern=pattern)
    found = count_pieces(corpus, pattern=pattern, engine=engine, checkpoint=tmp_path / "kept")
    assert found == whole
    assert not (tmp_path / "kept").exists()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("ab \n", max_size=12), max_size=9), st.integers(1, 40), st.integers(2, 4))
def test_any_shares_and_any_tree_lead_to_the_same_counts(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], n_bytes: int, n_files: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    paths = [folder / f"{number}.txt" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "usual_task_bytes", lambda *_: n_bytes)
        patch.setattr(shared_counting, "FILES_A_SUM", n_files)
        # The second half is read twice: equal shares count as often as they are named.
        found = count_pieces(paths + paths[1:], checkpoint=folder / "kept")
    assert found == count_pieces(texts + texts[1:])


def test_a_run_that_was_stopped_counts_only_the_rest(
    tmp_path: Path, corpus: Path, whole: PieceCounts, counted: list[int]
) -> None:
    kept = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        count_pieces(corpus, checkpoint=kept, progress=killer(4))
    assert len(counted) == 4
    counted.clear()
    assert count_pieces(corpus, checkpoint=kept) == whole
    n_shares, n_sums = len(list(corpus.iterdir())), 4  # by threes
    assert len(counted) == n_shares - 4 + n_sums


def test_a_share_that_has_changed_is_counted_again(tmp_path: Path, counted: list[int]) -> None:
    kept, file, other = tmp_path / "kept", tmp_path / "a.txt", tmp_path / "b.txt"
    file.write_text("one two")
    other.write_text("three")
    with pytest.raises(KeyboardInterrupt):
        count_pieces([file, other], checkpoint=kept, progress=killer(2))
    file.write_text("two one")  # as long as before
    counted.clear()
    assert count_pieces([file, other], checkpoint=kept).counts == {
        b"two": 1, b" one": 1, b"three": 1
    }  # fmt: skip
    assert len(counted) == 2  # the share, and the sum


def test_what_is_kept_under_other_settings_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two")
    for errors in ("replace", "skip"):
        for pattern in ("gpt2", r"\w+"):
            options: Any = {"pattern": pattern, "errors": errors, "progress": killer(1)}
            with pytest.raises(KeyboardInterrupt):
                count_pieces(tmp_path / "a.txt", checkpoint=tmp_path / "kept", **options)
    assert len(list((tmp_path / "kept").glob("share-*"))) == 4


def test_what_is_skipped_is_counted_over_all_shares_and_runs(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / "in" / f"{number}.txt").write_bytes(b"ab\xffcd" if number % 2 else b"good")
    corpus = Corpus([tmp_path / "in"], Reading(errors="skip"))
    with pytest.raises(KeyboardInterrupt):
        count_pieces(corpus, checkpoint=tmp_path / "kept", progress=killer(3))
    with pytest.warns(
        UserWarning, match=r"^skipped 2 documents that cannot be read; the first: \S*1\.txt: not"
    ):
        assert count_pieces(corpus, checkpoint=tmp_path / "kept").counts == {b"good": 3}


def test_a_part_that_cannot_be_read_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("good")
    (tmp_path / "bad").write_bytes(b"ab\xffcd")
    with pytest.raises(ValueError, match=r"bad: not UTF-8 at byte 2"):
        count_pieces([tmp_path / "good", tmp_path / "bad"], checkpoint=tmp_path / "kept")
    assert len(list((tmp_path / "kept").glob("share-*"))) == 1


def test_counts_are_kept_at_a_url_as_in_a_directory(corpus: Path, whole: PieceCounts) -> None:
    pytest.importorskip("fsspec", reason="pip install 'bpelab[corpora]'")
    with pytest.raises(KeyboardInterrupt):
        count_pieces(corpus, checkpoint="memory://kept/counts", progress=killer(4))
    assert len(Place.of("memory://kept/counts").names()) == 5
    assert count_pieces(corpus, checkpoint="memory://kept/counts") == whole
    assert Place.of("memory://kept/counts").names() == set()


def test_other_files_in_the_directory_are_left_alone(tmp_path: Path, corpus: Path) -> None:
    (tmp_path / "share-mine.npz").write_text("mine")
    (tmp_path / f".share-{'0' * 64}.npz.{'1' * 16}").write_text("left by a worker that was killed")
    count_pieces(corpus, checkpoint=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["share-mine.npz"]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04"])
def test_a_file_of_counts_that_is_damaged_is_named(tmp_path: Path, corpus: Path, content: bytes) -> None:
    with pytest.raises(KeyboardInterrupt):
        count_pieces(corpus, checkpoint=tmp_path / "kept", progress=killer(1))
    [file] = (tmp_path / "kept").glob("share-*")
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{file}: not a file of counts: "):
        count_pieces(corpus, checkpoint=tmp_path / "kept")


def test_a_second_run_ends_the_first(tmp_path: Path, corpus: Path) -> None:
    def begin_another(progress: Progress) -> None:
        (tmp_path / "kept" / shares.BEGUN).write_text("another")

    with pytest.raises(ValueError, match=r"kept: a worker does not find there what this run has begun"):
        count_pieces(corpus, checkpoint=tmp_path / "kept", progress=begin_another)


def test_what_workers_cannot_read_or_share_is_refused(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(ValueError, match="'a text' is a document in memory, which other machines cannot"):
        count_pieces([corpus, "a text"], checkpoint=tmp_path / "kept")
    with pytest.raises(ValueError, match=r"scheduler= needs checkpoint=, too: a directory"):
        count_pieces(corpus, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ValueError, match=r"0\.txt is a file: the checkpoint of workers is a directory"):
        count_pieces(corpus, checkpoint=corpus / "0.txt")
    with pytest.raises(ValueError, match=r"kept lies in .*corpus, and would become part of the corpus"):
        count_pieces(corpus, checkpoint=corpus / "kept")
    read, write = os.pipe()
    os.close(write)
    with pytest.raises(ValueError, match="a pipe can be read only on this machine"):
        count_pieces(Path(f"/dev/fd/{read}"), checkpoint=tmp_path / "kept")
    os.close(read)


def test_a_cluster_counts_the_same_while_its_workers_are_killed(
    tmp_path: Path, corpus: Path, whole: PieceCounts, cluster: Any
) -> None:
    killed: list[str] = []

    def kill(progress: Progress) -> None:
        if progress.phase not in killed:
            killed.append(progress.phase)
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    options = {"scheduler": cluster.scheduler_address, "checkpoint": tmp_path / "kept"}
    assert count_pieces(corpus, progress=kill, **options) == whole
    assert killed == ["counting", "adding up"]


@pytest.mark.parametrize("engine", ["arrays", "compiled"])
def test_an_encoding_of_a_cluster_is_that_of_one_process(
    tmp_path: Path, corpus: Path, cluster: Any, engine: Any
) -> None:
    given = [count_pieces(["more zebras"])]
    options = {"vocab_size": 340, "special_tokens": ["<|endoftext|>"], "engine": engine, "counts": given}
    here = train(corpus, **options)
    there = train(corpus, scheduler=cluster.scheduler_address, checkpoint=tmp_path / "kept", **options)
    assert (there.ranks, there.special_tokens) == (here.ranks, here.special_tokens)
    assert not (tmp_path / "kept").exists()


# The command, with shares that are small; `stop` presses Ctrl-C when some are counted.
COMMAND = """
import os, signal, sys
from bpelab.bpe.training import shared_counting, shares
from bpelab.cli import main
shares.usual_task_bytes = lambda n_bytes, least: 1
map_tasks, stop = shared_counting.map_tasks, sys.argv.pop(1) == "stop"
def mapped(*arguments, **options):
    for n_done, done in enumerate(map_tasks(*arguments, **options)):
        if stop and n_done == 4:
            os.kill(os.getpid(), signal.SIGINT)
        yield done
shared_counting.map_tasks = mapped
main()
"""


def test_the_command_is_stopped_and_goes_on(tmp_path: Path, corpus: Path, cluster: Any) -> None:
    asked = [os.path.relpath(corpus, tmp_path), "--vocab-size", "340", "--quiet", "-o"]
    shared = ["there.json", "--checkpoint", "kept", "--scheduler", cluster.scheduler_address]

    def bpelab(how: str, *more: str) -> tuple[int, str]:
        command = [sys.executable, "-c", COMMAND, how, "train", *asked, *more]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return result.returncode, result.stderr

    said = "bpelab: interrupted: the counts that are finished are in kept, and the same command goes on"
    assert bpelab("stop", *shared) == (130, f"{said} from there\n")
    assert len(list((tmp_path / "kept").glob("share-*"))) >= 4
    assert bpelab("go on", *shared) == (0, "")
    assert not (tmp_path / "kept").exists()
    assert bpelab("here", "here.json") == (0, "")
    assert (tmp_path / "there.json").read_bytes() == (tmp_path / "here.json").read_bytes()
