"""How much memory does encoding need besides its input and output?

Varies: the size of the text, from one block to 45. Fixed: gpt2, warm, one thread, to an array. Counted is
what Python and NumPy allocate (`tracemalloc`) at the worst moment, less the array that is returned. The
ratio is to one block.

How the number could mislead: memory that was allocated before, such as the table of pieces, is not counted;
`first_use` counts everything.

The answer (records/quick.json): eight blocks need far less than eight times as much as one. The arrays belong
to a block and are freed with it, so memory hardly grows with the text.
"""

import tracemalloc
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, describe, record_memory
from bpelab.benchmarks.harness.peers import check, encoding, to_numpy
from bpelab.benchmarks.harness.texts import text_of
from bpelab.bpe.encoders.arrays.blocks import BLOCK_CHARS

TEXT = "standard library, 3 MB" if QUICK else "standard library, 12 MB"


@pytest.mark.parametrize("contender", ["1 block", "8 blocks", *([] if QUICK else ["45 blocks"])])
def extra_memory_bytes(benchmark: Any, contender: str) -> None:
    text = text_of(TEXT)[: int(contender.split()[0]) * BLOCK_CHARS]
    check(to_numpy("bpelab"), text)
    tracemalloc.start()
    ids = encoding().encode_to_numpy(text, disallowed_special=())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    describe(
        benchmark,
        group="gpt2, memory besides input and output",
        axis={"n_bytes": len(text.encode("utf-8"))},
        baseline="1 block",
        amount=None,
        amount_of=None,
    )
    record_memory(benchmark, [peak - ids.nbytes])
