"""Arrays come back from a file as they were, and no file makes us allocate what it cannot hold."""

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import PieceCounts, train
from bpelab.bpe.training import archive, counts

COUNTS = PieceCounts("p", {b"a": 1, b" b": 70000, b"cc": 3})


def counts_file(folder: Path, **changes: Callable[[Any], Any]) -> Path:
    """Write `COUNTS`, but for one array, in a file whose checksums are right."""
    COUNTS.save(folder / "counts")
    with np.load(folder / "counts") as npz:
        arrays = dict(npz)
    for name, change in changes.items():
        arrays[name] = np.asarray(change(arrays.get(name)))
    np.savez(folder / "counts.npz", **arrays)
    return folder / "counts.npz"


def npy_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("counts", lambda counts: counts * 0, "a piece has the count 0"),
        ("counts", lambda counts: -counts, "a piece has the count -70,000"),
        ("counts", lambda counts: counts[:-1], "5 bytes do not make 3 pieces with 2 counts"),
        ("counts", lambda counts: counts.astype(float), "counts is an array of float64 with the shape"),
        ("counts", lambda counts: counts.astype(object), "counts is an array of object"),
        ("counts", lambda counts: counts[None], r"counts is an array of int64 with the shape \(1, 3\)"),
        ("counts", lambda counts: counts[0], r"counts is an array of int64 with the shape \(\)"),
        ("piece_lengths", lambda lengths: lengths - 1, "do not make 3 pieces"),
        ("piece_lengths", lambda lengths: np.array([6, -3, 2]), "do not make 3 pieces"),
        ("piece_lengths", lambda lengths: np.array([2**62, 2**62, 5 - 2**63]), "do not make 3 pieces"),
        ("piece_lengths", lambda lengths: lengths.astype(np.uint64), "piece_lengths is an array of uint64"),
        ("piece_bytes", lambda data: data[:-1], "4 bytes do not make 3 pieces"),
        ("piece_bytes", lambda data: np.frombuffer(b"ccacc", "u1"), "a piece appears twice"),
        ("piece_bytes", lambda data: data.astype("S1"), "piece_bytes is an array of"),
        ("pattern", lambda pattern: 5, "pattern is an array of int64"),
        ("pattern", lambda pattern: ["a", "b"], "pattern is an array of <U1 with the shape"),
        ("more", lambda none: 5, "it holds 'more', which does not belong there"),
        ("format", lambda none: "bpelab piece counts 9", "its format is 'bpelab piece counts 9'"),
    ],
)
def test_an_edited_file_of_counts_is_refused_by_name(
    tmp_path: Path, name: str, change: Callable[[Any], Any], message: str
) -> None:
    path = counts_file(tmp_path, **{name: change})
    with pytest.raises(ValueError, match=message) as caught:
        train(counts=[path], pattern="p", vocab_size=257)
    assert str(caught.value).startswith(f"{path}: not a file of piece counts: ")


def test_a_file_of_counts_without_one_of_its_arrays_is_refused_by_name(tmp_path: Path) -> None:
    with np.load(counts_file(tmp_path)) as npz:
        arrays = {name: array for name, array in npz.items() if name != "pattern"}
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=r"x\.npz: not a file of piece counts: it lacks pattern"):
        PieceCounts.load(tmp_path / "x.npz")


def test_counts_that_training_cannot_hold_are_refused_by_name(tmp_path: Path) -> None:
    path = counts_file(tmp_path, counts=lambda counts: counts * 0 + 2**62)
    with pytest.raises(ValueError, match=r"counts\.npz: its pieces have 23,058,430,092,136,939,520 bytes"):
        train(counts=[path], pattern="p", vocab_size=257)


@pytest.mark.parametrize("shape", [(3_000_000_000,), (-5,), (4,), (2,), (2**70,)])
def test_a_header_that_claims_another_size_is_refused_before_anything_is_allocated(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = counts_file(tmp_path)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "x", "w") as edited:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "counts.npy":
                content = npy_header("<i8", shape) + bytes(24)
            edited.writestr(entry.filename, content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"x: not a file of piece counts: counts has the shape"):
            PieceCounts.load(tmp_path / "x")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_would_grow_beyond_reason_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("piece_bytes.npy", npy_header("|u1", (50_000_000,)) + bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"x: not .*: its arrays would take 50,000,128 bytes, and its"):
            PieceCounts.load(tmp_path / "x")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_arrays_that_compress_beyond_that_are_written_so_that_they_can_be_read(tmp_path: Path) -> None:
    long = PieceCounts("p", {b"a" * 5_000_000: 1})
    long.save(tmp_path / "long")
    assert PieceCounts.load(tmp_path / "long") == long


def test_an_array_that_appears_twice_is_refused(tmp_path: Path) -> None:
    path = counts_file(tmp_path)
    with zipfile.ZipFile(path, "a") as twice, pytest.warns(UserWarning, match="Duplicate name"):
        twice.writestr("counts.npy", twice.read("counts.npy"))
    with pytest.raises(ValueError, match=r"counts\.npz: .* an array appears twice"):
        PieceCounts.load(path)


def test_a_pipe_or_a_device_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match="it is a pipe or a device, and must be a regular file"):
            PieceCounts.load(path)


def test_a_pattern_that_a_file_would_change_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pattern is 'a\\x00': a file cannot keep a NUL at its end"):
        PieceCounts("a\0", {}).save(tmp_path / "x")
    PieceCounts("a\0b", {}).save(tmp_path / "x")
    assert PieceCounts.load(tmp_path / "x").pattern == "a\0b"


@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
def test_pieces_come_back_whole_however_many_are_cut_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(counts, "PIECES_AT_ONCE", at_once)
    assert counts.counts_of_arrays(counts.arrays_of_counts(COUNTS.counts)) == COUNTS.counts


def test_equal_arrays_make_equal_bytes() -> None:
    assert archive.packed(a=np.arange(9), b="text") == archive.packed(a=np.arange(9), b="text")
