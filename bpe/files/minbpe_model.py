"""How is minbpe's `.model` file read? A pattern, special tokens, and merges as pairs of ids.

https://github.com/karpathy/minbpe/blob/1acefe89412b20245db5a22d2a02001e547dc602/minbpe/base.py
"""

from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path

import regex
from bpelab.bpe.encoders.heap import recover_merges
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.shared_syntax import why_not_shared
from bpelab.bpe.foundation.reading import Source, decode_utf8, refuse, require_lines

_VERSION = "minbpe v1"
_PATTERN_LINE, _COUNT_LINE, _FIRST_SPECIAL_LINE = 2, 3, 4
# `BasicTokenizer` has no pattern: the whole text is one piece.
_WHOLE_TEXT = "(?s:.+)"


def parse_minbpe(data: bytes, path: Source) -> Encoding:
    """Return the encoding in the bytes of a file that minbpe's `save` wrote; `path` is for error messages.

    Raises `ValueError`, with the file and the line, for one that is not of this form; for a pattern that
    Python's `regex` may read in another way; for merges that are not tiktoken's rule, because two of them
    make the same token or others come first; and for special tokens that minbpe may find elsewhere.
    """
    require_lines(data, path)
    lines = decode_utf8(data, path).split("\n")[:-1]
    if lines[0] != _VERSION:
        refuse(path, 1, f"{lines[0]!r:.40} is not {_VERSION!r}; name a file of tiktoken's NAME.tiktoken")
    if len(lines) < _COUNT_LINE:
        refuse(path, len(lines), "the file ends before the number of special tokens: it is truncated")
    pattern = _parse_pattern(lines[_PATTERN_LINE - 1], path)
    (n_specials,) = _numbers(lines[_COUNT_LINE - 1], 1, path, _COUNT_LINE)
    first_merge_line = _FIRST_SPECIAL_LINE + n_specials
    if len(lines) < first_merge_line - 1:
        refuse(path, len(lines), f"the file ends before the last of {n_specials:,} special tokens")
    special_lines = lines[_FIRST_SPECIAL_LINE - 1 : first_merge_line - 1]
    ranks = _parse_merges(lines[first_merge_line - 1 :], path, first_merge_line)
    specials = _parse_specials(special_lines, ranks, path)
    return Encoding(Path(path).stem, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)


def _parse_pattern(pattern: str, path: Source) -> str:
    if not pattern:
        return _WHOLE_TEXT
    if pattern != pattern.strip():
        refuse(path, _PATTERN_LINE, "the pattern begins or ends with white space, which minbpe takes away")
    if reason := why_not_shared(pattern, "Python's `regex` and to tiktoken"):
        refuse(path, _PATTERN_LINE, reason)
    try:
        n_groups = regex.compile(pattern).groups
    except regex.error as error:
        refuse(path, _PATTERN_LINE, f"the pattern is not a regular expression: {error}")
    if n_groups:
        refuse(path, _PATTERN_LINE, "the pattern has groups, of which minbpe keeps the text: write (?:...)")
    return pattern


def _parse_specials(lines: Sequence[str], ranks: Mapping[bytes, int], path: Source) -> dict[str, int]:
    specials: dict[str, int] = {}
    line_of: dict[int, int] = {}
    for line, content in enumerate(lines, _FIRST_SPECIAL_LINE):
        text, _, number = content.rpartition(" ")
        if not text or len(text.split()) != 1:
            refuse(path, line, f"{content!r:.80} is not a special token without white space, and its id")
        (token,) = _numbers(number, 1, path, line)
        if text in specials:
            refuse(path, line, f"the special token {text!r} is on line {line_of[specials[text]]} already")
        if token in line_of:
            refuse(path, line, f"the id {token} is on line {line_of[token]} already")
        if token < len(ranks):
            refuse(path, line, f"the special token {text!r} has the id {token}, which is an ordinary token's")
        specials[text] = token
        line_of[token] = line
    for one, other in permutations(specials, 2):
        # minbpe finds the one that is listed first, and this package the longer one.
        if other.startswith(one):
            refuse(path, line_of[specials[one]], f"{other!r} begins with {one!r}: minbpe may find either")
    return specials


def _parse_merges(lines: Sequence[str], path: Source, first_line: int) -> dict[bytes, int]:
    """Return the ranks that merges make; `ValueError` unless merging by rank is merging by these pairs."""
    tokens = [bytes([byte]) for byte in range(256)]
    ranks = {token: byte for byte, token in enumerate(tokens)}
    pairs: list[tuple[int, int]] = []
    for line, content in enumerate(lines, first_line):
        left, right = _numbers(content, 2, path, line)
        if max(left, right) >= len(tokens):
            refuse(path, line, f"no merge before this one makes the id {max(left, right)}")
        token = tokens[left] + tokens[right]
        if token in ranks:
            refuse(
                path, line, f"the token {token!r} is made a second time, as another id than {ranks[token]}"
            )
        ranks[token] = len(tokens)
        tokens.append(token)
        pairs.append((left, right))
    parts_of = recover_merges(ranks)
    for line, ((left, right), token) in enumerate(zip(pairs, tokens[256:], strict=True), first_line):
        if parts_of[token] != (tokens[left], tokens[right]):
            refuse(
                path,
                line,
                f"{tokens[left]!r} and {tokens[right]!r} never meet: by the merges before, other parts make"
                f" {token!r}, or none do",
            )
    return ranks


def _numbers(content: str, n: int, path: Source, line: int) -> list[int]:
    fields = content.split(" ")
    if len(fields) != n or not all(
        field.isascii() and field.isdigit() and len(field) <= 10 for field in fields
    ):
        expected = "a number" if n == 1 else f"{n} numbers"
        refuse(path, line, f"{content!r:.80} is not {expected}")
    return list(map(int, fields))
