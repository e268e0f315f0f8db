"""How fast is natural text encoded that has been met before?

Varies: the text, the encoder, and whether the ids come as a list or as an array. Fixed: one thread, one
process, gpt2, one call a text. Every text is encoded once before the clock starts, so that caches are
full: the first pass is another question. The Verdict is small and repeats itself fifty times here, which
flatters whoever has a cache.
"""

from typing import Any

import pytest

from benchmarks.conftest import CONTENDERS, check_equal, text_of

TEXTS = ["the-verdict x50", "tinyshakespeare", "standard library, 12 MB", "udhr-multilingual"]


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("call", ["encode_ordinary", "encode_to_numpy"])
@pytest.mark.parametrize("text_name", TEXTS)
def warm_seconds(benchmark: Any, contender: str, call: str, text_name: str) -> None:
    text = text_of(text_name)
    check_equal(text)
    encoder = CONTENDERS[contender]()
    arguments = {"disallowed_special": ()} if call == "encode_to_numpy" else {}
    benchmark.group = f"warm, {call}, {text_name}"
    benchmark.extra_info["n_bytes"] = len(text.encode("utf-8"))
    benchmark.pedantic(
        lambda: getattr(encoder, call)(text, **arguments), rounds=5, warmup_rounds=1, iterations=1
    )
