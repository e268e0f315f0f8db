"""How much memory does encoding need beside its input and output?

Varies: the size of the text, from one block to 45. Fixed: gpt2, warm, one thread, to an array. Counted is
what Python and NumPy allocate (`tracemalloc`) at the worst moment less the array that is returned: if it grew
with the text, the larger texts would show it. The ratio is to one block.
"""

import tracemalloc
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, describe, give
from bpelab.benchmarks.harness.peers import check, encoding, to_numpy
from bpelab.benchmarks.harness.texts import text_of
from bpelab.bpe.encoders.arrays.blocks import BLOCK_CHARS

TEXT = "standard library, 3 MB" if QUICK else "standard library, 12 MB"


@pytest.mark.parametrize("contender", ["1 block", "8 blocks", *([] if QUICK else ["45 blocks"])])
def beside_seconds(benchmark: Any, contender: str) -> None:
    text = text_of(TEXT)[: int(contender.split()[0]) * BLOCK_CHARS]
    check(to_numpy("bpelab"), text)
    tracemalloc.start()
    ids = encoding().encode_to_numpy(text, disallowed_special=())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    describe(
        benchmark,
        group="gpt2, memory beside input and output",
        axis={"n_bytes": len(text.encode("utf-8"))},
        baseline="1 block",
        amount=None,
        amount_of=None,
    )
    give(benchmark, [peak - ids.nbytes], unit="B")
