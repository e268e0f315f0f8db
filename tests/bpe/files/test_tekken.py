"""A `tekken.json` gives the ids of tiktoken after the special tokens, or is refused with the field."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import load_encoding, save_encoding, train
from bpelab.bpe.splitting.patterns import O200K_PATTERN
from hypothesis import given
from hypothesis import strategies as st

tiktoken = pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")

TEXT = "the cat sat on the mat, the hat. 안녕 12 né <s>"
N_SPECIALS = 30
# As mistral-common writes it: more tokens than are used.
RANKS = train([TEXT * 3], pattern=O200K_PATTERN, vocab_size=282, byte_order="raw").ranks
N_USED = 280


def tekken(**changes: Any) -> dict[str, Any]:
    content = {
        "config": {
            "pattern": O200K_PATTERN,
            "num_vocab_tokens": len(RANKS),
            "default_vocab_size": N_USED + N_SPECIALS,
            "default_num_special_tokens": N_SPECIALS,
            "version": "v3",
        },
        "vocab": [
            {"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
            for token, rank in RANKS.items()
        ],
    }
    return content | changes


@pytest.fixture
def written(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    def write(content: dict[str, Any]) -> Path:
        path = tmp_path / "tekken.json"
        path.write_text(json.dumps(content))
        return path

    return write


@given(text=st.lists(st.sampled_from([*TEXT.split(" "), " ", "\n", "  ", "🙂"])).map("".join))
def test_the_ids_are_those_of_tiktoken_after_the_special_tokens(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "tekken.json"
    path.write_text(json.dumps(tekken()))
    ours = load_encoding(path)
    ranks = {token: rank for token, rank in RANKS.items() if rank < N_USED}
    inner = tiktoken.Encoding("t", pat_str=O200K_PATTERN, mergeable_ranks=ranks, special_tokens={})
    expected = [N_SPECIALS + token for token in inner.encode(text)]
    for engine in ("textbook", "cached", "arrays"):
        assert ours.with_engine(engine).encode_ordinary(text) == expected
    assert ours.decode(expected) == text
    assert ours.n_vocab == N_USED + N_SPECIALS


def test_special_tokens_have_the_first_ids_and_mistral_s_names(written: Any) -> None:
    enc = load_encoding(written(tekken()))
    assert [enc.decode([token]) for token in (0, 1, 2, 19)] == ["<unk>", "<s>", "</s>", "[TOOL_CONTENT]"]
    assert enc.special_tokens["<SPECIAL_29>"] == 29
    listed = [{"rank": 0, "token_str": "<a>", "is_control": True}]
    enc = load_encoding(written(tekken(special_tokens=listed)))
    assert (enc.special_tokens["<a>"], enc.special_tokens["<SPECIAL_1>"]) == (0, 1)
    assert enc.encode("the<a>", allowed_special="all")[-1] == 0


def test_it_is_converted_to_a_file_that_hugging_face_reads(written: Any, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="pip install 'bpelab[peers]'")
    enc = load_encoding(written(tekken()))
    save_encoding(tmp_path / "hf.json", enc)
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "hf.json"))
    assert theirs.encode(TEXT).ids == enc.encode(TEXT, allowed_special="all")


def config(**changes: Any) -> dict[str, Any]:
    return tekken(config=tekken()["config"] | changes)


def vocab(place: int, **changes: Any) -> dict[str, Any]:
    listed = tekken()["vocab"]
    return tekken(vocab=[*listed[:place], listed[place] | changes, *listed[place + 1 :]])


def specials(*listed: Any) -> dict[str, Any]:
    return tekken(special_tokens=list(listed))


REFUSED = [
    ("no config", tekken(config=5), r"config\.pattern: it is not a string"),
    ("no pattern", config(pattern=None), r"config\.pattern: it is not a string"),
    ("no sizes", config(default_vocab_size="310"), r"config\.default_vocab_size: '310' is not a number"),
    (
        "any number of special tokens",
        config(default_num_special_tokens=2**30),
        "config: 1,073,741,824 special",
    ),
    (
        "a later version",
        config(version="v11"),
        "special_tokens: there are none, which only versions v3 and v7",
    ),
    ("too few tokens", config(default_vocab_size=400), "vocab: config asks for 370 tokens, .* there are 282"),
    ("not even bytes", config(default_vocab_size=31), "vocab: config asks for 1 tokens, at least 256"),
    ("no list", tekken(vocab={}), "vocab: .* there are no list"),
    ("another byte", vocab(65, token_bytes="YQ=="), r"vocab\[65\]: .* the rank 65 and the byte 0x41"),
    ("another rank", vocab(270, rank=271), r"vocab\[270\]: .* does not have the rank 270"),
    ("not base64", vocab(270, token_bytes="a*"), r"vocab\[270\]: .* has no rank and no token_bytes"),
    (
        "a token twice",
        vocab(270, token_bytes="YQ=="),
        r"vocab\[270\]: the token b'a' has the rank 97 already",
    ),
    ("special tokens as a word", tekken(special_tokens="<s>"), "special_tokens: it is not a list"),
    (
        "a special token as a word",
        specials("<s>"),
        r"special_tokens\[0\]: '<s>' is not a text with the rank 0",
    ),
    (
        "another special rank",
        specials({"rank": 1, "token_str": "<s>"}),
        r"special_tokens\[0\]: .* the rank 0",
    ),
    ("a name twice", specials(*[{"rank": i, "token_str": "<s>"} for i in range(2)]), "a name appears twice"),
    (
        "too many special tokens",
        specials(*[{"rank": i, "token_str": f"<{i}>"} for i in range(31)]),
        "special_tokens: there are 31, but config says 30",
    ),
    ("a pattern that is not one", config(pattern="(a"), "pattern"),
]


@pytest.mark.parametrize(
    ("content", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_another_file_is_refused_by_field_and_reason(
    written: Any, content: dict[str, Any], message: str
) -> None:
    path = written(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_encoding(path)
    assert str(path) in str(caught.value)
