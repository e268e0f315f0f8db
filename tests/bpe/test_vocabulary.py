"""Bytes are the same whether tokens are joined one by one or gathered as arrays."""

import tracemalloc
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, vocabulary
from bpelab.bpe.vocabulary import Vocabulary
from hypothesis import given
from hypothesis import strategies as st

TABLE = {b"a": 0, b"bc": 1, b"\xff": 3, b"defg": 4}


@given(tokens=st.lists(st.sampled_from([0, 1, 3, 4, 9]), max_size=40), block=st.integers(1, 9))
def test_gathering_is_joining(tokens: list[int], block: int) -> None:
    known = Vocabulary(TABLE, {"<end>": 9})
    expected = b"".join(known.tokens_bytes(tokens))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "FEW_TOKENS", 1)
        patch.setattr(vocabulary, "BLOCK_TOKENS", block)
        assert known.joined_bytes(tokens) == expected
        assert known.joined_bytes(iter(tokens)) == expected
        assert known.joined_bytes(np.array(tokens, dtype=np.uint32)) == expected
        far = Vocabulary(TABLE, {"<end>": 9, "<far>": 2**32 - 1})
        assert far.joined_bytes([*tokens, 2**32 - 1]) == expected + b"<far>"


@pytest.mark.parametrize("token", [2, 5, 10, 1 << 31, -1, 1 << 32, 1 << 70, 1.0, "a", None, [1]])
def test_a_wrong_id_among_many_raises_what_it_raises_alone(gpt2: Encoding, token: Any) -> None:
    known = Vocabulary(TABLE, {"<end>": 9})
    with pytest.raises((KeyError, OverflowError, TypeError)) as alone:
        known.tokens_bytes([token])
    with pytest.raises(alone.type):
        known.joined_bytes([0] * 1000 + [token])


def test_many_tokens_decode_as_tiktoken_decodes_them(gpt2: Encoding, tiktoken_gpt2: Any) -> None:
    ids = np.random.default_rng(1).integers(0, gpt2.n_vocab, 200_000).tolist()
    assert gpt2.decode_bytes(ids) == tiktoken_gpt2.decode_bytes(ids)
    assert gpt2.decode(ids) == tiktoken_gpt2.decode(ids)


INTEGERS = [kind + size for kind in "iu" for size in "1248"]
INTEGERS += [">" + integer for integer in INTEGERS if integer[1] != "1"]
DECODERS: dict[str, Callable[[Encoding, Any], object]] = {
    "decode": Encoding.decode,
    "decode_bytes": Encoding.decode_bytes,
    "decode_tokens_bytes": Encoding.decode_tokens_bytes,
    "decode_with_offsets": Encoding.decode_with_offsets,
    "decode_stream": lambda enc, ids: list(enc.decode_stream(ids)),
    "decode_batch": lambda enc, ids: enc.decode_batch([ids] * 3, num_threads=2),
    "decode_bytes_batch": lambda enc, ids: enc.decode_bytes_batch([ids] * 3, num_threads=2),
    "decode_single_token_bytes": lambda enc, ids: [enc.decode_single_token_bytes(token) for token in ids],
    "is_special_token": lambda enc, ids: [enc.is_special_token(token) for token in ids],
}


@pytest.mark.parametrize("method", DECODERS.values(), ids=DECODERS.keys())
@pytest.mark.parametrize("dtype", INTEGERS)
def test_ids_of_any_integer_dtype_are_the_same_ids(
    gpt2: Encoding, method: Callable[[Encoding, Any], object], dtype: str
) -> None:
    highest = min(np.iinfo(dtype).max, gpt2.max_token_value)
    text = [token for token in gpt2.encode("Hello, world. 1 2 3") if token <= highest]
    for ids in ([5, highest, *text] * 300, [5, highest, *text]):
        try:
            expected = method(gpt2, ids)
        except UnicodeDecodeError:  # of `decode_with_offsets`, which is strict
            ids = [token for token in ids if token != highest]
            expected = method(gpt2, ids)
        array = np.array(ids, dtype=dtype)
        assert method(gpt2, array) == expected
        assert method(gpt2, list(array)) == expected


@pytest.mark.parametrize("dtype", ["u2", ">u2", "u4"])
def test_the_last_id_of_two_bytes_is_decoded(dtype: str) -> None:
    """The vocabulary that fills uint16 to the end, whose token files `bpelab tokenize` writes as uint16."""
    ranks = {bytes([byte]): byte for byte in range(256)}
    ranks |= {b"%c%c" % divmod(number, 256): 256 + number for number in range(2**16 - 256)}
    full = Encoding("full", pat_str=".", mergeable_ranks=ranks, special_tokens={})
    assert full.decode_bytes(np.array([2**16 - 1] * 600, dtype=dtype)) == b"\xfe\xff" * 600


@given(ids=st.lists(st.sampled_from([-1, 0, 4, 127, 128, 255, 256, 2**15, 2**31, 2**63, 2**64 - 1])))
def test_an_array_is_refused_as_its_numbers_are(gpt2: Encoding, ids: list[int]) -> None:
    known = Vocabulary(TABLE, {"<end>": 127})
    for dtype in (np.int64, np.uint64, np.int8, np.uint16):
        if any(not np.iinfo(dtype).min <= token <= np.iinfo(dtype).max for token in ids):
            continue
        array = np.array(ids, dtype=dtype)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(vocabulary, "FEW_TOKENS", 1)
            try:
                expected = b"".join(known.tokens_bytes(ids))
            except (KeyError, OverflowError) as error:
                with pytest.raises(type(error)):
                    known.joined_bytes(array)
            else:
                assert known.joined_bytes(array) == expected


@pytest.mark.parametrize("highest", [2**26, 2**31 - 2])
def test_memory_follows_the_number_of_tokens_and_not_the_highest_id(highest: int) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {
        b"ab": 70_000,
        b"abab": highest - 1,
        b"cd": highest,
    }
    special = {"<low>": 60_000, "<high>": 2**32 - 1}
    near = {token: number for number, token in enumerate(ranks)}
    id_of = [*ranks.values()]
    text = "ababcd ab cdcd x" * 2000
    tracemalloc.start()
    try:
        far = Encoding("far", pat_str=r"\w+|\W", mergeable_ranks=ranks, special_tokens=special)
        dense = Encoding("near", pat_str=r"\w+|\W", mergeable_ranks=near, special_tokens={})
        ids = [id_of[token] for token in dense.encode(text)]
        assert far.encode(text) == ids
        assert far.encode_to_numpy(text).tolist() == ids
        assert list(chain.from_iterable(part.tolist() for part in far.encode_iter([text, ""]))) == ids
        assert far.encode("ababcd" * 5000) == [highest - 1, highest] * 5000
        assert far.encode("a" * 100_000 + "<high>b<low>", allowed_special="all")[-3:] == [
            2**32 - 1,
            98,
            60_000,
        ]
        assert far.count(text) == len(ids)
        offsets = far.encode_with_offsets(text)
        assert offsets.char_starts.tolist() == dense.encode_with_offsets(text).char_starts.tolist()
        assert far.truncate(text, 100) == dense.truncate(text, 100)
        for some in (ids, [*ids, 2**32 - 1, 60_000], np.array(ids, dtype=np.uint32)):
            assert far.decode_bytes(some) == b"".join(far.decode_tokens_bytes(some))
        for wrong in (highest - 2, 2**32 - 2, 65_000):
            with pytest.raises(KeyError, match="no token has the id"):
                far.decode([*ids, wrong])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


LETTERS = {b"a": 0, b"b": 1, b"": 2, b" ": 3, b"ab": 4, b"ba": 5, b"  ": 6, b"aba": 7}
SHARED = {"<ab>": 4, "<space>": 3, "ab<": 9, "<nothing>": 2}


@given(
    text=st.lists(st.sampled_from(["a", "b", " ", "ab", *SHARED])).map("".join),
    ids=st.lists(st.sampled_from([*LETTERS.values(), *SHARED.values()]), max_size=600),
    engine=st.sampled_from(["textbook", "cached", "arrays", "auto"]),
)
def test_shared_ids_and_tokens_of_no_bytes_are_what_they_are_to_tiktoken(
    text: str, ids: list[int], engine: str
) -> None:
    tiktoken = pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    parts: dict[str, Any] = {
        "pat_str": " ?[ab<]+|[^ab]| +",
        "mergeable_ranks": LETTERS | {bytes([byte]): 10 + byte for byte in range(256) if byte not in b"ab "},
        "special_tokens": SHARED | {"<far>": 300},
        "explicit_n_vocab": None,
    }
    ours, theirs = Encoding("shared", **parts, engine=engine), tiktoken.Encoding("shared", **parts)
    encoded = ours.encode(text, allowed_special="all")
    assert encoded == theirs.encode(text, allowed_special="all")
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
    assert ours.encode_to_numpy(text, allowed_special="all").tolist() == encoded
    assert ours.encode_batch([text, text], allowed_special="all") == [encoded] * 2
    stable, completions = theirs.encode_with_unstable(text, allowed_special="all")
    assert ours.encode_with_unstable(text, allowed_special="all") == (stable, sorted(completions))
    for tokens in (ids, encoded, ids * 9):
        assert ours.decode_bytes(tokens) == theirs.decode_bytes(tokens)
        assert ours.decode_tokens_bytes(tokens) == theirs.decode_tokens_bytes(tokens)
    for token in {*ids, *encoded}:
        assert ours.is_special_token(token) == theirs.is_special_token(token)
    for name in SHARED:
        assert ours.encode_single_token(name) == theirs.encode_single_token(name)
    assert (ours.n_vocab, ours.token_byte_values()) == (theirs.n_vocab, theirs.token_byte_values())


def test_offsets_are_refused_where_an_id_does_not_tell_the_length() -> None:
    bytes_ = {bytes([byte]): byte for byte in range(256)}
    for specials in ({"<a>": 97}, {"<a>": 300, "<longer>": 300}):
        enc = Encoding("shared", pat_str="(?s:.)", mergeable_ranks=bytes_, special_tokens=specials)
        with pytest.raises(ValueError, match="'<a>' at character 1 has the id of another token"):
            enc.encode_with_offsets("b<a>", allowed_special="all")
        found = enc.encode_with_offsets("b<a>", disallowed_special=())
        assert found.byte_starts.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("token", [-(2**63), -1, 0, 2**31, 2**32 - 1, 2**32, 2**64])
def test_what_cannot_be_an_id_overflows_and_another_number_is_not_a_token(token: int) -> None:
    error: type[Exception] = KeyError if 0 <= token < 2**32 else OverflowError
    with pytest.raises(error):
        Vocabulary({b"a": 1}, {}).tokens_bytes([token])


@pytest.mark.parametrize("shape", [(1000, 1), (2, 500), (1000, 1, 1)])
def test_ids_in_rows_are_refused_however_many_they_are(shape: tuple[int, ...]) -> None:
    with pytest.raises(TypeError):
        Vocabulary(TABLE, {}).joined_bytes(np.zeros(shape, dtype=np.int64))
