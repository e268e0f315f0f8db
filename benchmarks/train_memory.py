"""How much memory does training need?

Varies: the trainer, the corpus and the size of the vocabulary. Fixed: GPT-2's pattern, one thread, a new
process for every round. Memory is the highest resident size of the process after training less that
before it, when the documents, which all trainers are given as lists of strings, are already there; it is
read from Linux's /proc, and other systems skip the file. What a library frees and keeps counts as used.
"""

import hashlib
import json
import subprocess
import sys
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, describe, give
from bpelab.benchmarks.train import CORPORA, SIZES, TRAINERS, documents, expected

ROUNDS = 1 if QUICK else 3
SCRIPT = """
import hashlib, json, re, sys
from bpelab.benchmarks.train import TRAINERS, documents, tokens_of
def highest_memory():
    status = open("/proc/self/status").read()  # of this process alone, unlike getrusage's
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024
contender, corpus, size = sys.argv[1:]
texts = documents(corpus)
before = highest_memory()
trained = TRAINERS[contender](texts, int(size))
memory = highest_memory() - before
digest = hashlib.sha256(repr(tokens_of(contender, trained)).encode()).hexdigest()
print(json.dumps([memory, digest]))
"""


def measured(contender: str, corpus: str, size: int) -> tuple[int, str]:
    """Give the memory of a process of its own, and the digest of what it learned."""
    command = [sys.executable, "-c", SCRIPT, contender, corpus, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    memory, digest = json.loads(done.stdout)
    return memory, digest


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc/self/status")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("contender", TRAINERS)
def peak_seconds(benchmark: Any, corpus: str, size: int, contender: str) -> None:
    digest = hashlib.sha256(repr(expected(contender, corpus, size)).encode()).hexdigest()
    values = []
    for _ in range(ROUNDS):
        memory, learned = measured(contender, corpus, size)
        assert learned == digest
        values.append(memory)
    n_bytes = sum(len(text.encode("utf-8")) for text in documents(corpus))
    describe(
        benchmark,
        group=f"memory of training, {corpus} to {size:,}",
        axis={"corpus": corpus, "corpus_bytes": n_bytes, "vocab_size": size},
        baseline="tokenizers",
        amount=None,
        amount_of=None,
    )
    give(benchmark, values, unit="B")
