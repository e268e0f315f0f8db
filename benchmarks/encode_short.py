"""How long do short texts take, and from what length do the arrays pay off?

Varies: the encoder, and what "short" means: one sentence, a thousand texts of three hundred characters,
and, for the length at which the arrays overtake the cache, texts of several thousand characters. Fixed: one
thread, gpt2, everything met before.

How the number could mislead: a loop over the same sentence keeps all its data in the processor's
first-level cache, which no real program does.

The answer (records/quick.json): bpelab and tiktoken are about equal on a list of ids, since both spend
their time on finding words and looking them up. To an array bpelab is a little slower, because it makes the
list first. The arrays pay off above 16,000 characters; below that NumPy's cost per call outweighs what it
saves.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.peers import NATIVES, OURS, TEXTBOOK, check, to_batch, to_list, to_numpy
from bpelab.benchmarks.harness.texts import SENTENCE, text_of
from bpelab.bpe.encoders import choice

CONTENDERS = ["bpelab", TEXTBOOK, "tiktoken", "tokenizers", *([] if QUICK else NATIVES)]


@pytest.mark.parametrize("contender", CONTENDERS)
def sentence_seconds(benchmark: Any, contender: str) -> None:
    encode = to_list(contender)
    check(encode, SENTENCE)
    rounds, iterations = (20, 20) if QUICK else (20, 100)
    measure(
        benchmark,
        lambda: encode(SENTENCE),
        group="gpt2, a sentence of 20 words, to a list",
        axis={"n_bytes": len(SENTENCE), "form": "list"},
        amount=len(SENTENCE),
        rounds=rounds,
        iterations=iterations,
        warmup_rounds=3,
    )


@pytest.mark.parametrize("contender", ["bpelab", "tiktoken"])
def sentence_to_array_seconds(benchmark: Any, contender: str) -> None:
    encode = to_numpy(contender)
    check(encode, SENTENCE)
    measure(
        benchmark,
        lambda: encode(SENTENCE),
        group="gpt2, a sentence of 20 words, to an array",
        axis={"n_bytes": len(SENTENCE), "form": "array"},
        amount=len(SENTENCE),
        rounds=20,
        iterations=20 if QUICK else 100,
        warmup_rounds=3,
    )


@pytest.mark.parametrize("contender", [*OURS, "tiktoken", "tokenizers", *([] if QUICK else NATIVES)])
def many_texts_seconds(benchmark: Any, contender: str) -> None:
    encode_batch = to_batch(contender)
    documentation = text_of("documentation")
    texts = [documentation[start : start + 300] for start in range(0, 300_000, 300)]
    answers = iter(encode_batch(texts))
    for text in texts:
        check(lambda _: next(answers), text)
    measure(
        benchmark,
        lambda: encode_batch(texts),
        group="gpt2, 1,000 texts of 300 characters, to lists",
        axis={"form": "list"},
        amount=sum(len(text.encode("utf-8")) for text in texts),
    )


@pytest.mark.parametrize("contender", ["bpelab", "the cache", "the arrays"])
@pytest.mark.parametrize("n_chars", [4_000, 16_000] if QUICK else [2_000, 4_000, 8_000, 16_000, 32_000])
def cache_or_arrays_seconds(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, contender: str, n_chars: int
) -> None:
    text, encode = text_of("documentation")[:n_chars], to_list("bpelab")
    limits = {"bpelab": choice.SHORT_CHARS, "the cache": 1 << 60, "the arrays": 0}
    monkeypatch.setattr(choice, "SHORT_CHARS", limits[contender])
    check(encode, text)
    measure(
        benchmark,
        lambda: encode(text),
        group=f"gpt2, {n_chars:,} characters to a list, cache or arrays",
        axis={"n_bytes": n_chars, "form": "list"},
        baseline="the cache",
        amount=n_chars,
        rounds=20,
        iterations=5,
    )
