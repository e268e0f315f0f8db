"""What does each idea bring? From the textbook to the arrays, and against encoders in native code.

Varies: the encoder, the text (Python's documentation, source code of its standard library, and the same
declaration in many languages), and whether the ids come as an array or as a list. Fixed: gpt2, one thread,
everything met before; every encoder's ids are compared with tiktoken's first. The textbook and Hugging Face's
tokenizers are so slow that they get a short slice, as does tiktoken once more for comparison.

How the number could mislead: encoders that only return lists have them converted to an array while the
clock runs, which for the fastest of them would be most of the time (none of those needs it: they return
arrays or buffers). Everything was met before, which is what caches like; `first_use` asks about the first
pass.

The answer (records/quick.json): each engine of bpelab is faster than the one before it, and by more to an
array, since making a list takes all of them as long. Remembering words saves merging them again, which is
already enough to pass tiktoken's Rust core. Looking up all pieces of a block in one pass of NumPy saves
Python's loop over them. The fastest native encoders, which have splitters of their own, are several times
faster still, and the arrays' algorithm as compiled loops comes close to them. Hugging Face's tokenizers is
slower than tiktoken, since it also keeps the place of every token.
"""

from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.packages import NATIVES
from bpelab.benchmarks.harness.peers import ENGINES, TEXTBOOK, check, to_list, to_numpy
from bpelab.benchmarks.harness.texts import text_of

# Prose and code that every machine has, and many languages, which the package carries.
TEXTS = ["documentation", "standard library, 1 MB" if QUICK else "standard library, 3 MB"]
TEXTS += ["multilingual sample x20"]
CHARS = 100_000 if QUICK else None
BEGINNING = 10_000 if QUICK else 20_000  # characters
# Who encodes the whole text, and who its beginning: in a group all get as many rounds as the slowest.
CONTENDERS = [(name, "whole") for name in (*ENGINES, "tiktoken", *NATIVES) if name != TEXTBOOK]
CONTENDERS += [(name, "beginning") for name in (TEXTBOOK, "tokenizers", "tiktoken")]


@pytest.mark.parametrize(("contender", "extent"), CONTENDERS)
@pytest.mark.parametrize("text_name", TEXTS)
@pytest.mark.parametrize("form", ["array", "list"])
def text_seconds(benchmark: Any, contender: str, extent: str, text_name: str, form: str) -> None:
    text = text_of(text_name)[: CHARS if extent == "whole" else BEGINNING]
    encode = (to_numpy if form == "array" else to_list)(contender)
    check(encode, text, contender=contender)
    n_chars = f", its first {len(text):,} characters" if len(text) < len(text_of(text_name)) else ""
    measure(
        benchmark,
        lambda: encode(text),
        group=f"gpt2, to {'an array' if form == 'array' else 'a list'}, {text_name}{n_chars}",
        axis={"text": text_name, "form": form, "extent": extent},
        amount=len(text.encode("utf-8")),
    )
