"""Is a training that is stopped, deceived or overloaded ever silently wrong?"""

import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
from bpelab.bpe import PieceCounts, train

_PROGRAM = """
import json, sys, warnings
from pathlib import Path
from bpelab.bpe import train
from bpelab.bpe.training import checkpoint
checkpoint.SECONDS_BETWEEN = float(sys.argv[3])
warnings.simplefilter("ignore")
encoding = train(Path(sys.argv[1]), vocab_size=int(sys.argv[2]), checkpoint=sys.argv[4], jobs=int(sys.argv[5]))
Path(sys.argv[6]).write_text(json.dumps([token.hex() for token in encoding.ranks]))
"""


def _write_corpus(folder: Path, n_bytes: int, seed: int) -> None:
    """Write random words of a few letters, many of them again and again, as twenty files."""
    chance = random.Random(seed)
    known = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 12))) for _ in range(20_000)]
    for number in range(20):
        words = chance.choices(known, k=n_bytes // 20 // 8)
        words += ["".join(chance.choices("abcdefgh", k=9)) for _ in range(len(words) // 10)]
        chance.shuffle(words)
        (folder / f"{number:02}.txt").write_text(" ".join(words))


def _start(
    folder: Path, path: Path, result: Path, seconds: float, jobs: int, vocab_size: int
) -> subprocess.Popen:
    arguments = [folder, vocab_size, seconds, path, jobs, result]
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_loop(
    n_kills: int = 40, n_bytes: int = 20_000_000, jobs: int = 1, number: int = signal.SIGKILL, seed: int = 1
) -> str:
    """A training killed at any moment, again and again, ends with the encoding of one that was not."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder, result = Path(name, "corpus"), Path(name, "result")
        folder.mkdir()
        _write_corpus(folder, n_bytes, seed)
        start = time.monotonic()
        assert _start(folder, Path(name, "c"), result, 1000.0, jobs, 8192).wait() == 0
        whole_seconds = time.monotonic() - start
        expected = json.loads(result.read_text())
        n_done = n_finished = 0
        with_file = 0
        while n_done < n_kills:
            result.unlink(missing_ok=True)
            path = Path(name, f"c{n_finished}")
            while n_done < n_kills:
                process = _start(folder, path, result, chance.choice([0.0, 0.2, 1000.0]), jobs, 8192)
                try:
                    process.wait(chance.uniform(0.2, whole_seconds * 1.2))
                    break
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, number)
                    process.wait()
                    n_done += 1
                    with_file += path.exists()
            else:
                process = _start(folder, path, result, 1000.0, jobs, 8192)
            assert process.wait() == 0, "a resumed training failed"
            assert json.loads(result.read_text()) == expected, "a resumed training gave another encoding"
            assert not path.exists()
            n_finished += 1
    name = signal.Signals(number).name
    return f"{n_done} {name}s of train (jobs={jobs}), {with_file} with a checkpoint: {n_finished} of {n_finished} the same"


def changed_corpora(n_changes: int = 300, seed: int = 2) -> str:
    """A checkpoint is refused for a corpus with one letter, boundary or document changed, or another order."""
    chance = random.Random(seed)
    refused = 0

    def stop_after(n: int):
        def watch(progress: object) -> None:
            if progress.phase == "merging" and progress.done >= n:
                raise KeyboardInterrupt

        return watch

    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(n_changes):
            texts = [" ".join("".join(chance.choices("abcd", k=4)) for _ in range(30)) for _ in range(6)]
            path = Path(name, f"c{number}")
            try:
                train(texts, vocab_size=300, checkpoint=path, progress=stop_after(chance.choice([0, 1, 20])))
            except KeyboardInterrupt:
                pass
            other = list(texts)
            i = chance.randrange(5)
            kind = number % 6
            if kind == 0:
                at = chance.randrange(len(other[i]))
                other[i] = other[i][:at] + "z" + other[i][at + 1 :]
            elif kind == 1:
                other[i : i + 2] = [other[i] + other[i + 1]]
            elif kind == 2:
                other[i], other[i + 1] = other[i] + other[i + 1][:1], other[i + 1][1:]
            elif kind == 3:
                other[i], other[i + 1] = other[i + 1], other[i]
            elif kind == 4:
                del other[i]
            else:
                other.insert(i, "")
            if other == texts:
                continue
            try:
                train(iter(other), vocab_size=300, checkpoint=path)
            except ValueError as error:
                assert str(path) in str(error)
                refused += 1
            else:
                raise AssertionError(f"{other} was taken for {texts}")
            assert train(texts, vocab_size=300, checkpoint=path).ranks == train(texts, vocab_size=300).ranks
    return f"{refused} of {refused} changed corpora refused, and the right one resumed after each"


def edited_checkpoints(n_edits: int = 3000, seed: int = 3) -> str:
    """A checkpoint with right checksums and wrong numbers is refused by name, or gives a sound encoding."""
    chance = random.Random(seed)
    texts = [" ".join("".join(chance.choices("abcde", k=4)) for _ in range(60)) for _ in range(4)]
    n_refused = n_sound = 0

    def watch(progress: object) -> None:
        if progress.phase == "merging" and progress.done:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(name, "c")
        from bpelab.bpe.training import learner as merges

        before, merges.SECONDS_A_STEP = merges.SECONDS_A_STEP, 0.0
        try:
            train(texts, vocab_size=400, checkpoint=path, progress=watch)
        except KeyboardInterrupt:
            pass
        finally:
            merges.SECONDS_A_STEP = before
        with np.load(path) as npz:
            whole = dict(npz)
        for _ in range(n_edits):
            arrays = {key: array.copy() for key, array in whole.items()}
            for _ in range(chance.randint(1, 3)):
                key = chance.choice(["merges", "ids", "weights", "digests", "n_bytes"])
                kind = chance.randrange(6)
                if kind == 0 and arrays[key].ndim and len(arrays[key]):
                    arrays[key] = np.delete(arrays[key], chance.randrange(len(arrays[key])), axis=0)
                elif kind == 1 and arrays[key].ndim and len(arrays[key]):
                    at = chance.randrange(len(arrays[key]))
                    arrays[key] = np.insert(
                        arrays[key], at, arrays[key][chance.randrange(len(arrays[key]))], axis=0
                    )
                elif kind == 2:
                    arrays[key] = arrays[key].astype(
                        chance.choice(["f8", "i8", "u4", "i2", "U8", ">i4", "i4"])
                    )
                else:
                    flat = arrays[key].reshape(-1)
                    if flat.size and flat.dtype.kind in "iu":
                        information = np.iinfo(flat.dtype)
                        value = chance.choice(
                            [-1, 0, 1, 255, 256, 300, 2**31 - 1, 2**62, 2**63 - 1, -(2**63)]
                        )
                        flat[chance.randrange(flat.size)] = max(information.min, min(information.max, value))
            np.savez(path.with_suffix(".npz"), **arrays)
            try:
                encoding = train(texts, vocab_size=400, checkpoint=path.with_suffix(".npz"))
            except ValueError as error:
                assert str(path) in str(error), error
                n_refused += 1
            else:
                assert encoding.decode(encoding.encode(texts[0])) == texts[0]
                for token, rank in encoding.ranks.items():
                    assert encoding.encode_single_token(token) == rank
                n_sound += 1
    return f"{n_edits} edited checkpoints: {n_refused} refused by name, {n_sound} sound, no other error"


def bombs(n_bytes: int = 6_000_000_000) -> str:
    """A small file of counts that claims gigabytes is refused before they are allocated."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "bomb")
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (n_bytes,)}
        )
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("piece_bytes.npy", "w", force_zip64=True) as stream,
        ):
            stream.write(header.getvalue())
            zeros = bytes(1 << 24)
            for at in range(0, n_bytes, len(zeros)):
                stream.write(zeros[: n_bytes - at])
        size = path.stat().st_size
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            PieceCounts.load(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            raise AssertionError("the bomb was loaded")
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
        assert grown < 100 + size / 1e6
    return f"a file of {size / 1e6:.1f} MB that asks for {n_bytes / 1e9:.1f} GB: refused, with {grown:.0f} MB more memory"


def forks_while_training(n_forks: int = 100, seed: int = 4) -> str:
    """A child forked while another thread trains can train, for no lock is held that it could inherit."""
    import threading

    ended = threading.Event()
    chance = random.Random(seed)
    texts = [" ".join("".join(chance.choices("abcdefgh", k=6)) for _ in range(3000)) for _ in range(4)]

    def work() -> None:
        while not ended.is_set():
            with warnings.catch_warnings():
                train(texts, vocab_size=1000)

    thread = threading.Thread(target=work)
    thread.start()
    n_hung = 0
    try:
        for _ in range(n_forks):
            time.sleep(chance.uniform(0, 0.02))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pid = os.fork()
            if pid == 0:
                train(["low lower lowest"], vocab_size=258)
                os._exit(0)
            deadline = time.monotonic() + 10
            while os.waitpid(pid, os.WNOHANG) == (0, 0):
                if time.monotonic() > deadline:
                    n_hung += 1
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    break
                time.sleep(0.005)
    finally:
        ended.set()
        thread.join()
    assert not n_hung, f"{n_hung} of {n_forks} children hung"
    return f"{n_forks} forks while a thread trains: every child trained and ended"


def distinct_pieces(n_pieces: int = 10_000_000) -> str:
    """Training takes a few hundred bytes for each distinct piece of ten bytes, and no more than it promises."""
    program = f"""
import random, resource, sys, time
from bpelab.bpe import train
letters = str.maketrans("0123456789", "ghijklmnop")
def documents():
    chance = random.Random(1)
    for _ in range({n_pieces} // 10000):
        yield " ".join(f"{{chance.getrandbits(40):x}}".translate(letters) for _ in range(10000))
start = time.monotonic()
train(documents(), vocab_size=8192)
print(time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""
    seconds, gigabytes = map(
        float, subprocess.check_output([sys.executable, "-c", program], text=True).split()
    )
    assert gigabytes * 1e9 < 800 * n_pieces + 2e8
    return f"{n_pieces:,} distinct pieces of 11 bytes: {seconds:.0f} s, {gigabytes:.1f} GB"


if __name__ == "__main__":
    print(changed_corpora())
    print(edited_checkpoints())
    print(bombs())
    print(forks_while_training())
    print(kill_loop())
    print(kill_loop(15, number=signal.SIGINT))
    print(kill_loop(10, jobs=2))
    print(distinct_pieces())
