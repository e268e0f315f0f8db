"""The caches hold no more than their bytes, and give the same ids whatever they have forgotten."""

import sys
from itertools import count

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.encoders.cached import CACHE_KEY_CHARS, Cache, CachedEncoder
from bpelab.bpe.splitting.patterns import GPT2_PATTERN


@pytest.mark.parametrize("n_chars", [1, 8, CACHE_KEY_CHARS])
@pytest.mark.parametrize("n_ids", [1, 256])
@pytest.mark.parametrize("first_char", ["a", "\u4e00", "\U0001f600"], ids=["one byte", "two", "four"])
def test_a_cache_takes_no_more_than_its_bytes(n_chars: int, n_ids: int, first_char: str) -> None:
    n_bytes = 1 << 20
    cache = Cache(lambda key: tuple([12345] * n_ids), n_bytes)
    for number in count():
        before = len(cache)
        key = (chr(ord(first_char) + number % 5) + format(number, "x")).ljust(
            n_chars, chr(ord(first_char) + 1)
        )
        cache[key]
        if len(cache) < before:
            break
        if number % 200 == 0:
            entries = sum(sys.getsizeof(key) + sys.getsizeof(ids) for key, ids in cache.items())
            assert sys.getsizeof(cache) + entries <= n_bytes
    assert len(cache) == 1


def test_a_long_key_is_not_kept() -> None:
    cache = Cache(lambda key: [len(key)])
    assert cache["a" * (CACHE_KEY_CHARS + 1)] == [CACHE_KEY_CHARS + 1]
    assert not cache


def test_forgetting_changes_nothing(gpt2: Encoding) -> None:
    text = "the quick brown foxes' jumps over 12345 lazy dogs " * 3
    cached = CachedEncoder(gpt2.ranks, GPT2_PATTERN, cache_bytes=600)
    assert cached.encode_to_list(text) == cached.encode_to_list(text) == gpt2.encode(text)
