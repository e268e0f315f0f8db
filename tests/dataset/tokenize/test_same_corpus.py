"""A run goes on with the same corpus and settings, and with no others."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.foundation.progress import Progress
from bpelab.dataset.tokenize_corpus import tokenize_corpus

from .corpora import KilledError, contents, expected_ids, write_corpus, written


def test_other_settings_or_an_edited_corpus_do_not_mix(tokens: Path, tmp_path: Path, gpt2: Encoding) -> None:
    with pytest.raises(ValueError, match="were made with documents 'file', not 'line'"):
        tokenize_corpus([tmp_path / "corpus"], tokens, gpt2, reading=Reading(documents="line"))
    with (tmp_path / "corpus" / "2.txt").open("a") as file:
        file.write("more")
    with pytest.raises(ValueError, match=r"2\.txt: it has changed since the tokens in"):
        tokenize_corpus([tmp_path / "corpus"], tokens, gpt2)


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
