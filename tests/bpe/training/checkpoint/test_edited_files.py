"""A checkpoint that was damaged or edited is refused by name, or gives a sound encoding."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, train
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.training import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from .stopping import KilledError, killer

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


@settings(max_examples=80)
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
