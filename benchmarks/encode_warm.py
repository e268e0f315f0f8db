"""How fast is natural text encoded that has been met before?

Varies: the text, the encoder, the encoding, and whether the ids come as a list or as an array. Fixed: one
thread, one process, one call for the whole text.

How the number could mislead: every text is encoded once before the clock starts, so all caches are full;
`first_use` asks about the first pass. The Verdict is short and repeated fifty times here, which flatters
every encoder with a cache.

The answer (records/quick.json): bpelab is several times as fast as tiktoken on every text, because it looks
all pieces of a block up in one pass of NumPy, while tiktoken spends most of its time in the regex engine
that finds them. The lead is smaller to a list, since a Python integer is made for each id, and smallest
with o200k_base, whose pattern takes more passes over the characters.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.packages import NATIVES
from bpelab.benchmarks.harness.peers import OURS, baseline_of, check, to_list, to_numpy
from bpelab.benchmarks.harness.record import CONTROL
from bpelab.benchmarks.harness.texts import text_of

TEXTS = ["the-verdict x50", "tinyshakespeare", "standard library, 12 MB", "udhr-multilingual"]
TEXTS += ["documentation", "multilingual sample x20"]
ENCODINGS = ["gpt2", "cl100k_base", "o200k_base"]
ARRAYS = [(encoding, text) for encoding in ENCODINGS for text in TEXTS]
LISTS = ARRAYS
# On one text each: the slowest take seconds for a megabyte.
OTHERS = ["bpelab's cache", "tokenizers", *NATIVES]
OF_OTHERS = [(encoding, "documentation") for encoding in ENCODINGS]
if QUICK:
    # The ladder asks about the documentation.
    ARRAYS = [("gpt2", text) for text in ("tinyshakespeare", "udhr-multilingual")]
    ARRAYS += [("gpt2", "standard library, 1 MB"), ("cl100k_base", "documentation")]
    ARRAYS += [("o200k_base", "documentation")]
    LISTS, OF_OTHERS = [("gpt2", "standard library, 1 MB")], []
# The quick preset has no time to build tokenizers of the larger vocabularies, which takes seconds.
OF_GIGATOKEN = ["gpt2"] if QUICK else ENCODINGS


@pytest.mark.parametrize(
    ("encoding", "text_name", "contender"),
    [
        (*cell, contender)
        for cell in ARRAYS
        for contender in (*OURS, CONTROL, "tiktoken", *(["gigatoken"] if cell[0] in OF_GIGATOKEN else ()))
    ],
)
def array_seconds(benchmark: Any, contender: str, encoding: str, text_name: str) -> None:
    text, encode = text_of(text_name), to_numpy(contender, encoding)
    check(encode, text, encoding, contender=contender)
    group = f"{encoding}, to an array, {text_name}"
    axis = {"text": text_name, "encoding": encoding, "form": "array"}
    amount, baseline = len(text.encode("utf-8")), baseline_of(contender)
    measure(benchmark, lambda: encode(text), group=group, axis=axis, amount=amount, baseline=baseline)


@pytest.mark.parametrize(
    ("encoding", "text_name", "contender"),
    [
        (*cell, contender)
        for cell in LISTS
        for contender in (*OURS, "tiktoken", *(OTHERS if cell in OF_OTHERS else ()))
    ],
)
def list_seconds(benchmark: Any, contender: str, encoding: str, text_name: str) -> None:
    text, encode = text_of(text_name), to_list(contender, encoding)
    check(encode, text, encoding, contender=contender)
    group = f"{encoding}, to a list, {text_name}"
    axis = {"text": text_name, "encoding": encoding, "form": "list"}
    measure(benchmark, lambda: encode(text), group=group, axis=axis, amount=len(text.encode("utf-8")))
