"""A `.model` file gives minbpe's ids, or is refused with the line and the reason."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from bpelab.bpe import load_encoding
from bpelab.bpe.files.minbpe_model import parse_minbpe
from hypothesis import given, settings
from hypothesis import strategies as st

PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s+(?!\S)|\s+"
)
AB, ABC, SPACE_A = "97 98", "256 99", "32 97"


def model(
    *merges: str,
    pattern: str = PATTERN,
    specials: Mapping[str, int] | None = None,
    version: str = "minbpe v1",
) -> bytes:
    special_lines = [f"{text} {token}" for text, token in (specials or {}).items()]
    return "".join(
        f"{line}\n" for line in [version, pattern, str(len(special_lines)), *special_lines, *merges]
    ).encode()


def merged_by_pairs(text: str, pattern: str, merges: list[tuple[int, int]]) -> list[int]:
    """Encode as minbpe does: the earliest merge first, at all its places in a piece at once."""
    ids_of = {pair: 256 + i for i, pair in enumerate(merges)}
    encoded = []
    for piece in regex.findall(pattern, text) if pattern else [text]:
        ids = list(piece.encode())
        while known := [pair for pair in pairwise(ids) if pair in ids_of]:
            pair = min(known, key=ids_of.__getitem__)
            rest, ids = ids[::-1], []
            while rest:
                token = rest.pop()
                if rest and (token, rest[-1]) == pair:
                    rest.pop()
                    token = ids_of[pair]
                ids.append(token)
        encoded += ids
    return encoded


@settings(max_examples=300)
@given(
    merges=st.lists(st.tuples(*[st.sampled_from([97, 98, 99, *range(256, 262)])] * 2), max_size=6),
    pattern=st.sampled_from([PATTERN, "", r"\S+|\s+", r"[ab]+"]),
    text=st.text("abc 1", max_size=30),
)
def test_the_ids_are_minbpe_s_or_the_file_is_refused(
    merges: list[tuple[int, int]], pattern: str, text: str
) -> None:
    try:
        ours = parse_minbpe(model(*(f"{a} {b}" for a, b in merges), pattern=pattern), "any.model")
    except ValueError as error:
        assert "any.model, line " in str(error)
        return
    assert ours.encode(text) == merged_by_pairs(text, pattern, merges)


def test_a_file_is_loaded_by_its_name_with_its_special_tokens(tmp_path: Path) -> None:
    path = tmp_path / "tok400.model"
    path.write_bytes(model(AB, ABC, specials={"<|endoftext|>": 100257, "<|end|>": 300}))
    enc = load_encoding(path, engine="textbook")
    assert (enc.name, enc.pattern) == ("tok400", PATTERN)
    assert enc.encode("abc ab<|end|>", allowed_special="all") == [257, 32, 256, 300]
    assert enc.decode([257, 100257]) == "abc<|endoftext|>"
    with pytest.raises(ValueError, match="already has its pattern"):
        load_encoding(path, pattern="gpt2")


REFUSED = [
    ("another version", model(version="minbpe v2"), "line 1: 'minbpe v2' is not 'minbpe v1'"),
    ("a tiktoken file", b"IQ== 0\n", r"line 1: 'IQ== 0' is not 'minbpe v1'; name a file of tiktoken's"),
    ("cut short", b"minbpe v1\na+\n", "line 2: the file ends before the number of special tokens"),
    (
        "cut in the special tokens",
        b"minbpe v1\na+\n2\n<a> 300\n",
        "line 4: the file ends before the last of 2",
    ),
    ("cut within a line", model(AB)[:-1], "line 4: the file ends within a line"),
    ("CRLF", model(AB).replace(b"\n", b"\r\n"), "line 1: a Windows line end"),
    ("an anchor", model(pattern="^a"), r"line 2: '\^a' .* may not mean the same to Python's"),
    ("a group", model(pattern="(a)b"), r"line 2: the pattern has groups"),
    ("not a regex", model(pattern="(a"), r"line 2: the pattern is not a regular expression"),
    ("white space", model(pattern="a| "), "line 2: the pattern begins or ends with white space"),
    ("no count", b"minbpe v1\na+\nx\n", "line 3: 'x' is not a number"),
    ("a space in a special token", model(specials={"<a b>": 300}), "line 4: '<a b> 300' is not a special"),
    ("a special token with an id of a byte", model(specials={"<a>": 97}), "line 4: .* an ordinary token's"),
    ("an id twice", model(specials={"<a>": 300, "<b>": 300}), "line 5: the id 300 is on line 4 already"),
    ("a beginning", model(specials={"<a": 300, "<ab>": 301}), "line 4: '<ab>' begins with '<a'"),
    ("one number", model("97"), "line 4: '97' is not 2 numbers"),
    ("a word", model("97 b"), "line 4: '97 b' is not 2 numbers"),
    ("a later id", model("97 256"), "line 4: no merge before this one makes the id 256"),
    ("a token twice", model(AB, "98 99", ABC, "97 257"), r"line 7: the token b'abc' is made a second time"),
    (
        "a merge that never happens",
        model(AB, "98 99", "97 257"),
        r"line 6: b'a' and b'bc' never meet: by the merges before, other parts make b'abc'",
    ),
]


@pytest.mark.parametrize(("data", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_another_file_is_refused_by_line_and_reason(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=r"^x\.model, " + message):
        parse_minbpe(data, "x.model")


def test_a_special_token_twice_is_refused() -> None:
    data = model(specials={"<a>": 300, "<b>": 301}).replace(b"<b>", b"<a>")
    with pytest.raises(ValueError, match="line 5: the special token '<a>' is on line 4 already"):
        parse_minbpe(data, "x.model")
