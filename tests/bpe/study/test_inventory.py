"""A vocabulary is counted whole, and a token is called unreachable only with a proof or a reason."""

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.study.inventory import (
    built_from,
    compare_compression,
    count_lengths,
    count_scripts,
    find_token,
    longest_tokens,
    script,
)
from bpelab.bpe.study.reach import unreachable_tokens, witness

BYTES = {bytes([byte]): byte for byte in range(256)}


def test_the_counts_are_of_all_tokens(gpt2: Encoding) -> None:
    assert sum(count_scripts(gpt2).values()) == sum(count_lengths(gpt2).values()) == 50256
    assert count_lengths(gpt2)[1] == 256
    assert count_scripts(gpt2)["parts of characters"] == 344


def test_the_longest_token_of_gpt2_is_128_bytes(gpt2: Encoding) -> None:
    longest, *others = longest_tokens(gpt2, 5)
    assert (gpt2.encode_single_token(longest), len(longest)) == (35496, 128)
    assert [len(token) for token in others] == [66, 65, 64, 64]


@pytest.mark.parametrize(
    "token, name",
    [
        (b" 12", "no letters"),
        ("é".encode(), "Latin"),
        (" про".encode(), "Cyrillic"),
        (b"\xff", "parts of characters"),
    ],
)
def test_a_script_is_that_of_the_first_letter(token: bytes, name: str) -> None:
    assert script(token) == name


def test_a_token_is_found_by_text_and_by_id(gpt2: Encoding) -> None:
    assert find_token(gpt2, " the") == find_token(gpt2, "262") == b" the"
    assert find_token(gpt2, "50256") == b"<|endoftext|>"
    with pytest.raises(KeyError, match=r"'xyzzy' is not a token of gpt2; its ids are \[5431, 31570\]"):
        find_token(gpt2, "xyzzy")


def test_a_token_is_built_down_to_its_bytes(gpt2: Encoding) -> None:
    root = built_from(b" the", gpt2)
    assert root.rank == 262
    assert [child.token for child in root.children] == [b" t", b"he"]
    with pytest.raises(ValueError, match="not made by merges of gpt2"):
        built_from(b"qqqqq", gpt2)


def test_compression_is_bytes_and_tokens(gpt2: Encoding) -> None:
    ((result,),) = compare_compression([gpt2], [("greeting", "안녕 Hello")])
    assert (result.n_bytes, result.n_tokens) == (12, len(gpt2.encode("안녕 Hello")))
    assert result.bytes_per_token == result.n_bytes / result.n_tokens


def encoding_of(pattern: str, *tokens: bytes) -> Encoding:
    ranks = BYTES | {token: 256 + i for i, token in enumerate(tokens)}
    return Encoding("made", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def test_proved_and_undecided_unreachable_tokens_are_told_apart() -> None:
    encoding = encoding_of("[a-z]+|.", b"ab", b"abcd", b"\x80a\xc3\xc3", b"a1", b"a\xc3")
    found = {item.token: item for item in unreachable_tokens(encoding) if len(item.token) > 1}
    assert set(found) == {b"\x80a\xc3\xc3", b"a1", b"a\xc3"}
    assert found[b"\x80a\xc3\xc3"].is_proved
    assert not found[b"a1"].is_proved  # the pattern cuts it, which is not proved


def test_a_token_that_merges_do_not_make_is_produced_as_a_piece() -> None:
    encoding = encoding_of("[a-z]+", b"abcd")
    assert witness(b"abcd", encoding) == "abcd"


def test_the_bytes_that_utf8_lacks_are_never_produced() -> None:
    found = {item.token for item in unreachable_tokens(encoding_of("(?s).+")) if item.is_proved}
    assert found == {bytes([byte]) for byte in (0xC0, 0xC1, *range(0xF5, 0x100))}


@pytest.mark.parametrize("token", [b" the", b" \xec", b"\x95", b" \xf0\x9f"])
def test_a_witness_has_the_token_among_its_ids(gpt2: Encoding, token: bytes) -> None:
    text = witness(token, gpt2)
    assert text is not None
    assert token in gpt2.decode_tokens_bytes(gpt2.encode(text))


@pytest.mark.parametrize("wanted", ["9" * 5000, "99999999999", "\ud800", ""])
def test_anything_that_is_not_a_token_is_a_key_error(gpt2: Encoding, wanted: str) -> None:
    with pytest.raises(KeyError, match=r"no token|not a token"):
        find_token(gpt2, wanted)


def test_a_token_too_long_for_a_tree_is_named_by_its_length() -> None:
    chain = BYTES | {b"a" * n: 254 + n for n in range(2, 300)}
    encoding = Encoding("chain", pat_str=".+", mergeable_ranks=chain, special_tokens={})
    assert built_from(b"a" * 256, encoding).rank == 510
    with pytest.raises(ValueError, match="the token has 257 bytes: a tree is drawn for up to 256"):
        built_from(b"a" * 257, encoding)


def test_texts_with_surrogates_are_compared_as_they_are_encoded(gpt2: Encoding) -> None:
    ((found,),) = compare_compression([gpt2], [("x", "a\ud800")])
    assert (found.n_bytes, found.n_tokens) == (4, gpt2.count("a�"))
