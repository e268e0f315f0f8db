"""A `tokenizer.json` gives the same ids on both sides, or is refused with the reason."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding, train
from bpelab.bpe.files.save_load import check_can_save, save_encoding
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_json, load_tokenizer_json
from bpelab.bpe.files.tokenizer_json.patterns import OURS_OF, load_pattern
from bpelab.bpe.files.tokenizer_json.reading import parse_tokenizer_json
from bpelab.bpe.files.tokenizer_json.splits import DEEPSEEK_PATTERN, DEEPSEEK_SPLITS
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import example, given, settings
from hypothesis import strategies as st

tokenizers = pytest.importorskip("tokenizers")

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
SAMPLE = "Hello world, it's 12345 o'clock\u3000\n  \n\tété 안녕하세요 ÀB <|end|>'LL 💡\r\n\r\n x  \n  "
TEXTS = [SAMPLE, "", " ", "a", SAMPLE * 2, "\n  ", "x\n  ", "…—–", "ſ'ſ 1²³½ ٣٤"]
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# As rustbpe has it, and the files of models that are trained with it.
RUSTBPE = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN, "llama3": LLAMA3}
PATTERNS |= {"qwen2": LLAMA3.replace("{1,3}", ""), "rustbpe": RUSTBPE, "words only": r"\p{L}+| \p{N}{1,2}"}


@pytest.fixture(scope="module")
def trained() -> dict[str, Encoding]:
    return {
        name: train(
            [SAMPLE * 3], pattern=pattern, vocab_size=290, special_tokens=["<|end|>", "<|x|>"], name=name
        )
        for name, pattern in PATTERNS.items()
    }


@pytest.fixture(scope="module")
def pairs(trained: dict[str, Encoding]) -> dict[str, tuple[Encoding, Any]]:
    return {
        name: (ours, tokenizers.Tokenizer.from_str(dump_tokenizer_json(ours).decode()))
        for name, ours in trained.items()
    }


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of a small encoding, changed by a function."""

    def write(change: Callable[[dict[str, Any]], object], pattern: str = GPT2_PATTERN) -> Path:
        encoding = train(["ab abc"], pattern=pattern, vocab_size=260, special_tokens=["<|end|>"])
        content = json.loads(dump_tokenizer_json(encoding))
        change(content)
        path = tmp_path / "tokenizer.json"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.mark.parametrize("name", PATTERNS)
def test_hugging_face_gives_the_same_ids_and_texts(pairs: Any, name: str) -> None:
    ours, theirs = pairs[name]
    for text in TEXTS:
        ids = ours.encode(text, allowed_special="all")
        assert theirs.encode(text).ids == ids
        assert theirs.decode(ids, skip_special_tokens=False) == ours.decode(ids)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PATTERNS)), st.text(max_size=30))
def test_hugging_face_gives_the_same_ids_on_any_text(pairs: Any, name: str, text: str) -> None:
    ours, theirs = pairs[name]
    assert theirs.encode(text).ids == ours.encode_ordinary(text)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PATTERNS)), st.text("aB'sé字\u0301 \n\t12345.!", max_size=20))
@example("cl100k", "12345 x12345")
@example("o200k", "12345 x12345")
def test_hugging_face_splits_any_text_alike(pairs: Any, name: str, text: str) -> None:
    # With few merges, ids alone would not show a piece that is cut elsewhere.
    _, theirs = pairs[name]
    spans = [span for _, span in theirs.pre_tokenizer.pre_tokenize_str(text)]
    assert [text[start:end] for start, end in spans] == splitter(PATTERNS[name])(text)


def _with_digits(**changes: Any) -> dict[str, Any]:
    digits = {"type": "Digits", "individual_digits": True} | changes
    return {"type": "Sequence", "pretokenizers": [digits, BYTE_LEVEL | changes]}


@settings(max_examples=300, deadline=None)
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
        load_tokenizer_json(file(_set("pre_tokenizer", to=_with_digits(**change))))


def test_a_file_with_single_digits_is_read_and_saved_with_the_same_ids(file: Any, tmp_path: Path) -> None:
    path = file(_set("pre_tokenizer", to=_with_digits()))
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


@settings(max_examples=400, deadline=None)
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
    path = file(_set("pre_tokenizer", to=_with_splits(*splits)))
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
        load_tokenizer_json(file(_set("pre_tokenizer", to=splits)))


def test_cuts_between_the_bytes_of_a_character_are_refused_with_that_reason(file: Any) -> None:
    """As in the files of Falcon, whose Digits find the byte B2 of "²", which ByteLevel writes as "²"."""
    steps = [{"type": "Punctuation", "behavior": "Contiguous"}, BYTE_LEVEL]
    steps.append({"type": "Digits", "individual_digits": False})
    content = {"model": {"type": "BPE", "vocab": {}, "merges": []}}
    content |= {"pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}}
    theirs = tokenizers.Tokenizer.from_str(json.dumps(content)).pre_tokenizer.pre_tokenize_str("²")
    assert [piece for piece, _ in theirs] == ["Â", "²"]
    with pytest.raises(ValueError, match="cuts again after ByteLevel, between the bytes of a character"):
        load_tokenizer_json(file(_set("pre_tokenizer", to=content["pre_tokenizer"])))


def test_hugging_face_gives_gpt2s_ids_in_46_languages(gpt2: Encoding, data: Path) -> None:
    text = (data / "text" / "udhr-multilingual.txt").read_text("utf-8")
    theirs = tokenizers.Tokenizer.from_str(dump_tokenizer_json(gpt2).decode())
    for line in text.splitlines(keepends=True):
        assert theirs.encode(line).ids == gpt2.encode_ordinary(line)


@pytest.mark.parametrize("name", ["p50k_base", "cl100k_base"])
def test_public_encodings_survive_the_round_trip(data: Path, name: str) -> None:
    encoding = get_encoding(name, path=data / "encodings" / f"{name}.tiktoken")
    content = dump_tokenizer_json(encoding).decode()
    loaded = parse_tokenizer_json(json.loads(content), name)
    assert loaded.ranks == encoding.ranks
    assert (loaded.special_tokens, loaded.pattern) == (encoding.special_tokens, encoding.pattern)
    assert tokenizers.Tokenizer.from_str(content).encode(SAMPLE).ids == encoding.encode(SAMPLE)


@pytest.mark.parametrize("model", [None, "gpt2", "llama"])
def test_transformers_gives_the_same_ids_whatever_model_is_in_the_folder(
    tmp_path: Path, model: str | None
) -> None:
    transformers = pytest.importorskip("transformers", reason="pip install 'bpelab[clients]'")
    ours = train(
        ["yes!\n\nno 12345 " * 9], pattern=CL100K_PATTERN, vocab_size=272, special_tokens=["<|end|>"]
    )
    save_encoding(tmp_path / "tokenizer.json", ours)
    if model is not None:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": model}))
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    for text in [*TEXTS, "yes!\n\nno 12345 , ."]:
        found = theirs(text)
        assert found["input_ids"] == ours.encode(text, allowed_special="all")
        assert found.keys() == {"input_ids", "attention_mask"}
        assert theirs.decode(found["input_ids"]) == text


def test_transformers_is_told_to_read_the_file_as_it_is(trained: dict[str, Encoding], tmp_path: Path) -> None:
    written = save_encoding(tmp_path / "tokenizer.json", trained["o200k"])
    assert [path.name for path in written] == ["tokenizer.json", "tokenizer_config.json"]
    config = json.loads(written[1].read_bytes())
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert config["clean_up_tokenization_spaces"] is False
    assert save_encoding(tmp_path / "tokenizer.json", trained["o200k"]) == written
    assert len(save_encoding(tmp_path / "other.json", trained["o200k"])) == 1


def test_a_configuration_of_another_program_is_not_replaced(
    trained: dict[str, Encoding], tmp_path: Path
) -> None:
    path, config = tmp_path / "tokenizer.json", tmp_path / "tokenizer_config.json"
    config.write_text('{"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": "mine"}')
    before = config.read_bytes()
    for act in (check_can_save, save_encoding):
        with pytest.raises(
            ValueError, match=r"tokenizer_config\.json would be replaced, which does not belong"
        ):
            act(path, trained["o200k"])
        assert [file.name for file in tmp_path.iterdir()] == ["tokenizer_config.json"]
    assert config.read_bytes() == before


def test_a_file_that_hugging_face_trained_loads_with_special_tokens_first(tmp_path: Path) -> None:
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = byte_level(add_prefix_space=False)
    theirs.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|end|>"],
        initial_alphabet=byte_level.alphabet(),
        show_progress=False,
    )
    theirs.train_from_iterator([SAMPLE * 3], trainer)
    theirs.save(str(tmp_path / "hf.json"))
    ours = load_tokenizer_json(tmp_path / "hf.json")
    assert (ours.name, ours.special_tokens) == ("hf", {"<|end|>": 0})
    for text in TEXTS:
        assert ours.encode(text, allowed_special="all") == theirs.encode(text).ids


def test_the_patterns_in_the_table_match_all_of_any_text() -> None:
    import regex

    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x30000, 7)]))
    for pattern in [*OURS_OF, *OURS_OF.values()]:
        assert sum(len(match.group()) for match in regex.finditer(pattern, everything)) == len(everything)


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = to

    return change


def _added(text: str, token: int, normalized: bool = False) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "special": True}
    return {"id": token, "content": text, "normalized": normalized} | flags


REFUSED = [
    (
        "an id of two tokens",
        lambda content: (
            content["model"]["vocab"].update({"<|end|>": 65}) or content["added_tokens"][0].update({"id": 65})
        ),
        r"added_tokens: the id 65 is an ordinary token's, too",
    ),
    ("no model", _set("model", to=None), "model: there is none"),
    ("WordPiece", _set("model", "type", to="WordPiece"), "model.type: WordPiece is not BPE"),
    ("dropout", _set("model", "dropout", to=0.1), "model.dropout: 0.1 changes the merges"),
    ("suffix", _set("model", "end_of_word_suffix", to="</w>"), "model.end_of_word_suffix: '</w>' changes"),
    ("NFC", _set("normalizer", to={"type": "NFC"}), "give texts in NFC and pass nfc_is_mine=True"),
    ("lower case", _set("normalizer", to={"type": "Lowercase"}), "normalizer: Lowercase changes the text"),
    (
        "lower case in a sequence",
        _set("normalizer", to={"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}),
        "normalizer: Lowercase changes the text",
    ),
    (
        "two decoders",
        _set("decoder", to={"type": "Sequence", "decoders": [{"type": "ByteLevel"}, {"type": "Fuse"}]}),
        "decoder: ByteLevel + Fuse is not ByteLevel",
    ),
    (
        "a sequence of nothing",
        _set("decoder", to={"type": "Sequence"}),
        "decoder.decoders: None is not a list",
    ),
    ("truncation", _set("truncation", to={"max_length": 8}), "truncation: it changes the ids"),
    ("Metaspace", _set("decoder", to={"type": "Metaspace"}), "decoder: Metaspace is not ByteLevel"),
    ("no splitting", _set("pre_tokenizer", to=None), "pre_tokenizer: there is none"),
    (
        "Whitespace",
        _set("pre_tokenizer", to={"type": "Whitespace"}),
        "pre_tokenizer: Whitespace is not ByteLevel",
    ),
    ("prefix space", _set("pre_tokenizer", "add_prefix_space", to=True), "it puts a space before each text"),
    ("no regex", _set("pre_tokenizer", "use_regex", to=False), "nothing splits"),
    ("lstrip", _set("added_tokens", 0, "lstrip", to=True), "'<|end|>' has lstrip"),
    ("a vocabulary of words", _set("model", "vocab", "▁the", to=300), "'▁the' (id 300) is neither bytes"),
    ("no byte", lambda content: content["model"]["vocab"].pop("a"), "the single byte 0x61 ('a') is missing"),
    (
        "no merge",
        lambda content: content["model"]["merges"].pop(0),
        "'a b' is missing, the pair that makes 256",
    ),
    ("another order", lambda content: content["model"]["merges"].reverse(), "ids must rise with the merges"),
    ("no pair", _set("model", "merges", 0, to="a b c"), "entry 0 ('a b c') is not a pair"),
    (
        "an unreachable token",
        _set("model", "vocab", "zzz", to=300),
        "no merge makes 'zzz', and ignore_merges",
    ),
    (
        "another id than the vocabulary's",
        _set("added_tokens", 0, "id", to=7),
        "'<|end|>' has the id 7, but model",
    ),
    (
        "an id that is not the next",
        lambda content: content["added_tokens"].append(_added("<|x|>", 900)),
        "'<|x|>' has the id 900, but the next one that is free is 260",
    ),
    (
        "an added token twice",
        lambda content: content["added_tokens"].append(_added("<|end|>", 259)),
        "added_tokens: '<|end|>' appears twice",
    ),
    (
        "an id twice",
        lambda content: (
            content["added_tokens"].append(_added("<|x|>", 259)),
            _set("model", "vocab", "<|x|>", to=259)(content),
        ),
        "'<|end|>' and '<|x|>' both have the id 259",
    ),
    ("empty", _set("added_tokens", 0, "content", to=""), "added_tokens[0]: its content is empty"),
    ("2**32", _set("model", "vocab", "zzz", to=2**32), "'zzz' has the id 4294967296: ids are from 0"),
    ("a negative id", _set("model", "vocab", "zzz", to=-1), "'zzz' has the id -1: ids are from 0"),
    (
        "a merge of nothing known",
        lambda content: content["model"]["merges"].append("x y"),
        "entry 3 ('x y'): 'xy' is not in model.vocab",
    ),
    (
        "a merge that comes again, which counts there",
        lambda content: content["model"]["merges"].append(content["model"]["merges"][0]),
        "ids must rise with the merges",
    ),
    (
        "a token of other bytes",
        lambda content: (
            _set("model", "vocab", "Ġb", to=260)(content),
            content["model"]["merges"].append("Ġ b"),
            content["added_tokens"].append(_added("Ġb", 260)),
        ),
        "'Ġb' is also how model.vocab writes the token b' b'",
    ),
    (
        "tokens that are looked for one after the other",
        lambda content: content["added_tokens"].extend(
            [_added("qr", 260, normalized=True), _added("rs", 261)]
        ),
        "'rs' and 'qr' can overlap, and only one of them is normalized",
    ),
]


@pytest.mark.parametrize(("change", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_file_with_another_rule_is_refused_with_the_reason(file: Any, change: Any, message: str) -> None:
    path = file(change)
    with pytest.raises(ValueError) as caught:
        load_tokenizer_json(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


@pytest.fixture(scope="module")
def small_file() -> str:
    return dump_tokenizer_json(train(["ab abc bc"], vocab_size=261)).decode()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_with_any_merges_and_added_tokens_the_ids_are_hugging_face_s_or_the_file_is_refused(
    small_file: str, data: st.DataObject
) -> None:
    content = json.loads(small_file)
    model = content["model"]
    model["merges"] += data.draw(
        st.lists(st.sampled_from([*model["merges"], "a bc", "Ġ a", "Ġa b", "c a"]), max_size=2)
    )
    if data.draw(st.integers(0, 5)) == 0:
        model["merges"] = data.draw(st.permutations(model["merges"]))
    for merge in model["merges"]:
        model["vocab"].setdefault(merge.replace(" ", ""), len(model["vocab"]))
    model["ignore_merges"] = data.draw(st.booleans())
    for text in data.draw(
        st.lists(st.sampled_from(["ab", "Ġa", "ca", "<x", "x>", "é", "qr", "<>", "ĠĠ"]), max_size=3)
    ):
        n_ids = len(model["vocab"]) + len(content["added_tokens"])
        known = model["vocab"].get(text, n_ids)
        content["added_tokens"].append(
            _added(text, data.draw(st.sampled_from([known] * 5 + [n_ids])), data.draw(st.booleans()))
        )
    try:
        ours = parse_tokenizer_json(content, "t.json")
    except ValueError:
        return
    theirs = tokenizers.Tokenizer.from_str(json.dumps(content))
    for text in ("ab abc", " a ab bca", "<x>", "Ġab cab", "é \xe9x> abca", " a"):
        assert theirs.encode(text).ids == ours.encode(text, allowed_special="all")


def test_a_split_that_keeps_what_an_unknown_pattern_leaves_out_is_refused(file: Any) -> None:
    split = {"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated", "invert": False}
    change = _set("pre_tokenizer", "pretokenizers", 0, to=split)
    with pytest.raises(ValueError, match="it is not known to match everything"):
        load_tokenizer_json(file(change, pattern=O200K_PATTERN))


@pytest.mark.parametrize("name", ["rustbpe", "llama3", "qwen2", "o200k"])
def test_a_split_that_covers_all_text_is_read_and_written_as_others_write_it(
    trained: dict[str, Encoding], tmp_path: Path, name: str
) -> None:
    content = json.loads(dump_tokenizer_json(trained[name]))
    split = content["pre_tokenizer"]["pretokenizers"][0]
    assert (split["behavior"], split["invert"]) == ("Isolated", False)
    save_encoding(tmp_path / "t.json", trained[name])
    assert load_tokenizer_json(tmp_path / "t.json").pattern == PATTERNS[name]


def test_nfc_ignored_merges_and_a_post_processor_are_accepted_where_they_make_no_difference(
    file: Any,
) -> None:
    def change(content: Any) -> None:
        content["normalizer"] = {"type": "NFC"}
        content["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False}
        content["model"] |= {
            "ignore_merges": True,
            "merges": [m.split(" ") for m in content["model"]["merges"]],
        }
        content["model"]["vocab"]["zzz"] = 300

    path = file(change)
    with pytest.raises(TypeError, match="positional"):  # a promise that nobody makes by mistake
        load_tokenizer_json(path, True)  # type: ignore[misc]
    ours = load_tokenizer_json(path=path, nfc_is_mine=True)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    for text in ["ab abc zzz<|end|>", "zzzz", "zzz"]:
        assert ours.encode(text, allowed_special="all") == theirs.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("normalizer", {"type": "Sequence", "normalizers": []}),
        ("decoder", {"type": "Sequence", "decoders": [BYTE_LEVEL]}),
        (
            "pre_tokenizer",
            {"type": "Sequence", "pretokenizers": [BYTE_LEVEL]},
        ),
    ],
)
def test_a_sequence_of_one_step_or_none_is_that_step(file: Any, field: str, value: Any) -> None:
    path = file(_set(field, to=value))
    ours, theirs = load_tokenizer_json(path), tokenizers.Tokenizer.from_file(str(path))
    for text in ("ab abc<|end|>", "Été 12"):
        assert theirs.encode(text).ids == ours.encode(text, allowed_special="all")


@pytest.mark.parametrize("pattern", [r"^\w+", r"\p{L}{1,3}+", r"a$", r"[a-z&&[^b]]", r"(?<=a)b", r"(a)\1"])
def test_a_pattern_that_hugging_face_may_read_in_another_way_is_not_written(pattern: str) -> None:
    encoding = Encoding(
        "x", pat_str=pattern, mergeable_ranks={bytes([b]): b for b in range(256)}, special_tokens={}
    )
    with pytest.raises(ValueError, match="may not mean the same to Hugging Face's engine"):
        dump_tokenizer_json(encoding)


def test_a_broken_file_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"model":\n{,}}')
    with pytest.raises(ValueError, match=r"t\.json, line 2: not JSON"):
        load_tokenizer_json(tmp_path / "t.json")


def _paths(content: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value in a file, and of the first few of long lists and tables."""
    if isinstance(content, dict | list):
        for key in list(content)[:12] if isinstance(content, dict) else range(min(3, len(content))):
            yield (key,)
            yield from ((key, *rest) for rest in _paths(content[key]))


@pytest.mark.parametrize("pattern", [GPT2_PATTERN, O200K_PATTERN], ids=["gpt2", "o200k"])
def test_whatever_a_field_contains_the_file_is_read_or_refused_by_name(file: Any, pattern: str) -> None:
    path = file(lambda _: None, pattern=pattern)
    content = json.loads(path.read_text())
    n_refused = 0
    for place in _paths(content):
        for value in (None, True, -1, 2.5, "x", "(", "\ud800", [], ["x"], [[]], {}, {"type": 5}):
            changed = json.loads(json.dumps(content))
            _set(*place, to=value)(changed)
            path.write_text(json.dumps(changed))
            try:
                load_tokenizer_json(path)
            except ValueError as error:
                assert str(error).startswith(f"{path}: ")
                n_refused += 1
    assert n_refused > 100


def test_a_file_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"t\.json: nested too deeply"):
        load_tokenizer_json(tmp_path / "t.json")
