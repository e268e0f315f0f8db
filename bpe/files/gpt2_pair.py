"""How are `vocab.bpe` and `encoder.json` read and written, and `merges.txt` and `vocab.json`?

A file that is not what it should be raises `ValueError` with the file, the line and the reason.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR, BYTE_ORDER, printable
from bpelab.bpe.encoders.heap import recover_merges
from bpelab.bpe.foundation.reading import Source, decode_utf8, parse_json, refuse, refuse_gaps, require_lines

_VERSION = "#version"


class Tables(NamedTuple):
    """The contents of the files: the two tables that `Encoding` takes."""

    mergeable_ranks: dict[bytes, int]
    special_tokens: dict[str, int]


class _Merge(NamedTuple):
    """A line of `vocab.bpe`, in GPT-2's characters."""

    line: int
    left: str
    right: str


def load_gpt2_pair(merges_path: Source, vocab_path: Source, specials: Collection[str] = ()) -> Tables:
    """Read `vocab.bpe` and `encoder.json`, or Hugging Face's `merges.txt` and `vocab.json`.

    Raises what `parse_gpt2_pair` raises, and `OSError` if a file cannot be read.
    """
    merges, vocab = Path(merges_path).read_bytes(), Path(vocab_path).read_bytes()
    return parse_gpt2_pair(merges, vocab, merges_path, vocab_path, specials)


def parse_gpt2_pair(
    merges_data: bytes,
    vocab_data: bytes,
    merges_path: Source,
    vocab_path: Source,
    specials: Collection[str] = (),
) -> Tables:
    """Return the tables of a GPT-2 pair from its bytes; the paths are for error messages.

    Merges are listed in the order of their ranks. Entries of the vocabulary that the merges do not make are
    special tokens. An entry that two tokens with lower ids would merge into is not a special token but lacks
    its merge, unless `specials` names it.

    Raises `ValueError` for a file that is truncated, not UTF-8 or not JSON, has Windows line ends, or lacks a
    single byte; for a merge that appears twice, has unknown parts, or never happens because others come
    first; and if the two files disagree.
    """
    merges = list(_parse_merges(merges_data, merges_path))
    ids = _parse_vocab(vocab_data, vocab_path)
    ranks: dict[bytes, int] = {}
    for char in map(printable, (bytes([byte]) for byte in BYTE_ORDER)):
        if char not in ids:
            byte = BYTE_OF_CHAR[char]
            refuse(vocab_path, None, f"the single byte 0x{byte:02x} ({char!r}) is missing")
        ranks[bytes([BYTE_OF_CHAR[char]])] = ids[char]
    highest = last_byte = max(ranks.values())
    for line, left, right in merges:
        for part in (left, right):
            if _as_bytes(part) not in ranks:
                refuse(merges_path, line, f"the part {part!r} is neither a byte nor made by an earlier merge")
        token = _as_bytes(left + right)
        if token in ranks:
            refuse(merges_path, line, f"the token {left + right!r} is made a second time")
        if left + right not in ids:
            refuse(
                vocab_path, None, f"{left + right!r}, which line {line} of {merges_path} makes, is missing"
            )
        if ids[left + right] <= highest:
            refuse(
                vocab_path,
                None,
                f"{left + right!r} has the id {ids[left + right]}, but line {line} of {merges_path} makes it"
                f" after {highest}",
            )
        ranks[token] = highest = ids[left + right]
    made = set(map(printable, ranks))
    others = {text: token for text, token in ids.items() if text not in made}
    refuse_gaps(vocab_path, sorted([*ranks.values(), *others.values()]))
    # Tokens that merges make have ids above those of the bytes, and consist of GPT-2's characters.
    perhaps_made = {
        _as_bytes(text): token
        for text, token in others.items()
        if token > last_byte and text not in specials and BYTE_OF_CHAR.keys() >= set(text)
    }
    parts = recover_merges(ranks | perhaps_made)
    if missing := [token for token in perhaps_made if parts[token]]:
        first = min(missing, key=perhaps_made.__getitem__)
        refuse(
            merges_path,
            None,
            f"its {len(merges):,} merges do not make {len(missing):,} of the tokens in {vocab_path} that"
            f" merges would make, first {printable(first)!r} (id {perhaps_made[first]}): the file is cut"
            f" short, or these are special tokens; if so, pass special_tokens={{TEXT: ID}}",
        )
    for line, left, right in merges:
        pair = parts[_as_bytes(left + right)]
        if pair != (_as_bytes(left), _as_bytes(right)):
            instead = " and ".join(repr(printable(part)) for part in pair or ()) or "no two tokens"
            refuse(
                merges_path,
                line,
                f"{left!r} and {right!r} never meet: by the merges before, {instead} make {left + right!r}",
            )
    return Tables(ranks, others)


def dump_vocab_bpe(merges: Sequence[tuple[int, int]]) -> bytes:
    r"""Return the bytes of a `vocab.bpe` for merges as pairs of ids in GPT-2's numbering.

    >>> dump_vocab_bpe([(220, 83)])
    b'#version: 0.2\n\xc4\xa0 t\n'
    """
    tokens = _tokens_of(merges)
    lines = [f"{printable(tokens[left])} {printable(tokens[right])}\n" for left, right in merges]
    return "".join([f"{_VERSION}: 0.2\n", *lines]).encode("utf-8")


def dump_encoder_json(ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]) -> bytes:
    r"""Return the bytes of an `encoder.json` for a vocabulary with its special tokens.

    >>> dump_encoder_json({b"!": 0, b" ": 1}, {"<|endoftext|>": 2})
    b'{"!": 0, "\\u0120": 1, "<|endoftext|>": 2}'
    """
    ids = {printable(token): rank for token, rank in ranks.items()} | dict(special_tokens)
    return json.dumps(dict(sorted(ids.items(), key=lambda item: item[1]))).encode("ascii")


def _tokens_of(merges: Sequence[tuple[int, int]]) -> list[bytes]:
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens


def _parse_merges(data: bytes, source: Source) -> Iterator[_Merge]:
    require_lines(data, source)
    for line, content in enumerate(decode_utf8(data, source).split("\n")[:-1], 1):
        if line == 1 and content.startswith(_VERSION):
            continue
        parts = content.split(" ")
        if len(parts) != 2 or not all(parts):
            refuse(source, line, f"{content!r:.80} is not two parts with one space between them")
        for char in parts[0] + parts[1]:
            if char not in BYTE_OF_CHAR:
                refuse(source, line, f"{char!r} does not stand for a byte in GPT-2's files")
        yield _Merge(line, *parts)


def _parse_vocab(data: bytes, source: Source) -> dict[str, int]:
    ids: dict[str, int] = parse_json(data, source)
    if not isinstance(ids, dict):
        refuse(source, 1, f"expected an object of tokens and ids, found {type(ids).__name__}")
    if "" in ids:
        refuse(source, None, f"the token with the id {ids['']!r:.40} is empty")
    token_of: dict[int, str] = {}
    for token, rank in ids.items():
        if type(rank) is not int or rank < 0:
            refuse(
                source, None, f"the token {token!r} has {rank!r:.40} for an id; expected a number from 0 up"
            )
        if rank in token_of:
            refuse(source, None, f"the tokens {token_of[rank]!r} and {token!r} both have the id {rank}")
        token_of[rank] = token
    return ids


def _as_bytes(text: str) -> bytes:
    return bytes(map(BYTE_OF_CHAR.__getitem__, text))
