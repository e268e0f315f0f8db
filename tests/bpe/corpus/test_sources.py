"""Text, JSON lines and Parquet, plain or compressed, by whatever program they were written, read the same."""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Corpus, Reading, count_pieces, train
from bpelab.bpe.corpus.blocks import blocks, n_bytes_of_files
from bpelab.bpe.corpus.documents import find_files
from bpelab.bpe.corpus.parts import list_parts
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

pa = pytest.importorskip("pyarrow", reason="pip install 'bpelab[corpora]'")
pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'bpelab[corpora]'")
if sys.version_info >= (3, 14):
    from compression import zstd
else:
    zstd = pytest.importorskip("backports.zstd", reason="pip install 'bpelab[corpora]'")

TEXTS = ["The café", "日本語、 42", "two\nlines\r\n", " 🙂" * 50, "<|endoftext|>"]
RECORDS = [{"id": number, "text": text, "meta": {"title": text[::-1]}} for number, text in enumerate(TEXTS)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS).encode()


def parquet(records: list[dict[str, Any]] = RECORDS, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), file, **options)
    return file.getvalue()


def documents(path: Path | str, **reading: Any) -> list[str]:
    how = Reading(**reading)
    return [text for part in list_parts([path], how, GPT2_PATTERN) for text, _ in read_part(part, how)]


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
    ".GZ": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),  # as `cat a.gz b.gz` makes it
    ".zstd": lambda data: zstd.compress(data[:9]) + zstd.compress(data[9:]),
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES),
        ("a.ndjson", b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n")),
        ("a.parquet", parquet()),
    ],
    ids=["jsonl", "BOM and CRLF", "parquet"],
)
def test_records_are_the_same_in_every_format(
    tmp_path: Path, name: str, content: bytes, compression: str
) -> None:
    path = tmp_path / (name + compression)
    path.write_bytes(COMPRESSIONS[compression](content))
    assert documents(path) == TEXTS
    assert documents(path, column="meta.title") == [text[::-1] for text in TEXTS]
    path = path.rename(tmp_path / f"data{compression}")
    assert documents(path, format="parquet" if "parquet" in name else "jsonl") == TEXTS


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_text_is_a_document_or_lines_in_every_compression(tmp_path: Path, compression: str) -> None:
    path = tmp_path / f"a.txt{compression}"
    path.write_bytes(COMPRESSIONS[compression]("one é\r\n\n  two\nthree".encode()))
    assert documents(path) == ["one é\r\n\n  two\nthree"], "line ends stay as they are"
    assert documents(path, documents="line") == ["one é", "  two", "three"]
    path.write_bytes(COMPRESSIONS[compression](b""))
    assert documents(path) == []


def test_long_compressed_text_comes_in_stretches_that_end_where_pieces_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "naïve 日本語 word, " * 400
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    monkeypatch.setattr("bpelab.bpe.corpus.texts.STRETCH_BYTES", 1000)
    [part] = list_parts([tmp_path], Reading(), GPT2_PATTERN)
    texts = list(read_part(part, Reading()))
    assert len(texts) > 5
    assert "".join(text for text, _ in texts) == text
    assert [ends for _, ends in texts] == [False] * (len(texts) - 1) + [True]
    monkeypatch.undo()
    assert count_pieces(tmp_path / "a.txt.gz").counts == count_pieces(text).counts


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_every_kind_of_column_of_text_is_read(tmp_path: Path, kind: Any) -> None:
    pq.write_table(
        pa.table({"text": pa.array(TEXTS * 3).cast(kind)}), tmp_path / "a.parquet", row_group_size=4
    )
    assert documents(tmp_path / "a.parquet") == TEXTS * 3


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "brotli"])
def test_parquet_is_read_whatever_compresses_its_pages(tmp_path: Path, codec: str) -> None:
    (tmp_path / "a.parquet").write_bytes(parquet(compression=codec, data_page_size=64, use_dictionary=False))
    assert documents(tmp_path / "a.parquet") == TEXTS


def test_a_column_whose_name_has_a_dot_goes_before_a_field(tmp_path: Path) -> None:
    records = [{"meta.title": "column", "meta": {"title": "field"}}]
    (tmp_path / "a.jsonl").write_text(json.dumps(records[0]))
    (tmp_path / "b.parquet").write_bytes(parquet(records))
    (tmp_path / "c.parquet").write_bytes(parquet([dict(reversed(records[0].items()))]))
    for name in ("a.jsonl", "b.parquet", "c.parquet"):
        assert documents(tmp_path / name, column="meta.title") == ["column"]


def test_a_file_of_text_keeps_its_byte_order_mark_as_every_reader_of_utf8_does(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone")
    assert documents(tmp_path / "a.txt") == ["\ufeffone"]


def test_surrogate_pairs_in_json_are_joined(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "\\ud83d\\ude42"}')
    assert documents(tmp_path / "a.jsonl") == ["🙂"]


# ---- what others write ----


def test_what_the_zstd_program_writes_is_read(tmp_path: Path) -> None:
    if (program := shutil.which("zstd")) is None:
        pytest.skip("the program zstd is not installed")
    (tmp_path / "a.jsonl").write_bytes(LINES)
    for options in (["-1"], ["-19", "--long=31"], ["--rsyncable", "-T2"]):
        subprocess.run([program, "-qf", *options, "a.jsonl"], cwd=tmp_path, check=True)
        assert documents(tmp_path / "a.jsonl.zst") == TEXTS


def test_what_the_gzip_program_writes_is_read(tmp_path: Path) -> None:
    if (program := shutil.which("gzip")) is None:
        pytest.skip("the program gzip is not installed")
    (tmp_path / "a.jsonl").write_bytes(LINES)
    subprocess.run([program, "a.jsonl"], cwd=tmp_path, check=True)
    assert documents(tmp_path / "a.jsonl.gz") == TEXTS


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_what_pandas_writes_is_read(tmp_path: Path, name: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pip install pandas")
    if name.endswith("zst"):
        pytest.importorskip("zstandard", reason="pip install zstandard, with which pandas writes it")
    frame = pandas.DataFrame({"id": range(5), "text": TEXTS})
    if name == "a.parquet":
        frame.to_parquet(tmp_path / name)
    else:
        frame.to_json(tmp_path / name, orient="records", lines=True)
    assert documents(tmp_path / name) == TEXTS


def test_what_hugging_face_datasets_writes_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="pip install datasets")
    data = datasets.Dataset.from_dict({"text": TEXTS * 50, "label": list(range(250))})
    data.to_parquet(tmp_path / "a.parquet", batch_size=100)
    data.to_json(tmp_path / "a.jsonl")
    data.to_json(tmp_path / "b.jsonl.gz", compression="gzip")
    for name in ("a.parquet", "a.jsonl", "b.jsonl.gz"):
        assert documents(tmp_path / name) == TEXTS * 50


# ---- folders and patterns ----


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    for name, content in {
        "b.parquet": parquet(), "c.jsonl.zst": zstd.compress(LINES), "d.tar.gz": gzip.compress(b"tar\0"),
        "a/text.txt.gz": gzip.compress(b"text"), "e.bin": b"\0", ".hidden.jsonl": LINES,
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.warns(UserWarning, match=r"left out: 1 hidden, 2 binary files \(.*d.tar.gz, .*e.bin\)"):
        assert documents(tmp_path) == [*TEXTS, *TEXTS, "text"]


def test_a_pattern_names_files_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ["b/2.txt", "b/1.txt", "b/1.md", "a.txt", "z.txt", "b/c/.hidden.txt", "[x].txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(name)
    assert documents(str(tmp_path / "**" / "*.txt")) == [
        "[x].txt", "a.txt", "z.txt", "b/1.txt", "b/2.txt"
    ]  # fmt: skip
    assert documents(tmp_path / "b" / "?.txt") == ["b/1.txt", "b/2.txt"]
    assert find_files(tmp_path / "[x].txt").files == [tmp_path / "[x].txt"], "a file of that name is itself"
    with pytest.raises(FileNotFoundError, match="no file has a name of this pattern"):
        documents(tmp_path / "*.csv")


@pytest.mark.skipif(os.name != "posix", reason="making links takes rights elsewhere")
def test_all_folders_of_a_pattern_do_not_go_in_circles(tmp_path: Path) -> None:
    for name in ["1.txt", "b/2.txt", "b/c/3.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    for name in ["b/up", "b/c/up"]:
        (tmp_path / name).symlink_to(tmp_path)
    assert documents(str(tmp_path / "**" / "*.txt")) == ["1.txt", "b/2.txt", "b/c/3.txt"]
    assert documents(str(tmp_path / "**")) == ["1.txt", "b/2.txt", "b/c/3.txt"]
    assert documents(str(tmp_path / "**" / "c" / "**" / "3*")) == ["b/c/3.txt"]
    assert documents(str(tmp_path / "b" / "up" / "**" / "2*")) == ["b/2.txt"], "the pattern names this link"


def test_a_pattern_finds_names_below_the_directory_we_are_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b [1]").mkdir()
    (tmp_path / "b [1]" / "2.txt").write_text("two")
    monkeypatch.chdir(tmp_path)
    assert find_files(Path("**/*.txt")).files == [Path("b [1]/2.txt")]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert documents("~/b*/*.txt") == ["two"], "quoted, no shell fills in the directory"


# ---- training ----


@pytest.mark.parametrize("jobs", [1, 2])
def test_training_takes_the_same_from_every_format(tmp_path: Path, jobs: int) -> None:
    expected = count_pieces(TEXTS).counts
    for name, content in {
        "a.jsonl": LINES,
        "b.jsonl.gz": gzip.compress(LINES),
        "c.parquet": parquet(),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert count_pieces(tmp_path / name, jobs=jobs).counts == expected
    titles = Corpus([tmp_path / "a.jsonl"], Reading(column="meta.title"))
    assert (
        train(titles, vocab_size=290, jobs=jobs).ranks
        == train([t[::-1] for t in TEXTS], vocab_size=290).ranks
    )


def test_only_files_of_text_have_a_size_that_is_known_before(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    assert n_bytes_of_files(Corpus([str(tmp_path)])) == n_bytes_of_files([tmp_path]) == 3
    (tmp_path / "a.jsonl").write_bytes(LINES)
    assert n_bytes_of_files(tmp_path) is None
    assert list(blocks([Corpus([tmp_path]), "two"], GPT2_PATTERN)) == [
        [*(text.encode() for text in TEXTS), b"one", "two"]
    ]


def test_a_url_that_became_a_path_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"s3:/bucket/a: a pathlib.Path takes // for /; name a URL as a string"
    ):
        count_pieces(Path("s3://bucket/a"))
