"""Bytes are the same whether tokens are joined one by one or gathered as arrays."""

from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, vocabulary
from bpelab.bpe.vocabulary import Vocabulary
from hypothesis import given, settings
from hypothesis import strategies as st

TABLE = {b"a": 0, b"bc": 1, b"\xff": 3, b"defg": 4}


@settings(deadline=None)
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
