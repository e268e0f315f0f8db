"""A corpus at a URL is read as one on this machine, from any store that fsspec knows."""

import errno
import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import pytest
from bpelab.bpe import Corpus, Reading, count_pieces
from bpelab.bpe.corpus import parts as parts_module
from bpelab.bpe.corpus.documents import find_files
from bpelab.bpe.corpus.parts import list_parts
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.corpus.remote import Url, find_urls
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

fsspec = pytest.importorskip("fsspec", reason="pip install 'bpelab[corpora]'")
LINES = b"".join(json.dumps({"text": f"record {number} é"}).encode() + b"\n" for number in range(200))
TEXT = "one two three, 日本語。 " * 200


def parquet() -> bytes:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO()
    texts = [json.loads(line)["text"] for line in LINES.splitlines()]
    pq.write_table(pa.table({"text": texts, "n": range(200)}), file, row_group_size=50)
    return file.getvalue()


CONTENTS: dict[str, Callable[[], bytes]] = {
    "a.jsonl": lambda: LINES,
    "b.parquet": parquet,
    "z.txt": lambda: TEXT.encode(),
    "deep/c.jsonl.gz": lambda: gzip.compress(LINES, mtime=0),
    "deep/.git/x.txt": lambda: b"hidden",
    "deep/image": lambda: b"\x89PNG\0",
}


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://bucket"
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


@pytest.fixture(params=["memory", "bucket"])
def url(request: pytest.FixtureRequest) -> str:
    folder: str = f"{request.getfixturevalue(request.param)}/corpus"
    for name, content in CONTENTS.items():
        write(f"{folder}/{name}", content())
    return folder


def write(url: str, content: bytes) -> None:
    store, path = fsspec.core.url_to_fs(url)
    store.pipe_file(path, content)


def documents(*corpus: Any, **reading: Any) -> list[str]:
    how = Reading(**reading)
    return [text for part in list_parts(corpus, how, GPT2_PATTERN) for text, _ in read_part(part, how)]


def test_a_folder_at_a_url_is_read_as_the_same_folder_here(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in CONTENTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content())
    monkeypatch.setattr(parts_module, "PART_BYTES", 1000)
    monkeypatch.setattr(parts_module, "_WINDOW_BYTES", 100)
    with pytest.warns(UserWarning, match="left out: 1 hidden, 1 binary file "):
        here = list_parts([tmp_path], Reading(), GPT2_PATTERN)
    with pytest.warns(UserWarning, match="left out: 1 hidden, 1 binary file "):
        there = list_parts([url], Reading(), GPT2_PATTERN)
    assert len(here) > 10
    assert [(p.start, p.end, p.n_bytes, p.n_rows) for p in there] == [
        (p.start, p.end, p.n_bytes, p.n_rows) for p in here
    ]
    assert [p.name.partition("corpus")[2] for p in there] == [
        p.name.partition(str(tmp_path))[2] for p in here
    ]
    for one, other in zip(here, there, strict=True):
        readers = [read_part(part, Reading()) for part in (one, other)]
        assert list(readers[0]) == list(readers[1])
        assert readers[0].sha256 == readers[1].sha256


def test_a_url_may_be_a_file_or_a_pattern(url: str) -> None:
    records = [f"record {number} é" for number in range(200)]
    assert documents(f"{url}/a.jsonl") == documents(f"{url}/deep/c.jsonl.gz") == records
    assert documents(f"{url}/*.parquet", f"{url}/?.txt") == [*records, TEXT]
    assert documents(f"{url}/**/*.jsonl*") == records * 2
    assert [file.below for file in find_urls(f"{url}/deep/*gz")] == ["c.jsonl.gz"]
    for name in ("nothing", "*.csv"):
        with pytest.raises(
            FileNotFoundError, match="there is no such file, nor a folder with files"
        ) as caught:
            documents(f"{url}/{name}")
        assert caught.value.filename == f"{url}/{name}"


def test_training_takes_urls_next_to_strings_and_paths(url: str) -> None:
    expected = count_pieces([TEXT, "more"]).counts
    assert count_pieces([Url(f"{url}/z.txt"), "more"]).counts == expected
    assert count_pieces([Corpus([f"{url}/z.txt"]), "more"]).counts == expected


def test_a_file_that_was_written_again_since_it_was_listed_is_refused(url: str) -> None:
    for name in ("a.jsonl", "deep/c.jsonl.gz", "b.parquet"):
        parts = list_parts([f"{url}/{name}"], Reading(), GPT2_PATTERN)
        write(f"{url}/{name}", CONTENTS[name]()[::-1])
        with pytest.raises(ValueError, match=f"{name}: it was changed while it was read; start again"):
            for part in parts:
                list(read_part(part, Reading()))


def test_what_is_listed_in_a_folder_is_not_asked_for_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_files(Url(f"{url}/deep"))
    monkeypatch.setattr("bpelab.bpe.corpus.remote.fsspec", None, raising=False)
    monkeypatch.setattr("bpelab.bpe.corpus.sources.size_and_version", None)
    assert [find_files(file).files for file in found.files if isinstance(file, Url)] == [found.files]
    with pytest.warns(UserWarning, match="left out"):
        list_parts([f"{url}/deep"], Reading(), GPT2_PATTERN)


class Meeting:
    """Lets requests go on only when so many are under way, and knows the most that ever were."""

    def __init__(self, n: int) -> None:
        self._barrier, self._lock = Barrier(n), Lock()
        self.n_now = self.most = self.n_all = 0

    def __call__(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wait(*args: Any, **options: Any) -> Any:
            with self._lock:
                self.n_now += 1
                self.n_all += 1
                self.most = max(self.most, self.n_now)
            try:
                self._barrier.wait(60)
                return call(*args, **options)
            finally:
                with self._lock:
                    self.n_now -= 1

        return wait


@pytest.mark.parametrize("n_files", [1, 4])
def test_cuts_are_looked_up_several_at_a_time(
    memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_files: int
) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 1000)
    monkeypatch.setattr(parts_module, "_WINDOW_BYTES", 100)
    n_lookups = 32
    text = ("one two three, 日本語。\n" * 5000).encode()[: 1000 * n_lookups // n_files + 1]
    for number in range(n_files):
        write(f"{memory}/{number}.txt", text)
        (tmp_path / f"{number}.txt").write_bytes(text)
    here = list_parts([tmp_path], Reading(errors="replace"), GPT2_PATTERN)
    meeting = Meeting(16)
    monkeypatch.setattr(parts_module, "read_bytes", meeting(parts_module.read_bytes))
    there = list_parts([memory], Reading(errors="replace"), GPT2_PATTERN)
    assert [(part.start, part.end) for part in there] == [(part.start, part.end) for part in here]
    assert (meeting.n_all, meeting.most) == (n_lookups, 16)


def test_footers_are_read_several_at_a_time(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = parquet()
    for number in range(16):
        write(f"{memory}/{number:02}.parquet", content)
    meeting = Meeting(16)
    monkeypatch.setattr(parts_module, "row_groups", meeting(parts_module.row_groups))
    parts = list_parts([memory], Reading(), GPT2_PATTERN)
    assert [part.source.name[-10:-8] for part in parts] == [f"{number:02}" for number in range(16)]


def test_a_lookup_that_fails_ends_those_that_are_ahead(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 1000)
    write(f"{memory}/a.txt", b"one " * 100_000)
    n_read = 0

    def refuse(source: Any, start: int, end: int) -> bytes:
        nonlocal n_read
        n_read += 1
        raise OSError(errno.EIO, "no connection", source.path)

    monkeypatch.setattr(parts_module, "read_bytes", refuse)
    with pytest.raises(OSError, match="no connection"):
        list_parts([memory], Reading(), GPT2_PATTERN)
    assert n_read <= 16


def test_broken_records_at_a_url_are_named(url: str) -> None:
    write(f"{url}/bad.jsonl", LINES + b"bad\n")
    with pytest.raises(ValueError, match=rf"corpus/bad.jsonl, line 201: not JSON at byte {len(LINES):,}: "):
        documents(f"{url}/bad.jsonl")


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("gs://bucket/a", ImportError, r"^gs://bucket/a: Please install gcsfs to access Google Storage$"),
        ("unheard-of://a", ValueError, r"^unheard-of://a: Protocol not known: unheard-of$"),
    ],
)
def test_a_url_of_an_unknown_store_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, name: str, error: type[Exception], said: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(error, match=said):
        documents(name)


def test_what_a_store_raises_is_an_error_of_the_system_that_names_the_url(
    memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StoreError(Exception):
        pass

    def refuse(*_: Any, **__: Any) -> bytes:
        raise StoreError("no credentials")

    write(f"{memory}/a.txt", b"one")
    parts = list_parts([f"{memory}/a.txt"], Reading(), GPT2_PATTERN)
    monkeypatch.setattr(type(fsspec.filesystem("memory")), "cat_file", refuse)
    with pytest.raises(OSError, match=r"no credentials \(StoreError\)") as caught:
        list(read_part(parts[0], Reading()))
    assert caught.value.filename == f"{memory}/a.txt"
