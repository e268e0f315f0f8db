"""How long do short texts take, and from what length do the arrays pay off?

Varies: the encoder, and what "short" means: one sentence, a thousand texts of three hundred characters,
and, for the length at which the arrays overtake the cache, texts of several thousand characters. Fixed: one
thread, gpt2, everything met before.

How the number could mislead: a loop over the same sentence keeps all its data in the processor's
first-level cache, which no real program does.

The answer (records/quick.json): on one sentence bpelab and tiktoken take about as long, since both spend
their time on finding words and looking them up; to an array bpelab is a little slower, because it makes the
list first. Many short texts in one call are encoded together, so that there bpelab is several times as fast.
The arrays overtake the cache where NumPy's cost per call no longer outweighs what it saves: at texts longer
than some thousand characters.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.packages import NATIVES
from bpelab.benchmarks.harness.peers import (
    OURS,
    TEXTBOOK,
    baseline_of,
    check,
    encoding,
    to_batch,
    to_list,
    to_numpy,
)
from bpelab.benchmarks.harness.record import CONTROL
from bpelab.benchmarks.harness.texts import SENTENCE, text_of

SHOWN = ["gigatoken"] if QUICK else NATIVES
CONTENDERS = ["bpelab", CONTROL, TEXTBOOK, "tiktoken", "tokenizers", *SHOWN]


@pytest.mark.parametrize("contender", CONTENDERS)
def sentence_seconds(benchmark: Any, contender: str) -> None:
    encode = to_list(contender)
    check(encode, SENTENCE, contender=contender)
    measure(
        benchmark,
        lambda: encode(SENTENCE),
        group="gpt2, a sentence of 20 words, to a list",
        axis={"n_bytes": len(SENTENCE), "form": "list"},
        baseline=baseline_of(contender),
        amount=len(SENTENCE),
        rounds=20,
    )


@pytest.mark.parametrize("contender", ["bpelab", CONTROL, "tiktoken"])
def sentence_to_array_seconds(benchmark: Any, contender: str) -> None:
    encode = to_numpy(contender)
    check(encode, SENTENCE, contender=contender)
    measure(
        benchmark,
        lambda: encode(SENTENCE),
        group="gpt2, a sentence of 20 words, to an array",
        axis={"n_bytes": len(SENTENCE), "form": "array"},
        baseline=baseline_of(contender),
        amount=len(SENTENCE),
        rounds=20,
    )


# Of Hugging Face's tokenizers one text at a time is asked here: it says no more than the sentence does.
BATCHED = [*OURS, CONTROL, "tiktoken", *([] if QUICK else ["tokenizers"]), *SHOWN]


@pytest.mark.parametrize("contender", BATCHED)
def many_texts_seconds(benchmark: Any, contender: str) -> None:
    encode_batch = to_batch(contender)
    documentation = text_of("documentation")
    texts = [documentation[start : start + 300] for start in range(0, 300_000, 300)]
    answers = iter(encode_batch(texts))
    for text in texts:
        check(lambda _: next(answers), text, contender=contender)
    measure(
        benchmark,
        lambda: encode_batch(texts),
        group="gpt2, 1,000 texts of 300 characters, to lists",
        axis={"form": "list"},
        baseline=baseline_of(contender),
        amount=sum(len(text.encode("utf-8")) for text in texts),
    )


BY_LENGTH = {"bpelab": "auto", "the cache": "cached", "the arrays": "arrays"}


@pytest.mark.parametrize("contender", BY_LENGTH)
@pytest.mark.parametrize("n_chars", [4_000, 16_000] if QUICK else [2_000, 4_000, 8_000, 16_000, 32_000])
def cache_or_arrays_seconds(benchmark: Any, contender: str, n_chars: int) -> None:
    text = text_of("documentation")[:n_chars]
    encode = encoding().with_engine(BY_LENGTH[contender]).encode_ordinary
    check(encode, text, contender=contender)
    measure(
        benchmark,
        lambda: encode(text),
        group=f"gpt2, {n_chars:,} characters to a list, cache or arrays",
        axis={"n_bytes": n_chars, "form": "list"},
        baseline="the cache",
        amount=n_chars,
        rounds=20,
    )
