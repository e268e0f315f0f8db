"""A training that is stopped goes on to the same result of the same corpus, and to no other."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, PieceCounts, TrainSettings, train
from bpelab.bpe.corpus import blocks as corpus
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.foundation.progress import Watch
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.bpe.training import Progress, checkpoint
from bpelab.bpe.training import counts as counts_module
from bpelab.bpe.training import learner as merges_module
from hypothesis import given, settings
from hypothesis import strategies as st


class KilledError(Exception):
    pass


def killer(phase: str, after: int) -> Watch:
    """Return a `progress` that dies at the given report of a phase."""
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
    monkeypatch.setattr(checkpoint, "WRITING_SHARE", 1e9)
    monkeypatch.setattr(merges_module, "SECONDS_A_STEP", 0.0)
    monkeypatch.setattr("bpelab.bpe.foundation.progress.Reporter.SECONDS", 0.0)
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
    assert resumed.ranks == expected.ranks
    assert not path.exists()


def test_the_merges_of_a_checkpoint_are_not_learned_again(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "c"
    with pytest.raises(KilledError):
        train(texts, vocab_size=400, checkpoint=path, progress=killer("merging", 4))
    seen: list[Progress] = []
    train(texts, vocab_size=400, checkpoint=path, progress=seen.append)
    assert {step.phase for step in seen} == {"checking", "merging"}
    assert next(step.done_before for step in seen if step.phase == "merging") > 0


def test_a_finished_count_is_written_at_once(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 1000.0)
    path = tmp_path / "c"
    with pytest.raises(KilledError):
        train(texts, vocab_size=400, checkpoint=path, progress=killer("merging", 1))
    seen: list[Progress] = []
    train(texts, vocab_size=400, checkpoint=path, progress=seen.append)
    assert {step.phase for step in seen} == {"checking", "merging"}


@pytest.mark.parametrize("phase", ["counting", "merging"])
def test_other_settings_are_refused(tmp_path: Path, texts: list[str], phase: str) -> None:
    path = tmp_path / "c"
    with pytest.raises(KilledError):
        train(texts, vocab_size=400, checkpoint=path, progress=killer(phase, 3))
    with pytest.raises(ValueError, match=r"c: .* made with min_frequency=1, not min_frequency=2; give what"):
        train(texts, vocab_size=400, checkpoint=path, min_frequency=2)
    with pytest.raises(ValueError, match=r"made with byte_order='gpt2', not byte_order='raw'; give what"):
        train(texts, vocab_size=400, checkpoint=path, byte_order="raw")
    first = train(texts, vocab_size=300)
    with pytest.raises(ValueError, match=r"made with other tokens to begin with \(extend=\); give what"):
        train(texts, vocab_size=400, checkpoint=path, extend=first)
    with pytest.raises(ValueError, match=r"c: .* made with other piece counts \(counts=\)"):
        train(texts, vocab_size=400, checkpoint=path, counts=[PieceCounts(GPT2_PATTERN, {b"a": 1})])


@pytest.mark.parametrize("phase", ["counting", "merging"])
def test_settings_that_decide_no_merge_may_change(tmp_path: Path, texts: list[str], phase: str) -> None:
    first = TrainSettings(vocab_size=400, special_tokens=["<|endoftext|>"], jobs=2)
    second = replace(
        first, vocab_size=390, special_tokens=["<|a|>", "<|b|>"], jobs=1, name="\udcff", pattern="gpt2"
    )
    path = tmp_path / "c"
    for settings_ in (first, second):
        with pytest.raises(KilledError):
            train(texts, settings_, checkpoint=path, progress=killer(phase, 3))
    resumed = train(texts, second, checkpoint=path)
    expected = train(texts, second)
    assert resumed.ranks == expected.ranks
    assert resumed.special_tokens == expected.special_tokens == {"<|a|>": 388, "<|b|>": 389}


@pytest.mark.parametrize("after", [1, 4])  # before the first merge, and after some
@pytest.mark.parametrize("is_added", [True, False])
def test_a_special_token_that_decides_a_merge_must_be_the_same(
    tmp_path: Path, texts: list[str], is_added: bool, after: int
) -> None:
    first_merge = train(texts, vocab_size=257).decode(range(256, 257))
    with_it = TrainSettings(vocab_size=400, special_tokens=[first_merge])
    without = TrainSettings(vocab_size=400)
    one, other = (without, with_it) if is_added else (with_it, without)
    path = tmp_path / "c"
    with pytest.raises(KilledError):
        train(texts, one, checkpoint=path, progress=killer("merging", after))
    with pytest.raises(ValueError, match=f"special tokens, which decide a merge: {first_merge!r}; give what"):
        train(texts, other, checkpoint=path)
    assert train(texts, one, checkpoint=path).ranks == train(texts, one).ranks


def test_a_checkpoint_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    old = {"format": "bpelab training checkpoint 2", "setting_pattern": "x", "n_bytes": np.array(5)}
    np.savez(tmp_path / "c.npz", **old)
    with pytest.raises(
        ValueError,
        match=r"c\.npz: .* its format is 'bpelab training checkpoint 2', not 'bpelab training checkpoint 3':"
        " another version of bpelab wrote it; use that version, or begin anew without the file",
    ):
        train(never(), vocab_size=300, checkpoint=tmp_path / "c.npz")


# ---- the same corpus ----


def stopped(path: Path, corpus_of: Callable[[], Any], phase: str, **options: Any) -> None:
    with pytest.raises(KilledError):
        train(corpus_of(), vocab_size=400, checkpoint=path, progress=killer(phase, 2), **options)
    assert path.exists()


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


# ---- other contents of a checkpoint ----


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
    assert resumed.ranks == expected.ranks


def test_a_file_that_is_not_a_checkpoint_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"something of mine")
    with pytest.raises(ValueError, match="c: not a checkpoint of a training"):
        train(["a b"], vocab_size=300, checkpoint=tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"something of mine"


# ---- before any work ----


def never() -> Iterator[str]:
    raise AssertionError("the corpus was read before the checkpoint was tried")
    yield ""


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", IsADirectoryError),
        ("missing/c", FileNotFoundError),
        ("file/c", NotADirectoryError),
        ("n" * 250, OSError),  # too long with what the temporary file adds
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_named_before_any_work(
    tmp_path: Path, name: str, error: type[OSError]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error) as caught:
        train(never(), vocab_size=300, checkpoint=tmp_path / name)
    assert caught.value.filename == str(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_a_device_or_a_pipe_is_refused_as_a_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match="it is a pipe or a device, and must be a regular file"):
            train(never(), vocab_size=300, checkpoint=path)


def test_a_checkpoint_among_the_files_that_are_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a b")
    with pytest.raises(ValueError, match=r"c: the checkpoint would be one of the files of"):
        train([tmp_path], vocab_size=256, checkpoint=tmp_path / "c")
    assert train(tmp_path, vocab_size=256, checkpoint=tmp_path / ".c").n_vocab == 256
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


# ---- damaged and hostile files ----

TEXTS = ["the cat sat on the mat, the cat", "a cat that sat at that mat"]


def checkpoint_arrays(folder: Path, phase: str = "merging") -> dict[str, np.ndarray[Any, Any]]:
    """Stop a training of `TEXTS` after some merges, or while it counts, and read what it wrote."""
    path = folder / "c"
    with pytest.raises(KilledError):
        train(TEXTS * 40, vocab_size=270, checkpoint=path, progress=killer(phase, 3))
    with np.load(path) as npz:
        return dict(npz)


def write_and_resume(folder: Path, arrays: dict[str, Any]) -> Encoding:
    np.savez(folder / "c.npz", **arrays)
    (folder / "c.npz").rename(folder / "c")
    return train(TEXTS * 40, vocab_size=270, checkpoint=folder / "c")


def put(index: Any, value: Any) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array = array.copy()
        array[index] = value
        return array

    return change


def edit_settings(**fields: Any) -> Callable[[Any], Any]:
    return lambda text: np.array(json.dumps(json.loads(str(text)) | fields))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("merges", put((0, 0), -1), "a merge joins -1 and"),
        ("merges", put((0, 1), 256), "a merge joins .* these are not both tokens yet"),
        ("merges", put((0, 1), 2**31 - 1), "a merge joins"),
        ("merges", lambda merges: np.concatenate([merges, merges[:1]]), "two tokens are"),
        ("merges", lambda merges: merges[:, :1], "a merge joins 2 tokens, not 1"),
        ("merges", lambda merges: merges.ravel(), r"merges is an array of int32 with the shape"),
        ("merges", lambda merges: merges.astype(float), "merges is an array of float64"),
        ("merges", lambda merges: merges.astype(object), "merges is an array of object"),
        ("merges", lambda merges: merges[:1], "a piece has an id from -1 to"),
        (
            "merges",
            lambda merges: [(0, 0)] + [(256 + i, 256 + i) for i in range(60)],
            "merges is an array of int64",
        ),
        (
            "merges",
            lambda merges: np.array([(0, 0)] + [(256 + i, 256 + i) for i in range(60)], dtype="i4"),
            r"the token \d+ would have 4,096 bytes: 2,\d+ can be learned here",
        ),
        ("ids", put(1, -2), "a piece has an id from -2"),
        ("ids", put(1, 2**31 - 1), "a piece has an id from -1 to 2147483647"),
        ("ids", put(0, 5), "separators in"),
        ("ids", put(-1, 5), "separators in"),
        ("ids", put(1, -1), "separators in"),
        ("ids", lambda ids: ids[:0], "0 separators in 0 ids"),
        ("ids", lambda ids: ids[None], "ids is an array of int32 with the shape"),
        ("ids", lambda ids: np.append(np.repeat(ids[1:2], 10_000), ids), "separators in"),
        ("ids", lambda ids: np.insert(ids, 1, np.repeat(ids[1], 10_000)), "more bytes than the corpus"),
        ("weights", put(0, 0), "a piece occurs 0 times"),
        ("weights", put(0, -5), "a piece occurs -5 times"),
        ("weights", put(0, 2**63 - 1), "as often as they occur, have"),
        ("weights", lambda weights: weights * 0 + 2**62, "as often as they occur, have"),
        ("weights", lambda weights: weights[:-1], "separators in"),
        ("weights", lambda weights: weights.astype("u8"), "weights is an array of uint64"),
        ("n_bytes", lambda n_bytes: n_bytes - 1, "its texts have"),
        ("n_bytes", lambda n_bytes: np.array(-1), "digests have 32 bytes, texts -1"),
        ("digests", lambda digests: digests[:, :31], "digests have 31 bytes"),
        ("digests", lambda digests: digests[:-1], "those given now begin with the same|its texts have"),
        ("digests", put((0, 0), 7), "made with other texts"),
        (
            "settings",
            lambda text: np.array(str(text).replace("gpt2", "raw")),
            "made with byte_order='raw'",
        ),
        ("settings", lambda text: np.array("[" * 100_000), "its settings are not JSON"),
        ("settings", lambda text: np.array("x"), "its settings are not JSON: 'x'"),
        ("settings", lambda text: np.array("[]"), r"its settings are '\[\]'"),
        ("settings", lambda text: np.array('{"jobs": 1}'), "its settings are '{"),
        ("settings", edit_settings(special_tokens=5), "its special tokens are 5"),
        ("settings", edit_settings(special_tokens=[5]), r"its special tokens are \[5\]"),
        ("format", lambda format_: np.array("bpelab training checkpoint 1"), "its format is"),
        ("surplus", lambda none: np.array(1), "it holds 'surplus', which does not belong there"),
        ("counts", lambda none: np.array([1]), "it holds only"),
    ],
)
def test_an_edited_checkpoint_is_refused_by_name(
    tmp_path: Path, name: str, change: Callable[[Any], Any], message: str
) -> None:
    arrays = checkpoint_arrays(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        write_and_resume(tmp_path, {**arrays, name: change(arrays.get(name))})
    assert str(caught.value).startswith(f"{tmp_path / 'c'}: ")


@pytest.mark.parametrize("name", ["digests", "ids", "weights", "given_counts", "settings", "format"])
def test_a_checkpoint_without_one_of_its_arrays_is_refused(tmp_path: Path, name: str) -> None:
    arrays = checkpoint_arrays(tmp_path)
    del arrays[name]
    with pytest.raises(
        ValueError, match=r"c: not a checkpoint of a training: (it holds only|its format is 'None')"
    ):
        write_and_resume(tmp_path, arrays)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("counts", put(0, 0), "a piece has the count 0"),
        ("counts", put(0, 10**9), "its pieces have .* bytes, its texts"),
        ("piece_lengths", put(0, -1), "bytes do not make"),
        ("piece_lengths", lambda lengths: lengths[:-1], "bytes do not make"),
        ("piece_bytes", lambda data: data[:-1], "bytes do not make"),
    ],
)
def test_an_edited_checkpoint_of_counting_is_refused_by_name(
    tmp_path: Path, name: str, change: Callable[[Any], Any], message: str
) -> None:
    arrays = checkpoint_arrays(tmp_path, "counting")
    with pytest.raises(ValueError, match=message) as caught:
        write_and_resume(tmp_path, {**arrays, name: change(arrays[name])})
    assert str(caught.value).startswith(f"{tmp_path / 'c'}: ")


def test_a_merge_that_was_made_and_a_pair_of_it_in_a_piece_contradict_each_other(tmp_path: Path) -> None:
    arrays = checkpoint_arrays(tmp_path)
    left, right = arrays["merges"][0]
    ids = np.concatenate([[-1, left, right], arrays["ids"]]).astype("i4")
    weights = np.append(np.int64(1), arrays["weights"])
    arrays["weights"] = np.maximum(weights - 1, 1)
    with pytest.raises(ValueError, match=f"a piece still holds the pair {left}, {right}, which was merged"):
        write_and_resume(tmp_path, {**arrays, "ids": ids})


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_edit_of_any_number_is_refused_or_gives_a_sound_encoding(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("edited")
    arrays = {name: array.copy() for name, array in edited_arrays(tmp_path_factory).items()}
    checkpoint.SECONDS_BETWEEN = 1000.0  # the fixture puts it back
    name = data.draw(st.sampled_from(["merges", "ids", "weights", "n_bytes"]))
    flat = arrays[name].reshape(-1)
    numbers = st.one_of(st.integers(-3, 3), st.integers(250, 290), st.sampled_from([2**31 - 1, -(2**31)]))
    for _ in range(data.draw(st.integers(1, 3))):
        flat[data.draw(st.integers(0, len(flat) - 1))] = data.draw(numbers)
    np.savez(folder / "c.npz", **arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            encoding = train(TEXTS * 40, vocab_size=270, checkpoint=folder / "c.npz")
        except ValueError as error:
            assert str(error).startswith(f"{folder / 'c.npz'}: ")
        else:
            assert encoding.decode(encoding.encode(TEXTS[0])) == TEXTS[0]
            for token, rank in encoding.ranks.items():
                assert merge_with_heap(token, encoding.ranks) == [rank]


_ARRAYS: dict[str, np.ndarray[Any, Any]] = {}


def edited_arrays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray[Any, Any]]:
    if not _ARRAYS:
        _ARRAYS.update(checkpoint_arrays(tmp_path_factory.mktemp("whole")))
    return _ARRAYS


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.one_of(st.text("ab", min_size=1, max_size=12), st.integers(1, 40).map(lambda n: "a" * n)).map(
            str.encode
        ),
        st.one_of(st.integers(1, 3), st.sampled_from([2**31, 2**40])),
        max_size=12,
    ),
    st.lists(st.text("abc", max_size=9), max_size=4),
    st.integers(0, 40),
    st.integers(1, 6),
    st.sampled_from([{}, {"min_frequency": 2}, {"max_token_length": 3}, {"extend": 6}]),
)
def test_every_checkpoint_that_training_writes_is_accepted(
    tmp_path_factory: pytest.TempPathFactory,
    counts: dict[bytes, int],
    texts: list[str],
    n_merges: int,
    after: int,
    options: dict[str, Any],
) -> None:
    path = tmp_path_factory.mktemp("honest") / "c"
    checkpoint.SECONDS_BETWEEN = 1000.0  # the fixture puts it back
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "extend" in options:
            base = train(
                ["abab aab"], pattern=".+", vocab_size=256 + options["extend"], special_tokens=["<a>"]
            )
            options = {"extend": base, "vocab_size": base.n_vocab + n_merges}
        else:
            options = {"pattern": ".+", "vocab_size": 256 + n_merges, **options}
        options["counts"] = [PieceCounts(".+", counts)]
        expected = train(texts, **options)
        resumed = None
        while resumed is None:
            with suppress(KeyboardInterrupt):
                watch = interrupter("merging", after, KeyboardInterrupt)
                resumed = train(texts, checkpoint=path, progress=watch, **options)
            after += 3
    assert resumed.ranks == expected.ranks
    assert resumed.special_tokens == expected.special_tokens


# ---- Ctrl-C and kills ----


def interrupter(phase: str, after: int, error: type[BaseException]) -> Watch:
    reports = count(1)

    def watch(progress: Progress) -> None:
        if progress.phase == phase and next(reports) == after:
            raise error

    return watch


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
        train(texts, vocab_size=400, checkpoint=path, progress=interrupter(phase, after, error))
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
