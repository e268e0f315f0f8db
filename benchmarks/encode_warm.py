"""How fast is natural text encoded that has been met before?

Varies: the text, the encoder, the encoding, and whether the ids come as a list or as an array. Fixed:
one thread, one process, one call a text. Every text is encoded once before the clock starts, so that
caches are full: the first pass is another question. The Verdict is small and repeats itself fifty times
here, which flatters whoever has a cache.
"""

from typing import Any

import pytest

from benchmarks.conftest import CONTENDERS, check_equal, encoder, text_of

TEXTS = ["the-verdict x50", "tinyshakespeare", "standard library, 12 MB", "udhr-multilingual"]


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("text_name", TEXTS)
@pytest.mark.parametrize(
    ("encoding", "call"),
    [
        ("gpt2", "encode_to_numpy"),
        ("gpt2", "encode_ordinary"),
        ("cl100k_base", "encode_to_numpy"),
        ("o200k_base", "encode_to_numpy"),
    ],
)
def warm_seconds(benchmark: Any, contender: str, encoding: str, call: str, text_name: str) -> None:
    text = text_of(text_name)
    check_equal(text, encoding)
    encode = getattr(encoder(contender, encoding), call)
    arguments = {"disallowed_special": ()} if call == "encode_to_numpy" else {}
    benchmark.group = f"{encoding}, warm, {call}, {text_name}"
    benchmark.extra_info["n_bytes"] = len(text.encode("utf-8"))
    benchmark.pedantic(lambda: encode(text, **arguments), rounds=5, warmup_rounds=1, iterations=1)
