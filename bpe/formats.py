"""How do GPT-2's and tiktoken's vocabulary files look?"""

import base64
import json
from collections.abc import Mapping, Sequence

from bpelab.bpe.gpt2 import BYTE_ORDER, printable


def dump_vocab_bpe(merges: Sequence[tuple[int, int]]) -> bytes:
    r"""Write merges, as pairs of ids in GPT-2's numbering, as the bytes of a `vocab.bpe`.

    >>> dump_vocab_bpe([(220, 83)])
    b'#version: 0.2\n\xc4\xa0 t\n'
    """
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    lines = ["#version: 0.2"]
    for left, right in merges:
        lines.append(f"{printable(tokens[left])} {printable(tokens[right])}")
        tokens.append(tokens[left] + tokens[right])
    return ("\n".join(lines) + "\n").encode("utf-8")


def dump_encoder_json(ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]) -> bytes:
    r"""Write a vocabulary as the bytes of an `encoder.json`, special tokens included.

    >>> dump_encoder_json({b"!": 0, b" ": 1}, {"<|endoftext|>": 2})
    b'{"!": 0, "\\u0120": 1, "<|endoftext|>": 2}'
    """
    ids = {printable(token): rank for token, rank in ranks.items()} | dict(special_tokens)
    return json.dumps(dict(sorted(ids.items(), key=lambda item: item[1]))).encode("ascii")


def dump_tiktoken(ranks: Mapping[bytes, int]) -> bytes:
    r"""Write a vocabulary as the bytes of a `.tiktoken` file: a token in base64 and its rank a line.

    >>> dump_tiktoken({b"!": 0, b'"': 1})
    b'IQ== 0\nIg== 1\n'
    """
    by_rank = sorted(ranks.items(), key=lambda item: item[1])
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in by_rank)
