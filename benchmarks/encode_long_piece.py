"""How does the time for one piece without a boundary grow?

Varies: what the piece consists of, and its length from 10 bytes to 1 MB. Fixed: one thread, gpt2, to an
array.

How the number could mislead: no encoder's cache keeps a long piece, so every round is a first one, whereas
the shorter ones are looked up from the second round on. Natural text has hardly any such pieces; a URL or a
base64 string is the nearest thing.

The answer (records/quick.json): with NumPy alone bpelab loses most on pieces of some hundred to some thousand
bytes, since tiktoken's merge loop is compiled and ours is Python. The longer the piece, the more pairs a
round of NumPy merges at once: on a long run of one letter or of spaces it catches up, and on random letters
and emoji, where a round merges few, it stays behind. The compiled loops lose on the shortest pieces, where
their call costs more than the merging, and lead on the long ones of every kind.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.peers import OURS, check, to_numpy
from bpelab.benchmarks.harness.texts import one_piece

CONTENDERS = [*OURS, "tiktoken", "gigatoken"]
SIZES = [10**n for n in range(1, 6 if QUICK else 7)]


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("n_bytes", SIZES)
@pytest.mark.parametrize("kind", ["a", "spaces", "random letters", "one emoji"])
def piece_seconds(benchmark: Any, contender: str, kind: str, n_bytes: int) -> None:
    encode = to_numpy(contender)
    text = one_piece(kind, n_bytes)
    check(encode, text, contender=contender)
    measure(
        benchmark,
        lambda: encode(text),
        group=f"gpt2, one piece of {kind}, {n_bytes:,} bytes",
        axis={"piece_bytes": n_bytes, "kind": kind},
        amount=len(text.encode("utf-8")),
    )
