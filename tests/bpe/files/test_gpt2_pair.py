"""A GPT-2 pair is byte for byte the official one, and a bad pair is refused with file, line and reason."""

import json
from pathlib import Path

import pytest
from bpelab.bpe.data.gpt2 import BYTE_ORDER, gpt2_merges, gpt2_ranks, printable
from bpelab.bpe.files.gpt2_pair import dump_encoder_json, dump_vocab_bpe, load_gpt2_pair
from bpelab.bpe.splitting.specials import END_OF_TEXT

BYTES = {bytes([byte]): rank for rank, byte in enumerate(BYTE_ORDER)}


def test_gpt2_s_pair_round_trips(tmp_path: Path) -> None:
    merges, vocab = tmp_path / "vocab.bpe", tmp_path / "encoder.json"
    merges.write_bytes(dump_vocab_bpe(gpt2_merges()))
    vocab.write_bytes(dump_encoder_json(gpt2_ranks(), {END_OF_TEXT: 50256}))
    ranks, specials = load_gpt2_pair(merges, vocab)
    assert list(ranks.items()) == list(gpt2_ranks().items())
    assert specials == {END_OF_TEXT: 50256}


def test_hugging_face_s_pair_is_the_same(tmp_path: Path) -> None:
    merges, vocab = tmp_path / "merges.txt", tmp_path / "vocab.json"
    ids = {printable(token): rank for token, rank in BYTES.items()} | {"Ġt": 256, "<s>": 257}
    merges.write_text("Ġ t\n", encoding="utf-8")  # newer versions write no "#version" line
    vocab.write_text(json.dumps(ids, ensure_ascii=False, indent=2), encoding="utf-8")
    assert load_gpt2_pair(merges, vocab) == (BYTES | {b" t": 256}, {"<s>": 257})


def test_the_official_files_load(data: Path) -> None:
    tables = load_gpt2_pair(data / "gpt2" / "vocab.bpe", data / "gpt2" / "encoder.json")
    assert tables.mergeable_ranks == gpt2_ranks()


MERGES = "#version: 0.2\nĠ t\nĠt h\n"
VOCAB = {printable(token): rank for token, rank in BYTES.items()} | {"Ġt": 256, "Ġth": 257, "<s>": 258}
BAD_PAIRS: list[tuple[str, bytes, bytes, str]] = [
    ("not UTF-8", b"#version: 0.2\n\xff t\n", b"", r"vocab\.bpe, line 2: not UTF-8 at byte 14"),
    ("truncated merges", MERGES[:-3].encode(), b"", r"vocab\.bpe, line 3: the file ends within a line"),
    ("CRLF", MERGES.replace("\n", "\r\n").encode(), b"", r"vocab\.bpe, line 1: a Windows line end"),
    ("three parts", "Ġ t h\n".encode(), b"", r"vocab\.bpe, line 1: 'Ġ t h' is not two parts"),
    ("no byte's character", "世 t\n".encode(), b"", r"vocab\.bpe, line 1: '世' does not stand for a byte"),
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
        load_gpt2_pair(tmp_path / "vocab.bpe", tmp_path / "encoder.json")


def test_merges_cut_at_any_line_of_the_official_file_are_refused_with_both_counts(
    data: Path, tmp_path: Path
) -> None:
    n_all = 5000  # the first of the official 50,000, which take ten times as long
    lines = (data / "gpt2" / "vocab.bpe").read_bytes().splitlines(keepends=True)[: 1 + n_all]
    ids = json.loads((data / "gpt2" / "encoder.json").read_bytes())
    merges, vocab = tmp_path / "vocab.bpe", tmp_path / "encoder.json"
    vocab.write_text(json.dumps({token: rank for token, rank in ids.items() if rank < 256 + n_all}))
    merges.write_bytes(b"".join(lines))
    assert len(load_gpt2_pair(merges, vocab).mergeable_ranks) == 256 + n_all
    for n_merges in (n_all - 1, n_all // 2, 0):
        merges.write_bytes(b"".join(lines[: 1 + n_merges]))
        with pytest.raises(ValueError, match=f"{n_merges:,} merges do not make {n_all - n_merges:,} of the"):
            load_gpt2_pair(merges, vocab)


def test_a_special_token_that_two_tokens_would_merge_to_must_be_named(tmp_path: Path) -> None:
    merges, vocab = tmp_path / "vocab.bpe", tmp_path / "encoder.json"
    merges.write_bytes(MERGES.encode())
    vocab.write_text(json.dumps(VOCAB | {"Ġtt": 259}))
    with pytest.raises(ValueError, match=r"or these are special tokens; if so, pass"):
        load_gpt2_pair(merges, vocab)
    assert load_gpt2_pair(merges, vocab, {"Ġtt"}).special_tokens == {"<s>": 258, "Ġtt": 259}


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
    assert load_gpt2_pair(merges, vocab).special_tokens == {
        text: token for token, text in enumerate(specials)
    }
    ids = json.loads(vocab.read_text())
    added = {"<|im_end|>": len(ids), "<mask>": len(ids) + 1, "문서": len(ids) + 2}
    vocab.write_text(json.dumps(ids | added))
    assert load_gpt2_pair(merges, vocab).special_tokens.keys() == {*specials, *added}
