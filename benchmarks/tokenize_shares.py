"""What does it cost to share the tokenising of a corpus? Threads, processes of a Dask cluster, and one alone.

Varies: who makes the shards: one thread, two threads, or two processes of a Dask cluster on this machine; and
the engine alone, which encodes the same texts in memory, without files and hashes. Fixed: GPT-2's encoding,
the corpus (copies of the standard library's source, a file each), and the shards.

The rounds take turns, after one round that is not counted, and the ratios are of medians. The cluster is
started once; that takes seconds, which are not counted. How the number could mislead: two workers on two
cores leave nothing for the threads that hash and write; the copies repeat each other more than real text
does; the files come from the operating system's memory, not from a disk or a network. The empty tasks, which
show how many a scheduler hands out, are computed by 64 threads of one process: they share its lock with the
scheduler, which is then slower than one that is alone.

The answer is in a record of its own, because this takes minutes: it prints what it found, and writes it where
`--output` says. With `--read`, nothing is measured: what follows for more cores is computed from a record.

python -m bpelab.benchmarks.tokenize_shares [--megabytes 100] [--rounds 5] [--output FILE]
python -m bpelab.benchmarks.tokenize_shares --read FILE [--cores 1000]
"""

import contextlib
import math
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bpelab.benchmarks.harness.shares import Seconds, answer, in_rounds, two_workers
from bpelab.bpe import get_encoding
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.dataset.manifest import Manifest
from bpelab.dataset.tokenize_corpus import tokenize_corpus

SHARD_BYTES = 256 << 20  # of a large corpus
ALONE, BY_CLUSTER = "the engine alone", "two Dask workers"


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
    encoding = get_encoding("gpt2").with_engine_for(10**9)
    texts = [path.read_text(encoding="utf-8") for path in sorted(corpus.iterdir())]

    def alone(_: int) -> None:
        for text in texts:
            encoding.encode_to_numpy(text, disallowed_special=())

    def shared(name: str, **how: Any) -> Callable[[int], Manifest]:
        return lambda number: tokenize_corpus([corpus], folder / f"{name} {number}", encoding, **how)

    return {
        ALONE: alone,
        "one job": shared("one job"),
        "two jobs": shared("two jobs", jobs=2),
        BY_CLUSTER: shared(BY_CLUSTER, scheduler=address),
    }


def _measured(
    folder: Path, n_bytes: int, n_rounds: int, stack: contextlib.ExitStack
) -> tuple[Seconds, dict[str, int]]:
    """Return the seconds of each round; every contender that writes has to write the same bytes."""
    _write_corpus(folder / "corpus", n_bytes)
    written: set[str] = set()

    def check(name: str, number: int, found: object) -> None:
        if isinstance(found, Manifest):
            written.add((folder / f"{name} {number}" / "manifest.json").read_text())

    seconds = in_rounds(_contenders(folder, two_workers(stack)), n_rounds, check)
    assert len(written) == 1, "the token files differ"
    return seconds, {}


if __name__ == "__main__":
    main()
