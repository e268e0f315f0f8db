"""A folder in an archive is read as a folder, from wherever the archive lies."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from bpelab.bpe import Corpus, Encoding, Reading, count_pieces
from bpelab.bpe.corpus.documents import find_files
from bpelab.bpe.corpus.parts import list_parts
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.corpus.remote import Url, open_url
from bpelab.bpe.corpus.sources import for_any_process, list_sources
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.dataset.tokenize_corpus import tokenize_corpus

fsspec = pytest.importorskip("fsspec", reason="pip install 'bpelab[corpora]'")
CONTENTS = {
    "data/a.txt": "one two é ".encode() * 20,
    "data/b.jsonl": b'{"text": "three"}\n\n{"text": "four"}\n',
    "data/deep/c.jsonl.gz": gzip.compress(b'{"text": "five"}\n'),
    "data/deep/.hidden": b"hidden",
    "data/deep/image": b"\x89PNG\0",
}
TEXTS = ["one two é " * 20, "three", "four", "five"]


def zipped(contents: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(contents: dict[str, bytes], mode: Any = "w", before: str = "") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(before + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://corpus"
    fsspec.filesystem("memory").rm("/corpus", recursive=True)


def documents(*corpus: Any) -> list[str]:
    parts = list_parts(corpus, Reading(), GPT2_PATTERN)
    return [text for part in parts for text, _ in read_part(part, Reading())]


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize(
    ("named", "name", "content"),
    [
        ("zip://data", "a.zip", zipped(CONTENTS)),
        ("zip://", "a.zip", zipped(CONTENTS)),
        ("tar://data", "a.tar", tarred(CONTENTS)),
        ("tar://data", "a.tar.gz", tarred(CONTENTS, "w:gz")),
        ("tar://", "dot.tar", tarred(CONTENTS, before="./")),
        ("zip://data::tar://in.zip", "a.tar", tarred({"in.zip": zipped(CONTENTS)})),
        ("simplecache::zip://data", "a.zip", zipped(CONTENTS)),
    ],
)
def test_a_folder_in_an_archive_is_read_as_a_folder(
    tmp_path: Path, memory: str, named: str, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    fsspec.filesystem("memory").pipe_file(f"/corpus/{name}", content)
    for url in (
        f"{named}::{tmp_path}/{name}",
        f"{named}::file://{tmp_path}/{name}",
        f"{named}::{memory}/{name}",
    ):
        assert documents(url) == TEXTS
        found = find_files(Url(url))
        assert found.n_hidden == 1
        assert [name.rpartition("/image::")[2] for name in found.binary] == [
            url.partition("://")[2].partition("::")[2]
        ]
        assert [documents(file) for file in found.files] == [TEXTS[:1], TEXTS[1:3], TEXTS[3:]]


def test_patterns_name_files_in_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped(CONTENTS))
    assert documents(f"zip://data/*.jsonl::{archive}") == TEXTS[1:3]
    assert documents(f"zip://**/*.jsonl*::{archive}") == TEXTS[1:]
    assert documents(f"zip://data/deep/?.jsonl.gz::{archive}") == TEXTS[3:]
    counts = count_pieces(Corpus([f"zip://data/*.jsonl::{archive}"])).counts
    assert counts == {b"three": 1, b"four": 1}


@pytest.mark.filterwarnings("ignore:.*left out")
def test_tokens_of_an_archive_are_those_of_the_folder(tmp_path: Path, gpt2: Encoding) -> None:
    contents = {f"data/{number}.txt": f"text {number} ".encode() * 200 for number in range(12)}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a.tar.gz").write_bytes(tarred(contents, "w:gz"))
    (tmp_path / "a.zip").write_bytes(zipped(contents))
    expected: dict[str, bytes] = {}
    for number, corpus in enumerate(("data", "tar://data::{}/a.tar.gz", "zip://data::{}/a.zip")):
        named = corpus.format(tmp_path) if number else tmp_path / corpus
        out = tmp_path / f"out{number}"
        tokenize_corpus([named], out, gpt2, shard_bytes=1, jobs=2)
        tokens = {path.name: path.read_bytes() for path in out.glob("*.bin")}
        expected = expected or tokens
        assert len(tokens) == len(contents)
        assert tokens == expected


@pytest.mark.parametrize("make", [zipped, tarred])
def test_threads_read_an_archive_side_by_side(tmp_path: Path, make: Any) -> None:
    contents = {f"{number}.txt": bytes([65 + number]) * 300_000 for number in range(8)}
    (tmp_path / "archive").write_bytes(make(contents))
    kind = "zip" if make is zipped else "tar"
    read: dict[str, bytes] = {}

    def work(name: str) -> None:
        with closing(open_url(f"{kind}://{name}::{tmp_path}/archive")) as file:
            read[name] = b"".join(iter(lambda: file.read(1000), b""))

    threads = [Thread(target=work, args=[name]) for name in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == contents


def test_a_file_stays_open_while_another_archive_is_read(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.zip").write_bytes(zipped({"x.txt": name.encode() * 300_000}))
    with closing(open_url(f"zip://x.txt::{tmp_path}/a.zip")) as file:
        assert file.read(1) == b"a"
        assert documents(f"zip://x.txt::{tmp_path}/b.zip") == ["b" * 300_000]
        assert file.read() == b"a" * 299_999


def test_an_archive_that_was_written_again_is_refused_and_then_read_anew(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"a.txt": b"before", "b.txt": b"the same"}))
    parts = list_parts([f"zip://b.txt::{archive}"], Reading(), GPT2_PATTERN)
    archive.write_bytes(zipped({"a.txt": b"after it", "b.txt": b"the same"}))
    with pytest.raises(ValueError, match=r"b.txt::.*a.zip: it was changed while it was read; start again"):
        list(read_part(parts[0], Reading()))
    assert documents(f"zip://::{archive}") == ["after it", "the same"]


def test_other_processes_find_an_archive_wherever_they_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.zip").write_bytes(zipped(CONTENTS))
    for archive in ("a.zip", "file://a.zip"):
        [source] = map(for_any_process, list_sources([f"zip://data/a.txt::{archive}"], Reading()))
        assert source.path == f"zip://data/a.txt::{tmp_path}/a.zip"
        assert source.name == f"zip://data/a.txt::{archive}"


@pytest.mark.parametrize(
    ("url", "said", "name"),
    [
        ("zip://data::{}/none.zip", "No such file or directory", "{}/none.zip"),
        ("zip://data::{}/*.zip", "No such file or directory", "{}/*.zip"),
        ("zip://other::{}/a.zip", "there is no such file, nor a folder with files", "zip://other::{}/a.zip"),
        ("tar://data::{}/a.zip", r"\(ReadError\)", "tar://data::{}/a.zip"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, url: str, said: str, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(CONTENTS))
    with pytest.raises(OSError, match=said) as caught:
        documents(url.format(tmp_path))
    assert caught.value.filename == name.format(tmp_path)
