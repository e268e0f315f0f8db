"""A corpus is a list of parts that depends on nothing but the corpus, and together they are all of it."""

import gzip
import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import regex
from bpelab.bpe.corpus import parts as parts_module
from bpelab.bpe.corpus.blocks import parts_of_files
from bpelab.bpe.corpus.parts import PART_BYTES, Part, cut_in_text, list_parts
from bpelab.bpe.corpus.read_part import read_part
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.corpus.sources import open_sources
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from hypothesis import given
from hypothesis import strategies as st

LETTERS = "ab é日🙂,.\n"


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 100)
    monkeypatch.setattr(parts_module, "_WINDOW_BYTES", 30)


def documents(parts: list[Part], reading: Reading) -> list[str]:
    """Read all parts and join what belongs to one document."""
    found, waiting = [], ""
    for part in parts:
        for text, ends_document in read_part(part, reading):
            waiting += text
            if ends_document:
                found.append(waiting)
                waiting = ""
    assert not waiting
    return found


def pieces(parts: list[Part], reading: Reading) -> list[str]:
    return [
        piece
        for part in parts
        for text, _ in read_part(part, reading)
        for piece in regex.findall(GPT2_PATTERN, text)
    ]


@given(texts=st.lists(st.text(LETTERS, max_size=900), max_size=4), part_bytes=st.integers(31, 300))
def test_parts_of_text_are_the_whole_text_and_their_pieces_are_its_pieces(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], part_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_module, "PART_BYTES", part_bytes)
        patch.setattr(parts_module, "_WINDOW_BYTES", 30)
        parts = list_parts([folder], Reading(), GPT2_PATTERN)
        lines = list_parts([folder], Reading(documents="line"), GPT2_PATTERN)
    for number, text in enumerate(texts):
        places = [(part.start, part.end) for part in parts if part.source.name.endswith(f"{number}.txt")]
        assert [start for start, _ in places] == [0, *(end for _, end in places)][: len(places)]
        assert places[-1:] == [(places[-1][0], len(text.encode()))] if text else not places
    assert documents(parts, Reading()) == [text for text in texts if text]
    assert pieces(parts, Reading()) == [
        piece for text in texts for piece in regex.findall(GPT2_PATTERN, text)
    ]
    expected = [line for text in texts for line in text.split("\n") if line]
    assert documents(lines, Reading(documents="line")) == expected


@given(st.lists(st.tuples(st.text(LETTERS, max_size=60), st.sampled_from(["\n", "\r\n", "\n\n", "\n \n"]))))
def test_records_are_the_same_from_a_file_in_parts_and_from_a_stream(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    data = "".join(json.dumps({"text": text}) + end for text, end in records).encode()
    (folder / "plain.jsonl").write_bytes(data)
    (folder / "stream.jsonl.gz").write_bytes(gzip.compress(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_module, "PART_BYTES", 100)
        patch.setattr(parts_module, "_WINDOW_BYTES", 30)
        for name in ("plain.jsonl", "stream.jsonl.gz"):
            parts = list_parts([folder / name], Reading(), GPT2_PATTERN)
            assert documents(parts, Reading()) == [text for text, _ in records if text]


@pytest.mark.usefixtures("small_parts")
def test_parts_are_about_as_large_as_they_should_be_and_equal_each_time(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two three, " * 500)
    parts = list_parts([tmp_path], Reading(), GPT2_PATTERN)
    assert parts == list_parts([str(tmp_path / "a.txt")], Reading(), GPT2_PATTERN)
    assert all(70 <= part.n_bytes <= 130 for part in parts[:-1])
    assert sum(part.n_bytes for part in parts) == 7500
    assert [part.ends_document for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[0].name == f"{tmp_path / 'a.txt'}, bytes 0-{parts[0].end - 1}"
    assert pickle.loads(pickle.dumps(parts)) == parts


@pytest.mark.usefixtures("small_parts")
def test_text_without_a_place_to_cut_is_looked_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("word " * 30 + "_" * 10_000 + " word" * 30)
    reads: list[int] = []
    read = parts_module.read_bytes
    monkeypatch.setattr(
        parts_module, "read_bytes", lambda *where: reads.append(where[2] - where[1]) or read(*where)
    )
    parts = list_parts([tmp_path], Reading(), GPT2_PATTERN)
    assert max(part.n_bytes for part in parts) > 9_900
    assert sum(reads) < 25_000


@pytest.mark.usefixtures("small_parts")
def test_a_place_where_a_part_ended_late_is_not_taken_twice(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("_" * 184 + "a " + "_" * 200 + "a b")
    parts = list_parts([tmp_path], Reading(), GPT2_PATTERN)
    assert [(part.start, part.end) for part in parts] == [(0, 185), (185, 389)]


def test_a_pattern_that_cannot_be_cut_keeps_files_whole(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"ab " * PART_BYTES)
    [part] = list_parts([tmp_path / "big"], Reading(), "ab ?")
    assert (part.start, part.end, part.ends_document) == (0, 3 * PART_BYTES, True)
    assert part.name == str(tmp_path / "big")


@given(text=st.text(alphabet=LETTERS, max_size=60), cut=st.integers(0, 60))
def test_text_is_cut_only_where_characters_and_pieces_end(text: str, cut: int) -> None:
    data = text.encode()
    end = cut_in_text(data[:cut])
    left, right = data[:end].decode(), data[end:].decode()
    assert regex.findall(GPT2_PATTERN, left) + regex.findall(GPT2_PATTERN, right) == regex.findall(
        GPT2_PATTERN, text
    )


def test_row_groups_are_gathered_and_none_is_divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    texts = [f"{number} " * 50 for number in range(100)]
    table = pa.table({"text": texts, "large": ["x" * 10_000] * 100})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=10, use_dictionary=False)
    monkeypatch.setattr(parts_module, "PART_BYTES", 4000)
    parts = list_parts([tmp_path], Reading(), GPT2_PATTERN)
    assert [(part.start, part.end) for part in parts] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert [part.name.rpartition(", ")[2] for part in parts][-2:] == ["rows 60-89", "rows 90-99"]
    assert documents(parts, Reading()) == texts
    assert documents(parts[1:2], Reading()) == texts[30:60], "the other column is no part of it"


def test_the_hash_of_a_part_tells_what_was_read(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def sha256(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        [part] = list_parts([tmp_path / name], Reading(), GPT2_PATTERN)
        reader = read_part(part, Reading())
        with pytest.raises(ValueError, match="its hash is known when all of it is read"):
            _ = reader.sha256
        assert len(list(reader)) == 2 - name.startswith("a.txt")
        without = read_part(part, Reading(), hashes=False)
        assert list(without) == list(read_part(part, Reading()))
        with pytest.raises(ValueError, match="it was read without hashing it"):
            _ = without.sha256
        return reader.sha256

    def parquet(*texts: str) -> bytes:
        file = io.BytesIO()
        pq.write_table(pa.table({"text": texts}), file)
        return file.getvalue()

    lines = b'{"text": "ab"}\n{"text": "c"}\n'
    for name, one, other in [
        ("a.txt", b"one", b"two"),
        ("a.txt.gz", gzip.compress(b"one"), gzip.compress(b"two")),
        ("a.jsonl", lines, lines.replace(b"c", b"d")),
        ("a.parquet", parquet("ab", "c"), parquet("a", "bc")),
        (
            "a.parquet.gz",
            gzip.compress(parquet("ab", "c"), mtime=0),
            gzip.compress(parquet("a", "bc"), mtime=0),
        ),
    ]:
        assert sha256(name, one) == sha256(name, one) != sha256(name, other), name


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_a_file_that_changed_since_it_was_listed_is_refused(tmp_path: Path, name: str) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    line = b'{"text": "one"}\n'
    file = io.BytesIO()
    pq.write_table(pa.table({"text": ["one"]}), file)
    contents = {
        "a.txt": line,
        "a.jsonl": line,
        "a.jsonl.gz": gzip.compress(line),
        "a.parquet": file.getvalue(),
    }
    path = tmp_path / name
    path.write_bytes(contents[name])
    parts = list_parts([path], Reading(), GPT2_PATTERN)
    os.utime(path, ns=(0, 0))
    with pytest.raises(ValueError, match=f"{name}: it was changed while it was read; start again"):
        documents(parts, Reading())


def test_what_comes_through_a_pipe_is_copied_and_the_copy_is_removed(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    import threading

    (tmp_path / "copies").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe: a pipe can be read only once"):
        list_parts([tmp_path / "pipe"], Reading(), GPT2_PATTERN)
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=('{"text": "sent"}\n',))
    writer.start()
    reading = Reading(format="jsonl")
    with open_sources([tmp_path / "pipe"], tmp_path / "copies", reading) as sources:
        parts = list_parts(sources, reading, GPT2_PATTERN)
        assert parts[0].name == str(tmp_path / "pipe")
        assert documents(parts, reading) == ["sent"]
    writer.join()
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": "json"}, "format is 'json': it must be one of auto, text, jsonl, parquet"),
        ({"documents": "jsonl"}, "documents is 'jsonl': it must be one of file, line"),
        ({"errors": "ignore"}, "errors is 'ignore': it must be one of strict, replace, skip"),
        ({"column": ""}, "column is '': it must be the name of a column or field"),
    ],
)
def test_a_reading_that_is_not_one_is_refused(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reading(**values)


def test_other_processes_read_files_by_their_whole_names_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("one")
    monkeypatch.chdir(tmp_path)
    ((part, _),) = parts_of_files([Path("a.txt")], GPT2_PATTERN, "strict")
    assert (part.name, part.source.path) == ("a.txt", str(tmp_path / "a.txt"))
    with pytest.raises(ValueError, match="'one' is a document in memory, which other machines cannot read"):
        list(parts_of_files([Path("a.txt"), "one"], GPT2_PATTERN, "strict"))
    os.mkfifo("pipe")
    with pytest.raises(ValueError, match=r"^pipe: a pipe can be read only on this machine"):
        list(parts_of_files([Path("pipe")], GPT2_PATTERN, "strict"))
