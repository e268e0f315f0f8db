"""Vocabulary files: byte for byte the official ones, and what is wrong with a bad one."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.data.gpt2 import BYTE_ORDER, gpt2_merges, gpt2_ranks, printable
from bpelab.bpe.files import formats
from bpelab.bpe.foundation.writing import write_atomically
from hypothesis import given, settings
from hypothesis import strategies as st

BYTES = {bytes([byte]): rank for rank, byte in enumerate(BYTE_ORDER)}


def tiktoken_lines(ranks: dict[bytes, int]) -> list[bytes]:
    return [b"%b %d" % (base64.b64encode(token), rank) for token, rank in ranks.items()]


def test_gpt2_s_pair_round_trips(tmp_path: Path) -> None:
    merges, vocab = tmp_path / "vocab.bpe", tmp_path / "encoder.json"
    merges.write_bytes(formats.dump_vocab_bpe(gpt2_merges()))
    vocab.write_bytes(formats.dump_encoder_json(gpt2_ranks(), {"<|endoftext|>": 50256}))
    ranks, specials = formats.load_gpt2_pair(merges, vocab)
    assert list(ranks.items()) == list(gpt2_ranks().items())
    assert specials == {"<|endoftext|>": 50256}


def test_hugging_face_s_pair_is_the_same(tmp_path: Path) -> None:
    merges, vocab = tmp_path / "merges.txt", tmp_path / "vocab.json"
    ids = {printable(token): rank for token, rank in BYTES.items()} | {"Ġt": 256, "<s>": 257}
    merges.write_text("Ġ t\n", encoding="utf-8")  # newer versions write no "#version" line
    vocab.write_text(json.dumps(ids, ensure_ascii=False, indent=2), encoding="utf-8")
    assert formats.load_gpt2_pair(merges, vocab) == (BYTES | {b" t": 256}, {"<s>": 257})


def test_the_official_files_load(data: Path) -> None:
    tables = formats.load_gpt2_pair(data / "gpt2" / "vocab.bpe", data / "gpt2" / "encoder.json")
    assert tables.mergeable_ranks == gpt2_ranks()


@pytest.mark.parametrize(
    ("name", "specials"),
    [("r50k_base", ()), ("p50k_base", (50256,)), ("cl100k_base", ()), ("o200k_base", ())],
)
def test_official_tiktoken_files_round_trip(data: Path, name: str, specials: tuple[int, ...]) -> None:
    path = data / "encodings" / f"{name}.tiktoken"
    ranks = formats.load_tiktoken(path, frozenset(specials))
    assert formats.dump_tiktoken(ranks) == path.read_bytes()


@settings(deadline=None, max_examples=50)
@given(tokens=st.sets(st.binary(min_size=2, max_size=9)), order=st.randoms())
def test_any_vocabulary_round_trips(
    tmp_path_factory: pytest.TempPathFactory, tokens: set[bytes], order: Any
) -> None:
    names = [*BYTES, *sorted(tokens)]
    order.shuffle(names)
    ranks = {token: rank for rank, token in enumerate(names)}
    path = tmp_path_factory.mktemp("any") / "x.tiktoken"
    path.write_bytes(formats.dump_tiktoken(ranks))
    assert formats.load_tiktoken(path) == ranks


def test_lines_in_another_order_load(tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"\n".join(tiktoken_lines(BYTES)[::-1]) + b"\n")
    assert formats.load_tiktoken(path) == BYTES


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
    ("an empty token", lambda lines: [*lines, b" 256", b""], r"line 257: the token is empty"),
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
        formats.load_tiktoken(path)
    assert str(path) in str(error.value)


def test_the_id_of_a_special_token_that_is_a_rank_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(formats.dump_tiktoken({bytes([byte]): byte for byte in range(256)}))
    with pytest.raises(
        ValueError, match=r"x\.tiktoken: a token has the rank 7, which is the id of a special"
    ):
        formats.load_tiktoken(path, frozenset({7, 300}))


def test_the_rank_of_a_special_token_is_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"\n".join([*tiktoken_lines(BYTES), b"ISE= 257", b""]))
    assert formats.load_tiktoken(path, frozenset({256, 300}))[b"!!"] == 257


MERGES = "#version: 0.2\nĠ t\nĠt h\n"
VOCAB = {printable(token): rank for token, rank in BYTES.items()} | {"Ġt": 256, "Ġth": 257, "<s>": 258}
BAD_PAIRS: list[tuple[str, bytes, bytes, str]] = [
    ("not UTF-8", b"#version: 0.2\n\xff t\n", b"", r"vocab\.bpe, line 2: not UTF-8 at byte 14"),
    ("truncated merges", MERGES[:-3].encode(), b"", r"vocab\.bpe, line 3: the file ends within a line"),
    ("CRLF", MERGES.replace("\n", "\r\n").encode(), b"", r"vocab\.bpe, line 1: a Windows line end"),
    ("three parts", "Ġ t h\n".encode(), b"", r"vocab\.bpe, line 1: 'Ġ t h' is not two parts"),
    ("no byte's character", "世 t\n".encode(), b"", r"vocab\.bpe, line 1: '世' stands for no byte"),
    ("unknown part", MERGES.encode() + b"th e\n", b"", r"vocab\.bpe, line 4: the part 'th' is neither"),
    (
        "a merge twice",
        MERGES.encode() + "Ġ t\n".encode(),
        b"",
        r"vocab\.bpe, line 4: the token 'Ġt' is made a second",
    ),
    (
        "a merge without id",
        MERGES.encode() + b"h e\n",
        b"",
        r"encoder\.json: 'he', which line 4 of .* makes, is missing",
    ),
    (
        "truncated vocabulary",
        b"",
        json.dumps(VOCAB)[:-9].encode(),
        r"encoder\.json, line 1: not JSON, or cut short",
    ),
    ("a list", b"", b"[]", r"encoder\.json, line 1: expected an object"),
    ("a token twice", b"", b'{"!": 0,\n"!": 1}', r"encoder\.json, line 2: the key '!' appears twice"),
    ("an id twice", b"", b'{"!": 0, "a": 0}', r"encoder\.json: the tokens '!' and 'a' both have the id 0"),
    ("an id in words", b"", b'{"!": "0"}', r"encoder\.json: the token '!' has '0' for an id"),
    ("a byte missing", b"", b'{"!": 0}', r"encoder\.json: the single byte 0x22 \('\"'\) is missing"),
    ("a gap", b"", json.dumps(VOCAB | {"<s>": 300}).encode(), r"encoder\.json: there is a gap .* rank 258"),
    (
        "an empty token",
        b"",
        json.dumps(VOCAB | {"": 259}).encode(),
        r"encoder\.json: the token with the id 259",
    ),
    (
        "a byte order mark",
        b"",
        b"\xef\xbb\xbf{}",
        r"encoder\.json, line 1: the file begins with a byte order",
    ),
    (
        "a huge number",
        b"",
        b'{"!": ' + b"9" * 5000 + b"}",
        r"encoder\.json: a number has thousands of digits",
    ),
    ("not a number", b"", b'{"!": NaN}', r"encoder\.json: NaN is not JSON"),
    ("depth", b"", b'{"!": ' + b"[" * 100_000, r"encoder\.json: nested too deeply"),
    ("a surrogate", b"", b'{"a\\ud800": 0}', r"encoder\.json: half a surrogate pair, .*a\\ud800'"),
    (
        "merges cut at the end of a line",
        "#version: 0.2\nĠ t\n".encode(),
        b"",
        r"vocab\.bpe: its 1 merges do not make 1 of the tokens in .*encoder\.json .* first 'Ġth' \(id 257\)",
    ),
    (
        "no merges",
        b"#version: 0.2\n",
        b"",
        r"vocab\.bpe: its 0 merges do not make 2 of the tokens in .*encoder\.json .* first 'Ġt' \(id 256\)",
    ),
    (
        "a merge that others prevent",
        "t h\nĠ t\nĠt h\n".encode(),
        json.dumps(VOCAB | {"th": 256, "Ġt": 257, "Ġth": 258, "<s>": 259}).encode(),
        r"vocab\.bpe, line 3: 'Ġt' and 'h' never meet: by the merges before, 'Ġ' and 'th' make 'Ġth'",
    ),
    (
        "order",
        b"",
        json.dumps(VOCAB | {"Ġt": 257, "Ġth": 256}).encode(),
        r"encoder\.json: 'Ġth' has the id 256, but line 3",
    ),
]


@pytest.mark.parametrize(
    ("merges", "vocab", "message"), [row[1:] for row in BAD_PAIRS], ids=[row[0] for row in BAD_PAIRS]
)
def test_a_bad_pair_is_refused_by_file_line_and_reason(
    tmp_path: Path, merges: bytes, vocab: bytes, message: str
) -> None:
    (tmp_path / "vocab.bpe").write_bytes(merges or MERGES.encode())
    (tmp_path / "encoder.json").write_bytes(vocab or json.dumps(VOCAB).encode())
    with pytest.raises(ValueError, match=message):
        formats.load_gpt2_pair(tmp_path / "vocab.bpe", tmp_path / "encoder.json")


def test_merges_cut_at_any_line_of_the_official_file_are_refused_with_both_counts(
    data: Path, tmp_path: Path
) -> None:
    lines = (data / "gpt2" / "vocab.bpe").read_bytes().splitlines(keepends=True)
    path = tmp_path / "vocab.bpe"
    for n_merges in (49_999, 25_000, 0):
        path.write_bytes(b"".join(lines[: 1 + n_merges]))
        with pytest.raises(ValueError, match=f"{n_merges:,} merges do not make {50_000 - n_merges:,} of the"):
            formats.load_gpt2_pair(path, data / "gpt2" / "encoder.json")


def test_a_special_token_that_two_tokens_would_merge_to_must_be_named(tmp_path: Path) -> None:
    merges, vocab = tmp_path / "vocab.bpe", tmp_path / "encoder.json"
    merges.write_bytes(MERGES.encode())
    vocab.write_text(json.dumps(VOCAB | {"Ġtt": 259}))
    with pytest.raises(ValueError, match=r"or these are special tokens; then say so"):
        formats.load_gpt2_pair(merges, vocab)
    assert formats.load_gpt2_pair(merges, vocab, {"Ġtt"}).special_tokens == {"<s>": 258, "Ġtt": 259}


def test_pairs_that_hugging_face_trains_load_wherever_the_special_tokens_are(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    specials = ["<s>", "<pad>", "</s>", "[CLS]", "<|im_start|>", "EOS"]
    theirs = tokenizers.ByteLevelBPETokenizer()
    theirs.train_from_iterator(
        ["<span> <span></span> EO OS the cat EO OS"],
        vocab_size=330,
        special_tokens=specials,
        show_progress=False,
    )
    theirs.save_model(str(tmp_path))
    merges, vocab = tmp_path / "merges.txt", tmp_path / "vocab.json"
    assert formats.load_gpt2_pair(merges, vocab).special_tokens == {
        text: token for token, text in enumerate(specials)
    }
    ids = json.loads(vocab.read_text())
    added = {"<|im_end|>": len(ids), "<mask>": len(ids) + 1, "문서": len(ids) + 2}
    vocab.write_text(json.dumps(ids | added))
    assert formats.load_gpt2_pair(merges, vocab).special_tokens.keys() == {*specials, *added}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    write_atomically(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
