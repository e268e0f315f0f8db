"""How much faster are two threads than one?

Varies: the number of threads. Fixed: 12 MB of standard-library source as one text, gpt2, warm. On a machine
of two cores that does something else at the same time, the second thread gets what is left.
"""

from typing import Any

import pytest

from benchmarks.conftest import check_equal, encoder, text_of


@pytest.mark.parametrize("contender", ["1 thread", "2 threads"])
def threads_seconds(benchmark: Any, contender: str) -> None:
    text = text_of("standard library, 12 MB")
    check_equal(text)
    encode, num_threads = encoder("bpelab").encode_to_numpy, int(contender[0])
    assert (encode(text, disallowed_special=(), num_threads=2) == encode(text, disallowed_special=())).all()
    benchmark.group = "gpt2, two threads, standard library, 12 MB"
    benchmark.extra_info["n_bytes"] = len(text.encode("utf-8"))
    benchmark.pedantic(
        lambda: encode(text, disallowed_special=(), num_threads=num_threads), rounds=9, warmup_rounds=1
    )
