"""The merges equal those of widely used trainers on real text, and every consumer returns the same ids."""

import json
import warnings
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, PieceCounts, count_pieces, textbook, train
from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR
from bpelab.bpe.encoders.heap import recover_merges
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_json
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.parity.standard_library import standard_library

SIZES = (8192, 32768)
# GPT-2's pattern as it was published; rustbpe knows no possessive repeats and `$` differently.
PUBLISHED_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@pytest.fixture(scope="module", params=["tinyshakespeare", "standard-library source"])
def corpus(request: pytest.FixtureRequest) -> tuple[list[str], PieceCounts]:
    if request.param == "tinyshakespeare":
        data: Path = request.getfixturevalue("data")
        texts = [(data / "text" / "tinyshakespeare.txt").read_text("utf-8")]
    else:
        texts = [text for _, text in standard_library()]
    return texts, count_pieces(texts)


def trained(counts: PieceCounts, vocab_size: int, byte_order: Any) -> Encoding:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tinyshakespeare has no 32,768 tokens
        return train(counts=[counts], vocab_size=vocab_size, byte_order=byte_order)


def hugging_face(texts: Sequence[str], vocab_size: int, max_token_length: int | None = None) -> list[bytes]:
    """Train with Hugging Face's `BpeTrainer` and return the tokens by id."""
    tokenizers = pytest.importorskip("tokenizers")
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = byte_level(add_prefix_space=False, use_regex=True)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        show_progress=False,
        special_tokens=[],
        initial_alphabet=byte_level.alphabet(),
        max_token_length=max_token_length,
    )
    tokenizer.train_from_iterator(texts, trainer)
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    by_id = sorted(vocabulary, key=vocabulary.__getitem__)
    return [bytes(map(BYTE_OF_CHAR.__getitem__, token)) for token in by_id]


def rustbpe(texts: Sequence[str], vocab_size: int) -> list[bytes]:
    """Train with rustbpe and return the tokens by id."""
    module = pytest.importorskip("rustbpe")
    tokenizer = module.Tokenizer()
    tokenizer.train_from_iterator(iter(texts), vocab_size, pattern=PUBLISHED_PATTERN)
    return [bytes(token) for token, _ in tokenizer.get_mergeable_ranks()]


@pytest.mark.parametrize(("byte_order", "peer"), [("gpt2", hugging_face), ("raw", rustbpe)])
def test_the_merges_are_the_peers(corpus: Any, byte_order: str, peer: Any) -> None:
    texts, counts = corpus
    theirs = peer(texts, max(SIZES))
    for size in SIZES:
        ours = list(trained(counts, size, byte_order).ranks)
        different = [
            (rank, pair) for rank, pair in enumerate(zip_longest(ours, theirs[:size])) if len(set(pair)) > 1
        ]
        assert different[:3] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 8, 16, None])
def test_max_token_length_of_hugging_face_equals_ours_less_one(verdict: str, limit: int | None) -> None:
    # Their tokens stay shorter than `max_token_length`, and two single bytes always merge.
    for texts in ([verdict], ["aaaaaaa abababab"], [text for _, text in multilingual_sample()]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours = train(
                texts, vocab_size=1500, max_token_length=None if limit is None else max(2, limit - 1)
            )
        assert list(ours.ranks) == hugging_face(texts, 1500, limit)


def test_every_piece_of_the_corpus_encodes_as_training_left_it(corpus: Any) -> None:
    # Training joins pairs of tokens; encoding looks for bytes that are a token. Both must end alike.
    _, counts = corpus
    ranks = trained(counts, 2048, "gpt2").ranks
    merges = recover_merges(ranks).values()
    for piece in sorted(counts.counts)[::50]:
        parts = [piece[i : i + 1] for i in range(len(piece))]
        for pair in merges:
            i = 0
            while i + 1 < len(parts):
                if (parts[i], parts[i + 1]) == pair:
                    parts[i : i + 2] = [parts[i] + parts[i + 1]]
                i += 1
        assert textbook.merge_piece(piece, ranks) == [ranks[part] for part in parts]


def test_the_verdict_round_trips_at_1000_tokens(verdict: str) -> None:
    encoding = train([verdict], vocab_size=1000, special_tokens=["<|endoftext|>"])
    assert (encoding.n_vocab, encoding.eot_token) == (1000, 999)
    ids = encoding.encode(verdict)
    assert encoding.decode(ids) == verdict
    assert max(ids) > 900


def test_all_three_return_the_same_ids_on_unseen_text_in_46_languages(data: Path, verdict: str) -> None:
    """One vocabulary, trained on other texts, in tiktoken, in Hugging Face's tokenizers and here."""
    tiktoken, tokenizers = pytest.importorskip("tiktoken"), pytest.importorskip("tokenizers")
    corpus = [verdict, *(text for _, text in multilingual_sample())]
    ours = train(corpus, vocab_size=3000, special_tokens=["<|endoftext|>"])
    in_tiktoken = tiktoken.Encoding(
        ours.name,
        pat_str=ours.pattern,
        mergeable_ranks=dict(ours.ranks),
        special_tokens=dict(ours.special_tokens),
        explicit_n_vocab=3000,
    )
    in_tokenizers = tokenizers.Tokenizer.from_str(dump_tokenizer_json(ours).decode())
    text = (data / "text" / "udhr-multilingual.txt").read_text("utf-8")
    ids = ours.encode_ordinary(text)
    assert in_tiktoken.encode_ordinary(text) == ids
    assert in_tokenizers.encode(text).ids == ids
    assert max(ids) > 2900
