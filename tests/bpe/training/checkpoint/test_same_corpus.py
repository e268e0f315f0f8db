"""A training goes on with the same corpus, and with no other."""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bpelab.bpe import PieceCounts, train

from .stopping import KilledError, killer, stopped


@pytest.mark.parametrize("phase", ["counting", "merging"])
@pytest.mark.parametrize(
    "change",
    {
        "another first document": lambda texts: ["other", *texts[1:]],
        "one letter, the same size": lambda texts: ["z" + texts[0][1:], *texts[1:]],
        "two documents joined": lambda texts: [texts[0] + texts[1], *texts[2:]],
        "a space moved to the next document": lambda texts: [texts[0] + " ", texts[1][1:], *texts[2:]],
        "the order": lambda texts: [texts[1], texts[0], *texts[2:]],
        "nothing": lambda texts: [],
    }.items(),
    ids=lambda change: change[0],
)
def test_other_texts_are_refused(
    tmp_path: Path, texts: list[str], phase: str, change: tuple[str, Callable[[list[str]], list[str]]]
) -> None:
    texts = [f" {text}" for text in texts]
    path = tmp_path / "c"
    stopped(path, lambda: texts, phase)
    before = path.read_bytes()
    other = change[1](texts)
    assert other != texts
    with pytest.raises(
        ValueError, match=r"c: this checkpoint was made with other texts: .* give what was given"
    ):
        train(iter(other), vocab_size=390, checkpoint=path)
    assert path.read_bytes() == before
    expected = train(texts, vocab_size=390)
    assert train(texts, vocab_size=390, checkpoint=path).ranks == expected.ranks


@pytest.mark.parametrize("change", ["a document more", "a document less"])
def test_texts_that_go_on_or_end_early_are_refused_once_all_were_counted(
    tmp_path: Path, texts: list[str], change: str
) -> None:
    path = tmp_path / "c"
    stopped(path, lambda: texts, "merging")
    with pytest.raises(
        ValueError, match="bytes and go on;" if change == "a document more" else "given now are the same"
    ):
        train(
            [*texts, "more"] if change == "a document more" else texts[:-1], vocab_size=400, checkpoint=path
        )


def test_texts_that_repeat_a_block_and_end_early_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    stopped(path, lambda: ["the cat sat " * 50] * 4, "merging")
    with pytest.raises(ValueError, match="and end there"):
        train(["the cat sat " * 50] * 3, vocab_size=400, checkpoint=path)


@pytest.mark.parametrize("phase", ["counting", "merging"])
def test_a_file_edited_to_the_same_size_and_time_is_refused(
    tmp_path: Path, texts: list[str], phase: str
) -> None:
    corpus_path = tmp_path / "corpus"
    corpus_path.mkdir()
    for number, text in enumerate(texts):
        (corpus_path / f"{number:02}.txt").write_text(text)
    path = tmp_path / "c"
    stopped(path, lambda: corpus_path, phase)
    file = corpus_path / "00.txt"
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_text("z" + texts[0][1:])
    os.utime(file, ns=times)
    with pytest.raises(ValueError, match="made with other texts: those given now are the same for 0 of"):
        train(corpus_path, vocab_size=400, checkpoint=path)


@pytest.mark.parametrize("phase", ["counting", "merging"])
def test_the_same_texts_under_other_names_are_the_same_corpus(
    tmp_path: Path, texts: list[str], phase: str
) -> None:
    path = tmp_path / "c"
    files = [tmp_path / f"{number}.txt" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    stopped(path, lambda: files, phase)
    moved = [file.rename(tmp_path / f"moved {number}") for number, file in enumerate(files)]
    resumed = train(moved, vocab_size=400, checkpoint=path)
    assert resumed.ranks == train(texts, vocab_size=400).ranks


@pytest.mark.parametrize("phase", ["counting", "merging"])
def test_a_generator_is_consumed_and_compared(tmp_path: Path, texts: list[str], phase: str) -> None:
    path = tmp_path / "c"

    def documents() -> Iterator[str]:
        yield from texts

    stopped(path, documents, phase)
    with pytest.raises(ValueError, match="made with other texts"):
        train((text.upper() for text in texts), vocab_size=400, checkpoint=path)
    resumed = train(documents(), vocab_size=400, checkpoint=path)
    assert resumed.ranks == train(texts, vocab_size=400).ranks


def test_other_counts_are_refused_and_equal_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "c"
    counts = {b"zzab": 10, b"yyab": 20, b"low": 3}
    with pytest.raises(KilledError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train(
            counts=[PieceCounts(".+", counts)],
            pattern=".+",
            vocab_size=300,
            checkpoint=path,
            progress=killer("merging", 2),
        )
    for other in ({**counts, b"low": 4}, {**counts, b"lox": 1}, {b"zzab": 10}, {}):
        with pytest.raises(ValueError, match=r"made with other piece counts \(counts=\); give what"):
            train(counts=[PieceCounts(".+", other)], pattern=".+", vocab_size=259, checkpoint=path)
    halves = [PieceCounts(".+", {b"low": 3, b"yyab": 20}), PieceCounts(".+", {b"zzab": 4})]
    PieceCounts(".+", {b"zzab": 6}).save(tmp_path / "file")
    resumed = train(counts=[*halves, tmp_path / "file"], pattern=".+", vocab_size=259, checkpoint=path)
    expected = train(counts=[PieceCounts(".+", counts)], pattern=".+", vocab_size=259)
    assert resumed.ranks == expected.ranks
