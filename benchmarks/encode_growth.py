"""How does time grow with the size of the text?

Varies: the size, from 100 bytes to 10 MB of Python's documentation, repeated. Fixed: gpt2, one thread, to a
list, everything met before.

How the number could mislead: the same words come again in every megabyte, so the larger texts bring nothing
new and flatter every cache. The textbook has none and is measured on the smaller sizes only.

The answer (records/full.json): all grow in proportion to the text. bpelab stays ahead of tiktoken and of
Hugging Face's tokenizers at every size. fastokens, gigatoken and tokie, native code from end to end, are many
times as fast as NumPy alone; the compiled loops, which pay from some thousand characters on, lie among them.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.packages import NATIVES
from bpelab.benchmarks.harness.peers import OURS, TEXTBOOK, check, to_list
from bpelab.benchmarks.harness.texts import text_of

SIZES = [10**n for n in range(2, 7 if QUICK else 8)]
CONTENDERS = [*OURS, TEXTBOOK, "tiktoken", "tokenizers", *(["gigatoken"] if QUICK else NATIVES)]
LARGEST = {"bpelab's textbook": 10_000, "tokenizers": 10_000 if QUICK else 1_000_000}


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("n_bytes", SIZES)
def text_seconds(benchmark: Any, contender: str, n_bytes: int) -> None:
    if n_bytes > LARGEST.get(contender, SIZES[-1]):
        pytest.skip(f"{contender} is measured up to {LARGEST[contender]:,} bytes")
    encode = to_list(contender)
    text = text_of("documentation x30")[:n_bytes]
    check(encode, text, contender=contender)
    measure(
        benchmark,
        lambda: encode(text),
        group=f"gpt2, {n_bytes:,} bytes of documentation",
        axis={"n_bytes": n_bytes},
        amount=len(text.encode("utf-8")),
    )
