"""How do vocabularies lie in files? The GPT-2 pair, which Hugging Face also writes, and `.tiktoken`.

A file that is not what it should be raises `ValueError` with the file, the line and the reason.
"""

import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from bpelab.bpe.files import write_atomically
from bpelab.bpe.gpt2 import BYTE_OF_CHAR, BYTE_ORDER, printable

_VERSION = "#version"


class Tables(NamedTuple):
    """What a vocabulary's files hold: the two tables that `Encoding` takes."""

    mergeable_ranks: dict[bytes, int]
    special_tokens: dict[str, int]


# ---- the GPT-2 pair: vocab.bpe and encoder.json, or merges.txt and vocab.json ----


def load_gpt2_pair(merges_path: str | os.PathLike[str], vocab_path: str | os.PathLike[str]) -> Tables:
    """Read `vocab.bpe` and `encoder.json`, or Hugging Face's `merges.txt` and `vocab.json`.

    Merges are listed in the order of their ranks. Of the entries of the vocabulary those that the
    merges do not make are special tokens.

    Raises `ValueError` for a file that is truncated, not UTF-8 or not JSON, has Windows line ends, lacks
    a single byte, or has a merge that is there twice or whose parts are unknown; and where the two
    files disagree.
    """
    merges = _read_merges(merges_path)
    ids = _read_vocab(vocab_path)
    ranks: dict[bytes, int] = {}
    for char in map(printable, (bytes([byte]) for byte in BYTE_ORDER)):
        if char not in ids:
            byte = BYTE_OF_CHAR[char]
            _refuse(vocab_path, None, f"the single byte 0x{byte:02x} ({char!r}) is missing")
        ranks[bytes([BYTE_OF_CHAR[char]])] = ids[char]
    highest = max(ranks.values())
    for line, left, right in merges:
        for part in (left, right):
            if _as_bytes(part) not in ranks:
                _refuse(
                    merges_path, line, f"the part {part!r} is neither a byte nor made by an earlier merge"
                )
        token = _as_bytes(left + right)
        if token in ranks:
            _refuse(merges_path, line, f"the token {left + right!r} is made a second time")
        if left + right not in ids:
            _refuse(
                vocab_path, None, f"{left + right!r}, which line {line} of {merges_path} makes, is missing"
            )
        if ids[left + right] <= highest:
            _refuse(
                vocab_path,
                None,
                f"{left + right!r} has the id {ids[left + right]}, but line {line} of {merges_path} makes it"
                f" after {highest}",
            )
        ranks[token] = highest = ids[left + right]
    made = set(map(printable, ranks))
    specials = {text: token for text, token in ids.items() if text not in made}
    _refuse_gaps(vocab_path, sorted([*ranks.values(), *specials.values()]))
    return Tables(ranks, specials)


def save_gpt2_pair(
    merges_path: str | os.PathLike[str],
    vocab_path: str | os.PathLike[str],
    merges: Sequence[tuple[int, int]],
    special_tokens: Mapping[str, int],
) -> None:
    """Write `vocab.bpe` and `encoder.json` from merges as pairs of ids in GPT-2's numbering."""
    tokens = _tokens_of(merges)
    write_atomically(merges_path, dump_vocab_bpe(merges))
    ranks = dict(zip(tokens, range(len(tokens)), strict=True))
    write_atomically(vocab_path, dump_encoder_json(ranks, special_tokens))


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


def _read_merges(path: str | os.PathLike[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the line's number and the two parts of each merge."""
    text = _decode_utf8(path, _read_lines(path))
    for line, content in enumerate(text.split("\n")[:-1], 1):
        if line == 1 and content.startswith(_VERSION):
            continue
        parts = content.split(" ")
        if len(parts) != 2 or not all(parts):
            _refuse(path, line, f"{content!r} is not two parts with one space between them")
        for char in parts[0] + parts[1]:
            if char not in BYTE_OF_CHAR:
                _refuse(path, line, f"{char!r} stands for no byte in GPT-2's files")
        yield line, parts[0], parts[1]


def _read_vocab(path: str | os.PathLike[str]) -> dict[str, int]:
    text = _decode_utf8(path, Path(path).read_bytes())

    def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: set[str] = set()
        for token, _ in pairs:
            if token in seen:
                line = text.count("\n", 0, text.rfind(json.dumps(token))) + 1
                _refuse(path, line, f"the token {token!r} is there twice")
            seen.add(token)
        return dict(pairs)

    try:
        ids = json.loads(text, object_pairs_hook=refuse_duplicates)
    except json.JSONDecodeError as error:
        place = f"column {error.colno}: {error.msg}"
        _refuse(path, error.lineno, f"not JSON, or cut short, at {place}")
    if not isinstance(ids, dict):
        _refuse(path, 1, f"expected an object of tokens and ids, found {type(ids).__name__}")
    token_of: dict[int, str] = {}
    for token, rank in ids.items():
        if type(rank) is not int or rank < 0:
            _refuse(path, None, f"the token {token!r} has {rank!r} for an id; expected a number from 0 up")
        if rank in token_of:
            _refuse(path, None, f"the tokens {token_of[rank]!r} and {token!r} both have the id {rank}")
        token_of[rank] = token
    return ids


def _as_bytes(text: str) -> bytes:
    return bytes(map(BYTE_OF_CHAR.__getitem__, text))


# ---- .tiktoken ----


def load_tiktoken(
    path: str | os.PathLike[str], special_ids: frozenset[int] = frozenset()
) -> dict[bytes, int]:
    """Read a `.tiktoken` file, a token in base64 and its rank on each line, as a map in its order.

    Raises `ValueError` for a line that is not that or ends in CRLF, a file that ends within a line, a
    token or a rank that is there twice, a rank that a special token has for an id, a missing single byte,
    and a gap in the ranks, which may only be where the ids of special tokens are (as p50k_base's 50256 is).
    """
    data = _read_lines(path)
    try:
        fields = data.split()
        tokens = list(map(binascii.a2b_base64, fields[0::2]))
        ranks = dict(zip(tokens, map(int, fields[1::2]), strict=True))
    except ValueError:
        ranks = {}
    # The quick way gives what the careful one does for a file that comes out the same when written;
    # the careful one is for saying what is wrong, and for files written otherwise.
    if not ranks or min(ranks.values()) < 0 or dump_tiktoken(ranks) != data:
        ranks = _load_tiktoken_by_line(path, data)
    for byte in range(256):
        if bytes([byte]) not in ranks:
            _refuse(path, None, f"the single byte 0x{byte:02x} is missing")
    highest = max(ranks.values())
    if shared := special_ids.intersection(ranks.values()):
        _refuse(path, None, f"a token has the rank {min(shared)}, which is the id of a special token, too")
    _refuse_gaps(path, sorted([*ranks.values(), *(token for token in special_ids if token < highest)]))
    return ranks


def save_tiktoken(path: str | os.PathLike[str], ranks: Mapping[bytes, int]) -> None:
    """Write a vocabulary as a `.tiktoken` file."""
    write_atomically(path, dump_tiktoken(ranks))


def dump_tiktoken(ranks: Mapping[bytes, int]) -> bytes:
    r"""Write a vocabulary as the bytes of a `.tiktoken` file: a token in base64 and its rank a line.

    >>> dump_tiktoken({b"!": 0, b'"': 1})
    b'IQ== 0\nIg== 1\n'
    """
    by_rank = sorted(ranks.items(), key=lambda item: item[1])
    return b"".join([b"%b %d\n" % (base64.b64encode(token), rank) for token, rank in by_rank])


def _load_tiktoken_by_line(path: str | os.PathLike[str], data: bytes) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    line_of_rank: dict[int, int] = {}
    for line, content in enumerate(data.split(b"\n")[:-1], 1):
        fields = content.split(b" ")
        if len(fields) != 2 or not fields[1].isdigit():
            _refuse(path, line, f"{content[:80]!r} is not a token in base64, a space and a rank")
        try:
            token = base64.b64decode(fields[0], validate=True)
        except binascii.Error as error:
            _refuse(path, line, f"{fields[0][:80]!r} is not base64 ({error})")
        rank = int(fields[1])
        if not token:
            _refuse(path, line, "the token is empty")
        if token in ranks:
            _refuse(path, line, f"the token {token!r} is on line {line_of_rank[ranks[token]]} already")
        if rank in line_of_rank:
            _refuse(path, line, f"the rank {rank} is on line {line_of_rank[rank]} already")
        ranks[token] = rank
        line_of_rank[rank] = line
    return ranks


# ---- what all of them refuse ----


def _read_lines(path: str | os.PathLike[str]) -> bytes:
    """Read a file of lines that end in LF."""
    data = Path(path).read_bytes()
    if not data:
        _refuse(path, None, "the file is empty")
    if (place := data.find(b"\r")) >= 0:
        line = data.count(b"\n", 0, place) + 1
        _refuse(path, line, "a Windows line end (CRLF); expected LF alone")
    if not data.endswith(b"\n"):
        _refuse(path, data.count(b"\n") + 1, "the file ends within a line: it is truncated")
    return data


def _decode_utf8(path: str | os.PathLike[str], data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(path, line, f"not UTF-8 at byte {error.start} of the file ({error.reason})")


def _refuse_gaps(path: str | os.PathLike[str], ids: Sequence[int]) -> None:
    if ids[-1] != len(ids) - 1:
        missing = next(i for i, token in enumerate(ids) if token != i)
        _refuse(path, None, f"there is a gap in the ranks: no token has the rank {missing}")


def _refuse(path: str | os.PathLike[str], line: int | None, reason: str) -> NoReturn:
    place = "" if line is None else f", line {line}"
    raise ValueError(f"{os.fspath(path)}{place}: {reason}")
