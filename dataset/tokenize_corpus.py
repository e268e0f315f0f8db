"""How does a corpus larger than memory become token files, by several processes, through kills?

The corpus is cut into parts at places that depend on nothing but the corpus, the parts are encoded in any
number of processes, and their ids are gathered in order until a shard is full. Each finished shard is in
the manifest together with hashes of what it was made of. Another run cuts the corpus again, compares its
first parts with these hashes, and goes on with the part after them.
"""

import os
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import get_args

from bpelab.bpe.corpus.documents import files_of
from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.processes import require_jobs
from bpelab.bpe.foundation.progress import Reporter, Watch
from bpelab.bpe.foundation.workers import Workers, map_tasks
from bpelab.bpe.splitting.specials import END_OF_TEXT
from bpelab.dataset.checks import whole_number
from bpelab.dataset.earlier_run import begun, not_as_before, parts_in_shards
from bpelab.dataset.encode_part import encode_part
from bpelab.dataset.lock import only_writer
from bpelab.dataset.parts import Documents, n_bytes_of, parts_of
from bpelab.dataset.shard_writer import ShardWriter
from bpelab.dataset.shards import NAME, Manifest, Settings
from bpelab.dataset.sources import open_sources, require_apart
from bpelab.dataset.token_files import narrowest, tokenizer_fingerprint

# 64 MB of ids in two bytes each. A kill costs at most the time to encode as many.
SHARD_TOKENS = 1 << 25
_OUTPUTS = ("tokens-*.bin", "sources-*.jsonl", NAME)


def tokenize_corpus(
    corpus: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    encoding: Encoding,
    *,
    documents: Documents = "file",
    end_of_text: bool = True,
    errors: Errors = "strict",
    shard_tokens: int = SHARD_TOKENS,
    jobs: int = 1,
    progress: Watch | None = None,
) -> Manifest:
    """Encode files and directories of files into token files in a directory, or go on where a run stopped.

    `documents` says what a document is. `<|endoftext|>` follows each, unless `end_of_text` is False; in the
    text, special tokens are plain text. Empty documents are left out. A shard is full when it has
    `shard_tokens` tokens; since it ends with a part, it may have a few million more. The files are the same
    to the byte for any `jobs`. Memory is that of a shard and of a few parts of 4 MB for each process, if the
    pattern is one of OpenAI's, or documents are lines.

    `files_of` decides which files of a directory are read. What comes through a pipe is first copied into
    the directory that is written, and the copy is removed at the end. `progress` is called with a `Progress`
    a few times a second.

    The manifest keeps a hash of everything that was read. A run that goes on, or finds everything finished,
    reads the text of the finished shards again, without encoding it. Text that was not in them may have
    changed. One run at a time writes into a directory (`lock.only_writer`).

    Raises `ValueError` for a directory that was begun from another corpus or with other settings, naming the
    first file that differs, for a file that changes while it is read, for a shard that is not sound, and for
    what `encode_part` cannot read; `BlockingIOError` while another run writes there; `OSError`.
    """
    _require(documents, "documents", Documents)
    _require(errors, "errors", Errors)
    require_jobs(jobs)
    shard_tokens = whole_number(shard_tokens, "shard_tokens", least=1)
    if end_of_text and END_OF_TEXT not in encoding.special_tokens_set:
        raise ValueError(
            f"{encoding.name} has no {END_OF_TEXT} to put after each document; pass end_of_text=False"
        )
    settings = Settings(
        encoding=encoding.name,
        n_vocab=encoding.n_vocab,
        tokenizer=tokenizer_fingerprint(encoding),
        documents=documents,
        end_of_text=encoding.eot_token if end_of_text else None,
        errors=errors,
        shard_tokens=shard_tokens,
    )
    folder = Path(folder)
    named = [Path(source) for source in corpus]
    require_apart(named, folder, _OUTPUTS)
    files = [file for source in named for file in files_of(source)]
    with only_writer(folder) as locked:
        if locked:
            _remove_left_over(folder)
        with open_sources(files, folder) as sources:
            manifest = begun(folder, settings)
            parts = parts_of(sources, pattern=encoding.pattern, documents=documents)
            n_bytes = sum(source.size for source in sources)
            report = Reporter(progress, "checking", n_bytes)
            n_done = 0
            for part in parts_in_shards(folder, manifest, parts):
                n_done += n_bytes_of(part)
                report(n_done)
            if manifest.finished:
                for part in parts:
                    raise not_as_before(f"{part[0].source.name}: it has joined the corpus", folder)
                return manifest
            encode = partial(
                encode_part,
                encoding=encoding.with_engine_for((n_bytes - n_done) // jobs),
                documents=documents,
                end_of_text=settings.end_of_text,
                errors=errors,
                dtype=narrowest(encoding.n_vocab),
            )
            writer = ShardWriter(folder, manifest)
            report = Reporter(progress, "encoding", n_bytes, n_done)
            with closing(map_tasks(encode, parts, Workers(jobs))) as encoded:
                for part, result in encoded:
                    writer.add(part, result)
                    n_done += n_bytes_of(part)
                    n_tokens = manifest.n_tokens + writer.n_waiting
                    report(n_done, {"tokens": n_tokens, "shards": len(manifest.shards)})
            writer.finish()
            return manifest


def _require(value: str, name: str, choices: object) -> None:
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r:.40}: it must be one of {', '.join(get_args(choices))}")


def _remove_left_over(folder: Path) -> None:
    """Remove what a kill left of files that were being written, and of copies of pipes."""
    for name in (*_OUTPUTS, "pipe"):
        for left in folder.glob(f".{name}.*"):
            left.unlink()
