"""How long does a short text take, and from which length on do the arrays pay?

Varies: the call, the encoder, and for the arrays' crossing the length of the text, which both of bpelab's
ways encode (`SHORT_CHARS` chooses between them). Fixed: one thread, gpt2, everything met before. A loop
that encodes one sentence again and again keeps all of it in the processor's first cache.
"""

from typing import Any

import pytest
from bpelab.bpe import encoding

from benchmarks.conftest import CONTENDERS, check_equal, encoder, text_of

SENTENCE = (
    "The quick brown fox jumps over the lazy dog, and then it runs away from the big bad wolf, of course."
)


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("call", ["encode", "encode_ordinary", "encode_to_numpy"])
def sentence_seconds(benchmark: Any, contender: str, call: str) -> None:
    check_equal(SENTENCE)
    encode = getattr(encoder(contender), call)
    benchmark.group = f"gpt2, a sentence of 20 words, {call}"
    benchmark.extra_info["n_bytes"] = len(SENTENCE)
    benchmark.pedantic(lambda: encode(SENTENCE), rounds=200, warmup_rounds=5, iterations=50)


@pytest.mark.parametrize("contender", ["bpelab", "the caches", "the arrays"])
@pytest.mark.parametrize("n_chars", [2_000, 4_000, 8_000, 16_000, 32_000])
def crossing_seconds(benchmark: Any, monkeypatch: pytest.MonkeyPatch, contender: str, n_chars: int) -> None:
    text = text_of("tinyshakespeare")[:n_chars]
    check_equal(text)
    limits = {"bpelab": encoding.SHORT_CHARS, "the caches": 1 << 60, "the arrays": 0}
    monkeypatch.setattr(encoding, "SHORT_CHARS", limits[contender])
    encode = encoder("bpelab").encode_ordinary
    benchmark.group = f"gpt2, {n_chars:,} characters to a list"
    benchmark.extra_info["n_bytes"] = n_chars
    benchmark.pedantic(lambda: encode(text), rounds=100, warmup_rounds=5, iterations=1)
