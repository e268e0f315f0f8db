"""What does a corpus of a gigabyte need? Time, memory, and whether it says how far it is.

The corpus is the standard library's source again and again, each time with other names in it: in every
copy another tenth of the words ends in two more letters, so that each copy brings new pieces. Fixed:
GPT-2's pattern, 32,768 tokens. Memory is the highest resident size of this process (Linux), without that
of the processes that count when there are more than one.

python -m benchmarks.train_large_corpus [--megabytes 1000] [--jobs 1]
"""

import argparse
import re
import tempfile
import time
import zlib
from itertools import pairwise
from multiprocessing import Process
from pathlib import Path

from bpelab.bpe import train
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.bpe.training import Progress

_WORD = re.compile(r"[A-Za-z_]{4,}")
SHARE = 10  # one word in so many changes in each copy


def write_corpus(folder: Path, n_bytes: int) -> None:
    """Write copies until there are so many bytes; a file of at most 12 MB each."""
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


def highest_memory() -> int:
    """Highest resident size so far, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024  # type: ignore[index]


def main() -> None:
    """Write the corpus to a temporary folder, train on it, and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        n_bytes = options.megabytes * 1_000_000
        writer = Process(target=write_corpus, args=(Path(folder), n_bytes))
        writer.start()  # a process of its own, whose memory does not count
        writer.join()
        before = highest_memory()
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
    print(f"  highest memory: {highest_memory() / 1e6:,.0f} MB, {before / 1e6:,.0f} MB of it before training")


if __name__ == "__main__":
    main()
