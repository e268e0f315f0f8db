"""A training that was stopped goes on to the same result, with the same settings and no others."""

import os
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import PieceCounts, TrainSettings, train
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.bpe.training import Progress, checkpoint
from bpelab.bpe.training import learner as merges_module
from hypothesis import given, settings
from hypothesis import strategies as st

from .stopping import KilledError, killer, never


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
        match=r"c\.npz: .* its format is 'bpelab training checkpoint 2', not 'bpelab training checkpoint 4':"
        " another version of bpelab wrote it; use that version, or begin anew without the file",
    ):
        train(never(), vocab_size=300, checkpoint=tmp_path / "c.npz")


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


@settings(max_examples=60)
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
                watch = killer("merging", after, KeyboardInterrupt)
                resumed = train(texts, checkpoint=path, progress=watch, **options)
            after += 3
    assert resumed.ranks == expected.ranks
    assert resumed.special_tokens == expected.special_tokens
