"""How much memory does encoding need beside its input and output?

Varies: the size of the text, from one block to 48. Fixed: gpt2, warm, one thread, to an array. Counted is
what Python and NumPy allocate (`tracemalloc`) at the worst moment less the array that is returned, by the
bytes of a block: if it grew with the text, the larger texts would show it.
"""

import tracemalloc
from typing import Any

import pytest
from bpelab.bpe.arrays.encoder import BLOCK_CHARS

from benchmarks.conftest import check_equal, encoder, text_of


@pytest.mark.parametrize("contender", ["bpelab"])
@pytest.mark.parametrize("n_blocks", [1, 4, 16, 45])
def memory_seconds(benchmark: Any, contender: str, n_blocks: int) -> None:
    text = text_of("standard library, 12 MB")[: n_blocks * BLOCK_CHARS]
    check_equal(text)
    encode = encoder(contender).encode_to_numpy
    tracemalloc.start()
    ids = encode(text, disallowed_special=())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    benchmark.group = f"gpt2, bytes of memory by byte of a block, {n_blocks} blocks"
    benchmark.extra_info["n_bytes"] = len(text.encode("utf-8"))
    benchmark.extra_info["values"] = [(peak - ids.nbytes) / BLOCK_CHARS]
    benchmark.pedantic(lambda: None, rounds=1)  # the answer is not a time
