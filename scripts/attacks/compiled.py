"""Attacks on the compiled engine: other engines' ids, memory, forks, threads, Ctrl-C, and its code on disk."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from bpelab.bpe import Encoding, get_encoding
from bpelab.bpe.encoders.compiled import code_files
from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder
from bpelab.bpe.encoders.compiled.memory import Sizes
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

TINY = Sizes(first_slots=16, most_slots=64, block=24, pieces=50, texts=3, window=6, overlap=3)
# What a process does that begins with the engine, and its result.
BEGIN = """
import hashlib
from bpelab.bpe import get_encoding
from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder
gpt2 = get_encoding("gpt2")
encoder = CompiledEncoder(gpt2.ranks, gpt2.pattern)
text = "".join(chr(33 + 7 * i % 900) + " word's 123" * (i % 3) for i in range(5000))
ids = encoder.encode(text)
assert encoder.decode_bytes(ids) == text.encode()
print(hashlib.sha256(ids.tobytes()).hexdigest())
"""


def _compiled(encoding: Encoding, sizes: Sizes | None = None) -> CompiledEncoder:
    return CompiledEncoder(encoding.ranks, encoding.pattern, **({"sizes": sizes} if sizes else {}))


def differential(n_texts: int = 200_000, seed: int = 0) -> str:
    """Every text has tiktoken's ids, at usual and at tiny sizes: batch, array, list, blocks, count and beginning."""
    import tiktoken

    ranks, n_done = get_encoding("gpt2").ranks, 0
    for name, pattern in (("gpt2", GPT2_PATTERN), ("cl100k", CL100K_PATTERN), ("o200k", O200K_PATTERN)):
        theirs = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=dict(ranks), special_tokens={})
        encoders = [CompiledEncoder(ranks, pattern), CompiledEncoder(ranks, pattern, sizes=TINY)]
        source = fuzz_texts(seed)
        for _ in range(max(1, n_texts // 600)):
            texts = [repair_surrogates(text) for text in islice(source, 200)]
            whole = "".join(texts)
            expected, ids = theirs.encode_ordinary_batch(texts, num_threads=1), theirs.encode_ordinary(whole)
            for encoder in encoders:
                assert encoder.encode_batch(texts) == encoder.encode_batch(texts, 2) == expected
                assert encoder.encode_to_list(whole) == encoder.encode(whole, 2).tolist() == ids
                assert [token for part in encoder.encode_blocks(whole) for token in part.tolist()] == ids
                assert encoder.count(whole) == len(ids)
                assert encoder.decode_bytes(ids) == whole.encode()
                parts, n_chars = encoder.encode_beginning(whole)
                begun = [token for part in parts for token in part.tolist()]
                assert begun + theirs.encode_ordinary(whole[n_chars:]) == ids
            n_done += len(texts)
    return f"{n_done:,} texts with three patterns equal to tiktoken, seed {seed}"


def ever_new_words(n_megabytes: int = 2000) -> str:
    """What is remembered stays below 26 MB however many different words there are."""
    encoder, source, most = _compiled(get_encoding("gpt2")), np.random.default_rng(1), 0
    for _ in range(n_megabytes):
        words = source.integers(ord("a"), ord("q"), size=(77_000, 13), dtype=np.uint8)
        words[:, -1] = ord(" ")
        encoder.count(words.tobytes().decode())
        most = max(most, sum(getattr(array, "nbytes", 0) for array in encoder._memories[0][1]))
    assert most < 26_000_000
    return f"{n_megabytes:,} MB of new words, {most:,} bytes at most"


def blocks_need_memory_for_blocks(n_megabytes: int = 1000) -> str:
    """Ids that are taken block by block need memory for some blocks, whatever the length of the text."""
    program = f"""
import resource
from bpelab.bpe import get_encoding
from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder
gpt2 = get_encoding("gpt2")
encoder = CompiledEncoder(gpt2.ranks, gpt2.pattern)
text = "The quick brown fox jumps over 12 lazy dogs, né? " * ({n_megabytes} * 20_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
n_ids = sum(map(len, encoder.encode_blocks(text))); assert n_ids == encoder.count(text)
n_ids -= sum(map(len, encoder.encode_blocks(text, 2))); assert n_ids == 0
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000)
"""
    used = int(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    )
    assert used < 250, f"{used} MB"
    return f"{n_megabytes:,} MB of text: {used} MB more than before"


def fork_while_threads_encode(n_forks: int = 300) -> str:
    """A child of a process whose threads encode can encode itself."""
    encoder = _compiled(get_encoding("gpt2"), Sizes(first_slots=64, most_slots=512))
    text = "".join(map(repair_surrogates, islice(fuzz_texts(3), 2000)))
    expected, is_over = encoder.encode_to_list(text), False

    def work() -> None:
        while not is_over:
            assert encoder.encode_to_list(text) == expected

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(work) for _ in range(2)]
        try:
            for _ in range(n_forks):
                if not (child := os.fork()):
                    signal.alarm(60)
                    os._exit(encoder.encode_to_list(text) != expected)
                _, status = os.waitpid(child, 0)
                assert status == 0, f"the child ended with status {status}"
        finally:
            is_over = True
        for job in jobs:
            job.result()
    return f"{n_forks:,} forks while two threads encoded: every child encoded the same"


def fork_while_it_loads(n_forks: int = 30) -> str:
    """A process may fork at any moment of another thread's first use of the engine, and the child can use it."""
    program = """
import os, signal, sys, threading, time
from bpelab.bpe import get_encoding
from bpelab.bpe.encoders.compiled.loading import load
gpt2 = get_encoding("gpt2")
def use():
    return load(gpt2.ranks, gpt2.pattern).encode("hello world").tolist()
thread = threading.Thread(target=use); thread.start()
time.sleep(float(sys.argv[1]))
if not (child := os.fork()):
    signal.alarm(60)
    os._exit(use() != [31373, 995])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    for number in range(n_forks):
        done = subprocess.run([sys.executable, "-c", program, str(number / n_forks)], timeout=120)
        assert done.returncode == 0, f"after {number / n_forks} s: {done.returncode}"
    return f"{n_forks} forks within the second in which another thread loaded the engine: every child used it"


def threads_on_small_memories(n_rounds: int = 300) -> str:
    """Eight threads that share an encoder with small memories get tiktoken's ids."""
    gpt2 = get_encoding("gpt2")
    encoder = _compiled(gpt2, Sizes(first_slots=16, most_slots=128, window=8, overlap=3))
    texts = [repair_surrogates("".join(islice(fuzz_texts(seed), 300))) for seed in range(8)]
    expected = [gpt2.encode_ordinary(text) for text in texts]

    def work(seed: int) -> None:
        for number in range(n_rounds):
            wanted = (seed + number) % 8
            assert encoder.encode_to_list(texts[wanted]) == expected[wanted]
            assert encoder.encode_batch(texts) == expected if number % 50 == 0 else True

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    return f"8 threads, {n_rounds} rounds each: the same ids"


def ctrl_c(n_signals: int = 300) -> str:
    """After a Ctrl-C at any moment, the encoder goes on with the right ids."""
    gpt2 = get_encoding("gpt2")
    encoder, draw, n_caught = _compiled(gpt2, Sizes(first_slots=16, most_slots=1024)), random.Random(0), 0
    text = "".join(map(repair_surrogates, islice(fuzz_texts(5), 20_000)))
    expected = gpt2.encode_to_numpy(text, disallowed_special=()).tobytes()
    encoder.encode(text)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(n_signals):
            try:
                signal.setitimer(signal.ITIMER_REAL, draw.uniform(0.0005, 0.02))
                while True:
                    encoder.encode(text)
            except KeyboardInterrupt:
                n_caught += 1
            assert encoder.encode(text).tobytes() == expected
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return f"{n_caught} interruptions, the same ids after each"


def kills_while_compiling(n_kills: int = 15, seed: int = 0) -> str:
    """A process that is killed or interrupted while it compiles leaves nothing that harms the next one."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        command = [sys.executable, "-c", BEGIN]
        for number in range(n_kills):
            process = subprocess.Popen(
                command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            time.sleep(draw.uniform(0.3, 12))
            process.send_signal([signal.SIGKILL, signal.SIGINT, signal.SIGTERM][number % 3])
            process.wait(timeout=60)
        both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
        answers = {process.communicate(timeout=300)[0] for process in both}
        assert len(answers) == 1 and all(process.returncode == 0 for process in both)
    return f"{n_kills} processes ended while they compiled; then two at once gave the same ids"


def damaged_code(n_damages: int = 60, seed: int = 0) -> str:
    """Whatever happens to the files of machine code, the ids are right and no process crashes."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}

        def begin() -> str:
            done = subprocess.run(
                [sys.executable, "-c", BEGIN], env=environment, capture_output=True, text=True, timeout=300
            )
            assert (done.returncode, done.stderr) == (0, ""), done.stderr[-500:]
            return done.stdout

        expected = begin()
        files = sorted(Path(folder, f"compiled-{code_files.stamp()}").iterdir())
        whole = {file: file.read_bytes() for file in files}
        small = [
            file for file in files if not file.name.startswith(("encode.", "split."))
        ]  # compiled in a second
        for number in range(n_damages):
            victim = draw.choice(small)
            content = bytearray(whole[victim])
            if number % 3 == 0:
                del content[draw.randrange(len(content)) :]
            elif number % 3 == 1:
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            else:
                content = bytearray(whole[draw.choice(files)])
            victim.write_bytes(content)
            assert begin() == expected
    return f"{n_damages} files of machine code cut off, altered or exchanged: the same ids"
