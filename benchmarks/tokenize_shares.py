"""What does it cost to share the tokenising of a corpus? Threads, processes of a Dask cluster, and one alone.

Varies: who makes the shards: one job, two jobs, or two processes of a Dask cluster on this machine; and the
engine alone, which encodes the same texts in memory, without files and hashes: whole texts as str, or 4 MB of
UTF-8 at a time, as a job does. Fixed: GPT-2's encoding, the compiled engine, the corpus (copies of the
standard library's source, a file each), and the shards.

The rounds take turns, after one round that is not counted, and the ratios are of medians. "A core" is the
rate for each second of a processor that was used, in all processes. The cluster is started once; that takes
seconds, which are not counted. What was written is removed after each round. How the number could mislead: a
job uses more than one core, one for the engine and another for reading, hashing and writing; the copies
repeat each other more than real text does; the files come from the operating system's memory, not from a disk
or a network. The empty tasks, which show how many a scheduler hands out, are computed by 64 threads of one
process: they share its lock with the scheduler, which is then slower than one that is alone.

The answer is in a record of its own, because this takes minutes: it prints what it found, and writes it where
`--output` says. With `--read`, nothing is measured: what follows for more cores is computed from a record.

python -m bpelab.benchmarks.tokenize_shares [--megabytes 100] [--rounds 5] [--output FILE]
python -m bpelab.benchmarks.tokenize_shares --read FILE [--cores 1000]
"""

import contextlib
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bpelab.benchmarks.harness.shares import Cluster, Times, answer, in_rounds
from bpelab.bpe import get_encoding
from bpelab.bpe.corpus.parts import PART_BYTES
from bpelab.bpe.encoding import engine_of
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.dataset.manifest import Manifest
from bpelab.dataset.tokenize_corpus import tokenize_corpus

SHARD_BYTES = 256 << 20  # of a large corpus
ALONE, BY_CLUSTER = "the engine alone", "two Dask workers"
IN_BLOCKS = "the engine, 4 MB a call"
SECONDS_TO_SETTLE = 3.0  # the disk is still busy with what was removed


def main() -> None:
    """Measure and print, or compute from what was measured."""
    answer("tokenize_shares", ALONE, _measured, projection)


def projection(record: dict[str, Any], cores: int) -> str:
    """Say what so many cores would do if each did what one of two Dask workers did.

    >>> seconds = {"two Dask workers": [2.0, 1.0, 3.0]}
    >>> print(projection({"megabytes": 100, "seconds": seconds, "tasks_a_second": 500.0}, 1000))
    1,000 cores: 25.0 GB/s of text, and 12.5 GB/s of ids in two bytes if a token has four bytes of text
    1 TB of text: 40 s, 3,726 shards of 256 MiB
    93 tasks a second, where the scheduler handed out 500
    """
    core = record["megabytes"] * 1e6 / median(record["seconds"][BY_CLUSTER]) / 2
    rate = core * cores
    return (
        f"{cores:,} cores: {rate / 1e9:,.1f} GB/s of text, and {rate / 2e9:,.1f} GB/s of ids in two bytes if"
        " a token has four bytes of text\n"
        f"1 TB of text: {1e12 / rate:,.0f} s, {math.ceil(1e12 / SHARD_BYTES):,} shards of 256 MiB\n"
        f"{rate / SHARD_BYTES:,.0f} tasks a second, where the scheduler handed out"
        f" {record['tasks_a_second']:,.0f}"
    )


def _write_corpus(folder: Path, n_bytes: int) -> None:
    """Write copies of the standard library's source until there are so many bytes."""
    source = "".join(text for _, text in standard_library()).encode("utf-8", "replace")
    for number, start in enumerate(range(0, n_bytes, len(source))):
        data = source[: n_bytes - start].decode("utf-8", "ignore")
        (folder / f"{number:04}.py").write_text(data, encoding="utf-8", newline="")


def _contenders(folder: Path, address: str) -> dict[str, Callable[[int], object]]:
    corpus = folder / "corpus"
    encoding = get_encoding("gpt2", engine="compiled")
    # Copies are one object: gigabytes that are held would make all else slower that needs memory.
    one_of: dict[bytes, bytes] = {}
    contents = [one_of.setdefault(data, data) for data in map(Path.read_bytes, sorted(corpus.iterdir()))]
    texts = {content: content.decode() for content in one_of}
    blocks = {content: list(_blocks(content)) for content in one_of}

    def alone(_: int) -> None:
        for content in contents:
            encoding.encode_to_numpy(texts[content], disallowed_special=())

    def in_blocks(_: int) -> None:
        for content in contents:
            for block in blocks[content]:
                engine_of(encoding).encode_utf8(block, np.array([len(block)]))

    def shared(name: str, **how: Any) -> Callable[[int], Manifest]:
        return lambda number: tokenize_corpus([corpus], folder / f"{name} {number}", encoding, **how)

    return {
        ALONE: alone,
        IN_BLOCKS: in_blocks,
        "one job": shared("one job"),
        "two jobs": shared("two jobs", jobs=2),
        BY_CLUSTER: shared(BY_CLUSTER, scheduler=address),
    }


def _blocks(data: bytes) -> Iterator[bytes]:
    """Yield UTF-8 in blocks of about 4 MB that end before a space."""
    start = 0
    while start < len(data):
        end = start + PART_BYTES
        end = data.rfind(b" ", start + 1, end) if end < len(data) else len(data)
        yield data[start:end]
        start = end


def _measured(
    folder: Path, n_bytes: int, n_rounds: int, stack: contextlib.ExitStack
) -> tuple[Times, dict[str, int]]:
    """Return what each round took; every contender that writes has to write the same bytes."""
    _write_corpus(folder / "corpus", n_bytes)
    written: set[str] = set()

    def check(name: str, number: int, found: object) -> None:
        if isinstance(found, Manifest):
            output = folder / f"{name} {number}"
            written.add((output / "manifest.json").read_text())
            shutil.rmtree(output)
            os.sync()
            time.sleep(SECONDS_TO_SETTLE)

    cluster = Cluster(stack)
    times = in_rounds(_contenders(folder, cluster.address), n_rounds, check, cluster)
    assert len(written) == 1, "the token files differ"
    return times, {}


if __name__ == "__main__":
    main()
