"""Attacks on corpora and token files: edits, pipes, kills, two runs at once, full disks, damaged manifests."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from bpelab.bpe import get_encoding
from bpelab.dataset.shards import open_tokens
from bpelab.dataset.tokenize_corpus import tokenize_corpus

BPELAB = Path(sys.executable).parent / "bpelab"
WORDS = ["The", "naïve", "café,", "42", "日本語。", "in's", "it\n\n", "", "of", "🙂", "déjà-vu", "a"]


def _corpus(folder: Path, n_files: int, seed: int = 0) -> Path:
    choose = random.Random(seed)
    folder.mkdir(parents=True)
    for number in range(n_files):
        text = " ".join(choose.choices(WORDS, k=choose.randrange(1, 60_000)))
        (folder / f"{number:03}.txt").write_text(text, encoding="utf-8")
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _command(corpus: Path, out: Path, *options: str) -> list[str]:
    return [
        str(BPELAB),
        "tokenize",
        str(corpus),
        "-o",
        str(out),
        "--shard-bytes",
        "100000",
        "--quiet",
        *options,
    ]


def kills(n_kills: int = 20, seed: int = 0) -> str:
    """A `tokenize` killed again and again, by any signal at any time, ends with the bytes of one that was not."""
    choose = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = _corpus(folder / "corpus", 40)
        begun = time.monotonic()
        subprocess.run(_command(corpus, folder / "whole"), check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - begun
        n_landed = 0
        for number in range(n_kills):
            jobs, how = (
                str(choose.choice([1, 2, 3])),
                choose.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]),
            )
            running = subprocess.Popen(
                _command(corpus, folder / "out", "--jobs", jobs),
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            time.sleep(choose.random() * seconds)
            n_landed += running.poll() is None
            running.send_signal(how)
            _, shown = running.communicate(timeout=60)  # its end is that of the last worker, which holds it
            assert 'File "<string>"' not in shown, f"a worker, at kill {number} by {how.name}: {shown}"
            if number % 7 == 6:  # another chance for kills early on
                for path in (folder / "out").glob("*"):
                    path.unlink()
        subprocess.run(_command(corpus, folder / "out", "--jobs", "2"), check=True, stdout=subprocess.DEVNULL)
        assert _contents(folder / "out") == _contents(folder / "whole")
        assert sorted(path.name for path in (folder / "out").glob(".*")) == [".lock"]
    return f"{n_landed} of {n_kills} kills landed; same bytes, no worker left, none that showed a traceback"


def two_runs(n_rounds: int = 10) -> str:
    """Of two runs into one directory, one does the work and the other is refused, or finds it done."""
    n_refused = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = _corpus(folder / "corpus", 8)
        subprocess.run(_command(corpus, folder / "whole"), check=True, stdout=subprocess.DEVNULL)
        for number in range(n_rounds):
            out = folder / f"{number}"
            running = [
                subprocess.Popen(
                    _command(corpus, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                )
                for _ in range(2)
            ]
            ends = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
            refused = [shown for shown, status in ends if status == 2]
            assert all("another run is writing here (process " in shown for shown in refused), ends
            assert sorted(status for _, status in ends) in ([0, 2], [0, 0]), ends
            n_refused += len(refused)
            assert _contents(out) == _contents(folder / "whole")
    return f"{n_rounds} pairs of runs: {n_refused} refused, the others found it done; same bytes"


def edits(n_edits: int = 100, seed: int = 0) -> str:
    """One letter of a corpus changed, at the same size and with the same times, is noticed and the file named."""
    choose = random.Random(seed)
    encoding = get_encoding("gpt2")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = _corpus(folder / "corpus", 10)
        tokenize_corpus([corpus], folder / "out", encoding, shard_bytes=50_000)
        for _ in range(n_edits):
            path = choose.choice(sorted(corpus.iterdir()))
            before, times = path.read_bytes(), path.stat()
            place = choose.randrange(len(before))
            path.write_bytes(before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :])
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            try:
                tokenize_corpus([corpus], folder / "out", encoding, shard_bytes=50_000)
            except ValueError as error:
                assert str(error).startswith(f"{path}: it has changed"), error
            else:
                raise AssertionError(f"{path}: byte {place} was altered, and nobody noticed")
            path.write_bytes(before)
        assert tokenize_corpus([corpus], folder / "out", encoding, shard_bytes=50_000).finished
    return f"{n_edits} edits of one bit, size and times kept: all refused by name"


def manifests(n_edits: int = 2000, seed: int = 0) -> str:
    """A manifest with any change is refused by name, or means the same."""
    choose = random.Random(seed)
    strange: list[Any] = [
        -1,
        0,
        1,
        2**70,
        1.5,
        True,
        None,
        "",
        "../x",
        "a/b",
        [],
        {},
        [[]],
        "x" * 1000,
        "\ud800",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = _corpus(folder / "corpus", 6)
        out = folder / "out"
        tokenize_corpus([corpus], out, get_encoding("gpt2"), shard_bytes=50_000)
        ids = [file.ids.tolist() for file in open_tokens(out)]
        good = (out / "manifest.json").read_bytes()
        n_refused = 0
        for _ in range(n_edits):
            content = json.loads(good)
            _edit(content, choose, strange)
            (out / "manifest.json").write_text(json.dumps(content))
            try:
                assert [file.ids.tolist() for file in open_tokens(out)] == ids
            except ValueError as error:
                assert str(error).startswith(str(out)), error
                n_refused += 1
    return f"{n_edits} edits of manifests: {n_refused} refused by name, the others mean the same"


def _edit(content: Any, choose: random.Random, strange: list[Any]) -> None:
    """Replace, remove, double or reorder something somewhere in a JSON value."""
    while True:
        keys = sorted(content) if isinstance(content, dict) else range(len(content))
        key = choose.choice(list(keys))
        if isinstance(content[key], dict | list) and content[key] and choose.random() < 0.7:
            content = content[key]
            continue
        how = choose.randrange(4)
        if how == 0 or (isinstance(content, dict) and how > 1):
            content[key] = choose.choice(strange)
        elif how == 1:
            del content[key]
        elif how == 2:
            content.insert(choose.randrange(len(content) + 1), content[key])
        else:
            content.reverse()
        return


def full_disk(n_sizes: int = 5) -> str:
    """A disk that fills up while `tokenize` writes leaves nothing half-written, and the run goes on later."""
    if os.name != "posix" or os.geteuid() != 0:
        return "left out: only root can mount a small disk"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = _corpus(folder / "corpus", 20)
        subprocess.run(_command(corpus, folder / "whole"), check=True, stdout=subprocess.DEVNULL)
        n_bytes = sum(path.stat().st_size for path in (folder / "whole").iterdir())
        disk = folder / "disk"
        disk.mkdir()
        for number in range(n_sizes):
            size = n_bytes * (number + 1) // (n_sizes + 1)
            mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
            if subprocess.run(mount, capture_output=True).returncode:
                return "left out: no small disk can be mounted here"
            try:
                failed = subprocess.run(_command(corpus, disk / "out"), capture_output=True, text=True)
                assert failed.returncode == 2 and "No space left on device" in failed.stderr, failed
                assert len(failed.stderr.splitlines()) == 1, failed.stderr
                left = [path.name for path in (disk / "out").iterdir() if path.name.startswith(".")]
                assert left == [".lock"], left
                subprocess.run(["mount", "-o", f"remount,size={3 * n_bytes}", str(disk)], check=True)
                subprocess.run(_command(corpus, disk / "out"), check=True, stdout=subprocess.DEVNULL)
                assert _contents(disk / "out") == _contents(folder / "whole")
            finally:
                subprocess.run(["umount", str(disk)], check=True)
    return f"{n_sizes} disks that filled up: nothing half-written, and each run went on to the same bytes"


def unwritable_folder() -> str:
    """A directory that cannot be written to is refused before anything is read."""
    if os.name != "posix":
        return "left out: permissions are POSIX"
    code = """
import os, sys
from pathlib import Path
from bpelab.bpe import get_encoding
from bpelab.dataset.tokenize_corpus import tokenize_corpus
encoding = get_encoding("gpt2")
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
try:
    tokenize_corpus([Path(sys.argv[1])], Path(sys.argv[2]), encoding)
except PermissionError as error:
    print("refused", error.filename)
"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bad.txt").write_bytes(b"\xff")  # what would be said first if it were read
        (folder / "out").mkdir(mode=0o555)
        for out in ("out", "out/below"):
            command = [sys.executable, "-P", "-c", code, folder / "bad.txt", folder / out]
            result = subprocess.run(command, capture_output=True, text=True)
            assert result.stdout.startswith(f"refused {folder / out}"), result
    return "refused before anything was read"


def killed_workers(n_rounds: int = 10, seed: int = 0) -> str:
    """A worker that is killed, as for lack of memory, is replaced, and its shard is made by another."""
    choose = random.Random(seed)
    n_killed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = _corpus(folder / "corpus", 60)
        subprocess.run(_command(corpus, folder / "whole"), check=True, stdout=subprocess.DEVNULL)
        for _ in range(n_rounds):
            shutil.rmtree(folder / "out", ignore_errors=True)  # a finished one would need no worker
            running = subprocess.Popen(
                # By arrays: compiled loops are shared by threads, of which none can be killed.
                _command(corpus, folder / "out", "--jobs", "2", "--engine", "arrays"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            children: list[int] = []
            while running.poll() is None and not children:
                listed = subprocess.run(["pgrep", "-P", str(running.pid)], capture_output=True, text=True)
                children = [int(pid) for pid in listed.stdout.split()]
            time.sleep(choose.uniform(0, 0.3))
            if children and running.poll() is None:
                with suppress(ProcessLookupError):  # it was just done
                    os.kill(choose.choice(children), signal.SIGKILL)
                    n_killed += 1
            _, shown = running.communicate(timeout=120)
            assert running.returncode == 0 and not shown, (running.returncode, shown)
            assert _contents(folder / "out") == _contents(folder / "whole")
        assert n_killed or n_rounds < 5, "no kill has met a worker: nothing was tried"
    return f"{n_killed} of {n_rounds} runs lost a worker, and all ended with the same bytes"


def pipes(n_megabytes: int = 300) -> str:
    """A pipe of any length is read in bounded memory, and a kill meanwhile leaves no copy of it behind for long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = f"yes 'the cat sat on the mat' | head -c {n_megabytes}000000"
        script = f"{lines} | {BPELAB} tokenize /dev/stdin -o {folder}/out --quiet"
        running = subprocess.Popen(
            ["sh", "-c", f"sleep 60 | {BPELAB} tokenize /dev/stdin -o {folder}/out"], start_new_session=True
        )
        time.sleep(2)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        (folder / "out" / ".pipe.0123abcd").write_bytes(b"of a run that was killed")
        measure = ["sh", "-c", script]
        before = max(
            _peak(["sh", "-c", f"echo a | {BPELAB} tokenize /dev/stdin -o {folder}/small --quiet"]), 1
        )
        peak = _peak(measure)
        assert not list((folder / "out").glob(".pipe*"))
        n_tokens = sum(len(file.ids) for file in open_tokens(folder / "out"))
        expected = (
            len(get_encoding("gpt2").encode_ordinary("the cat sat on the mat\n" * 1000))
            * n_megabytes
            * 1000
            // 23
        )
        assert abs(n_tokens - expected) < 30, (n_tokens, expected)
    return f"{n_megabytes} MB through a pipe: {n_tokens:,} tokens, {peak - before:,} MB more memory than for one byte"


def _peak(command: list[str]) -> int:
    """Run a command and return the most memory that one of its processes took, in MB."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )
    return int(subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True).stdout)


def mapped_and_replaced() -> str:
    """Token files that are mapped stay as they were when `tokenize` replaces them."""
    encoding = get_encoding("gpt2")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a").write_text("one " * 1000)
        (folder / "b").write_text("two")
        tokenize_corpus([folder / "a"], folder / "out", encoding)
        (file,) = open_tokens(folder / "out")
        before = np.array(file.ids)
        (folder / "out" / "manifest.json").unlink()
        tokenize_corpus([folder / "b"], folder / "out", encoding)
        assert np.array_equal(file.ids, before)
    return "ids that were mapped are as before, after the files were written anew"


ATTACKS: list[Callable[[], str]] = [
    kills,
    two_runs,
    edits,
    manifests,
    full_disk,
    unwritable_folder,
    killed_workers,
    pipes,
    mapped_and_replaced,
]

if __name__ == "__main__":
    for attack in [attack for attack in ATTACKS if attack.__name__ in sys.argv[1:] or not sys.argv[1:]]:
        print(f"{attack.__name__}: {attack()}", flush=True)
