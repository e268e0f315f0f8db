"""Attacks on the training by compiled loops."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def random_pieces_by_both_learners(n_corpora: int = 200, seed: int = 0) -> str:
    """Both learners make the same merges of random pieces, with everything done little by little."""
    from bpelab.bpe.training.compiled.learner import CompiledLearner, Sizes
    from bpelab.bpe.training.learner import MergeLearner

    generator = np.random.default_rng(seed)
    tokens = [bytes([byte]) for byte in range(6)]
    n_merges = 0
    for _ in range(n_corpora):
        n_ids, n_pieces = int(generator.integers(1, 7)), int(generator.integers(0, 200))
        pieces = [generator.integers(0, n_ids, generator.integers(1, 60)).tolist() for _ in range(n_pieces)]
        ids = [-1] + [id for piece in pieces for id in (*piece, -1)]
        weights = generator.integers(1, 20, n_pieces).tolist()
        sizes = Sizes(
            share=int(generator.integers(1, 50)),
            low_count=int(generator.integers(1, 5)),
            pairs=int(generator.integers(1, 100)),
            first_pairs=int(generator.integers(1, 100)),
            spare=int(generator.integers(1, 1000)),
            slots=16 * int(generator.integers(1, 50)),
            looks=int(generator.integers(1, 100)),
            seconds=0,
        )
        joined = [bytes(piece) for piece in pieces]
        kind = {
            "tokens": tokens,
            "min_frequency": int(generator.integers(1, 6)),
            "max_token_length": None if generator.integers(2) else int(generator.integers(1, 20)),
            "never_made": [joined[i][:5] for i in generator.integers(0, n_pieces, 3)] if n_pieces else [],
        }
        kind["never_made"] = [token for token in kind["never_made"] if len(token) > 1]
        other, learner = (
            MergeLearner(ids, weights, **kind),
            CompiledLearner(ids, weights, **kind, sizes=sizes),
        )
        list(other.steps(300)), list(learner.steps(300))
        assert learner.merges == other.merges, (kind, sizes, pieces)
        n_merges += len(learner.merges)
    return f"{n_corpora:,} corpora, {n_merges:,} merges, all equal"


def ctrl_c_is_answered(n_bytes: int = 300_000_000, n_times: int = 6) -> str:
    """Ctrl-C ends a training with compiled loops within two seconds, at any time."""
    slowest = 0.0
    program = (
        "import pathlib, sys, warnings; from bpelab.bpe import train;"
        "train(pathlib.Path(sys.argv[1]), vocab_size=32768, engine='compiled', jobs=2,"
        " progress=lambda progress: print(progress.phase, flush=True))"
    )
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus.txt")
        letters = np.random.default_rng(0).integers(97, 123, (n_bytes // 8, 8), dtype=np.uint8)
        letters[:, 0] = 32
        corpus.write_bytes(letters.tobytes())
        for i in range(n_times):
            with subprocess.Popen(
                [sys.executable, "-c", program, str(corpus)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(2.0 * i)
                start = time.monotonic()
                process.send_signal(signal.SIGINT)
                process.stdout.read()
                process.wait()
                slowest = max(slowest, time.monotonic() - start)
    assert slowest < 2, slowest
    return f"{n_times} interrupts, the slowest answered in {slowest:.2f} s"
