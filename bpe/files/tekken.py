"""How is Mistral's `tekken.json` read? Its ranks begin after the special tokens, which have the first ids.

https://github.com/mistralai/mistral-common/blob/v1.8.5/src/mistral_common/tokens/tokenizers/tekken.py
"""

import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.reading import Source, refuse

# The special tokens of files that name none (versions v3 and v7).
_FIRST_SPECIALS = """
    <unk> <s> </s> [INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_RESULTS] [/TOOL_RESULTS]
    [TOOL_CALLS] [IMG] <pad> [IMG_BREAK] [IMG_END] [PREFIX] [MIDDLE] [SUFFIX] [SYSTEM_PROMPT]
    [/SYSTEM_PROMPT] [TOOL_CONTENT]"""
# Their number alone could ask for any amount of memory; there are 1,000 in all files so far.
_MOST_SPECIALS = 1 << 16


def is_tekken(content: Any) -> bool:
    """Tell whether parsed JSON is a `tekken.json`, and not a `tokenizer.json`."""
    return isinstance(content, dict) and "model" not in content and {"config", "vocab"} <= content.keys()


def parse_tekken(content: Mapping[str, Any], path: Source) -> Encoding:
    """Return the encoding in a `tekken.json`, parsed; `path` is for its name and for error messages.

    `encode_ordinary` gives the ids of mistral-common's `Tekkenizer.encode(text, bos=False, eos=False)`, which
    takes special tokens in a text as plain text. Raises `ValueError` that names the file and the field.
    """
    config = content["config"]
    if not isinstance(config, dict) or not isinstance(config.get("pattern"), str):
        refuse(path, None, "config.pattern: it is not a string")
    n_vocab = _size(config, "default_vocab_size", path)
    n_specials = _size(config, "default_num_special_tokens", path)
    if n_specials > _MOST_SPECIALS:
        refuse(path, None, f"config: {n_specials:,} special tokens; at most {_MOST_SPECIALS:,} are read")
    if content.get("special_tokens") is None and config.get("version") not in ("v3", "v7"):
        refuse(path, None, "special_tokens: there are none, which only versions v3 and v7 know by themselves")
    specials = _parse_specials(content.get("special_tokens"), n_specials, path)
    ranks = _parse_vocabulary(content["vocab"], n_vocab - n_specials, n_specials, path)
    try:
        return Encoding(
            Path(path).stem, pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens=specials
        )
    except ValueError as error:
        refuse(path, None, str(error))


def _size(config: Mapping[str, Any], field: str, path: Source) -> int:
    size = config.get(field)
    if type(size) is not int or not 0 <= size < 1 << 31:
        refuse(path, None, f"config.{field}: {size!r:.40} is not a number of tokens")
    return size


def _parse_specials(listed: Any, n_specials: int, path: Source) -> dict[str, int]:
    """Return the special tokens with the ids from 0 up; mistral-common's names are for those without one."""
    if listed is None:
        names = _FIRST_SPECIALS.split()
    elif not isinstance(listed, list):
        refuse(path, None, "special_tokens: it is not a list")
    else:
        names = []
        for i, token in enumerate(listed):
            name, rank = (token.get("token_str"), token.get("rank")) if isinstance(token, dict) else (0, 0)
            if not isinstance(name, str) or not name or type(rank) is not int or rank != i:
                refuse(path, None, f"special_tokens[{i}]: {token!r:.80} is not a text with the rank {i}")
            names.append(name)
    if len(names) > n_specials:
        refuse(path, None, f"special_tokens: there are {len(names)}, but config says {n_specials}")
    specials = {name: i for i, name in enumerate(names)}
    specials |= {f"<SPECIAL_{i}>": i for i in range(len(names), n_specials)}
    if len(specials) < n_specials:
        refuse(path, None, "special_tokens: a name appears twice")
    return specials


def _parse_vocabulary(listed: Any, n_tokens: int, first_id: int, path: Source) -> dict[bytes, int]:
    """Return the first tokens of the list with their ids; more of them are in the file than are used."""
    if not isinstance(listed, list) or not 256 <= n_tokens <= len(listed):
        n_listed = len(listed) if isinstance(listed, list) else "no list of them"
        refuse(
            path, None, f"vocab: config asks for {n_tokens} tokens, at least 256, and there are {n_listed}"
        )
    ranks: dict[bytes, int] = {}
    for i, token in enumerate(listed[:n_tokens]):
        try:
            data = binascii.a2b_base64(token["token_bytes"], strict_mode=True)
            is_next = token["rank"] == i and type(token["rank"]) is int
        except (TypeError, KeyError, ValueError):
            refuse(path, None, f"vocab[{i}]: {token!r:.80} has no rank and no token_bytes in base64")
        if not is_next or (i < 256 and data != bytes([i])):
            expected = f"the rank {i}" + (f" and the byte 0x{i:02x}" if i < 256 else "")
            refuse(path, None, f"vocab[{i}]: {token!r:.80} does not have {expected}")
        if data in ranks:
            refuse(
                path, None, f"vocab[{i}]: the token {data!r} has the rank {ranks[data] - first_id} already"
            )
        ranks[data] = first_id + i
    return ranks
