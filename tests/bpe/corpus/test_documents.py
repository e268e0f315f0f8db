"""Pieces counted block by block are those of whole documents, whether strings, files or directories."""

import os
import random
import socket
import threading
import warnings
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import regex
from bpelab.bpe import PieceCounts, count_pieces, train
from bpelab.bpe.corpus import parts, texts
from bpelab.bpe.corpus.blocks import blocks, n_bytes_of_files
from bpelab.bpe.corpus.documents import Found, files_of, find_files
from bpelab.bpe.splitting import cuts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.training import Progress
from bpelab.bpe.training import piece_counter as pieces
from hypothesis import given, settings
from hypothesis import strategies as st

CUTTABLE = [GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN]
# A representative of each class of characters that the patterns can tell apart.
KINDS = "aBlséǅ字ʰ\u0301'’ \n\r\t\u3000.,;/。、，5½²_-\U0001f4a1"


def whole(text: str, pattern: str) -> Counter[bytes]:
    return Counter(piece.encode() for piece in regex.findall(pattern, text))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpelab.bpe.corpus.blocks.BLOCK_BYTES", 64)
    monkeypatch.setattr(parts, "PART_BYTES", 64)
    monkeypatch.setattr(parts, "_WINDOW_BYTES", 32)
    monkeypatch.setattr(texts, "STRETCH_BYTES", 64)
    monkeypatch.setattr(cuts, "_CUT_WINDOW", 16)


def texts_with_everything() -> str:
    letters = random.Random(5)
    return "".join(letters.choice(KINDS) for _ in range(3000))


# ---- cutting ----


@pytest.mark.parametrize("pattern", CUTTABLE)
@settings(max_examples=400)
@given(st.text(KINDS, max_size=14), st.text(KINDS, max_size=14))
def test_a_cut_divides_no_piece_and_changes_none(pattern: str, before: str, after: str) -> None:
    text = before + after
    cut = cuts.last_cut(text)
    assert regex.findall(pattern, text) == regex.findall(pattern, text[:cut]) + regex.findall(
        pattern, text[cut:]
    )


@pytest.mark.parametrize("pattern", CUTTABLE)
def test_a_cut_divides_no_piece_of_any_short_text(pattern: str) -> None:
    for left in KINDS:
        for last in "aéǅ字ʰ5½²":
            for right in " \n.,。、，":
                for more in ["", *KINDS]:
                    a, b = f"{left}{last}", f"{right}{more}"
                    assert regex.findall(pattern, a + b) == regex.findall(pattern, a) + regex.findall(
                        pattern, b
                    )


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("pattern", [*CUTTABLE, r"\S+\s*"])
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_file_a_string_and_processes_count_the_same(tmp_path: Path, pattern: str, jobs: int) -> None:
    text = texts_with_everything()
    (tmp_path / "a.txt").write_bytes(text.encode())
    expected = whole(text, pattern)
    assert count_pieces(text, pattern=pattern, jobs=jobs).counts == expected
    assert count_pieces(tmp_path / "a.txt", pattern=pattern, jobs=jobs).counts == expected
    if pattern in CUTTABLE:
        assert len(list(blocks(tmp_path / "a.txt", pattern))) > 10


def test_no_piece_goes_from_one_document_to_the_next() -> None:
    assert count_pieces(["ab", "", "cd"]).counts == {b"ab": 1, b"cd": 1}


def test_a_pattern_with_groups_counts_what_it_matches() -> None:
    assert count_pieces("abab c", pattern="(ab)+|.").counts == {b"abab": 1, b" ": 1, b"c": 1}


def test_lone_surrogates_count_as_they_are_encoded() -> None:
    assert count_pieces(["a\ud800 \ud83d\udca9"], pattern=r"\S+").counts == {
        "a\ufffd".encode(): 1,
        "💩".encode(): 1,
    }


# ---- files ----


def test_a_directory_is_its_files_by_path_without_hidden_ones(tmp_path: Path) -> None:
    for name in ["b.txt", "a/z.txt", "a/.hidden", ".git/x"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(blocks(tmp_path, GPT2_PATTERN)) == [[b"b.txt", b"a/z.txt"]]


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([b"text", b"", b"\xff\xfe", b"a\0", b"\0", b"late" * 2000 + b"\0"]), max_size=6)
)
def test_a_file_with_an_early_nul_byte_is_left_out_of_its_directory_and_counted(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    paths = [folder / f"{number}.txt" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    binary = [str(path) for path in paths if b"\0" in path.read_bytes()[:8000]]
    texts = [path for path in paths if str(path) not in binary]
    found = find_files(folder)
    assert (found.files, found.binary, found.n_hidden, found.others) == (texts, binary, 0, [])
    assert n_bytes_of_files(folder) == sum(path.stat().st_size for path in texts)
    assert all(find_files(path) == Found([path]) for path in paths), "what is named is never left out"


def test_hidden_entries_are_counted_and_only_binary_files_are_warned_of(tmp_path: Path) -> None:
    for name in [".git/a", ".git/b", ".DS_Store", "sub/.cache/x", "sub/a.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert files_of(tmp_path) == [tmp_path / "sub" / "a.txt"]
    assert find_files(tmp_path).left_out == "3 hidden"
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG\0")
    with pytest.warns(
        UserWarning, match=r"left out: 3 hidden, 5 binary files \(.*0\.png, .*2\.png, \.\.\.\)"
    ):
        assert count_pieces(tmp_path).counts == count_pieces("sub/a.txt").counts


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("n_before", [0, 63, 64, 200])
def test_bytes_that_are_not_utf8_name_file_and_offset(tmp_path: Path, n_before: int) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(("é a" * 100).encode()[: n_before // 4 * 4] + b"\xff rest")
    offset = n_before // 4 * 4
    with pytest.raises(
        ValueError, match=rf"bad\.txt: not UTF-8 at byte {offset}: invalid start byte \(0xff\)"
    ):
        count_pieces(path)
    assert sum(count_pieces(path, errors="replace").counts.values()) > 0


@pytest.mark.usefixtures("small_blocks")
def test_a_character_cut_short_at_the_end_is_an_error_or_is_replaced_as_in_the_whole_file(
    tmp_path: Path,
) -> None:
    data = ("word 字" * 40).encode()[:-1]
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ValueError, match=f"not UTF-8 at byte {len(data) - 2}: unexpected end of data"):
        count_pieces(tmp_path / "x")
    expected = whole(data.decode(errors="replace"), GPT2_PATTERN)
    assert count_pieces(tmp_path / "x", errors="replace").counts == expected


def test_input_that_is_not_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"documents as str and files as pathlib.Path, not bytes"):
        count_pieces([b"bytes"])  # type: ignore[list-item]


def test_an_unknown_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not the name of a pattern .* the pattern '\(' is not a regular"):
        count_pieces("a", pattern="(")


posix = pytest.mark.skipif(os.name != "posix", reason="other systems have no such entries")


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A directory with two files and everything else that a directory can hold."""
    folder = tmp_path / "strange"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "sub" / "b.txt").write_text("two")
    os.mkfifo(folder / "fifo")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "broken").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    (folder / "sub" / "up").symlink_to("..")
    with socket.socket(socket.AF_UNIX) as server, chdir(folder):
        server.bind("socket")
    return folder


@posix
def test_entries_of_a_directory_that_are_not_files_are_left_out_with_a_warning(strange: Path) -> None:
    with pytest.warns(UserWarning, match=r"strange: left out: 6 that are not files \(") as caught:
        assert files_of(strange) == [strange / "a.txt", strange / "sub" / "b.txt"]
    assert "broken: a broken link: No such file or directory" in str(caught[0].message)
    assert "fifo: a pipe" in str(caught[0].message)


@posix
@pytest.mark.filterwarnings("ignore:.*left out")
def test_training_on_a_directory_with_pipes_and_devices_ends(strange: Path) -> None:
    assert count_pieces(strange).counts == {b"one": 1, b"two": 1}
    assert n_bytes_of_files(strange) == 6


@posix
@pytest.mark.parametrize("name", ["zero", "socket"])
def test_a_device_or_socket_named_itself_is_refused(strange: Path, name: str) -> None:
    with pytest.raises(
        ValueError, match=rf"{name}: this is a (device|socket); name a file, a directory or a pipe"
    ):
        count_pieces(strange / name)


@posix
def test_a_pipe_and_a_link_to_a_directory_named_themselves_are_read(strange: Path) -> None:
    writer = threading.Thread(target=(strange / "fifo").write_text, args=("piped",))
    writer.start()
    assert n_bytes_of_files(strange / "fifo") is None
    assert count_pieces(strange / "fifo").counts == {b"piped": 1}
    writer.join()
    assert count_pieces(Path(os.devnull)).counts == {}
    (strange.parent / "link").symlink_to(strange / "sub")
    with pytest.warns(UserWarning, match="left out: 1 that is not a file "):
        assert count_pieces(strange.parent / "link").counts == {b"two": 1}


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"word " * 2_000_000)
    with pytest.raises(ValueError, match=r"log\.txt: it was changed while it was read"):
        for _ in blocks(path, GPT2_PATTERN):
            with path.open("ab") as file:
                file.write(b"more")


@posix
def test_a_directory_that_cannot_be_listed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").mkdir()
    scandir = os.scandir

    def refuse(path: Any) -> Any:  # a superuser may list everything
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="secret"):
        files_of(tmp_path)


# ---- counts apart ----


@given(st.dictionaries(st.binary(min_size=1, max_size=5), st.integers(1, 2**63 - 1), max_size=5))
def test_counts_survive_a_file(tmp_path_factory: pytest.TempPathFactory, counts: dict[bytes, int]) -> None:
    path = tmp_path_factory.getbasetemp() / "counts"
    PieceCounts("p", counts).save(path)
    assert PieceCounts.load(path) == PieceCounts("p", counts)


def test_equal_counts_make_equal_files(tmp_path: Path) -> None:
    PieceCounts("p", {b"a": 1, b"b": 2}).save(tmp_path / "1")
    PieceCounts("p", {b"b": 2, b"a": 1}).save(tmp_path / "2")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_counts_made_apart_train_as_the_whole(tmp_path: Path) -> None:
    texts = [texts_with_everything(), "the cat sat on the mat " * 9]
    count_pieces(texts[0]).save(tmp_path / "first")
    apart = train(counts=[tmp_path / "first", count_pieces(texts[1])], vocab_size=400)
    half = train(texts[1], counts=[tmp_path / "first"], vocab_size=400)
    assert apart.ranks == half.ranks == train(texts, vocab_size=400).ranks


def test_counts_of_another_pattern_are_refused(tmp_path: Path) -> None:
    count_pieces("a b", pattern="cl100k_base").save(tmp_path / "c")
    with pytest.raises(ValueError, match=r"c: counted with the pattern .* not with"):
        train(counts=[tmp_path / "c"], vocab_size=300)


@pytest.mark.parametrize("content", [b"", b"text", b"PK of old", b"PK\x03\x04 cut short"])
def test_a_file_without_counts_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.counts").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.counts: not a file of piece counts") as caught:
        PieceCounts.load(tmp_path / "x.counts")
    assert "pickle" not in str(caught.value)


# ---- progress ----


def test_a_damaged_file_of_counts_is_refused_or_reads_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.counts"
    counts = PieceCounts("gpt2", {b"a": 1, b" b": 70000})
    counts.save(path)
    content = path.read_bytes()
    damaged = [content[:n] for n in range(len(content))]
    damaged += [
        content[:i] + bytes([content[i] ^ flip]) + content[i + 1 :]
        for i in range(len(content))
        for flip in (1, 255)
    ]
    n_refused = 0
    for data in damaged:
        path.write_bytes(data)
        try:
            assert PieceCounts.load(path) == counts
        except ValueError as error:
            assert str(error).startswith(f"{path}: not a file of piece counts: ")
            n_refused += 1
    assert n_refused > len(content)


def test_progress_is_reported_throughout_and_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("the cat sat on the mat " * 9)
    seen: list[Any] = []
    train(tmp_path / "t", vocab_size=262, progress=seen.append)
    assert {step.phase for step in seen} == {"counting", "merging"}
    ends = {step.phase: step for step in seen}
    assert (ends["counting"].done, ends["counting"].total) == (207, 207)
    assert (ends["merging"].done, ends["merging"].total, ends["merging"].seconds_left) == (6, 6, 0.0)


def test_time_left_is_that_of_this_process_alone() -> None:
    assert Progress("merging", 600, 1000, "merges", seconds=2.0, done_before=400).seconds_left == 4.0
    assert Progress("merging", 400, 1000, "merges", seconds=2.0, done_before=400).seconds_left is None


# ---- counting by arrays ----


@pytest.mark.parametrize("pattern", CUTTABLE)
def test_pieces_of_every_length_are_counted_exactly(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.setattr(pieces, "SHORT_CHARS", 0)
    monkeypatch.setattr(pieces, "SECTION_CHARS", 200)
    text = (
        "".join(f" {'x' * n} {'é' * n} {'=' * n}\n" * (n % 3 + 1) for n in range(45))
        + texts_with_everything()
    )
    assert pieces.count_block([text, text[::-1], ""], pattern) == whole(text, pattern) + whole(
        text[::-1], pattern
    )


@settings(max_examples=200)
@given(st.sampled_from(CUTTABLE), st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]))))
def test_arrays_and_the_pattern_count_the_same(pattern: str, texts: list[str]) -> None:
    before = pieces.SHORT_CHARS
    pieces.SHORT_CHARS = 0
    try:
        counted = pieces.count_block(texts, pattern)
    finally:
        pieces.SHORT_CHARS = before
    assert counted == sum((whole(text, pattern) for text in texts), Counter())
    assert counted == pieces.count_block([text.encode() for text in texts], pattern)
