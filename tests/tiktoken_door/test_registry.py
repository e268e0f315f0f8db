"""Names become encodings as in tiktoken, and a program may add its own."""

import pickle
from collections.abc import Iterator
from typing import Any

import bpelab.bpe
import bpelab.tiktoken as ours
import pytest
from bpelab.tiktoken import core, model, registry

theirs = pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")


@pytest.fixture
def own_encoding() -> Iterator[str]:
    registry.ENCODING_CONSTRUCTORS["own"] = lambda: {
        "name": "own",
        "pat_str": ".+",
        "mergeable_ranks": {b"a": 0, b"b": 1, b"ab": 2},
        "special_tokens": {"<s>": 3},
    }
    yield "own"
    del registry.ENCODING_CONSTRUCTORS["own"]
    registry.ENCODINGS.pop("own", None)


def test_public_names_and_the_version_are_tiktokens() -> None:
    public = {name for name in vars(theirs) if name[0] != "_"} - {"core", "model", "registry", "load"}
    assert public <= vars(ours).keys()
    assert ours.__version__ == theirs.__version__
    assert ours.Encoding is bpelab.bpe.Encoding is core.Encoding


def test_names_and_models_are_tiktokens() -> None:
    assert ours.list_encoding_names() == theirs.list_encoding_names()
    assert model.MODEL_TO_ENCODING == theirs.model.MODEL_TO_ENCODING
    assert list(model.MODEL_PREFIX_TO_ENCODING.items()) == list(theirs.model.MODEL_PREFIX_TO_ENCODING.items())


def test_a_known_encoding_is_the_one_of_the_package() -> None:
    assert ours.get_encoding("gpt2") is bpelab.bpe.get_encoding("gpt2") is ours.encoding_for_model("gpt2")
    assert registry.ENCODINGS["gpt2"] is ours.get_encoding("gpt2")


def test_constructors_give_the_arguments_of_tiktokens(tiktoken_gpt2: Any) -> None:
    arguments = registry.ENCODING_CONSTRUCTORS["gpt2"]()
    assert arguments["mergeable_ranks"] == tiktoken_gpt2._mergeable_ranks
    assert arguments["special_tokens"] == tiktoken_gpt2._special_tokens
    assert (arguments["name"], arguments["explicit_n_vocab"]) == ("gpt2", 50257)
    assert theirs.Encoding(**arguments).encode("hello") == ours.Encoding(**arguments).encode("hello")


def test_a_program_adds_an_encoding_and_a_model(own_encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(model.MODEL_TO_ENCODING, "my-model", own_encoding)
    enc = ours.encoding_for_model("my-model")
    assert enc is ours.get_encoding("own")
    assert enc.encode("aab<s>", allowed_special="all") == [0, 2, 3]
    assert own_encoding in ours.list_encoding_names()
    assert pickle.loads(pickle.dumps(enc)).encode("ab") == [2]


@pytest.mark.parametrize("name", ["gpt-two", None, 1, ["gpt2"]])
def test_an_unknown_name_raises_what_tiktoken_raises(name: Any) -> None:
    for module in (ours, theirs):
        with pytest.raises(ValueError):
            module.get_encoding(name)
    for module in (ours, theirs):
        with pytest.raises(KeyError):
            module.encoding_for_model("gpt-two")


def test_the_error_for_a_special_token_names_it_and_the_ways_out() -> None:
    for raise_it in (core.raise_disallowed_special_token, theirs.core.raise_disallowed_special_token):
        with pytest.raises(ValueError, match=r"(?s)'<s>'.*allowed_special=\{'<s>'.*disallowed_special=\(\)"):
            raise_it("<s>")
