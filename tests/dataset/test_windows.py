"""Windows are those of the book, without its copies; documents are kept apart on request."""

import os
import pickle
import signal
import threading
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from bpelab.dataset import windows as windows_module
from bpelab.dataset.documents import document_parts
from bpelab.dataset.windows import TokenWindows
from hypothesis import given
from hypothesis import strategies as st


def book_windows(ids: list[int], length: int, stride: int) -> list[tuple[list[int], list[int]]]:
    """The loop of the book's GPTDatasetV1."""
    return [(ids[i : i + length], ids[i + 1 : i + length + 1]) for i in range(0, len(ids) - length, stride)]


@given(n_tokens=st.integers(2, 60), length=st.integers(1, 12), stride=st.integers(1, 15))
def test_windows_are_those_of_the_book(n_tokens: int, length: int, stride: int) -> None:
    ids = list(range(100, 100 + n_tokens))
    expected = book_windows(ids, length, stride)
    if not expected:
        with pytest.raises(ValueError, match=f"{n_tokens} tokens are too few .* at least {length + 1} are"):
            TokenWindows(np.array(ids), length, stride)
        return
    windows = TokenWindows(np.array(ids, dtype=np.uint16), length, stride)
    assert [(x.tolist(), y.tolist()) for x, y in (windows[i] for i in range(len(windows)))] == expected
    assert windows.gather(range(len(windows))).tolist() == [[*x, y[-1]] for x, y in expected]
    assert windows.starts(range(len(windows))).tolist() == [x[0] - 100 for x, _ in expected]


@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=5),
    length=st.integers(1, 6),
    stride=st.integers(1, 7),
)
def test_windows_over_shards_are_those_of_each_shard(sizes: list[int], length: int, stride: int) -> None:
    bounds = np.cumsum([0, *sizes])
    shards = [np.arange(start, end) for start, end in pairwise(bounds)]
    expected = [pair for shard in shards for pair in book_windows(shard.tolist(), length, stride)]
    if not expected:
        return
    windows = TokenWindows(shards, length, stride)
    assert len(windows) == len(expected)
    assert [x.tolist() for x, _ in (windows[i] for i in range(len(windows)))] == [x for x, _ in expected]
    backwards = list(range(len(windows)))[::-1]
    assert windows.gather(backwards).tolist() == [[*x, y[-1]] for x, y in expected][::-1]
    assert windows.starts(backwards).tolist() == [x[0] for x, _ in expected][::-1]


def test_an_item_is_a_read_only_view_of_the_ids() -> None:
    ids = np.arange(20)
    inputs, targets = TokenWindows(ids, 4, 2)[-1]
    assert np.shares_memory(inputs, ids)
    assert np.shares_memory(targets, ids)
    assert not inputs.flags.writeable


@pytest.mark.parametrize("index", [8, -9])
def test_an_index_outside_says_how_many_windows_there_are(index: int) -> None:
    windows = TokenWindows(np.arange(20), 4, 2)
    with pytest.raises(IndexError, match="there are 8 windows"):
        windows[index]
    with pytest.raises(IndexError, match="there are 8 windows"):
        windows.gather([0, index])


@pytest.mark.parametrize(
    ("length", "stride", "message"), [(0, 1, "length is 0"), (-1, 1, "length is -1"), (4, 0, "stride is 0")]
)
def test_a_length_or_stride_below_one_is_refused(length: int, stride: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TokenWindows(np.arange(20), length, stride)


@pytest.mark.parametrize("ids", [np.zeros(20), np.zeros((4, 5), dtype=np.int64), [[1, 2, 3]]])
def test_ids_that_are_not_a_row_of_integers_are_refused(ids: object) -> None:
    with pytest.raises(TypeError, match="ids must be integers in an array"):
        TokenWindows(ids, 2, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["length", "stride"])
@pytest.mark.parametrize("value", [True, 2.0, "2", None])
def test_a_length_or_stride_that_is_not_an_integer_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"the {name} is {value!r}, not an integer"):
        TokenWindows(np.arange(20), **{"length": 2, "stride": 1, name: value})


@pytest.mark.parametrize("stride", [2**31, 2**63, 2**64, 2**9999])
def test_a_stride_beyond_the_ids_leaves_the_first_window_of_each_shard(stride: int) -> None:
    windows = TokenWindows([np.arange(9), np.arange(20, 25)], 2, stride)
    assert windows.gather([0, 1]).tolist() == [[0, 1, 2], [20, 21, 22]]
    assert windows[1][0].tolist() == [20, 21]
    assert windows.starts([0, 1]).tolist() == [0, 9]


@pytest.mark.parametrize("length", [9, 2**63, 2**9999])
def test_a_length_beyond_the_ids_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="9 tokens are too few for a window of"):
        TokenWindows(np.arange(9), length, 1)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([np.array([3, 4, -5, 6])], r"the id at place 2 is -5; it must be from 0 to"),
        ([np.arange(5), np.array([1, -2], dtype=np.int8)], "the id at place 1 of shard 1 is -2"),
        ([np.array([1, 2**63, 3], dtype=np.uint64)], "the id at place 1 is 9,223,372,036,854,775,808"),
    ],
)
def test_an_impossible_id_is_named_with_its_place(ids: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TokenWindows(ids, 2, 1)


def test_shards_of_signed_and_unsigned_64_bits_keep_every_bit() -> None:
    shards = [np.array([2**60 + 1, 1], dtype=np.uint64), np.array([2**60 + 3, 3])]
    windows = TokenWindows(shards, 1, 1)
    assert windows.gather([1, 0]).tolist() == [[2**60 + 3, 3], [2**60 + 1, 1]]
    assert windows.dtype == np.int64


@pytest.mark.parametrize("indices", [[0.0], [True, False], ["0"], [2**70], np.array([1.0])])
def test_indices_that_are_not_integers_are_refused(indices: Any) -> None:
    for method in (TokenWindows(np.arange(20), 4, 2).gather, TokenWindows(np.arange(20), 4, 2).starts):
        with pytest.raises(TypeError, match="the indices of windows must be integers of at most 64 bits"):
            method(indices)


def test_indices_are_one_dimensional_and_may_be_empty() -> None:
    windows = TokenWindows(np.arange(20), 4, 2)
    assert windows.gather([]).shape == (0, 5)
    with pytest.raises(ValueError, match=r"the indices of windows have the shape \(1, 2\), not \(batch,\)"):
        windows.gather(np.array([[0, 1]]))
    with pytest.raises(IndexError, match="there are 8 windows; 8 to 8 were asked for"):
        windows.starts([8])


def test_the_fingerprint_tells_data_apart_but_not_dtypes() -> None:
    fingerprint = TokenWindows(np.arange(50), 4, 2).fingerprint
    assert TokenWindows(np.arange(50, dtype=np.uint16), 4, 2).fingerprint == fingerprint
    changed = np.arange(50)
    changed[25] = 0
    others = [
        TokenWindows(changed, 4, 2),
        TokenWindows(np.arange(50), 5, 2),
        TokenWindows(np.arange(50), 4, 3),
    ]
    assert fingerprint not in [other.fingerprint for other in others]


def test_another_process_gets_the_ids_and_not_the_overlapping_rows() -> None:
    windows = TokenWindows(np.arange(10_000, dtype=np.uint16), 1000, 1)
    data = pickle.dumps(windows)
    assert len(data) < 30_000
    assert pickle.loads(data).gather([8000]).tolist() == windows.gather([8000]).tolist()


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    length=st.integers(1, 8),
    stride=st.integers(1, 9),
)
def test_positions_restart_where_documents_and_windows_begin(
    lengths: list[int], length: int, stride: int
) -> None:
    ends = np.cumsum(lengths)
    n_tokens = int(ends[-1]) + 3  # three tokens of a document that goes on
    if n_tokens <= length:
        return
    windows = TokenWindows(np.arange(n_tokens), length, stride)
    starts = windows.starts(range(len(windows)))
    parts = document_parts(starts, length, ends)
    begins = {0, *ends.tolist()}
    flat: list[int] = []
    for start in starts.tolist():
        position = 0
        for place in range(start, start + length):
            position = 0 if place in begins or place == start else position + 1
            flat.append(position)
    assert parts.positions.reshape(-1).tolist() == flat
    expected = [i for i, position in enumerate(flat) if position == 0] + [len(flat)]
    assert parts.cu_seqlens.tolist() == expected
    assert parts.max_seqlen == max(flat) + 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int32])
def test_positions_are_int64_whatever_integers_the_places_are(dtype: Any) -> None:
    parts = document_parts(np.array([0, 4], dtype=dtype), 4, np.array([3, 20], dtype=dtype))
    assert parts.positions.dtype == np.int64
    assert parts.positions.tolist() == [[0, 1, 2, 0], [0, 1, 2, 3]]


def test_without_ends_everything_is_one_document() -> None:
    parts = document_parts(np.array([0, 4]), 4, [])  # type: ignore[arg-type]
    assert parts.positions.dtype == np.int64
    assert parts.cu_seqlens.tolist() == [0, 4, 8]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"document_ends": [20, 3]}, ValueError, "not sorted: 3 at place 1 follows 20"),
        ({"document_ends": [-1, 3]}, ValueError, "document_ends are -1 to 3; places are 0 or more"),
        ({"document_ends": [3.5]}, TypeError, "document_ends must be integers"),
        ({"document_ends": [[3]]}, ValueError, r"document_ends have the shape \(1, 1\)"),
        ({"window_starts": [-1]}, ValueError, "window_starts are -1 to -1"),
        ({"window_starts": [0.0]}, TypeError, "window_starts must be integers"),
        ({"length": 0}, ValueError, "the length is 0"),
        ({"length": 4.0}, TypeError, r"the length is 4\.0, not an integer"),
        ({"length": 2**31}, ValueError, r"1 windows of 2,147,483,648 are 2\*\*31 tokens or more"),
    ],
)
def test_impossible_documents_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        document_parts(**{"window_starts": [0], "length": 4, "document_ends": [3], **arguments})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_process_forked_while_windows_are_named_can_name_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hash_slowly(shards: object) -> str:
        if threading.current_thread().name == "naming":
            begun.set()
            go_on.wait(30)
        return "hash"

    monkeypatch.setattr(windows_module, "_hash_of_ids", hash_slowly)
    naming = threading.Thread(target=lambda: TokenWindows(np.arange(9), 4, 4).fingerprint, name="naming")
    naming.start()
    begun.wait(30)
    if not (child := os.fork()):
        signal.alarm(10)  # a lock that was inherited would be waited for without end
        _ = TokenWindows(np.arange(9), 4, 4).fingerprint
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    go_on.set()
    naming.join()
    assert os.waitstatus_to_exitcode(status) == 0
