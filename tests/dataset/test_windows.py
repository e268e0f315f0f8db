"""Windows are the book's, without its copies; documents keep apart on request."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
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


@pytest.mark.parametrize(("length", "stride", "message"), [(0, 1, "length is 0"), (4, 0, "stride is 0")])
def test_nothing_below_one(length: int, stride: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TokenWindows(np.arange(20), length, stride)


@pytest.mark.parametrize("ids", [np.zeros(20), np.zeros((4, 5), dtype=np.int64), [[1, 2, 3]]])
def test_what_is_no_row_of_integers_is_refused(ids: object) -> None:
    with pytest.raises(TypeError, match="ids must be integers in an array"):
        TokenWindows(ids, 2, 1)  # type: ignore[arg-type]


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
