"""How does one piece without a boundary grow?

Varies: what the piece is made of, and its length from 10 kB to 1 MB. Fixed: one thread, gpt2. No cache
remembers such a piece, so that every round is a first one.
"""

from typing import Any

import pytest

from benchmarks.conftest import CONTENDERS, check_equal, encoder, one_piece


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("n_bytes", [10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("kind", ["a", "spaces", "random letters", "one emoji"])
def long_piece_seconds(benchmark: Any, contender: str, kind: str, n_bytes: int) -> None:
    text = one_piece(kind, n_bytes)
    check_equal(text)
    encode = encoder(contender).encode_to_numpy
    benchmark.group = f"gpt2, one piece of {kind}, {n_bytes:,} bytes"
    benchmark.extra_info["n_bytes"] = len(text.encode("utf-8"))
    benchmark.pedantic(lambda: encode(text), rounds=5, iterations=1)
