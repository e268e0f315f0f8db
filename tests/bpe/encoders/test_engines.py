"""Every engine gives the same ids by every method, and is chosen by its name."""

import pickle
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, encoding_for_model, get_encoding, load_encoding, textbook
from bpelab.bpe.encoders import choice, stream
from bpelab.bpe.encoders.arrays import blocks
from bpelab.bpe.encoders.choice import ENGINES, is_installed
from bpelab.bpe.encoding import engine_of
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

INSTALLED = [name for name in ENGINES if is_installed(name)]
SPECIALS = {"<|end|>": 60000, "<|endoftext|>": 50256}
FRAGMENTS = [
    "hello",
    " world",
    "'ll",
    "  ",
    " \n",
    "\n ",
    "\t",
    "1234",
    "ABc",
    "あB",
    "!",
    "/",
    "é",
    "🙂",
    "\u0301",
]
FRAGMENTS += [*SPECIALS, "<|end", "|>", "antidisestablishmentarianism", "=" * 40, "\x1c"]
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=20).map("".join)


def encode_utf8(enc: Encoding, texts: list[str]) -> list[list[int]]:
    data = [text.encode() for text in texts]
    ids, ends = engine_of(enc).encode_utf8(b"".join(data), np.cumsum(list(map(len, data)), dtype=np.int64))
    assert (ids.dtype, ends.dtype) == (np.uint32, np.int64)
    return [part.tolist() for part in np.split(ids, ends)[:-1]]


# Each takes an encoding, a text without surrogates and a number; what it returns can be compared.
METHODS: dict[str, Callable[[Encoding, str, int], object]] = {
    "encode_ordinary": lambda enc, text, n: enc.encode_ordinary(text),
    "encode": lambda enc, text, n: enc.encode(text, allowed_special="all"),
    "encode one": lambda enc, text, n: enc.encode(text, allowed_special={"<|end|>"}, disallowed_special=()),
    "encode_to_numpy": lambda enc, text, n: enc.encode_to_numpy(text, allowed_special="all").tolist(),
    "threads": lambda enc, text, n: enc.encode_to_numpy(text, disallowed_special=(), num_threads=2).tolist(),
    "encode_ordinary_batch": lambda enc, text, n: enc.encode_ordinary_batch([text, text[:n], "", text[n:]]),
    "encode_batch": lambda enc, text, n: enc.encode_batch([text[:n], text], allowed_special="all"),
    "encode_utf8": lambda enc, text, n: encode_utf8(enc, [text[:n], text, "", text, text[n:], ""]),
    "encode_with_offsets": lambda enc, text, n: [
        array.tolist() for array in enc.encode_with_offsets(text, allowed_special="all")
    ],
    "encode_iter": lambda enc, text, n: list(
        chain.from_iterable(
            ids.tolist() for ids in enc.encode_iter([text[:n], text[n:]], allowed_special="all")
        )
    ),
    "count": lambda enc, text, n: enc.count(text),
    "count up to": lambda enc, text, n: enc.count(text, limit=n),
    "truncate": lambda enc, text, n: enc.truncate(text, n),
    "encode_bytes": lambda enc, text, n: enc.encode_bytes(text.encode()[: 2 * n] + b"\xff"),
    "encode_single_piece": lambda enc, text, n: enc.encode_single_piece(text),
}


@pytest.fixture(
    scope="module",
    params=[GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN, r"\S+|\s+"],
    ids=["gpt2", "cl100k", "o200k", "other"],
)
def auto(request: pytest.FixtureRequest, gpt2: Encoding) -> Encoding:
    return Encoding("x", pat_str=request.param, mergeable_ranks=gpt2.ranks, special_tokens=SPECIALS)


@pytest.mark.parametrize("engine", INSTALLED)
@settings(max_examples=15)
@given(text=TEXTS, n=st.integers(0, 30), short=st.sampled_from([0, 20, 1 << 30]), block=st.integers(1, 40))
def test_every_method_gives_the_same_by_every_engine(
    auto: Encoding, engine: str, text: str, n: int, short: int, block: int
) -> None:
    expected = {name: method(auto, text, n) for name, method in METHODS.items()}
    by_hand = auto.with_engine(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "SHORT_CHARS", short)
        patch.setattr(stream, "BLOCK_CHARS", block)
        patch.setattr(blocks, "BLOCK_CHARS", block)
        for name, method in METHODS.items():
            assert method(by_hand, text, n) == method(auto, text, n) == expected[name], name
    ordinary = textbook.encode_ordinary(text, auto.pattern, auto.ranks)
    assert expected["encode_ordinary"] == ordinary
    assert encode_utf8(by_hand, [text, "", text]) == [ordinary, [], ordinary]


@pytest.mark.parametrize("engine", INSTALLED)
def test_an_engine_encodes_a_file(gpt2: Encoding, tmp_path: Path, engine: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("one\r\ntwo 🙂 안녕\n".encode() * 30)
    ids = chain.from_iterable(part.tolist() for part in gpt2.with_engine(engine).encode_file(path))
    assert list(ids) == gpt2.encode_ordinary(path.read_bytes().decode())


@pytest.mark.parametrize("engine", INSTALLED)
def test_a_byte_that_is_not_a_token_is_named_by_every_engine(engine: str) -> None:
    only_a = Encoding("x", pat_str=".+", mergeable_ranks={b"a": 0}, special_tokens={}, engine=engine)
    for call in (
        only_a.encode,
        only_a.count,
        only_a.encode_single_piece,
        lambda text: only_a.encode_batch([text]),
    ):
        with pytest.raises(KeyError, match="the byte b'b' is not a token of this vocabulary"):
            call("ab")


@pytest.mark.parametrize("engine", ["auto", *INSTALLED])
def test_the_engine_is_chosen_by_hand_and_kept(engine: str) -> None:
    by_hand = get_encoding("gpt2", engine=engine)
    assert by_hand.engine == engine
    assert encoding_for_model("gpt2", engine=engine).engine == engine
    assert load_encoding("gpt2", engine=engine).engine == engine
    copy = pickle.loads(pickle.dumps(by_hand))
    assert (copy.engine, copy.encode("hello world")) == (engine, [31373, 995])


def test_an_encoding_for_much_text_has_the_compiled_engine_where_that_pays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")
    from bpelab.bpe.encoders.compiled import loading

    ranks = {bytes([byte]): byte for byte in range(256)}
    fresh = Encoding("x", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})
    asked = []
    monkeypatch.setattr(loading, "pays", lambda n_chars, *_: asked.append(n_chars) or n_chars > 10**7)
    assert fresh.with_engine_for(10**7) is fresh
    path = tmp_path / "text.txt"
    path.write_text("word " * 300_000, encoding="utf-8")
    n_ids = sum(map(len, fresh.encode_file(path)))
    assert (n_ids, asked[:2]) == (5 * 300_000, [10**7, 5 * 300_000])
    assert fresh.with_engine("arrays").with_engine_for(10**9).engine == "arrays"
    assert fresh.with_engine_for(10**9).engine == "compiled"
    with pytest.raises(ValueError, match="n_chars"):
        fresh.with_engine_for(-1)


def test_engines_share_their_tables(gpt2: Encoding) -> None:
    other = gpt2.with_engine("arrays")
    assert other is not gpt2
    assert (other.name, other.pattern, other.special_tokens) == (gpt2.name, gpt2.pattern, gpt2.special_tokens)
    assert other._mergeable_ranks is gpt2._mergeable_ranks
    assert get_encoding("gpt2").engine == "auto"


def test_the_environment_chooses_for_encodings_that_leave_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: dict[str, Any] = {"pat_str": ".", "mergeable_ranks": {b"a": 0}, "special_tokens": {}}
    monkeypatch.setenv("BPELAB_ENGINE", "arrays")
    assert Encoding("x", **parts).engine == "arrays"
    assert Encoding("x", **parts, engine="cached").engine == "cached"
    monkeypatch.setenv("BPELAB_ENGINE", "")
    assert Encoding("x", **parts).engine == "auto"
    monkeypatch.setenv("BPELAB_ENGINE", "fast")
    with pytest.raises(ValueError, match=r"variable BPELAB_ENGINE is 'fast'; it must be one of: auto"):
        Encoding("x", **parts)


def test_an_unknown_engine_is_refused_with_the_names_of_the_others(gpt2: Encoding, tmp_path: Path) -> None:
    message = r"engine is 'numpy'; it must be one of: auto, textbook, cached, arrays, compiled"
    for call in (
        lambda: gpt2.with_engine("numpy"),
        lambda: get_encoding("gpt2", engine="numpy"),
        lambda: Encoding("x", pat_str=".", mergeable_ranks={b"a": 0}, special_tokens={}, engine="numpy"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_an_engine_that_is_not_installed_says_what_to_install(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs Numba: pip install 'bpelab\[compiled\]'"):
        gpt2.with_engine("compiled")
