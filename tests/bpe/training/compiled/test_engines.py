"""Whatever counts and learns, and whoever goes on from a checkpoint, the encoding is the same."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, PieceCounts, count_pieces, get_encoding, train
from bpelab.bpe.corpus import blocks
from bpelab.bpe.encoders.compiled import when_it_pays as encoders_when_it_pays
from bpelab.bpe.encoders.compiled.code_files import folder_with
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.bpe.training import Progress, checkpoint, counting, engines
from bpelab.bpe.training.compiled import when_it_pays
from bpelab.bpe.training.learner import MergeLearner

needs_numba = pytest.mark.skipif(
    not encoders_when_it_pays.is_available(),
    reason="pip install 'bpelab[compiled]', and no NUMBA_DISABLE_JIT",
)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [text for _, text in standard_library(100_000)]


def tokens_of(encoding: Encoding) -> list[bytes]:
    return encoding.token_byte_values()


@needs_numba
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"byte_order": "raw"},
        {"pattern": "cl100k_base", "min_frequency": 20},
        {"pattern": "o200k_base", "max_token_length": 4},
        {"pattern": r"\w+|\W", "special_tokens": ["self", "<|endoftext|>"]},  # only the regex splits by it
        {"special_tokens": [" return", " the"], "jobs": 2},
        {"counts": [PieceCounts(GPT2_PATTERN, {b" zzz": 1000, b"the": 2**40, b"\xff\xfe": 7})]},
        {"vocab_size": 50_500, "extend": get_encoding("gpt2")},
    ],
    ids=["gpt2", "raw", "cl100k", "o200k", "regex", "specials", "counts", "extend"],
)
def test_both_engines_train_the_same_encoding(texts: list[str], settings: dict[str, Any]) -> None:
    first, second = (
        train(texts, **({"vocab_size": 900} | settings), engine=engine) for engine in ("arrays", "compiled")
    )
    assert tokens_of(first) == tokens_of(second)


@needs_numba
@pytest.mark.parametrize("jobs", [1, 3])
def test_both_engines_count_the_same_pieces(texts: list[str], jobs: int) -> None:
    expected = count_pieces(texts, engine="arrays")
    assert count_pieces(texts, engine="compiled", jobs=jobs).counts == expected.counts


class StoppedError(Exception):
    pass


@needs_numba
@pytest.mark.parametrize("phase", ["counting", "merging"])
@pytest.mark.parametrize("engine", ["arrays", "compiled"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_either_engine_goes_on_from_a_checkpoint_of_the_other(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch, phase: str, engine: Any, jobs: int
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoint, "WRITING_SHARE", 1e9)
    monkeypatch.setattr("bpelab.bpe.foundation.progress.Reporter.SECONDS", 0.0)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 10_000)
    settings: dict[str, Any] = {"vocab_size": 900, "special_tokens": [" return"], "jobs": jobs}
    path, n_reports = tmp_path / "checkpoint", 0

    def stop(progress: Progress) -> None:
        nonlocal n_reports
        n_reports += progress.phase == phase
        if n_reports == 4:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(texts, **settings, engine=engine, checkpoint=path, progress=stop)
    other: Any = "compiled" if engine == "arrays" else "arrays"
    resumed = train(texts, **settings, engine=other, checkpoint=path)
    assert tokens_of(resumed) == tokens_of(train(texts, **settings, engine=engine))


@pytest.mark.parametrize("known", [True, False], ids=["of known size", "of unknown size"])
def test_the_loops_are_chosen_from_the_size_where_they_pay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    asked = []

    def pays(n_bytes: int, pattern: str) -> bool:
        asked.append(n_bytes)
        return False

    monkeypatch.setattr(counting, "pays_to_count", pays)
    monkeypatch.setattr(counting, "LEAST_BYTES", 3000)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1000)
    text = "one two three " * 500
    (tmp_path / "text").write_text(text)
    counted = count_pieces(tmp_path / "text" if known else iter([text]))
    assert counted.counts == count_pieces([text], engine="arrays").counts
    # What was read to decide is counted as well.
    assert asked == [len(text)] if known else 3000 <= asked[0] < 5000


def test_the_loops_pay_from_a_size_on_that_depends_on_their_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bpelab.bpe.training.compiled.compile_ahead", raising=False)
    monkeypatch.setattr(when_it_pays, "is_available", lambda: True)
    monkeypatch.setattr(when_it_pays, "folder_with", lambda loops: Path())
    assert not when_it_pays.pays_to_count(700_000, GPT2_PATTERN)
    assert when_it_pays.pays_to_count(900_000, GPT2_PATTERN)
    monkeypatch.setattr(when_it_pays, "folder_with", lambda loops: None)
    assert not when_it_pays.pays_to_count(100_000_000, GPT2_PATTERN)
    assert when_it_pays.pays_to_count(110_000_000, GPT2_PATTERN)
    monkeypatch.setattr(when_it_pays, "is_available", lambda: False)
    assert not when_it_pays.pays_to_count(10**12, GPT2_PATTERN)
    assert not when_it_pays.pays_to_learn(10**12)


@needs_numba
def test_loops_that_are_ready_pay_from_some_kilobytes_on() -> None:
    train(["a b"], vocab_size=257, engine="compiled")
    assert not when_it_pays.pays_to_count(30_000, GPT2_PATTERN) and not when_it_pays.pays_to_learn(4_000)
    assert when_it_pays.pays_to_count(40_000, GPT2_PATTERN) and when_it_pays.pays_to_learn(6_000)


def test_an_engine_that_does_not_exist_is_named_before_any_work() -> None:
    def texts() -> Iterator[str]:
        raise AssertionError("the texts were read")
        yield ""

    with pytest.raises(ValueError, match="engine is 'fast'; it must be one of: auto, arrays, compiled"):
        train(texts(), vocab_size=300, engine="fast")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="engine is 'fast'"):
        count_pieces(texts(), engine="fast")  # type: ignore[arg-type]


def test_without_numba_the_arrays_train_and_the_loops_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs Numba: pip install 'bpelab\[compiled\]'"):
        train(["a b"], vocab_size=300, engine="compiled")
    monkeypatch.setattr(when_it_pays, "is_available", lambda: False)
    monkeypatch.delitem(sys.modules, "bpelab.bpe.training.compiled.compile_ahead", raising=False)
    assert engines.learner_for(10**12, "auto") is MergeLearner


@needs_numba
def test_the_loops_that_are_looked_for_on_disk_are_those_that_are_compiled() -> None:
    from bpelab.bpe.training.compiled.compile_ahead import make_counting_ready, make_learning_ready

    make_counting_ready(GPT2_PATTERN)
    make_learning_ready()
    loops = {*when_it_pays.LEARNING_LOOPS, *when_it_pays.counting_loops(GPT2_PATTERN)}
    folder = folder_with(loops)
    assert folder is not None
    trainings = {"slots", "scan", "merge", "count"}
    kept = {".".join(path.name.split(".")[:2]) for path in folder.glob("*.code")}
    assert {loop for loop in kept if loop.split(".")[0] in trainings} == loops - {
        "split.split_gpt2",
        "tables.move_slots",
    }
