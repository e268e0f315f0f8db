"""How is an encoding written as a `tokenizer.json`, and how does `transformers` learn to read it?"""

import json

from bpelab.bpe.data.gpt2 import printable
from bpelab.bpe.encoders.heap import recover_merges
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.tokenizer_json.patterns import dump_pattern


def dump_tokenizer_json(encoding: Encoding) -> bytes:
    """Return the bytes of a `tokenizer.json` for an encoding.

    `tokenizers` and `transformers` give the same ids with it. There, special tokens in a text are always
    special: the ids are those of `encode(text, allowed_special="all")`. Raises `ValueError` for a pattern
    that Hugging Face's engine may read in another way.

    >>> from bpelab.bpe import get_encoding
    >>> content = json.loads(dump_tokenizer_json(get_encoding("gpt2")))
    >>> content["model"]["merges"][0], content["pre_tokenizer"]["type"]
    ('Ġ t', 'ByteLevel')
    """
    ranks, specials = encoding.ranks, encoding.special_tokens
    if shared_ids := set(ranks.values()).intersection(specials.values()):
        raise ValueError(f"an ordinary and a special token both have the id {min(shared_ids)}")
    merges = recover_merges(ranks)
    vocabulary = {printable(token): rank for token, rank in ranks.items()}
    if shared := vocabulary.keys() & specials.keys():
        raise ValueError(f"{min(shared)!r} is the name of a special token and of an ordinary one")
    # Special tokens are in the vocabulary, too: that is what fixes their ids.
    vocabulary |= specials
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": token, "content": text} | flags
            for text, token in sorted(specials.items(), key=lambda item: item[1])
        ],
        "normalizer": None,
        "pre_tokenizer": dump_pattern(encoding.pattern),
        "post_processor": None,
        "decoder": byte_level | {"use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            # Some encodings have tokens that no merge makes, and that only a whole piece becomes.
            "ignore_merges": any(pair is None for pair in merges.values()),
            "vocab": dict(sorted(vocabulary.items(), key=lambda item: item[1])),
            "merges": [f"{printable(pair[0])} {printable(pair[1])}" for pair in merges.values() if pair],
        },
    }
    return json.dumps(content, ensure_ascii=False).encode("utf-8")


# This class follows tokenizer.json; the class of a model, such as GPT-2's, may bring its own pattern.
# `clean_up_tokenization_spaces` would change "a ." to "a." when ids are decoded, and `token_type_ids` in the
# inputs are vectors that GPT-2 adds.
_CONFIG = {
    "clean_up_tokenization_spaces": False,
    "model_input_names": ["input_ids", "attention_mask"],
    "tokenizer_class": "PreTrainedTokenizerFast",
}


def dump_tokenizer_config() -> bytes:
    """Return the bytes of a `tokenizer_config.json`: `transformers` reads what is beside it as it is."""
    return json.dumps(_CONFIG, indent=2).encode("ascii") + b"\n"
