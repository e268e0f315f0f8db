"""How does Hugging Face's `tokenizer.json` say what an encoding says, and when does it say more?

The file names a normalizer, a pre-tokenizer, a model, added tokens and a decoder. Only some of them are
byte-level BPE by tiktoken's rule; the others are refused with the reason, never read almost right.
The fields: https://github.com/huggingface/tokenizers/tree/v0.23.3/tokenizers/src
"""

import json
import unicodedata
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import regex
from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR, missing_byte, printable
from bpelab.bpe.encoders.heap import merge_with_heap, recover_merges
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.reading import Source, parse_json, refuse
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

# Oniguruma, which reads a `Split`'s pattern, takes {1,3}+ for a repeated {1,3} and $ for the end of a
# line. After possessive white space only the end of the text is followed by neither.
_CL100K_SPLIT = CL100K_PATTERN.replace("{1,3}+", "{1,3}").replace(r"\s++$", r"\s++(?!\S)")
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace("{1,3}", "")
_GPT2_SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# Patterns that match all of any text, and mean the same to both engines: as in the file, as here.
_COVERING = {
    _CL100K_SPLIT: CL100K_PATTERN,
    O200K_PATTERN: O200K_PATTERN,
    _LLAMA3: _LLAMA3,
    _QWEN2: _QWEN2,
    _GPT2_SPLIT: GPT2_PATTERN,
}
# The syntax that both engines read alike: no anchors, no possessive {..}+, no set operations, no \w.
_SHARED_SYNTAX = regex.compile(
    r"""(?: \\[pP]\{\^?\w+\} | \\[sSrnt] | \\[^\w\s] | [^\\\[\](){}?*+^$|.] | \. | \|
      | \((?!\?) | \(\?(?:i?:|[=!]) | \)
      | \[\^? (?: \\[pP]\{\^?\w+\} | \\[sSrnt] | \\[^\w\s] | [^\\\[\]&~|] )+ \]
      | [?*+] | \{\d+(?:,\d*)?\}(?!\+) )*""",
    regex.VERBOSE,
)


def dump_tokenizer_json(encoding: Encoding) -> bytes:
    """Write an encoding as the bytes of a `tokenizer.json`.

    It gives the same ids in `tokenizers` and `transformers`. There special tokens in a text are always
    special: ids equal those of `encode(text, allowed_special="all")`. Raises `ValueError` for a pattern that
    Hugging Face's engine would read otherwise.

    >>> from bpelab.bpe import get_encoding
    >>> content = json.loads(dump_tokenizer_json(get_encoding("gpt2")))
    >>> content["model"]["merges"][0], content["pre_tokenizer"]["type"]
    ('Ġ t', 'ByteLevel')
    """
    ranks, specials = encoding.ranks, encoding.special_tokens
    merges = recover_merges(ranks)
    vocabulary = {printable(token): rank for token, rank in ranks.items()}
    if shared := vocabulary.keys() & specials.keys():
        raise ValueError(f"{min(shared)!r} is the name of a special token and of an ordinary one")
    # Special tokens stand in the vocabulary, too: that is what fixes their ids.
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
        "pre_tokenizer": _dump_pattern(encoding.pattern),
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


def load_tokenizer_json(path: Source, *, nfc_is_mine: bool = False) -> Encoding:
    """Read a `tokenizer.json`; raises what `parse_tokenizer_json` raises, and `OSError`."""
    return parse_tokenizer_json(Path(path).read_bytes(), path, nfc_is_mine=nfc_is_mine)


def parse_tokenizer_json(data: bytes, path: Source, *, nfc_is_mine: bool = False) -> Encoding:
    """Read the bytes of a byte-level BPE `tokenizer.json`; `path` is for the encoding's name and for errors.

    `encode(text, allowed_special="all")` gives its ids: added tokens become special ones. What a
    post-processor puts around a text (a token for its beginning) is not put there, as with
    `add_special_tokens=False`. Where the file normalizes to NFC, pass `nfc_is_mine=True` and texts that are
    in NFC already. Takes some 15 us a token. Raises `ValueError` that names the file, the field and the
    reason where the file's rule is another than tiktoken's.
    """
    content = parse_json(data, path)
    try:
        if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
            raise _refusal("model", "there is none: this is not a tokenizer.json")
        return _parse(content, Path(path).stem, nfc_is_mine)
    except RecursionError:
        refuse(path, None, "nested too deeply")
    except ValueError as error:
        refuse(path, None, str(error))


def _parse(content: Mapping[str, Any], name: str, nfc_is_mine: bool) -> Encoding:
    model = content["model"]
    for field in ("truncation", "padding"):
        if content.get(field):
            raise _refusal(field, "it changes the ids; set it to null")
    normalizer = _object(content.get("normalizer") or {}, "normalizer")
    if normalizer and not (nfc_is_mine and normalizer.get("type") == "NFC"):
        kind = normalizer.get("type")
        advice = "; give texts in NFC and pass nfc_is_mine=True" if kind == "NFC" else ""
        raise _refusal("normalizer", f"{kind} changes the text before it is split{advice}")
    decoder = _object(content.get("decoder") or {}, "decoder")
    if decoder and decoder.get("type") != "ByteLevel":
        raise _refusal("decoder", f"{decoder.get('type')} is not ByteLevel: this is not byte-level BPE")
    if model.get("type", "BPE") != "BPE":
        raise _refusal("model.type", f"{model['type']} is not BPE")
    for field in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(field):
            raise _refusal(f"model.{field}", f"{model[field]!r} changes the merges")
    pattern = _load_pattern(content.get("pre_tokenizer"))
    vocabulary = _load_vocabulary(model.get("vocab"))
    specials = _load_added_tokens(content.get("added_tokens") or [], vocabulary, bool(normalizer))
    ranks = _load_ranks(vocabulary, specials)
    merges = _load_merges(model.get("merges"), vocabulary)
    ignore_merges = bool(model.get("ignore_merges"))
    _check_merges(ranks, merges, ignore_merges)
    _check_double_meanings(specials, vocabulary, merges, ignore_merges)
    return Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)


def _refusal(field: str, reason: str) -> ValueError:
    return ValueError(f"{field}: {reason}")


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refusal(field, f"{value!r:.40} is not an object")
    return value


def _objects(value: Any, field: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise _refusal(field, f"{value!r:.40} is not a list")
    return [_object(item, f"{field}[{i}]") for i, item in enumerate(value)]


# ---- the pre-tokenizer ----


def _dump_pattern(pattern: str) -> dict[str, Any]:
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    if pattern == GPT2_PATTERN:
        return byte_level | {"use_regex": True}
    written = {ours: theirs for theirs, ours in _COVERING.items()}.get(pattern)
    if written is None:
        _check_shared(pattern, "pattern")
    split = {
        "type": "Split",
        "pattern": {"Regex": pattern if written is None else written},
        # What a pattern does not match is no piece here; only the inverted form leaves it out there.
        "behavior": "Removed" if written is None else "Isolated",
        "invert": written is None,
    }
    return {"type": "Sequence", "pretokenizers": [split, byte_level | {"use_regex": False}]}


def _load_pattern(pre_tokenizer: Any) -> str:
    field = "pre_tokenizer"
    if not isinstance(pre_tokenizer, dict):
        raise _refusal(field, "there is none, so that merges would run across a whole text")
    steps = [pre_tokenizer]
    if pre_tokenizer.get("type") == "Sequence":
        steps = _objects(pre_tokenizer.get("pretokenizers"), f"{field}.pretokenizers")
    kinds = [step.get("type") for step in steps]
    if kinds not in (["ByteLevel"], ["Split", "ByteLevel"]):
        found = " + ".join(map(str, kinds)) or "an empty Sequence"
        raise _refusal(field, f"{found} is not ByteLevel, nor one Split and ByteLevel")
    if steps[-1].get("add_prefix_space", True):
        raise _refusal(f"{field}.add_prefix_space", "it puts a space before each text")
    uses_regex = steps[-1].get("use_regex", True)
    if len(steps) == 1:
        if not uses_regex:
            raise _refusal(f"{field}.use_regex", "nothing splits: merges would run across a whole text")
        return GPT2_PATTERN
    if uses_regex:
        raise _refusal(f"{field}.use_regex", "the pieces of the Split are split again by GPT-2's pattern")
    split = steps[0]
    pattern = _object(split.get("pattern"), f"{field}.pattern").get("Regex")
    if not isinstance(pattern, str):
        raise _refusal(f"{field}.pattern", f"{split.get('pattern')!r} is not a regular expression")
    rule = (split.get("behavior"), bool(split.get("invert")))
    if rule in (("Isolated", False), ("Removed", True)) and pattern in _COVERING:
        return _COVERING[pattern]
    if rule == ("Removed", True):
        _check_shared(pattern, f"{field}.pattern")
        return str(pattern)
    raise _refusal(
        f"{field}.behavior",
        f"{rule[0]} with invert={rule[1]} keeps what the pattern {pattern!r} does not match as pieces, and"
        " it is not known to match everything",
    )


def _check_shared(pattern: str, field: str) -> None:
    match = _SHARED_SYNTAX.match(pattern)
    end = match.end() if match else 0
    if end < len(pattern):
        raise _refusal(
            field,
            f"{pattern[end : end + 8]!r} (at character {end} of {pattern!r}) may not mean the same to Hugging"
            " Face's engine and to `regex`: write it without anchors, {m,n}+, \\w and set operations",
        )


# ---- tokens and merges ----


def _load_vocabulary(vocabulary: Any) -> dict[str, int]:
    if not isinstance(vocabulary, dict) or not all(type(token) is int for token in vocabulary.values()):
        raise _refusal("model.vocab", "it is not an object from tokens to ids")
    for text, token in vocabulary.items():
        if not 0 <= token < 1 << 32:
            raise _refusal("model.vocab", f"{text!r} has the id {token!r:.40}: ids are from 0 to 2**32 - 1")
    return vocabulary


def _load_added_tokens(added: Any, vocabulary: Mapping[str, int], normalizes: bool) -> dict[str, int]:
    """Read the added tokens, and refuse those to which `tokenizers` gives other ids than the file."""
    specials: dict[str, int] = {}
    name_of: dict[int, str] = {}
    next_id = len(vocabulary)
    in_passes: tuple[list[str], list[str]] = ([], [])
    for i, token in enumerate(_objects(added, "added_tokens")):
        text, token_id = token.get("content"), token.get("id")
        if not isinstance(text, str) or type(token_id) is not int:
            raise _refusal(f"added_tokens[{i}]", f"{token!r:.80} has no content, a string, and id, a number")
        if not text:
            raise _refusal(f"added_tokens[{i}]", "its content is empty")
        for flag in ("single_word", "lstrip", "rstrip"):
            if token.get(flag):
                raise _refusal("added_tokens", f"{text!r} has {flag}, which changes the text beside it")
        if text in specials:
            raise _refusal("added_tokens", f"{text!r} appears twice")
        # `tokenizers` takes the id of the vocabulary, or else the next that is free, whatever the file says.
        given = vocabulary.get(text, next_id)
        if token_id != given:
            source = "model.vocab says" if text in vocabulary else "the next one that is free is"
            raise _refusal("added_tokens", f"{text!r} has the id {token_id!r:.40}, but {source} {given}")
        if token_id in name_of:
            raise _refusal(
                "added_tokens",
                f"{name_of[token_id]!r} and {text!r} both have the id {token_id}: `tokenizers` finds one",
            )
        name_of[token_id] = text
        specials[text] = token_id
        next_id = max(next_id, token_id + 1)
        is_normalized = bool(token.get("normalized"))
        in_passes[is_normalized].append(text)
        if normalizes and is_normalized and not unicodedata.is_normalized("NFC", text):
            raise _refusal("added_tokens", f"{text!r} is not in NFC, and normalized is true")
    _refuse_overlaps(*in_passes)
    return specials


def _refuse_overlaps(first_pass: list[str], second_pass: list[str]) -> None:
    """Refuse tokens that `tokenizers` may find elsewhere: it looks for those that are not normalized first.

    Here all are looked for at once, the leftmost first.
    """
    for first, second in product(first_pass, second_pass):
        shorter = min(len(first), len(second))
        if (first in second or second in first) or any(
            first.endswith(second[:n]) or second.endswith(first[:n]) for n in range(1, shorter)
        ):
            raise _refusal(
                "added_tokens", f"{first!r} and {second!r} can overlap, and only one of them is normalized"
            )


def _load_ranks(vocabulary: Mapping[str, int], specials: Mapping[str, int]) -> dict[bytes, int]:
    ranks = {}
    for token, rank in sorted(vocabulary.items(), key=lambda item: item[1]):
        if token in specials:
            continue
        if not all(char in BYTE_OF_CHAR for char in token) or not token:
            raise _refusal(
                "model.vocab", f"{token!r} (id {rank}) is neither bytes in GPT-2's characters nor added"
            )
        ranks[bytes(map(BYTE_OF_CHAR.__getitem__, token))] = rank
    if lack := missing_byte(ranks):
        raise _refusal("model.vocab", lack)
    return ranks


def _load_merges(listed: Any, vocabulary: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Map each pair to its place in the list; where a pair is listed twice, the last counts, as there."""
    if not isinstance(listed, list):
        raise _refusal("model.merges", "it is not a list")
    position: dict[tuple[str, str], int] = {}
    for i, merge in enumerate(listed):
        pair = tuple(merge.split(" ") if isinstance(merge, str) else merge if isinstance(merge, list) else ())
        if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise _refusal("model.merges", f"entry {i} ({merge!r:.80}) is not a pair")
        left, right = pair
        for token in (left, right, left + right):
            if token not in vocabulary:
                raise _refusal("model.merges", f"entry {i} ({merge!r:.80}): {token!r} is not in model.vocab")
        position[left, right] = i
    return position


def _check_double_meanings(
    specials: Mapping[str, int],
    vocabulary: Mapping[str, int],
    merges: Mapping[tuple[str, str], int],
    ignore_merges: bool,
) -> None:
    """Refuse an added token whose text in GPT-2's characters is other bytes, which may get its id, too.

    An added token 'Ġa' is found in a text that has these characters; but merges that make 'Ġa' make b" a".
    """
    made = {left + right for left, right in merges}
    for text in specials:
        if text in vocabulary and BYTE_OF_CHAR.keys() >= set(text):
            data = bytes(map(BYTE_OF_CHAR.__getitem__, text))
            if data != text.encode("utf-8") and (ignore_merges or text in made):
                raise _refusal("added_tokens", f"{text!r} is also how model.vocab writes the token {data!r}")


def _check_merges(
    ranks: Mapping[bytes, int], position: Mapping[tuple[str, str], int], ignore_merges: bool
) -> None:
    """Check that merging listed pairs, in their order, is merging what has the lowest id.

    By induction over the ids: with all lower tokens known, a token's bytes end as the two parts that make it
    or never become it, in whatever text (see `training/merges.py`). So one pair a token does all the work; it
    must be listed, after those of lower tokens. What else is listed never meets.
    """
    highest, highest_token = -1, b""
    for token, parts in recover_merges(ranks).items():
        if parts is None:
            if merge_with_heap(token, ranks) == [ranks[token]]:
                raise _refusal(
                    "model.vocab", f"{printable(token)!r} is made of tokens with higher ids than its own"
                )
            if not ignore_merges:
                raise _refusal(
                    "model.vocab", f"no merge makes {printable(token)!r}, and ignore_merges is not set"
                )
            continue
        pair = (printable(parts[0]), printable(parts[1]))
        if pair not in position:
            raise _refusal(
                "model.merges", f"{' '.join(pair)!r} is missing, the pair that makes {ranks[token]}"
            )
        if position[pair] < highest:
            raise _refusal(
                "model.merges",
                f"{printable(token)!r} (id {ranks[token]}) merges before {printable(highest_token)!r}"
                f" (id {ranks[highest_token]}): ids must rise with the merges",
            )
        highest, highest_token = position[pair], token
