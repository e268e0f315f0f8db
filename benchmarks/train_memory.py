"""How much memory does training need?

Varies: the trainer, the corpus and the size of the vocabulary. Fixed: GPT-2's pattern, one thread, a new
process for every round. Memory is the largest resident size of the process after training less that before
it, when the documents are already there; all trainers get them as a list of strings.

How the number could mislead: memory that a library frees and keeps for later counts as used. It is read
from Linux's /proc; other systems skip the file.

The answer (records/full.json): bpelab needs about half of what Hugging Face's trainer needs, or less, and
more than rustbpe and ffbpe. The larger the corpus, the nearer it comes to these two, since all of them
hold each distinct piece once, and bpelab's arrays of fixed size count for less.
"""

import hashlib
import json
import subprocess
import sys
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import describe, record_memory
from bpelab.benchmarks.harness.memory import NEEDS_LINUX
from bpelab.benchmarks.harness.record import CONTROL
from bpelab.benchmarks.train import CORPORA, SIZES, TRAINERS, documents, expected

SCRIPT = """
import hashlib, json, sys
from bpelab.benchmarks.harness.memory import peak_resident_size
from bpelab.benchmarks.harness.record import CONTROL
from bpelab.benchmarks.train import TRAINERS, documents, tokens_of
contender, corpus, size = sys.argv[1:]
texts = documents(corpus)
before = peak_resident_size()
trained = TRAINERS[contender](texts, int(size))
memory = peak_resident_size() - before
digest = hashlib.sha256(repr(tokens_of(contender, trained)).encode()).hexdigest()
print(json.dumps([memory, digest]))
"""


def measured(contender: str, corpus: str, size: int) -> tuple[int, str]:
    """Train in a process of its own; return its memory in bytes, and a digest of what it learned."""
    command = [sys.executable, "-c", SCRIPT, contender, corpus, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    memory, digest = json.loads(done.stdout.splitlines()[-1])  # gigatoken prints its progress before it
    return memory, digest


@pytest.mark.skipif(sys.platform != "linux", reason=NEEDS_LINUX)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("contender", [name for name in TRAINERS if name != CONTROL])
def peak_memory_bytes(benchmark: Any, corpus: str, size: int, contender: str) -> None:
    digest = hashlib.sha256(repr(expected(contender, corpus, size)).encode()).hexdigest()
    memory, learned = measured(contender, corpus, size)
    assert learned == digest
    n_bytes = sum(len(text.encode("utf-8")) for text in documents(corpus))
    describe(
        benchmark,
        group=f"memory of training, {corpus} to {size:,}",
        axis={"corpus": corpus, "corpus_bytes": n_bytes, "vocab_size": size},
        baseline="tokenizers",
        amount=None,
        amount_of=None,
    )
    record_memory(benchmark, [memory])
