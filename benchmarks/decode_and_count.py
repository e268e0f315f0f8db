"""How fast are ids decoded, and tokens counted?

Varies: the call and the library. Fixed: gpt2, 1 MB of standard-library source, one thread, warm.

How the number could mislead: tiktoken has no call that counts, so it makes the list of ids and takes its
length, as its users do. Decoding starts from a list of ids; from an array bpelab would be faster.

The answer (records/quick.json): counting needs only the number of ids of each piece, so that bpelab's lead is
larger than in making a list. Decoding is a loss with NumPy alone: converting the list of Python integers to
an array takes longer than all of tiktoken's loop. The compiled loops win both. Hugging Face's tokenizers is
slower than all of them.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import measure
from bpelab.benchmarks.harness.peers import OURS, encoding, tiktoken_encoding, with_engine
from bpelab.benchmarks.harness.texts import text_of
from bpelab.bpe.parity.peers import tokenizer_json_of

TEXT = "standard library, 1 MB"


@pytest.mark.parametrize("contender", [*OURS, "tiktoken", "tokenizers"])
def decode_seconds(benchmark: Any, contender: str) -> None:
    text = text_of(TEXT)
    ids = tiktoken_encoding().encode_ordinary(text)
    if contender == "tokenizers":
        tokenizers = pytest.importorskip("tokenizers", reason="pip install 'bpelab[peers]'")
        decode = tokenizers.Tokenizer.from_str(tokenizer_json_of(encoding())).decode
    else:
        decode = (with_engine(contender) if contender in OURS else tiktoken_encoding()).decode
    assert decode(ids) == text
    measure(
        benchmark,
        lambda: decode(ids),
        group="gpt2, decode 1 MB",
        axis={"call": "decode"},
        amount=len(text.encode("utf-8")),
    )


@pytest.mark.parametrize("contender", [*OURS, "tiktoken"])
def count_seconds(benchmark: Any, contender: str) -> None:
    text, theirs = text_of(TEXT), tiktoken_encoding().encode_ordinary
    count = with_engine(contender).count if contender in OURS else lambda text: len(theirs(text))
    assert count(text) == len(theirs(text))
    measure(
        benchmark,
        lambda: count(text),
        group="gpt2, count the tokens of 1 MB",
        axis={"call": "count"},
        amount=len(text.encode("utf-8")),
    )
