"""How long does training take, beside trainers in Rust, and beside tiktoken's own in Python?

Varies: the trainer, the corpus and the size of the vocabulary. Fixed: GPT-2's pattern, documents as
lists of strings in memory, one thread, all from text to merges; the merges are compared before
the clock runs. tiktoken's educational trainer breaks ties by what it saw first, so that its merges differ;
it gets one round, of about a minute, and only the documentation to 512 tokens.

python -m pytest benchmarks/train_like_peers.py -o python_functions='*_training_time'
"""

import contextlib
import io
import json
import os
import pydoc_data.topics
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest
from bpelab.bpe import count_pieces, train
from bpelab.bpe.gpt2 import BYTE_OF_CHAR
from bpelab.bpe.patterns import GPT2_PATTERN
from bpelab.cli.corpora import standard_library

from benchmarks.conftest import text_of

# As GPT-2's pattern was published: rustbpe's engine knows no possessive repeats at an end.
PUBLISHED = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@cache
def documents(name: str) -> list[str]:
    documentation = "\n".join(pydoc_data.topics.topics.values())
    if name == "documentation":
        return [documentation]
    if name == "tinyshakespeare and documentation":
        return [text_of("tinyshakespeare"), documentation]
    return [text for _, text in standard_library()]


def bpelab(texts: Sequence[str], size: int, byte_order: Any = "gpt2") -> list[bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the smaller corpus has no 32,768 tokens
        return list(train(texts, vocab_size=size, byte_order=byte_order)._mergeable_ranks)


def hugging_face(texts: Sequence[str], size: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    byte_level = pre_tokenizers.ByteLevel
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level(add_prefix_space=False, use_regex=True)
    alphabet = byte_level.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, special_tokens=[], initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def rustbpe(texts: Sequence[str], size: int) -> Any:
    import rustbpe

    tokenizer = rustbpe.Tokenizer()
    tokenizer.train_from_iterator(iter(texts), size, pattern=PUBLISHED)
    return tokenizer


TRAINERS: dict[str, Callable[[Sequence[str], int], Any]] = {
    "bpelab": bpelab,
    "tokenizers": hugging_face,
    "rustbpe": rustbpe,
}


@cache
def check_equal(corpus: str, size: int) -> None:
    texts = documents(corpus)
    vocabulary = json.loads(hugging_face(texts, size).to_str())["model"]["vocab"]
    theirs = [bytes(map(BYTE_OF_CHAR.__getitem__, token)) for token in sorted(vocabulary, key=vocabulary.get)]
    assert bpelab(texts, size) == theirs
    ranks = rustbpe(texts, size).get_mergeable_ranks()
    assert bpelab(texts, size, "raw") == [bytes(token) for token, _ in ranks]


@pytest.mark.parametrize("size", [8192, 32768])
@pytest.mark.parametrize("corpus", ["tinyshakespeare and documentation", "standard library, 12 MB"])
@pytest.mark.parametrize("contender", TRAINERS)
def from_text_training_time(benchmark: Any, corpus: str, size: int, contender: str) -> None:
    texts = documents(corpus)
    check_equal(corpus, size)
    benchmark.group = f"{corpus} to {size:,}"
    benchmark.extra_info["n_bytes"] = sum(len(text.encode("utf-8")) for text in texts)
    benchmark.pedantic(TRAINERS[contender], args=(texts, size), rounds=5, iterations=1)


@pytest.mark.parametrize("size", [8192, 32768])
@pytest.mark.parametrize("corpus", ["tinyshakespeare and documentation", "standard library, 12 MB"])
@pytest.mark.parametrize("contender", ["counting", "merging"])
def of_each_phase_training_time(benchmark: Any, corpus: str, size: int, contender: str) -> None:
    texts = documents(corpus)
    counts = count_pieces(texts)
    benchmark.group = f"phases of bpelab, {corpus} to {size:,}"

    def merge() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            train(counts=[counts], vocab_size=size)

    phase = merge if contender == "merging" else lambda: count_pieces(texts)
    benchmark.pedantic(phase, rounds=5, iterations=1)


def tiktoken_educational(texts: Sequence[str], size: int) -> Any:
    from tiktoken._educational import bpe_train

    with contextlib.redirect_stdout(io.StringIO()):
        return bpe_train("".join(texts), size, GPT2_PATTERN, visualise=None)


@pytest.mark.parametrize("contender", ["bpelab", "tiktoken._educational"])
def beside_tiktokens_own_training_time(benchmark: Any, contender: str) -> None:
    trainer, rounds = (bpelab, 5) if contender == "bpelab" else (tiktoken_educational, 1)
    benchmark.group = "documentation to 512"
    benchmark.pedantic(trainer, args=(documents("documentation"), 512), rounds=rounds, iterations=1)
