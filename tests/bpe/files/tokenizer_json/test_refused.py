"""A file that would mean something else here is refused with the field and the reason."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_json, load_tokenizer_json
from bpelab.bpe.splitting.patterns import GPT2_PATTERN, O200K_PATTERN

from .small_files import added_token, set_field

REFUSED = [
    (
        "an id of two tokens",
        lambda content: (
            content["model"]["vocab"].update({"<|end|>": 65}) or content["added_tokens"][0].update({"id": 65})
        ),
        r"added_tokens: the id 65 is an ordinary token's, too",
    ),
    ("no model", set_field("model", to=None), "model: there is none"),
    ("WordPiece", set_field("model", "type", to="WordPiece"), "model.type: WordPiece is not BPE"),
    ("dropout", set_field("model", "dropout", to=0.1), "model.dropout: 0.1 changes the merges"),
    (
        "suffix",
        set_field("model", "end_of_word_suffix", to="</w>"),
        "model.end_of_word_suffix: '</w>' changes",
    ),
    ("NFC", set_field("normalizer", to={"type": "NFC"}), "give texts in NFC and pass nfc_is_mine=True"),
    (
        "lower case",
        set_field("normalizer", to={"type": "Lowercase"}),
        "normalizer: Lowercase changes the text",
    ),
    (
        "lower case in a sequence",
        set_field("normalizer", to={"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}),
        "normalizer: Lowercase changes the text",
    ),
    (
        "two decoders",
        set_field("decoder", to={"type": "Sequence", "decoders": [{"type": "ByteLevel"}, {"type": "Fuse"}]}),
        "decoder: ByteLevel + Fuse is not ByteLevel",
    ),
    (
        "a sequence of nothing",
        set_field("decoder", to={"type": "Sequence"}),
        "decoder.decoders: None is not a list",
    ),
    ("truncation", set_field("truncation", to={"max_length": 8}), "truncation: it changes the ids"),
    ("Metaspace", set_field("decoder", to={"type": "Metaspace"}), "decoder: Metaspace is not ByteLevel"),
    ("no splitting", set_field("pre_tokenizer", to=None), "pre_tokenizer: there is none"),
    (
        "Whitespace",
        set_field("pre_tokenizer", to={"type": "Whitespace"}),
        "pre_tokenizer: Whitespace is not ByteLevel",
    ),
    (
        "prefix space",
        set_field("pre_tokenizer", "add_prefix_space", to=True),
        "it puts a space before each text",
    ),
    ("no regex", set_field("pre_tokenizer", "use_regex", to=False), "nothing splits"),
    ("lstrip", set_field("added_tokens", 0, "lstrip", to=True), "'<|end|>' has lstrip"),
    (
        "a vocabulary of words",
        set_field("model", "vocab", "▁the", to=300),
        "'▁the' (id 300) is neither bytes",
    ),
    ("no byte", lambda content: content["model"]["vocab"].pop("a"), "the single byte 0x61 ('a') is missing"),
    (
        "no merge",
        lambda content: content["model"]["merges"].pop(0),
        "'a b' is missing, the pair that makes 256",
    ),
    ("another order", lambda content: content["model"]["merges"].reverse(), "ids must rise with the merges"),
    ("no pair", set_field("model", "merges", 0, to="a b c"), "entry 0 ('a b c') is not a pair"),
    (
        "an unreachable token",
        set_field("model", "vocab", "zzz", to=300),
        "no merge makes 'zzz', and ignore_merges",
    ),
    (
        "another id than the vocabulary's",
        set_field("added_tokens", 0, "id", to=7),
        "'<|end|>' has the id 7, but model",
    ),
    (
        "an id that is not the next",
        lambda content: content["added_tokens"].append(added_token("<|x|>", 900)),
        "'<|x|>' has the id 900, but the next one that is free is 260",
    ),
    (
        "an added token twice",
        lambda content: content["added_tokens"].append(added_token("<|end|>", 259)),
        "added_tokens: '<|end|>' appears twice",
    ),
    (
        "an id twice",
        lambda content: (
            content["added_tokens"].append(added_token("<|x|>", 259)),
            set_field("model", "vocab", "<|x|>", to=259)(content),
        ),
        "'<|end|>' and '<|x|>' both have the id 259",
    ),
    ("empty", set_field("added_tokens", 0, "content", to=""), "added_tokens[0]: its content is empty"),
    ("2**32", set_field("model", "vocab", "zzz", to=2**32), "'zzz' has the id 4294967296: ids are from 0"),
    ("a negative id", set_field("model", "vocab", "zzz", to=-1), "'zzz' has the id -1: ids are from 0"),
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
            set_field("model", "vocab", "Ġb", to=260)(content),
            content["model"]["merges"].append("Ġ b"),
            content["added_tokens"].append(added_token("Ġb", 260)),
        ),
        "'Ġb' is also how model.vocab writes the token b' b'",
    ),
    (
        "tokens that are looked for one after the other",
        lambda content: content["added_tokens"].extend(
            [added_token("qr", 260, normalized=True), added_token("rs", 261)]
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


def test_a_split_that_keeps_what_an_unknown_pattern_leaves_out_is_refused(file: Any) -> None:
    split = {"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated", "invert": False}
    change = set_field("pre_tokenizer", "pretokenizers", 0, to=split)
    with pytest.raises(ValueError, match="it is not known to match everything"):
        load_tokenizer_json(file(change, pattern=O200K_PATTERN))


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
            set_field(*place, to=value)(changed)
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
