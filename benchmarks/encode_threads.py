"""How much faster are two threads than one?

Varies: the number of threads, for one long text and for many texts as a batch. Fixed: standard-library
source, gpt2, warm.

How the number could mislead: on a machine of two cores that does something else at the same time, the
second thread gets only what is left. tiktoken uses threads for batches only.

The answer (records/quick.json): a second thread brings one long text far less than twice the speed, since
Python's lock is taken between NumPy's calls. A batch is encoded several times as fast as by tiktoken with as
many threads.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.peers import OURS, check, tiktoken_encoding, to_numpy, with_engine
from bpelab.benchmarks.harness.texts import text_of

# More than elsewhere: a round of two threads takes as long as the later one.
ROUNDS = 5


@pytest.mark.parametrize("contender", ["1 thread", "2 threads"])
@pytest.mark.parametrize("ours", OURS)
def one_text_seconds(benchmark: Any, contender: str, ours: str) -> None:
    text = text_of("standard library, 2 MB" if QUICK else "standard library, 12 MB")
    encode, num_threads = with_engine(ours).encode_to_numpy, int(contender[0])
    check(to_numpy("bpelab"), text)
    check(lambda text: encode(text, disallowed_special=(), num_threads=num_threads), text)
    measure(
        benchmark,
        lambda: encode(text, disallowed_special=(), num_threads=num_threads),
        group=f"gpt2, one text of {len(text) // 1_000_000} MB, {ours}, threads",
        axis={"n_threads": num_threads},
        baseline="1 thread",
        amount=len(text.encode("utf-8")),
        rounds=ROUNDS,
    )


@pytest.mark.parametrize("contender", [*OURS, "tiktoken"])
@pytest.mark.parametrize("num_threads", [2] if QUICK else [1, 2])
def batch_seconds(benchmark: Any, contender: str, num_threads: int) -> None:
    text = text_of("standard library, 1 MB")
    texts = [text[start : start + 20_000] for start in range(0, len(text), 20_000)]
    encode_batch = (
        with_engine(contender) if contender in OURS else tiktoken_encoding()
    ).encode_ordinary_batch
    answers = encode_batch(texts, num_threads=num_threads)
    assert answers == [tiktoken_encoding().encode_ordinary(text) for text in texts]
    measure(
        benchmark,
        lambda: encode_batch(texts, num_threads=num_threads),
        group=f"gpt2, a batch of {len(texts)} texts, {num_threads} threads",
        axis={"n_threads": num_threads},
        amount=len(text.encode("utf-8")),
        rounds=ROUNDS,
    )
