"""Settings are one value, checked when it is made, and mean the same as keywords."""

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from bpelab.bpe import TrainSettings, get_encoding, train
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN
from bpelab.bpe.training.settings import SettingsKeywords

TEXTS = ["low lower lowest, new newer newest"]


@pytest.mark.parametrize(
    "keywords",
    [
        {"vocab_size": 270},
        {"vocab_size": 262, "pattern": r"\S+", "min_frequency": 2, "byte_order": "raw", "name": "x"},
        {"vocab_size": 270, "special_tokens": ["<a>"], "max_token_length": 3, "errors": "replace", "jobs": 2},
    ],
)
@pytest.mark.filterwarnings("ignore:training stopped")
def test_settings_and_keywords_train_the_same_encoding(keywords: dict[str, Any]) -> None:
    by_keywords, by_settings = train(TEXTS, **keywords), train(TEXTS, TrainSettings(**keywords))
    assert by_settings.name == by_keywords.name
    assert by_settings.pattern == by_keywords.pattern
    assert by_settings.ranks == by_keywords.ranks
    assert by_settings.special_tokens == by_keywords.special_tokens


def test_every_setting_is_a_keyword_and_in_the_record() -> None:
    names = {field.name for field in fields(TrainSettings)}
    assert names == SettingsKeywords.__annotations__.keys() == TrainSettings(vocab_size=300).record().keys()


def test_settings_are_a_value() -> None:
    settings = TrainSettings(vocab_size=300, special_tokens=["<a>"])
    assert settings == TrainSettings(vocab_size=300, special_tokens=("<a>",))
    assert replace(settings, min_frequency=2).min_frequency == 2
    with pytest.raises(FrozenInstanceError):
        settings.vocab_size = 9  # type: ignore[misc]
    with pytest.raises(ValueError, match="vocab_size is 256: it must be from 257"):
        replace(settings, vocab_size=256)


def test_settings_hold_a_copy_of_the_special_tokens() -> None:
    specials = ["<a>"]
    settings = TrainSettings(vocab_size=300, special_tokens=specials)
    specials.append("<a>")
    assert settings.special_tokens == ("<a>",)


def test_the_pattern_is_that_of_its_name_or_of_the_encoding_that_is_extended() -> None:
    assert TrainSettings(vocab_size=300).split_pattern == GPT2_PATTERN
    assert TrainSettings(vocab_size=300, pattern="cl100k_base").split_pattern == CL100K_PATTERN
    extended = TrainSettings(vocab_size=50_300, extend=get_encoding("gpt2"), special_tokens=["<a>"])
    assert (extended.split_pattern, extended.n_merges) == (GPT2_PATTERN, 42)
    assert replace(extended, vocab_size=50_301).n_merges == 43
    assert extended.kept_special_tokens == {"<|endoftext|>": 50256}


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((), {}, "train needs to know how many tokens to learn: pass vocab_size="),
        ((300,), {}, r"settings must be TrainSettings, not 300; .* train\(texts, vocab_size=8192\)"),
        ((TrainSettings(vocab_size=300),), {"jobs": 2}, "pass settings or keywords, not both: jobs"),
        ((), {"vocab_size": 300, "job": 2}, "unexpected keyword argument 'job'"),
        ((), {"vocab_size": 300, "name": 5}, r"name must be a str, not 5 \(int\)"),
    ],
)
def test_wrong_arguments_in_place_of_settings_are_refused(
    arguments: Any, keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        train(TEXTS, *arguments, **keywords)
