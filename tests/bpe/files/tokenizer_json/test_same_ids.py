"""A `tokenizer.json` that is read or written gives the same ids on both sides."""

import json
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding, train
from bpelab.bpe.files.save_load import check_can_save, save_encoding
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_json, load_tokenizer_json
from bpelab.bpe.files.tokenizer_json.patterns import OURS_OF
from bpelab.bpe.files.tokenizer_json.reading import parse_tokenizer_json
from bpelab.bpe.splitting.patterns import CL100K_PATTERN
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .small_files import BYTE_LEVEL, PATTERNS, SAMPLE, TEXTS, added_token, set_field

tokenizers = pytest.importorskip("tokenizers")


@pytest.mark.parametrize("name", PATTERNS)
def test_hugging_face_gives_the_same_ids_and_texts(pairs: Any, name: str) -> None:
    ours, theirs = pairs[name]
    for text in TEXTS:
        ids = ours.encode(text, allowed_special="all")
        assert theirs.encode(text).ids == ids
        assert theirs.decode(ids, skip_special_tokens=False) == ours.decode(ids)


@settings(max_examples=150)
@given(st.sampled_from(sorted(PATTERNS)), st.text(max_size=30))
def test_hugging_face_gives_the_same_ids_on_any_text(pairs: Any, name: str, text: str) -> None:
    ours, theirs = pairs[name]
    assert theirs.encode(text).ids == ours.encode_ordinary(text)


@settings(max_examples=150)
@given(st.sampled_from(sorted(PATTERNS)), st.text("aB'sé字\u0301 \n\t12345.!", max_size=20))
@example("cl100k", "12345 x12345")
@example("o200k", "12345 x12345")
def test_hugging_face_splits_any_text_alike(pairs: Any, name: str, text: str) -> None:
    # With few merges, ids alone would not show a piece that is cut elsewhere.
    _, theirs = pairs[name]
    spans = [span for _, span in theirs.pre_tokenizer.pre_tokenize_str(text)]
    assert [text[start:end] for start, end in spans] == splitter(PATTERNS[name])(text)


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


@pytest.fixture(scope="module")
def small_file() -> str:
    return dump_tokenizer_json(train(["ab abc bc"], vocab_size=261)).decode()


@settings(max_examples=300)
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
            added_token(text, data.draw(st.sampled_from([known] * 5 + [n_ids])), data.draw(st.booleans()))
        )
    try:
        ours = parse_tokenizer_json(content, "t.json")
    except ValueError:
        return
    theirs = tokenizers.Tokenizer.from_str(json.dumps(content))
    for text in ("ab abc", " a ab bca", "<x>", "Ġab cab", "é \xe9x> abca", " a"):
        assert theirs.encode(text).ids == ours.encode(text, allowed_special="all")


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
    path = file(set_field(field, to=value))
    ours, theirs = load_tokenizer_json(path), tokenizers.Tokenizer.from_file(str(path))
    for text in ("ab abc<|end|>", "Été 12"):
        assert theirs.encode(text).ids == ours.encode(text, allowed_special="all")
