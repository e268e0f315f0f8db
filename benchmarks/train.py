"""How long does training take, against trainers in Rust and trainers written to explain?

Varies: the trainer, the corpus and the size of the vocabulary. Fixed: GPT-2's pattern, documents as a list
of strings in memory, one thread, everything from text to merges. The merges are compared before the clock
starts.

How the number could mislead: tiktoken's educational trainer breaks ties by which pair it saw first, so its
merges differ from everybody's, and only their number is compared. It and the textbook are measured on small
corpora only, since they take a minute where the others take milliseconds. There all three split the text and
begin with the bytes in their own order, as the educational one does.

The answer (records/quick.json): with NumPy alone bpelab is faster than Hugging Face's trainer and slower than
rustbpe and ffbpe. Most of its time goes into merging: thousands of merges, one after the other, most of which
change few places, so that Python's loop counts. The compiled loops are ahead of all of them: a pair's places
are kept up to date, and its table is asked once for each neighbouring token instead of once for each place.
"""

import contextlib
import io
import json
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.peers import COMPILED, baseline_of, needs
from bpelab.benchmarks.harness.record import CONTROL
from bpelab.benchmarks.harness.texts import text_of
from bpelab.bpe import count_pieces, textbook, train
from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR, BYTE_ORDER
from bpelab.bpe.encoders.choice import is_installed
from bpelab.bpe.parity.standard_library import standard_library
from bpelab.bpe.splitting.patterns import GPT2_PATTERN
from bpelab.bpe.splitting.specials import END_OF_TEXT

# GPT-2's pattern as published: rustbpe's regex engine has no possessive repeats at a pattern's end.
PUBLISHED = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
BOTH = "tinyshakespeare and documentation"
CORPORA = ["documentation"] if QUICK else [BOTH, "standard library, 12 MB"]
SIZES = [8192] if QUICK else [8192, 32768]
SMALL_SIZES = (
    {"documentation, 10 kB": 300} if QUICK else {"documentation, 20 kB": 300, "documentation, 60 kB": 512}
)


@cache
def documents(name: str) -> tuple[str, ...]:
    if name == BOTH:
        return text_of("tinyshakespeare"), text_of("documentation")
    if name.startswith("documentation"):
        _, _, size = name.partition(", ")
        return (text_of("documentation")[: int(size.removesuffix(" kB")) * 1000 if size else None],)
    return tuple(text for _, text in standard_library())


def bpelab(texts: Sequence[str], size: int, byte_order: Any = "gpt2", engine: Any = "arrays") -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a small corpus has fewer than 32,768 tokens
        return train(texts, vocab_size=size, byte_order=byte_order, engine=engine)


def compiled(texts: Sequence[str], size: int) -> Any:
    return bpelab(texts, size, engine="compiled")


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


def ffbpe(texts: Sequence[str], size: int) -> Any:
    from ffbpe import BpeTrainer, PreTokenizer

    words = PreTokenizer([], pat_str=GPT2_PATTERN).word_counter()
    for text in texts:
        words.add_text(text)
    trainer = BpeTrainer([], initial_alphabet="byte_level", tie_break="smallest_pair_id")
    trainer.add_word_counter(words)
    trainer.train(size)
    return trainer


def gigatoken(texts: Sequence[str], size: int) -> Any:
    from gigatoken import train_bpe

    # It takes one text, and cuts it at a separator that is no part of any piece.
    separator = END_OF_TEXT.encode() if len(texts) > 1 else None
    return train_bpe(END_OF_TEXT.join(texts).encode(), size, [], "huggingface", separator)


TRAINERS: dict[str, Callable[[Sequence[str], int], Any]] = {
    "bpelab": bpelab,
    CONTROL: bpelab,
    COMPILED: compiled,
    "tokenizers": hugging_face,
    "rustbpe": rustbpe,
    "ffbpe": ffbpe,
    "gigatoken": gigatoken,
}
OURS = ("bpelab", CONTROL, COMPILED)


@cache
def ours(corpus: str, size: int, byte_order: Any = "gpt2") -> list[bytes]:
    return list(bpelab(documents(corpus), size, byte_order).ranks)


def expected(contender: str, corpus: str, size: int) -> list[bytes]:
    """Return our tokens, learned from the trainer's initial ids; skips a trainer that is not installed."""
    if contender == COMPILED and not is_installed("compiled"):
        pytest.skip(f"{contender}: pip install 'bpelab[compiled]'")
    if contender not in OURS:
        needs(contender)
    return ours(corpus, size, "raw" if contender == "rustbpe" else "gpt2")


def tokens_of(contender: str, trained: Any) -> list[bytes]:
    """Return the tokens that a trainer has learned, in their order."""
    if contender == "tokenizers":
        vocabulary = json.loads(trained.to_str())["model"]["vocab"]
        tokens = sorted(vocabulary, key=vocabulary.get)
        return [bytes(map(BYTE_OF_CHAR.__getitem__, token)) for token in tokens]
    if contender == "rustbpe":
        return [bytes(token) for token, _ in trained.get_mergeable_ranks()]
    if contender == "gigatoken":
        _, merges = trained
        return [bytes([byte]) for byte in BYTE_ORDER] + [left + right for left, right in merges]
    return sorted(trained.vocab, key=trained.vocab.get) if contender == "ffbpe" else list(trained.ranks)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("contender", TRAINERS)
def from_text_seconds(benchmark: Any, corpus: str, size: int, contender: str) -> None:
    texts = documents(corpus)
    learned = expected(contender, corpus, size)
    assert tokens_of(contender, TRAINERS[contender](texts, size)) == learned
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    measure(
        benchmark,
        lambda: TRAINERS[contender](texts, size),
        group=f"{corpus} to {size:,}",
        axis={"corpus": corpus, "corpus_bytes": n_bytes, "vocab_size": size},
        baseline=baseline_of(contender, "tokenizers"),
        amount=n_bytes,
        rounds=2,
        warm=False,
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("contender", ["counting", "merging"])
def each_phase_seconds(benchmark: Any, corpus: str, size: int, contender: str) -> None:
    texts = documents(corpus)
    counts = count_pieces(texts)

    def merge() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return train(counts=[counts], vocab_size=size)

    assert list(merge().ranks) == ours(corpus, size)
    measure(
        benchmark,
        merge if contender == "merging" else lambda: count_pieces(texts),
        group=f"phases of bpelab, {corpus} to {size:,}",
        axis={"corpus": corpus, "vocab_size": size},
        baseline="counting",
        rounds=3 if QUICK else 2,
        warm=False,
    )


def in_raw_order(texts: Sequence[str], size: int) -> list[bytes]:
    return list(bpelab(texts, size, "raw").ranks)


def by_the_textbook(texts: Sequence[str], size: int) -> list[bytes]:
    pieces = Counter(piece.encode() for text in texts for piece in textbook.split(text, GPT2_PATTERN))
    return list(textbook.train(pieces, size))


def tiktoken_educational(texts: Sequence[str], size: int) -> list[bytes]:
    from tiktoken._educational import bpe_train

    with contextlib.redirect_stdout(io.StringIO()):
        return list(bpe_train("".join(texts), size, GPT2_PATTERN, visualise=None))


EDUCATIONAL = "tiktoken._educational"
SMALL = {"bpelab": in_raw_order, "bpelab's textbook": by_the_textbook, EDUCATIONAL: tiktoken_educational}
NOTES = {EDUCATIONAL: "breaks ties in its own way, so that its merges are others"}


def check_small(contender: str, learned: Sequence[bytes], corpus: str, size: int) -> None:
    """Raise `AssertionError` unless these are our tokens.

    A trainer that breaks ties otherwise must have made as many, and the same first merge, before any tie.
    """
    expected_tokens = ours(corpus, size, "raw")
    if contender == EDUCATIONAL:
        assert len(set(learned)) == len(expected_tokens)
        assert learned[:257] == expected_tokens[:257]
    else:
        assert learned == expected_tokens


@pytest.mark.parametrize("contender", SMALL)
@pytest.mark.parametrize("corpus", SMALL_SIZES)
def against_educational_seconds(benchmark: Any, corpus: str, contender: str) -> None:
    size = SMALL_SIZES[corpus]
    texts = documents(corpus)
    check_small(contender, SMALL[contender](texts, size), corpus, size)
    measure(
        benchmark,
        lambda: SMALL[contender](texts, size),
        group=f"{corpus} to {size}",
        axis={"corpus": corpus, "vocab_size": size},
        baseline=EDUCATIONAL,
        amount=sum(len(text.encode("utf-8")) for text in texts),
        rounds=2 if QUICK else 1,
        warm=False,
        note=NOTES.get(contender),
    )
