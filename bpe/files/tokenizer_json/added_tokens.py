"""Which added tokens can be special tokens? Those that `tokenizers` and this package find alike."""

import unicodedata
from collections.abc import Mapping
from itertools import product
from typing import Any

from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR
from bpelab.bpe.files.tokenizer_json.fields import as_objects, refusal


def load_added_tokens(added: Any, vocabulary: Mapping[str, int], normalizes: bool) -> dict[str, int]:
    """Read the added tokens, and refuse those to which `tokenizers` gives other ids than the file."""
    specials: dict[str, int] = {}
    name_of: dict[int, str] = {}
    next_id = len(vocabulary)
    in_passes: tuple[list[str], list[str]] = ([], [])
    for i, token in enumerate(as_objects(added, "added_tokens")):
        text, token_id = token.get("content"), token.get("id")
        if not isinstance(text, str) or type(token_id) is not int:
            raise refusal(f"added_tokens[{i}]", f"{token!r:.80} has no content, a string, and id, a number")
        if not text:
            raise refusal(f"added_tokens[{i}]", "its content is empty")
        for flag in ("single_word", "lstrip", "rstrip"):
            if token.get(flag):
                raise refusal("added_tokens", f"{text!r} has {flag}, which changes the text beside it")
        if text in specials:
            raise refusal("added_tokens", f"{text!r} appears twice")
        # `tokenizers` takes the id in the vocabulary, or else the next free one, whatever the file says.
        given = vocabulary.get(text, next_id)
        if token_id != given:
            source = "model.vocab says" if text in vocabulary else "the next one that is free is"
            raise refusal("added_tokens", f"{text!r} has the id {token_id!r:.40}, but {source} {given}")
        if token_id in name_of:
            raise refusal(
                "added_tokens",
                f"{name_of[token_id]!r} and {text!r} both have the id {token_id}: `tokenizers` finds one",
            )
        name_of[token_id] = text
        specials[text] = token_id
        next_id = max(next_id, token_id + 1)
        is_normalized = bool(token.get("normalized"))
        in_passes[is_normalized].append(text)
        if normalizes and is_normalized and not unicodedata.is_normalized("NFC", text):
            raise refusal("added_tokens", f"{text!r} is not in NFC, and normalized is true")
    _refuse_overlaps(*in_passes)
    return specials


def _refuse_overlaps(first_pass: list[str], second_pass: list[str]) -> None:
    """Refuse tokens that `tokenizers` may find elsewhere: it first looks for those that are not normalized.

    This package looks for all of them at once, the leftmost first.
    """
    for first, second in product(first_pass, second_pass):
        shorter = min(len(first), len(second))
        if (first in second or second in first) or any(
            first.endswith(second[:n]) or second.endswith(first[:n]) for n in range(1, shorter)
        ):
            raise refusal(
                "added_tokens", f"{first!r} and {second!r} can overlap, and only one of them is normalized"
            )


def check_double_meanings(
    specials: Mapping[str, int],
    vocabulary: Mapping[str, int],
    merges: Mapping[tuple[str, str], int],
    ignore_merges: bool,
) -> None:
    """Refuse an added token whose text, read in GPT-2's characters, is other bytes that may get its id, too.

    The added token 'Ġa' is found in a text with these two characters, but merges that make 'Ġa' make b" a".
    """
    made = {left + right for left, right in merges}
    for text in specials:
        if text in vocabulary and BYTE_OF_CHAR.keys() >= set(text):
            data = bytes(map(BYTE_OF_CHAR.__getitem__, text))
            if data != text.encode("utf-8") and (ignore_merges or text in made):
                raise refusal("added_tokens", f"{text!r} is also how model.vocab writes the token {data!r}")
