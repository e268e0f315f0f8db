"""A `.tiktoken` file is byte for byte the official one, and a bad one is refused with line and reason."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.files.tiktoken_file import dump_tiktoken, load_tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

BYTES = {bytes([byte]): rank for rank, byte in enumerate(BYTE_ORDER)}


def tiktoken_lines(ranks: dict[bytes, int]) -> list[bytes]:
    return [b"%b %d" % (base64.b64encode(token), rank) for token, rank in ranks.items()]


@pytest.mark.parametrize(
    ("name", "specials"),
    [("r50k_base", ()), ("p50k_base", (50256,)), ("cl100k_base", ()), ("o200k_base", ())],
)
def test_official_tiktoken_files_round_trip(data: Path, name: str, specials: tuple[int, ...]) -> None:
    path = data / "encodings" / f"{name}.tiktoken"
    ranks = load_tiktoken(path, frozenset(specials))
    assert dump_tiktoken(ranks) == path.read_bytes()


@settings(max_examples=50)
@given(tokens=st.sets(st.binary(min_size=2, max_size=9)), order=st.randoms())
def test_any_vocabulary_round_trips(
    tmp_path_factory: pytest.TempPathFactory, tokens: set[bytes], order: Any
) -> None:
    names = [*BYTES, *sorted(tokens)]
    order.shuffle(names)
    ranks = {token: rank for rank, token in enumerate(names)}
    path = tmp_path_factory.mktemp("any") / "x.tiktoken"
    path.write_bytes(dump_tiktoken(ranks))
    assert load_tiktoken(path) == ranks


def test_lines_in_another_order_load(tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"\n".join(tiktoken_lines(BYTES)[::-1]) + b"\n")
    assert load_tiktoken(path) == BYTES


Edit = Callable[[list[bytes]], list[bytes]]
BAD_TIKTOKEN: list[tuple[str, Edit, str]] = [
    ("empty", lambda _: [], r"x\.tiktoken: the file is empty"),
    ("truncated", lambda lines: [*lines[:-1], lines[-1][:3]], r"line 256: the file ends within a line"),
    (
        "CRLF",
        lambda lines: [lines[0], lines[1] + b"\r", *lines[2:], b""],
        r"line 2: a Windows line end \(CRLF\)",
    ),
    (
        "no rank",
        lambda lines: [lines[0], b"IQ==", *lines[2:], b""],
        r"line 2: b'IQ==' is not a token in base64",
    ),
    ("blank line", lambda lines: [lines[0], b"", *lines[1:], b""], r"line 2: b'' is not a token in base64"),
    ("a rank in words", lambda lines: [b"IQ== one", *lines[1:], b""], r"line 1: b'IQ== one' is not a token"),
    ("a negative rank", lambda lines: [b"IQ== -1", *lines[1:], b""], r"line 1: b'IQ== -1' is not a token"),
    ("bad base64", lambda lines: [*lines, b"a*== 256", b""], r"line 257: b'a\*==' is not base64"),
    ("no padding", lambda lines: [*lines, b"YWI 256", b""], r"line 257: b'YWI' is not base64"),
    ("nothing for a token", lambda lines: [*lines, b" 256", b""], r"line 257: b' 256' is not a token"),
    (
        "a token twice",
        lambda lines: [*lines, b"IQ== 256", b""],
        r"line 257: the token b'!' is on line 1 already",
    ),
    ("a rank twice", lambda lines: [*lines, b"ISE= 7", b""], r"line 257: the rank 7 is on line 8 already"),
    ("a gap", lambda lines: [*lines, b"ISE= 257", b""], r"a gap in the ranks: no token has the rank 256"),
    (
        "a byte missing",
        lambda lines: [*lines[1:], b"ISE= 0", b""],
        r"the single byte 0x21 \('!'\) is missing",
    ),
    (
        "a rank of 5,000 digits",
        lambda lines: [*lines, b"ISE= " + b"9" * 5000, b""],
        r"line 257: a rank of 5,000 digits",
    ),
    (
        "a byte order mark",
        lambda lines: [b"\xef\xbb\xbf" + lines[0], *lines[1:], b""],
        r"line 1: .* is not base64",
    ),
]


@pytest.mark.parametrize(
    ("edit", "message"), [row[1:] for row in BAD_TIKTOKEN], ids=[row[0] for row in BAD_TIKTOKEN]
)
def test_a_bad_tiktoken_file_is_refused_by_line_and_reason(tmp_path: Path, edit: Edit, message: str) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"\n".join(edit(tiktoken_lines(BYTES))))
    with pytest.raises(ValueError, match=message) as error:
        load_tiktoken(path)
    assert str(path) in str(error.value)


def test_the_id_of_a_special_token_that_is_a_rank_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(dump_tiktoken({bytes([byte]): byte for byte in range(256)}))
    with pytest.raises(
        ValueError, match=r"x\.tiktoken: a token has the rank 7, which is the id of a special"
    ):
        load_tiktoken(path, frozenset({7, 300}))


def test_the_rank_of_a_special_token_is_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"\n".join([*tiktoken_lines(BYTES), b"ISE= 257", b""]))
    assert load_tiktoken(path, frozenset({256, 300}))[b"!!"] == 257


def test_a_token_of_no_bytes_is_read_as_tiktoken_reads_it_and_written_as_it_was(tmp_path: Path) -> None:
    """Whisper's multilingual.tiktoken ends with one."""
    from tiktoken.load import load_tiktoken_bpe

    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"\n".join([*tiktoken_lines(BYTES), b"= 256", b""]))
    ranks = load_tiktoken(path)
    assert ranks == load_tiktoken_bpe(str(path)) == BYTES | {b"": 256}
    assert dump_tiktoken(ranks) == path.read_bytes()
    path.write_bytes(b"\n".join([b"= 256", *tiktoken_lines(BYTES), b"IQ== 257", b""]))
    with pytest.raises(ValueError, match="line 258: the token b'!' is on line 2 already"):
        load_tiktoken(path)
