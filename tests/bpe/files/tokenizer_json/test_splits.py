"""Steps that cut in a row cut as Hugging Face's do, or are refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.files.save_load import save_encoding
from bpelab.bpe.files.tokenizer_json import load_tokenizer_json
from bpelab.bpe.files.tokenizer_json.patterns import load_pattern
from bpelab.bpe.files.tokenizer_json.splits import DEEPSEEK_PATTERN, DEEPSEEK_SPLITS
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .small_files import BYTE_LEVEL, TEXTS, set_field

tokenizers = pytest.importorskip("tokenizers")


def _with_digits(**changes: Any) -> dict[str, Any]:
    digits = {"type": "Digits", "individual_digits": True} | changes
    return {"type": "Sequence", "pretokenizers": [digits, BYTE_LEVEL | changes]}


@settings(max_examples=300)
@given(st.text("aé's \n\u3000\t12²Ⅷ٣.!\0", max_size=20) | st.text(max_size=12))
@example("x  12²a it's  \n3\n 4")
def test_single_digits_are_cut_as_hugging_face_cuts_them(text: str) -> None:
    """As in the files of StarCoder and SmolLM."""
    content = {"model": {"type": "BPE", "vocab": {}, "merges": []}, "pre_tokenizer": _with_digits()}
    theirs = tokenizers.Tokenizer.from_str(json.dumps(content)).pre_tokenizer.pre_tokenize_str(text)
    pieces = splitter(load_pattern(_with_digits()))(text)
    assert pieces == [text[start:end] for _, (start, end) in theirs]


@pytest.mark.parametrize("change", [{"individual_digits": False}, {"use_regex": False}])
def test_digits_in_another_way_are_refused(file: Any, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="pre_tokenizer: Digits is read with individual_digits and"):
        load_tokenizer_json(file(set_field("pre_tokenizer", to=_with_digits(**change))))


def test_a_file_with_single_digits_is_read_and_saved_with_the_same_ids(file: Any, tmp_path: Path) -> None:
    path = file(set_field("pre_tokenizer", to=_with_digits()))
    ours = load_tokenizer_json(path)
    save_encoding(tmp_path / "again.json", ours)
    for source in (path, tmp_path / "again.json"):
        theirs = tokenizers.Tokenizer.from_file(str(source))
        for text in TEXTS:
            assert theirs.encode(text).ids == ours.encode(text, allowed_special="all")


def _with_splits(*patterns: str, **changes: Any) -> dict[str, Any]:
    split = {"type": "Split", "behavior": "Isolated", "invert": False} | changes
    splits = [split | {"pattern": {"Regex": pattern}} for pattern in patterns]
    return {"type": "Sequence", "pretokenizers": [*splits, BYTE_LEVEL | {"use_regex": False}]}


def _check_deepseek_pieces(text: str) -> None:
    content = {"model": {"type": "BPE", "vocab": {}, "merges": []}}
    content |= {"pre_tokenizer": _with_splits(*DEEPSEEK_SPLITS)}
    theirs = tokenizers.Tokenizer.from_str(json.dumps(content)).pre_tokenizer.pre_tokenize_str(text)
    assert splitter(DEEPSEEK_PATTERN)(text) == [text[start:end] for _, (start, end) in theirs]


@settings(max_examples=400)
@given(
    st.text("aé's \n\r\u3000\t12²Ⅷ٣.!$\0\u200b\u0301漢字かカー・゛\u3040\u3097\u3099가", max_size=20)
    | st.text(max_size=12)
)
@example("a1b 漢・字\u3040か\u3097 1\n  2 .\n\0\0x\u200b\u200b")
def test_several_splits_in_a_row_are_one_pattern_s_pieces(text: str) -> None:
    """As in the files of DeepSeek-V3 and R1."""
    _check_deepseek_pieces(text)


def test_several_splits_in_a_row_cut_characters_of_all_scripts_as_one_pattern_does() -> None:
    characters = [*range(0x3200), *range(0x3200, 0xD800, 97), *range(0xE000, 0x110000, 997)]
    for first in range(0, len(characters), 1 << 11):
        block = map(chr, characters[first : first + (1 << 11)])
        _check_deepseek_pieces("".join(f"{char}a {char}1{char}\n{char}か" for char in block))


@pytest.mark.parametrize("line_end", ["escaped", "raw"])
def test_a_file_with_deepseek_s_splits_is_read_and_saved_with_the_same_ids(
    file: Any, tmp_path: Path, line_end: str
) -> None:
    splits = [split.replace(r"\r\n", "\r\n") if line_end == "raw" else split for split in DEEPSEEK_SPLITS]
    path = file(set_field("pre_tokenizer", to=_with_splits(*splits)))
    ours = load_tokenizer_json(path)
    save_encoding(tmp_path / "again.json", ours)
    for source in (path, tmp_path / "again.json"):
        theirs = tokenizers.Tokenizer.from_file(str(source))
        for text in [*TEXTS, "漢字abc かな123456 カ・ナab"]:
            assert theirs.encode(text).ids == ours.encode(text, allowed_special="all")


@pytest.mark.parametrize(
    "splits",
    [
        _with_splits(*DEEPSEEK_SPLITS[1:]),
        _with_splits(*reversed(DEEPSEEK_SPLITS)),
        _with_splits(*DEEPSEEK_SPLITS, behavior="Removed"),
        _with_splits(*DEEPSEEK_SPLITS, invert=True),
        _with_splits(r"\p{N}", *DEEPSEEK_SPLITS[1:]),
    ],
)
def test_other_splits_in_a_row_are_refused(file: Any, splits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="several Splits in a row are read as DeepSeek-V3 has them"):
        load_tokenizer_json(file(set_field("pre_tokenizer", to=splits)))


def test_cuts_between_the_bytes_of_a_character_are_refused_with_that_reason(file: Any) -> None:
    """As in the files of Falcon, whose Digits find the byte B2 of "²", which ByteLevel writes as "²"."""
    steps = [{"type": "Punctuation", "behavior": "Contiguous"}, BYTE_LEVEL]
    steps.append({"type": "Digits", "individual_digits": False})
    content = {"model": {"type": "BPE", "vocab": {}, "merges": []}}
    content |= {"pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}}
    theirs = tokenizers.Tokenizer.from_str(json.dumps(content)).pre_tokenizer.pre_tokenize_str("²")
    assert [piece for piece, _ in theirs] == ["Â", "²"]
    with pytest.raises(ValueError, match="cuts again after ByteLevel, between the bytes of a character"):
        load_tokenizer_json(file(set_field("pre_tokenizer", to=content["pre_tokenizer"])))
