"""What does a corpus of a gigabyte need? Time, memory, and how often it reports progress.

Varies: the size of the corpus and the number of processes. Fixed: GPT-2's pattern, 32,768 tokens. The
corpus is the standard library's source, copied; in each copy another tenth of the words ends in two more
letters, so that every copy brings new pieces.

How the number could mislead: memory is the largest resident size of this process (Linux), without that of
the processes that count when there are more than one. The copies repeat each other more than real text
does.

The answer is not in a record: this takes minutes and prints what it found.

python -m bpelab.benchmarks.train_large_corpus [--megabytes 1000] [--jobs 1]
"""

import argparse
import re
import tempfile
import time
import zlib
from itertools import pairwise
from multiprocessing import Process
from pathlib import Path

from bpelab.benchmarks.harness.memory import peak_resident_size
from bpelab.bpe import train
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.bpe.training import Progress

_WORD = re.compile(r"[A-Za-z_]{4,}")
SHARE = 10  # in each copy one word in this many changes


def write_corpus(folder: Path, n_bytes: int) -> None:
    """Write files of at most 12 MB, each a changed copy, until there are `n_bytes` in all."""
    source = "".join(text for _, text in standard_library())
    written = copy = 0
    while written < n_bytes:

        def change(match: re.Match[str], copy: int = copy) -> str:
            word = match.group()
            changed = zlib.crc32(word.encode()) % SHARE == copy % SHARE
            return f"{word}{chr(97 + copy % 26)}{chr(97 + copy // 26)}" if copy and changed else word

        data = _WORD.sub(change, source).encode("utf-8")[: n_bytes - written]
        (folder / f"{copy:04}.py").write_bytes(data.decode("utf-8", "ignore").encode("utf-8"))
        written += len(data)
        copy += 1


def main() -> None:
    """Write the corpus to a temporary folder, train on it, and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        n_bytes = options.megabytes * 1_000_000
        writer = Process(target=write_corpus, args=(Path(folder), n_bytes))
        writer.start()  # in a process of its own, whose memory does not count
        writer.join()
        before = peak_resident_size()
        reports: list[tuple[float, Progress]] = []
        start = time.perf_counter()

        def watch(progress: Progress) -> None:
            reports.append((time.perf_counter() - start, progress))

        encoding = train(Path(folder), vocab_size=32768, jobs=options.jobs, progress=watch)
        seconds = time.perf_counter() - start
    print(f"{n_bytes / 1e6:,.0f} MB to {encoding.n_vocab:,} tokens in {seconds:.1f} s, jobs={options.jobs}")
    for phase in ("counting", "merging"):
        own = [progress for _, progress in reports if progress.phase == phase]
        print(f"  {len(own)} reports in {own[-1].seconds:.1f} s; the last: {own[-1]}")
    times = [0.0, *(at for at, _ in reports), seconds]
    gap = max(later - earlier for earlier, later in pairwise(times))
    print(f"  longest time without a report: {gap:.1f} s")
    print(
        f"  peak memory: {peak_resident_size() / 1e6:,.0f} MB, {before / 1e6:,.0f} MB of it before training"
    )


if __name__ == "__main__":
    main()
