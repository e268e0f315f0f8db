"""A corpus becomes token files: the ids of its documents, whatever the processes, kills and cuts."""

import contextlib
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, get_encoding, train
from bpelab.bpe.corpus import parts as parts_module
from bpelab.bpe.corpus.places import Place
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.encoders.choice import ENGINES, is_installed
from bpelab.bpe.foundation.progress import Progress, Reporter
from bpelab.dataset import make_shard, token_writer
from bpelab.dataset.shards import document_ends, open_tokens, open_windows
from bpelab.dataset.tokenize_corpus import _only_writer as only_writer_at
from bpelab.dataset.tokenize_corpus import tokenize_corpus

END = 50256
WORDS = "The naïve café, 42 日本語。 in's it\n\n  of 🙂 déjà-vu<|endoftext|> a"


@pytest.fixture(autouse=True)
def every_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report after every part, so that a test can stop a run after any."""
    monkeypatch.setattr(Reporter, "SECONDS", 0.0)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 1000)
    monkeypatch.setattr(parts_module, "_WINDOW_BYTES", 300)


def write_corpus(folder: Path, n_files: int = 4) -> list[str]:
    """Write files and return their texts in the order in which they are read."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [f"{number}: " + f" {WORDS} {number}" * (300 * number) for number in range(n_files)]
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_text(text, encoding="utf-8", newline="")
    return texts


def expected_ids(texts: list[str], encoding: Encoding) -> list[int]:
    return [i for text in texts for i in [*encoding.encode_ordinary(text), END]]


def written(folder: Path) -> tuple[list[int], list[int]]:
    files = open_tokens(folder)
    return np.concatenate([file.ids for file in files]).tolist(), document_ends(files).tolist()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("shard_bytes", [1, 3000, 10**9])
def test_the_ids_are_those_of_the_documents(
    tmp_path: Path, gpt2: Encoding, small_parts: None, shard_bytes: int
) -> None:
    texts = write_corpus(tmp_path / "corpus")
    manifest = tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", gpt2, shard_bytes=shard_bytes)
    ids, ends = written(tmp_path / "out")
    assert ids == expected_ids(texts, gpt2)
    assert ends == (np.flatnonzero(np.array(ids) == END) + 1).tolist()
    assert manifest.n_tokens == len(ids)
    assert (len(manifest.shards) == 1) == (shard_bytes == 10**9)


def test_processes_change_no_byte(tmp_path: Path, gpt2: Encoding) -> None:
    write_corpus(tmp_path / "corpus", 6)
    for jobs in (1, 2):
        tokenize_corpus([tmp_path / "corpus"], tmp_path / f"{jobs}", gpt2, jobs=jobs, shard_bytes=1)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


@pytest.mark.parametrize(
    ("reading", "content"),
    [
        (Reading(documents="line"), "first one\n\nsecond\r\n third"),
        (
            Reading(format="jsonl"),
            '{"text": "first one"}\n{"text": ""}\n\n{"text": "second"}\n{"x": 1, "text": " third"}\n',
        ),
    ],
)
def test_lines_are_documents_on_request(
    tmp_path: Path, gpt2: Encoding, reading: Reading, content: str
) -> None:
    (tmp_path / "corpus").write_text(content, newline="")
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", gpt2, reading=reading)
    assert written(tmp_path / "out")[0] == expected_ids(["first one", "second", " third"], gpt2)


def test_long_files_of_lines_are_cut_between_lines(tmp_path: Path, gpt2: Encoding, small_parts: None) -> None:
    lines = [f"line {number} " * (number % 200) for number in range(300)]
    (tmp_path / "corpus").write_text("\n".join(lines))
    tokenize_corpus(
        [tmp_path / "corpus"], tmp_path / "out", gpt2, reading=Reading(documents="line"), shard_bytes=500
    )
    assert written(tmp_path / "out")[0] == expected_ids([line for line in lines if line], gpt2)


@pytest.mark.parametrize("engine", [name for name in ENGINES if is_installed(name)])
@pytest.mark.parametrize("block_bytes", [1, 700, 10**6])
def test_neither_engines_nor_what_is_encoded_together_changes_a_byte(
    tmp_path: Path,
    gpt2: Encoding,
    small_parts: None,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    block_bytes: int,
) -> None:
    corpus = tmp_path / "corpus"
    texts = write_corpus(corpus, 3)
    short = [f"{WORDS} {number}"[number % 7 :] for number in range(60)]
    (corpus / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in short))
    (corpus / "b.txt.gz").write_bytes(gzip.compress(texts[2].encode()))
    whole = tmp_path / "whole"
    tokenize_corpus([corpus], whole, gpt2, shard_bytes=4000)
    assert written(whole)[0] == expected_ids([*texts, *short, texts[2]], gpt2)
    monkeypatch.setattr(make_shard, "_BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(token_writer, "_BLOCK_IDS", block_bytes)
    tokenize_corpus([corpus], tmp_path / "out", gpt2.with_engine(engine), shard_bytes=4000)
    assert contents(tmp_path / "out") == contents(whole)


def test_without_end_of_text_documents_still_end(tmp_path: Path) -> None:
    encoding = train("a b c d e", vocab_size=260)
    for name, text in {"a": "one", "b": "", "c": "two"}.items():
        (tmp_path / name).write_text(text)
    files = [tmp_path / name for name in "abc"]
    with pytest.raises(ValueError, match=r"has no <\|endoftext\|> to put after each document"):
        tokenize_corpus(files, tmp_path / "out", encoding)
    tokenize_corpus(files, tmp_path / "out", encoding, end_of_text=False)
    ids, ends = written(tmp_path / "out")
    assert (encoding.decode(ids), ends) == ("onetwo", [3, 6])


# ---- kills and damage ----


class KilledError(Exception):
    pass


def test_a_stopped_run_goes_on_without_redoing_shards(
    tmp_path: Path, gpt2: Encoding, small_parts: None
) -> None:
    write_corpus(tmp_path / "corpus")
    arguments: Any = ([tmp_path / "corpus"], tmp_path / "out", gpt2)
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        if progress.found.get("shards") == 3:
            raise KilledError

    with pytest.raises(KilledError):
        tokenize_corpus(*arguments, shard_bytes=1000, progress=stop)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("tokens-*")}
    (tmp_path / "out" / ".tokens-000003.bin.0123abcd").write_bytes(b"half")
    with pytest.raises(ValueError, match="only 3 of 75 shards are"):
        open_tokens(tmp_path / "out")
    tokenize_corpus(*arguments, shard_bytes=1000, progress=seen.append)
    assert len(before) == 3
    assert before.items() <= {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}.items()
    assert seen[0].phase == "checking"
    assert seen[-1].done_before > 0
    assert seen[-1].done == seen[-1].total
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "whole", gpt2, shard_bytes=1000)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_command_survives_kills_at_any_moment(tmp_path: Path, jobs: str) -> None:
    write_corpus(tmp_path / "corpus", 30)
    program = [Path(sys.executable).parent / "bpelab", "tokenize", tmp_path / "corpus", "--shard-bytes", "1"]
    choose = random.Random(int(jobs))
    for n_wanted in (1, 8):  # shards that are there when it is killed
        command = [*program, "-o", tmp_path / "out", "--jobs", jobs]
        running = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "out").glob("sources-*"))) < n_wanted and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(choose.random() * 0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    results = [
        subprocess.run([*program, "-o", tmp_path / name], capture_output=True, text=True)
        for name in ("out", "whole")
    ]
    assert [result.returncode for result in results] == [0, 0], results
    assert "30 documents" in results[0].stdout
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
def test_an_interrupted_command_says_how_to_go_on(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", 60)
    program = [Path(sys.executable).parent / "bpelab", "tokenize", tmp_path / "corpus", "--shard-bytes", "1"]
    command = [*program, "-o", tmp_path / "out", "--quiet"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "out").glob("sources-*")) and running.poll() is None:
        time.sleep(0.002)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said == (
        f"bpelab: interrupted: the shards that are finished are in {tmp_path / 'out'}, and the same command"
        " goes on with the others\n"
    )


@pytest.fixture
def tokens(tmp_path: Path, gpt2: Encoding) -> Path:
    write_corpus(tmp_path / "corpus")
    tokenize_corpus([tmp_path / "corpus"], tmp_path / "tokens", gpt2)
    return tmp_path / "tokens"


def test_windows_of_files_are_those_of_their_ids(tokens: Path) -> None:
    ids, _ = written(tokens)
    windows = open_windows(tokens, 16, 8)
    assert windows.dtype == np.uint16
    assert windows.gather([5])[0].tolist() == ids[40:57]
    single = open_windows(tokens / "tokens-000000.bin", 16, 8)
    assert single.fingerprint == windows.fingerprint


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "bytes where its header says"),
        (lambda data: data[:40], "header is cut off or altered"),
        (lambda data: data[:1000] + bytes([data[1000] ^ 1]) + data[1001:], "its tokens are altered"),
        (lambda data: data.replace(b'"gpt2"', b'"gpt3"'), "header is cut off or altered"),
        (lambda data: b"\x93NUMPY" + data[6:], "not a token file: it begins with b'.x93NUMPY"),
        (lambda data: b"", "not a token file: it begins with b''"),
    ],
)
def test_a_damaged_shard_is_refused_by_name(tokens: Path, damage: Any, message: str) -> None:
    path = tokens / "tokens-000000.bin"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=rf"tokens-000000\.bin: .*{message}"):
        open_tokens(tokens)


def test_a_shard_of_another_directory_is_refused(tokens: Path, tmp_path: Path, gpt2: Encoding) -> None:
    (tmp_path / "other").write_text("other text")
    tokenize_corpus([tmp_path / "other"], tmp_path / "foreign", gpt2)
    (tmp_path / "foreign" / "tokens-000000.bin").rename(tokens / "tokens-000000.bin")
    with pytest.raises(ValueError, match=r"tokens-000000\.bin: this is the shard of another directory"):
        open_tokens(tokens)


def test_other_settings_or_an_edited_corpus_do_not_mix(tokens: Path, tmp_path: Path, gpt2: Encoding) -> None:
    with pytest.raises(ValueError, match="were made with documents 'file', not 'line'"):
        tokenize_corpus([tmp_path / "corpus"], tokens, gpt2, reading=Reading(documents="line"))
    with (tmp_path / "corpus" / "2.txt").open("a") as file:
        file.write("more")
    with pytest.raises(ValueError, match=r"2\.txt: it has changed since the tokens in"):
        tokenize_corpus([tmp_path / "corpus"], tokens, gpt2)


def test_a_directory_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no manifest\.json in it"):
        open_tokens(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "x"}))
    with pytest.raises(ValueError, match=r"manifest\.json: not a manifest of token files: its format is 'x'"):
        open_tokens(tmp_path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_text_that_cannot_be_read_is_named(
    tmp_path: Path, gpt2: Encoding, small_parts: None, jobs: int
) -> None:
    write_corpus(tmp_path / "corpus")
    (tmp_path / "corpus" / "2.txt").write_bytes(b"ab\xffcd")
    with pytest.raises(ValueError, match=r"corpus.2\.txt: not UTF-8 at byte 2"):
        tokenize_corpus([tmp_path / "corpus"], tmp_path / "out", gpt2, jobs=jobs, shard_bytes=1000)


def test_bytes_that_are_not_utf8_can_be_replaced(tmp_path: Path, gpt2: Encoding) -> None:
    (tmp_path / "bad").write_bytes(b"ab\xffcd")
    tokenize_corpus([tmp_path / "bad"], tmp_path / "out", gpt2, reading=Reading(errors="replace"))
    assert written(tmp_path / "out")[0] == expected_ids(["ab\N{REPLACEMENT CHARACTER}cd"], gpt2)


# ---- the corpus is the same, or is not ----


def keep_times(path: Path, content: bytes) -> None:
    """Write other content of the same size, with the times as they were."""
    before = path.stat()
    assert len(content) == before.st_size
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("finished", [True, False])
def test_a_file_edited_to_the_same_size_is_refused_by_name(
    tmp_path: Path, gpt2: Encoding, small_parts: None, finished: bool
) -> None:
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    write_corpus(corpus)

    def stop(progress: Progress) -> None:
        if progress.found.get("shards") == 3 and not finished:
            raise KilledError

    with contextlib.suppress(KilledError):
        tokenize_corpus([corpus], out, gpt2, shard_bytes=1000, progress=stop)
    before = contents(out)
    text = (corpus / "1.txt").read_bytes()
    keep_times(corpus / "1.txt", text.replace(b"naive", b"NAIVE").replace(b"The", b"the", 1))
    with pytest.raises(
        ValueError, match=r"corpus.1\.txt: it has changed since the tokens in .*out were made"
    ):
        tokenize_corpus([corpus], out, gpt2, shard_bytes=1000)
    assert contents(out) == before
    keep_times(corpus / "1.txt", text)
    assert tokenize_corpus([corpus], out, gpt2, shard_bytes=1000).finished


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda corpus: (corpus / "1.txt").unlink(), r"2\.txt: it stands where .*txt stood"),
        (lambda corpus: (corpus / "3.txt").unlink(), r"3\.txt: it has left the corpus"),
        (lambda corpus: (corpus / "9.txt").write_text("x"), r"9\.txt: it has joined the corpus"),
        (lambda corpus: (corpus / "15.txt").write_text("x"), r"15\.txt: it stands where .*txt stood"),
        (lambda corpus: (corpus / "3.txt").write_text("x"), r"3\.txt: it has changed"),
        (lambda corpus: (corpus / "3.txt").write_text(""), r"3\.txt: it has left the corpus"),
        (lambda corpus: (corpus / "1.txt").rename(corpus / "1.md"), r"1\.md: it stands where .*1\.txt stood"),
    ],
)
def test_a_corpus_with_other_files_is_refused_by_name(
    tokens: Path, tmp_path: Path, gpt2: Encoding, edit: Any, message: str
) -> None:
    edit(tmp_path / "corpus")
    with pytest.raises(ValueError, match=message):
        tokenize_corpus([tmp_path / "corpus"], tokens, gpt2)


def test_a_run_that_has_made_nothing_binds_no_other(tmp_path: Path, gpt2: Encoding) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="errors='replace'"):
        tokenize_corpus([tmp_path / "a.txt"], tmp_path / "out", gpt2)
    tokenize_corpus([tmp_path / "a.txt"], tmp_path / "out", gpt2, reading=Reading(errors="replace"))
    assert written(tmp_path / "out")[0] == expected_ids(["caf\ufffd"], gpt2)


def test_text_that_is_in_no_shard_yet_may_change_between_runs(
    tmp_path: Path, gpt2: Encoding, small_parts: None
) -> None:
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    texts = write_corpus(corpus)

    def stop(progress: Progress) -> None:
        if progress.found.get("shards") == 1:
            raise KilledError

    with pytest.raises(KilledError):
        tokenize_corpus([corpus], out, gpt2, shard_bytes=1, progress=stop)
    texts[3] = "another text"
    (corpus / "3.txt").write_text(texts[3])
    tokenize_corpus([corpus], out, gpt2, shard_bytes=1)
    assert written(out)[0] == expected_ids(texts, gpt2)


def test_a_change_after_a_cut_that_moves_the_cut_is_noticed(
    tmp_path: Path, gpt2: Encoding, small_parts: None
) -> None:
    """A cut depends on the character after it, which is in no shard yet."""
    path, out = tmp_path / "text", tmp_path / "out"
    path.write_text("word " * 1000)

    def stop(progress: Progress) -> None:
        if progress.found.get("shards") == 1:
            raise KilledError

    with pytest.raises(KilledError):
        tokenize_corpus([path], out, gpt2, shard_bytes=1, progress=stop)
    end = json.loads((out / "sources-000000.jsonl").read_text().splitlines()[1])["end"]
    data = path.read_bytes()
    path.write_bytes(data[:end] + b"s" * 5 + data[end + 5 :])
    with pytest.raises(ValueError, match="text: it has changed"):
        tokenize_corpus([path], out, gpt2, shard_bytes=1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_changes_while_it_is_read_is_refused_by_name(
    tmp_path: Path, gpt2: Encoding, small_parts: None, jobs: int
) -> None:
    write_corpus(tmp_path / "corpus", 8)

    def edit(_: Progress) -> None:
        with (tmp_path / "corpus" / "7.txt").open("a") as file:
            file.write("more")

    with pytest.raises(ValueError, match=r"7\.txt: it was changed while it was read"):
        tokenize_corpus(
            [tmp_path / "corpus"], tmp_path / "out", gpt2, jobs=jobs, shard_bytes=1000, progress=edit
        )


def test_the_token_files_may_not_lie_in_the_corpus_or_replace_it(tokens: Path, gpt2: Encoding) -> None:
    corpus = tokens.parent / "corpus"
    for folder in (corpus, corpus / "out"):
        with pytest.raises(ValueError, match=r"lies in .*corpus, and would become part of the corpus"):
            tokenize_corpus([corpus], folder, gpt2)
    with pytest.raises(ValueError, match=r"tokens-000000\.bin has the name of a file that is written"):
        tokenize_corpus([tokens / "tokens-000000.bin"], tokens, gpt2)
    assert not list(corpus.glob("*.bin"))
    assert tokenize_corpus([corpus], corpus / ".tokens", gpt2).finished  # hidden: no part of the corpus


def test_a_shard_that_was_removed_is_made_again(tokens: Path, tmp_path: Path, gpt2: Encoding) -> None:
    before = contents(tokens)
    (tokens / "tokens-000000.bin").unlink()  # as the error of a damaged one advises
    tokenize_corpus([tmp_path / "corpus"], tokens, gpt2)
    assert contents(tokens) == before


@pytest.mark.parametrize("shard_bytes", [0, -1])
def test_shards_without_text_are_refused(tmp_path: Path, gpt2: Encoding, shard_bytes: int) -> None:
    with pytest.raises(ValueError, match=f"shard_bytes is {shard_bytes}; it must be 1 or more"):
        tokenize_corpus([tmp_path], tmp_path / "out", gpt2, shard_bytes=shard_bytes)


# ---- pipes ----


@pytest.mark.skipif(os.name != "posix", reason="there are no named pipes")
@pytest.mark.parametrize("jobs", [1, 2])
def test_pipes_are_read_and_compared_as_files_are(
    tmp_path: Path, gpt2: Encoding, small_parts: None, jobs: int
) -> None:
    texts = [f"{WORDS} " * 200, "the second"]

    def run(*contents: str) -> None:
        pipes = [
            tmp_path / f"{n}-{time.monotonic_ns()}" for n in range(len(contents))
        ]  # other names each time
        for pipe, content in zip(pipes, contents, strict=True):
            os.mkfifo(pipe)
            threading.Thread(target=pipe.write_bytes, args=(content.encode(),), daemon=True).start()
        tokenize_corpus(pipes, tmp_path / "out", gpt2, jobs=jobs, shard_bytes=500)

    run(*texts)
    assert written(tmp_path / "out")[0] == expected_ids(texts, gpt2)
    before = contents(tmp_path / "out")
    run(*texts)
    with pytest.raises(ValueError, match="it has changed since"):
        run(texts[0].replace("café", "cafe", 1), texts[1])
    assert contents(tmp_path / "out") == before  # and no copy of a pipe


@pytest.mark.skipif(os.name != "posix", reason="there is no /dev/stdin")
def test_the_command_reads_standard_input_by_its_name(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "bpelab"
    command = [program, "tokenize", "/dev/stdin", "-o", tmp_path / "out"]
    result = subprocess.run(command, input="hello world", capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("3 tokens, 1 document, 1 shard: ")


@pytest.mark.skipif(os.name != "posix", reason="there is no /dev/stdin")
def test_a_file_that_is_open_here_is_read_by_other_processes(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "bpelab"
    (tmp_path / "a.txt").write_text("hello world")
    command = [program, "tokenize", "/dev/stdin", "-o", "out", "--jobs", "2", "--engine", "arrays"]
    with (tmp_path / "a.txt").open() as file:
        result = subprocess.run(command, stdin=file, cwd=tmp_path, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("3 tokens, 1 document, 1 shard: out\n", "")


@pytest.mark.skipif(os.name != "posix", reason="there are no named pipes")
def test_the_command_names_the_entries_of_a_directory_that_it_leaves_out(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", 2)
    os.mkfifo(tmp_path / "corpus" / "fifo")
    program = Path(sys.executable).parent / "bpelab"
    command = [program, "tokenize", tmp_path / "corpus", "-o", tmp_path / "out"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    left_out = f"1 that is not a file ({tmp_path / 'corpus' / 'fifo'}: a pipe)"
    assert result.stderr == f"bpelab: left out: {left_out}\n"


# ---- a full disk ----

FULL = """
import resource, sys
from pathlib import Path
from bpelab.bpe import get_encoding
from bpelab.dataset.tokenize_corpus import tokenize_corpus
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    tokenize_corpus([Path(sys.argv[1])], Path(sys.argv[2]), get_encoding("gpt2"), shard_bytes=1)
except OSError as error:
    print(error.filename)
"""


@pytest.mark.skipif(os.name != "posix", reason="there are no limits of file sizes")
def test_a_file_that_cannot_be_written_to_its_end_leaves_nothing_half_written(
    tmp_path: Path, gpt2: Encoding
) -> None:
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    corpus.mkdir()
    for number, n_words in enumerate(
        [600_000, 600_000, 1_000_000]
    ):  # two parts that fit, and one that does not
        (corpus / f"{number}.txt").write_text("the " * n_words)
    command = [sys.executable, "-c", FULL, corpus, out, "1500000"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout == f"{out / 'tokens-000002.bin'}\n", result.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        ".lock",
        "manifest.json",
        "sources-000000.jsonl",
        "sources-000001.jsonl",
        "tokens-000000.bin",
        "tokens-000001.bin",
    ]
    tokenize_corpus([corpus], out, gpt2, shard_bytes=1)
    tokenize_corpus([corpus], tmp_path / "whole", gpt2, shard_bytes=1)
    assert contents(out) == contents(tmp_path / "whole")


def test_what_killed_workers_have_left_is_removed_when_a_run_fails(tmp_path: Path) -> None:
    left = tmp_path / ".tokens-000000.bin.0123456789abcdef"
    with pytest.raises(KilledError), only_writer_at(Place.of(tmp_path)):
        left.touch()
        raise KilledError
    assert not left.exists()


def test_a_directory_that_is_a_loop_of_links_is_refused_by_name(tmp_path: Path) -> None:
    text, loop = tmp_path / "a.txt", tmp_path / "loop"
    text.write_text("one two")
    loop.symlink_to(loop)
    with pytest.raises(OSError) as caught:
        tokenize_corpus([text], loop, get_encoding("gpt2"))
    assert caught.value.filename == str(loop)
