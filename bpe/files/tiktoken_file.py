"""How is a `.tiktoken` file read and written? Each line is a token in base64 and its rank.

The file holds neither a pattern nor special tokens.

A file that is not what it should be raises `ValueError` with the file, the line and the reason.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path

from bpelab.bpe.data.gpt2 import missing_byte
from bpelab.bpe.foundation.reading import Source, refuse, refuse_gaps, require_lines

# How Whisper's multilingual.tiktoken writes a token of no bytes, which tiktoken reads as one.
_NO_BYTES = b"="


def load_tiktoken(path: Source, special_ids: frozenset[int] = frozenset()) -> dict[bytes, int]:
    """Read a `.tiktoken` file; raises what `parse_tiktoken` raises, and `OSError`."""
    return parse_tiktoken(Path(path).read_bytes(), path, special_ids)


def parse_tiktoken(
    data: bytes, source: Source, special_ids: frozenset[int] = frozenset()
) -> dict[bytes, int]:
    """Return the tokens and ranks of a `.tiktoken` file, from its bytes and in its order.

    Raises `ValueError` for a line that is not a token in base64 and a rank, or ends in CRLF; for a file that
    ends within a line; for a token or a rank that appears twice, a rank that is the id of a special token, a
    missing single byte, and a gap in the ranks other than the id of a special token (p50k_base has 50256).
    """
    require_lines(data, source)
    try:
        fields = data.split()
        tokens = list(map(binascii.a2b_base64, fields[0::2]))
        ranks = dict(zip(tokens, map(int, fields[1::2]), strict=True))
    except ValueError:
        ranks = {}
    # The quick way is right if the file comes out the same when it is written again. The careful way says
    # what is wrong, and reads files that are written in another form.
    if not ranks or min(ranks.values()) < 0 or dump_tiktoken(ranks) != data:
        ranks = parse_tiktoken_lines(data.split(b"\n")[:-1], source)
    if lack := missing_byte(ranks):
        refuse(source, None, lack)
    highest = max(ranks.values())
    if shared := special_ids.intersection(ranks.values()):
        refuse(source, None, f"a token has the rank {min(shared)}, which is the id of a special token, too")
    refuse_gaps(source, sorted([*ranks.values(), *(token for token in special_ids if token < highest)]))
    return ranks


def dump_tiktoken(ranks: Mapping[bytes, int]) -> bytes:
    r"""Return the bytes of a `.tiktoken` file: one line for each token, in base64, and its rank.

    >>> dump_tiktoken({b"!": 0, b'"': 1})
    b'IQ== 0\nIg== 1\n'
    """
    by_rank = sorted(ranks.items(), key=lambda item: item[1])
    return b"".join([b"%b %d\n" % (base64.b64encode(token) or _NO_BYTES, rank) for token, rank in by_rank])


def parse_tiktoken_lines(lines: Sequence[bytes], source: Source) -> dict[bytes, int]:
    """Return the tokens and ranks in the lines of a `.tiktoken` file, whether or not they are all there are.

    Raises `ValueError` for a line that is not a token in base64 and a rank, and for a token or a rank that
    appears twice.
    """
    ranks: dict[bytes, int] = {}
    line_of_rank: dict[int, int] = {}
    for line, content in enumerate(lines, 1):
        fields = content.split(b" ")
        if len(fields) != 2 or not fields[0] or not fields[1].isdigit():
            refuse(source, line, f"{content[:80]!r} is not a token in base64, a space and a rank")
        try:
            token = b"" if fields[0] == _NO_BYTES else base64.b64decode(fields[0], validate=True)
        except binascii.Error as error:
            refuse(source, line, f"{fields[0][:80]!r} is not base64 ({error})")
        if len(fields[1]) > 10:
            refuse(source, line, f"a rank of {len(fields[1]):,} digits: ranks are from 0 to 2**31 - 2")
        rank = int(fields[1])
        if token in ranks:
            refuse(source, line, f"the token {token!r} is on line {line_of_rank[ranks[token]]} already")
        if rank in line_of_rank:
            refuse(source, line, f"the rank {rank} is on line {line_of_rank[rank]} already")
        ranks[token] = rank
        line_of_rank[rank] = line
    return ranks
