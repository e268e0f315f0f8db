"""How do vocabularies lie in files? The GPT-2 pair, which Hugging Face also writes, and `.tiktoken`.

A file that is not what it should be raises `ValueError` with the file, the line and the reason.
"""

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR, BYTE_ORDER, missing_byte, printable
from bpelab.bpe.encoders.heap import recover_merges
from bpelab.bpe.foundation.reading import Source, decode_utf8, parse_json, refuse, require_lines

_VERSION = "#version"


class Tables(NamedTuple):
    """What a vocabulary's files hold: the two tables that `Encoding` takes."""

    mergeable_ranks: dict[bytes, int]
    special_tokens: dict[str, int]


class _Merge(NamedTuple):
    """A line of `vocab.bpe`, in GPT-2's characters."""

    line: int
    left: str
    right: str


# ---- the GPT-2 pair: vocab.bpe and encoder.json, or merges.txt and vocab.json ----


def load_gpt2_pair(merges_path: Source, vocab_path: Source, specials: Collection[str] = ()) -> Tables:
    """Read `vocab.bpe` and `encoder.json`, or Hugging Face's `merges.txt` and `vocab.json`.

    Raises what `parse_gpt2_pair` raises, and `OSError` where a file cannot be read.
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
    """Read the bytes of a GPT-2 pair; the paths are for the errors.

    Merges are listed in the order of their ranks. Of the entries of the vocabulary those that the merges do
    not make are special tokens. An entry that two tokens with lower ids would merge to is none: its merge is
    missing, unless `specials` names it.

    Raises `ValueError` for a file that is truncated, not UTF-8 or not JSON, has Windows line ends, lacks
    a single byte, or has a merge that appears twice, whose parts are unknown, or that never happens because
    others come first; and where the two files disagree.
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
    _refuse_gaps(vocab_path, sorted([*ranks.values(), *others.values()]))
    # Merges make ids above those of the bytes, of GPT-2's characters.
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
            f" short, or these are special tokens; then say so, with special_tokens={{TEXT: ID}}",
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
    r"""Write merges, as pairs of ids in GPT-2's numbering, as the bytes of a `vocab.bpe`.

    >>> dump_vocab_bpe([(220, 83)])
    b'#version: 0.2\n\xc4\xa0 t\n'
    """
    tokens = _tokens_of(merges)
    lines = [f"{printable(tokens[left])} {printable(tokens[right])}\n" for left, right in merges]
    return "".join([f"{_VERSION}: 0.2\n", *lines]).encode("utf-8")


def dump_encoder_json(ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]) -> bytes:
    r"""Write a vocabulary as the bytes of an `encoder.json`, special tokens included.

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
                refuse(source, line, f"{char!r} stands for no byte in GPT-2's files")
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


# ---- .tiktoken ----


def load_tiktoken(path: Source, special_ids: frozenset[int] = frozenset()) -> dict[bytes, int]:
    """Read a `.tiktoken` file; raises what `parse_tiktoken` raises, and `OSError`."""
    return parse_tiktoken(Path(path).read_bytes(), path, special_ids)


def parse_tiktoken(
    data: bytes, source: Source, special_ids: frozenset[int] = frozenset()
) -> dict[bytes, int]:
    """Read the bytes of a `.tiktoken` file, a token in base64 and its rank a line, as a map in its order.

    Raises `ValueError` for a line that is not that or ends in CRLF, a file that ends within a line, a
    token or a rank that appears twice, a rank that a special token has for an id, a missing single byte,
    and a gap in the ranks, which may only be where the ids of special tokens are (as p50k_base's 50256 is).
    """
    require_lines(data, source)
    try:
        fields = data.split()
        tokens = list(map(binascii.a2b_base64, fields[0::2]))
        ranks = dict(zip(tokens, map(int, fields[1::2]), strict=True))
    except ValueError:
        ranks = {}
    # The quick way gives what the careful one does for a file that comes out the same when written;
    # the careful one is for saying what is wrong, and for files written otherwise.
    if not ranks or min(ranks.values()) < 0 or dump_tiktoken(ranks) != data:
        ranks = _parse_tiktoken_by_line(data, source)
    if lack := missing_byte(ranks):
        refuse(source, None, lack)
    highest = max(ranks.values())
    if shared := special_ids.intersection(ranks.values()):
        refuse(source, None, f"a token has the rank {min(shared)}, which is the id of a special token, too")
    _refuse_gaps(source, sorted([*ranks.values(), *(token for token in special_ids if token < highest)]))
    return ranks


def dump_tiktoken(ranks: Mapping[bytes, int]) -> bytes:
    r"""Write a vocabulary as the bytes of a `.tiktoken` file: a token in base64 and its rank a line.

    >>> dump_tiktoken({b"!": 0, b'"': 1})
    b'IQ== 0\nIg== 1\n'
    """
    by_rank = sorted(ranks.items(), key=lambda item: item[1])
    return b"".join([b"%b %d\n" % (base64.b64encode(token), rank) for token, rank in by_rank])


def _parse_tiktoken_by_line(data: bytes, source: Source) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    line_of_rank: dict[int, int] = {}
    for line, content in enumerate(data.split(b"\n")[:-1], 1):
        fields = content.split(b" ")
        if len(fields) != 2 or not fields[1].isdigit():
            refuse(source, line, f"{content[:80]!r} is not a token in base64, a space and a rank")
        try:
            token = base64.b64decode(fields[0], validate=True)
        except binascii.Error as error:
            refuse(source, line, f"{fields[0][:80]!r} is not base64 ({error})")
        if len(fields[1]) > 10:
            refuse(source, line, f"a rank of {len(fields[1]):,} digits: ranks are from 0 to 2**31 - 2")
        rank = int(fields[1])
        if not token:
            refuse(source, line, "the token is empty")
        if token in ranks:
            refuse(source, line, f"the token {token!r} is on line {line_of_rank[ranks[token]]} already")
        if rank in line_of_rank:
            refuse(source, line, f"the rank {rank} is on line {line_of_rank[rank]} already")
        ranks[token] = rank
        line_of_rank[rank] = line
    return ranks


def _refuse_gaps(source: Source, ids: Sequence[int]) -> None:
    if ids[-1] != len(ids) - 1:
        missing = next(i for i, token in enumerate(ids) if token != i)
        refuse(source, None, f"there is a gap in the ranks: no token has the rank {missing}")
