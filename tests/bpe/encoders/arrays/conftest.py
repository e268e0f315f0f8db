"""What the tests of the arrays share: tables of gpt2's tokens."""

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.encoders.arrays.store import TokenTables


@pytest.fixture(scope="module")
def tokens(gpt2: Encoding) -> TokenTables:
    return TokenTables(gpt2.ranks)


@pytest.fixture(scope="module")
def ranks(gpt2: Encoding) -> dict[bytes, int]:
    """The first two thousand tokens of gpt2, so that many a table can be built of them."""
    return {token: rank for token, rank in gpt2.ranks.items() if rank < 2000}
