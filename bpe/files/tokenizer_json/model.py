"""Which ranks are in the model's vocabulary and merges, and is merging in their order merging by rank?"""

from collections.abc import Mapping
from typing import Any

from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR, missing_byte, printable
from bpelab.bpe.encoders.heap import merge_with_heap, recover_merges
from bpelab.bpe.files.tokenizer_json.fields import refusal


def load_vocabulary(vocabulary: Any) -> dict[str, int]:
    """Return the vocabulary, tokens in GPT-2's characters with their ids, in the order of the file."""
    if not isinstance(vocabulary, dict) or not all(type(token) is int for token in vocabulary.values()):
        raise refusal("model.vocab", "it is not an object from tokens to ids")
    for text, token in vocabulary.items():
        if not 0 <= token < 1 << 32:
            raise refusal("model.vocab", f"{text!r} has the id {token!r:.40}: ids are from 0 to 2**32 - 1")
    return vocabulary


def load_ranks(vocabulary: Mapping[str, int], specials: Mapping[str, int]) -> dict[bytes, int]:
    """Return the ranks: all of the vocabulary but the special tokens, in the order of their ids."""
    ranks = {}
    for token, rank in sorted(vocabulary.items(), key=lambda item: item[1]):
        if token in specials:
            continue
        if not all(char in BYTE_OF_CHAR for char in token) or not token:
            raise refusal(
                "model.vocab", f"{token!r} (id {rank}) is neither bytes in GPT-2's characters nor added"
            )
        ranks[bytes(map(BYTE_OF_CHAR.__getitem__, token))] = rank
    if lack := missing_byte(ranks):
        raise refusal("model.vocab", lack)
    if shared := set(ranks.values()).intersection(specials.values()):
        raise refusal("added_tokens", f"the id {min(shared)} is an ordinary token's, too")
    return ranks


def load_merges(listed: Any, vocabulary: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Map each pair to its place in the list: its last place, if it is listed twice, as `tokenizers` does."""
    if not isinstance(listed, list):
        raise refusal("model.merges", "it is not a list")
    position: dict[tuple[str, str], int] = {}
    for i, merge in enumerate(listed):
        pair = tuple(merge.split(" ") if isinstance(merge, str) else merge if isinstance(merge, list) else ())
        if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise refusal("model.merges", f"entry {i} ({merge!r:.80}) is not a pair")
        left, right = pair
        for token in (left, right, left + right):
            if token not in vocabulary:
                raise refusal("model.merges", f"entry {i} ({merge!r:.80}): {token!r} is not in model.vocab")
        position[left, right] = i
    return position


def check_merges(
    ranks: Mapping[bytes, int], position: Mapping[tuple[str, str], int], ignore_merges: bool
) -> None:
    """Raise `ValueError` unless merging the listed pairs in their order is merging by the lowest id.

    By induction over the ids: with all lower tokens known, a token's bytes end as the two parts that make it,
    or never become it in any text (`encoders.heap.recover_merges`). So one pair makes each token. It must be
    listed, and after those of lower tokens. Any other listed pair never meets.
    """
    highest, highest_token = -1, b""
    for token, parts in recover_merges(ranks).items():
        if parts is None:
            if merge_with_heap(token, ranks) == [ranks[token]]:
                raise refusal(
                    "model.vocab", f"{printable(token)!r} is made of tokens with higher ids than its own"
                )
            if not ignore_merges:
                raise refusal(
                    "model.vocab", f"no merge makes {printable(token)!r}, and ignore_merges is not set"
                )
            continue
        pair = (printable(parts[0]), printable(parts[1]))
        if pair not in position:
            raise refusal(
                "model.merges", f"{' '.join(pair)!r} is missing, the pair that makes {ranks[token]}"
            )
        if position[pair] < highest:
            raise refusal(
                "model.merges",
                f"{printable(token)!r} (id {ranks[token]}) merges before {printable(highest_token)!r}"
                f" (id {ranks[highest_token]}): ids must rise with the merges",
            )
        highest, highest_token = position[pair], token
