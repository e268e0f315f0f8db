"""What cannot be read is an error that names the place and what to do, or it is replaced, or skipped."""

import gzip
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Corpus, Reading, count_pieces
from bpelab.bpe.corpus import parts as parts_module
from bpelab.bpe.corpus.parts import list_parts
from bpelab.bpe.corpus.read_part import PartReader, read_part
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

pa = pytest.importorskip("pyarrow", reason="pip install 'bpelab[corpora]'")
pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'bpelab[corpora]'")
GOOD = b'{"text": "good"}\n'


def readers(path: Path, **reading: Any) -> list[PartReader]:
    how = Reading(**reading)
    return [read_part(part, how) for part in list_parts([path], how, GPT2_PATTERN)]


def texts_and_skips(path: Path, **reading: Any) -> tuple[list[str], int, str | None]:
    opened = readers(path, **reading)
    texts = [text for reader in opened for text, _ in reader]
    first = next((reader.first_skipped for reader in opened if reader.first_skipped), None)
    return texts, sum(reader.n_skipped for reader in opened), first


def table(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, row_group_size=2)
    return file.getvalue()


def not_utf8(*rows: bytes) -> Any:
    """A column of strings that are not UTF-8, as a careless program can write it."""
    array = pa.array(rows, pa.binary())
    return pa.StringArray.from_buffers(len(rows), array.buffers()[1], array.buffers()[2])


# What follows a good record, which has 17 bytes, and what is said of it.
RECORDS = {
    "not JSON": (b"nonsense", r"not JSON at byte 17: Expecting value; errors='skip' leaves out the record$"),
    "cut short": (b'{"text": "a', "not JSON at byte 26: Unterminated string starting at; "),
    "after a letter": ('{"é": 1, x}'.encode(), "not JSON at byte 27: "),
    "another field": (
        b'{"txt": 1}',
        'no "text" in the record at byte 17: it has "txt"; column= names another field, errors=',
    ),
    "no field": (b"{}", "it has no fields; column= names another"),
    "null": (b'{"text": null}', '"text" is null, not text, in the record at byte 17; errors='),
    "a number": (b'{"text": 1.5}', '"text" is a number, not text'),
    "a list": (b'{"text": ["a"]}', '"text" is a list, not text'),
    "an object": (b'{"text": {}}', '"text" is an object, not text'),
    "no object": (b'["text"]', "a list, and not a JSON object, at byte 17; errors="),
    "nested": (b"[" * 100_000, "JSON nested too deeply at byte 17"),
    "digits": (b'{"text": ' + b"1" * 5000 + b"}", "a number of thousands of digits at byte 17"),
    "not UTF-8": (
        b'{"text": "\xff"}',
        r"not UTF-8 at byte 27: invalid start byte \(0xff\); errors='replace' puts U\+FFFD there, errors=",
    ),
    "surrogate": (
        rb'{"text": "\ud83d"}',
        r"half of a surrogate pair \(\\ud83d\) at byte 17; errors='replace' puts U\+FFFD there, errors=",
    ),
}


@pytest.mark.parametrize(("content", "said"), RECORDS.values(), ids=RECORDS)
def test_a_broken_record_is_named_or_skipped(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD + content + b"\n" + GOOD)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}, line 2: .*{said}") as caught:
        texts_and_skips(path)
    texts, n_skipped, first = texts_and_skips(path, errors="skip")
    assert (texts, n_skipped) == (["good", "good"], 1)
    assert str(caught.value).startswith(f"{first}; ")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(ValueError, match=r"b\.jsonl\.gz, line 2: .* at byte [12][67] of its text") as caught:
        texts_and_skips(tmp_path / "b.jsonl.gz")


@pytest.mark.parametrize("content", [rb'{"text": "a\ud83d b"}', b'{"text": "a\xff b"}'])
def test_what_has_no_letters_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    assert texts_and_skips(tmp_path / "a.jsonl", errors="replace") == (["a\ufffd b"], 0, None)


def test_a_line_far_into_a_file_is_named_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 100)
    monkeypatch.setattr(parts_module, "_WINDOW_BYTES", 40)
    (tmp_path / "a.jsonl").write_bytes(GOOD * 1234 + b"bad\n" + GOOD * 9 + b"bad\n")
    with pytest.raises(ValueError, match=r"a\.jsonl, line 1,235: not JSON at byte 20,978: Expecting value"):
        texts_and_skips(tmp_path / "a.jsonl")
    texts, n_skipped, first = texts_and_skips(tmp_path / "a.jsonl", errors="skip")
    assert (len(texts), n_skipped) == (1243, 2)
    assert str(first).endswith("line 1,235: not JSON at byte 20,978: Expecting value")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (table(text=["a", None, "b"]), r"a\.parquet, row 1: null, and not text; errors='skip' leaves"),
        (
            table(text=not_utf8(b"a", b"caf\xe9!", b"b")),
            r"row 1: not UTF-8 at byte 3 of the row: .* \(0xe9\); errors='replace' puts U\+FFFD",
        ),
        (table(text=pa.array(["a", "b", None]).dictionary_encode()), "row 2: null"),
        (table(text=pa.array([b"a", b"\xff", b"b"])), r"row 1: not UTF-8 at byte 0 of the row"),
    ],
    ids=["null", "not UTF-8", "dictionary", "binary"],
)  # fmt: skip
def test_a_row_without_text_is_named_or_skipped(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        texts_and_skips(tmp_path / "a.parquet")
    texts, n_skipped, first = texts_and_skips(tmp_path / "a.parquet", errors="skip")
    assert (texts, n_skipped) == (["a", "b"], 1)
    assert first is not None


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("txt", r"there is no column 'txt'; pass column= for one of text: 'text', 'meta\.title'$"),
        ("number", "the column 'number' is int64; pass column= for one of text: 'text', 'meta.title'"),
        ("list", "the column 'list' is list<element: string>; pass column="),
        ("meta", r"the column 'meta' is struct<title: string, n: int64>; pass column="),
        ("meta.n", "the column 'meta.n' is int64"),
        ("meta.title.more", "there is no column 'meta.title.more'"),
        ("text.more", "there is no column 'text.more'"),
    ],
)
def test_a_wrong_column_is_refused_with_the_names_of_others_even_where_errors_are_skipped(
    tmp_path: Path, column: str, said: str
) -> None:
    (tmp_path / "a.parquet").write_bytes(
        table(text=["a"], number=[1], list=[["a"]], meta=[{"title": "a", "n": 1}])
    )
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    for name in ("a.parquet", "b.parquet.gz"):
        for errors in ("strict", "skip"):
            with pytest.raises(ValueError, match=rf"{name}: {said}"):
                texts_and_skips(tmp_path / name, column=column, errors=errors)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    arrays = [pa.array(["a"]), pa.array(["b"])]
    pq.write_table(pa.Table.from_arrays(arrays, names=["text", "text"]), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: 2 columns are called 'text'; rename one"):
        texts_and_skips(tmp_path / "a.parquet")


def test_parquet_without_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(table(number=[1]))
    with pytest.raises(ValueError, match="there is no column 'text'; no column is text"):
        texts_and_skips(tmp_path / "a.parquet")


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl.gz", cut(gzip.compress(GOOD, mtime=0)), "not gzip, or damaged or cut short, after"),
        ("a.jsonl.gz", GOOD, r"not gzip, .* after 0 bytes of its text: Not a gzipped file"),
        ("a.jsonl.gz", b"", "not gzip: the file is empty"),
        ("a.txt.gz", gzip.compress(GOOD, mtime=0) + b"more", "not gzip, .* after 17 bytes"),
        ("a.jsonl.zst", GOOD, "not zstd, or damaged or cut short, after 0 bytes"),
        ("a.jsonl.zst", b"", "not zstd: the file is empty"),
        ("a.parquet", GOOD, "not Parquet, or damaged or cut short: "),
        ("a.parquet", b"", "not Parquet, or damaged or cut short: "),
        ("a.parquet", cut(table(text=["a"] * 99)), "not Parquet, or damaged or cut short: "),
        ("a.parquet.gz", gzip.compress(GOOD, mtime=0), "not Parquet, or damaged or cut short: "),
        ("a.parquet.gz", cut(gzip.compress(table(text=["a"] * 99))), "not gzip, or damaged or cut short"),
    ],
)
def test_a_file_that_is_damaged_or_something_else_is_named_or_skipped(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    if name.endswith("zst") and sys.version_info < (3, 14):
        pytest.importorskip("backports.zstd", reason="pip install 'bpelab[corpora]'")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"{name}: {said}.*; errors='skip' leaves out what cannot be read of it$"
    ):
        texts_and_skips(tmp_path / name)
    texts, n_skipped, _ = texts_and_skips(tmp_path / name, errors="skip")
    assert n_skipped == 1
    assert not texts


def test_what_comes_before_damage_is_read_where_errors_are_skipped(tmp_path: Path) -> None:
    lines = b"".join(json.dumps({"text": f"{number} " * 20}).encode() + b"\n" for number in range(20_000))
    (tmp_path / "a.jsonl.gz").write_bytes(cut(gzip.compress(lines, 1)))
    texts, n_skipped, first = texts_and_skips(tmp_path / "a.jsonl.gz", errors="skip")
    assert 1000 < len(texts) < 19_000
    assert texts == [f"{number} " * 20 for number in range(len(texts))]
    assert n_skipped == 1
    assert "cut short" in str(first)


def test_a_damaged_page_of_parquet_is_named(tmp_path: Path) -> None:
    data = bytearray(table(text=["word " * 1000] * 2, other=["x"] * 2))
    data[40:60] = b"\0" * 20
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.parquet: not Parquet, or damaged or cut short: "):
        texts_and_skips(tmp_path / "a.parquet")


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_text_that_is_not_utf8_is_skipped_as_a_whole_however_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_compressed: bool
) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 100)
    monkeypatch.setattr(parts_module, "_WINDOW_BYTES", 40)
    monkeypatch.setattr("bpelab.bpe.corpus.texts.STRETCH_BYTES", 100)
    data = b"good words " * 100 + b"\xff" + b" more words" * 100
    path = tmp_path / ("a.txt.gz" if is_compressed else "a.txt")
    path.write_bytes(gzip.compress(data) if is_compressed else data)
    (tmp_path / "b.txt").write_text("good")
    with pytest.raises(ValueError, match=r"not UTF-8 at byte 1,100"):
        texts_and_skips(tmp_path)
    texts, n_skipped, first = texts_and_skips(tmp_path, errors="skip")
    assert (texts, n_skipped) == (["good"], 1)
    assert f"{path}: not UTF-8 at byte 1,100" in str(first)
    texts, n_skipped, _ = texts_and_skips(tmp_path, errors="skip", documents="line", format="text")
    assert (texts, n_skipped) == (["good"], 1), "all of it is one line"


def test_training_says_at_the_end_what_it_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"bad\n" + GOOD + b"bad\n")
    with pytest.warns(
        UserWarning, match=r"skipped 2 documents that cannot be read; the first: .*a\.jsonl, line 1: "
    ):
        counts = count_pieces(Corpus([tmp_path], Reading(errors="skip"))).counts
    assert counts == {b"good": 1}
    with pytest.warns(UserWarning, match="skipped 2 documents"):
        assert count_pieces(tmp_path, errors="skip").counts == counts


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("pyarrow", "a.parquet"),
        ("backports.zstd", "a.txt.zst"),
        ("compression.zstd", "a.txt.zst"),
        ("fsspec", ""),
    ],
)
def test_a_package_that_is_missing_is_named_by_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str
) -> None:
    if (package == "backports.zstd") == (sys.version_info >= (3, 14)) and "zstd" in package:
        pytest.skip("another Python reads .zst by another package")
    for module in [package, *(module for module in sys.modules if module.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, module, None)
    if "." in package:
        monkeypatch.delattr(sys.modules[package.partition(".")[0]], package.partition(".")[2], raising=False)
    (tmp_path / "a.parquet").write_bytes(GOOD)
    (tmp_path / "a.txt.zst").write_bytes(GOOD)
    with pytest.raises(ImportError, match=r"pip install 'bpelab\[corpora\]'$"):
        texts_and_skips(Path(tmp_path, name) if name else "memory://a.txt")  # type: ignore[arg-type]
