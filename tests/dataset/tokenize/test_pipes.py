"""Pipes, standard input and open files are read as files are."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from bpelab.bpe import Encoding
from bpelab.dataset.tokenize_corpus import tokenize_corpus

from .corpora import WORDS, contents, expected_ids, write_corpus, written


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
