"""The same source gives the same ids where nothing is translated, and without a warning."""

from collections.abc import Callable

import pytest

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

PROGRAM = """
import warnings
warnings.simplefilter("error")
from itertools import islice
from bpelab.bpe import get_encoding, textbook
from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder
from bpelab.bpe.encoders.compiled.machine import IS_INTERPRETED
from bpelab.bpe.encoders.compiled.memory import Sizes
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

assert IS_INTERPRETED
ranks = {token: rank for token, rank in get_encoding("gpt2").ranks.items() if rank < 2000}
for pattern in (GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN):
    for seed, block in enumerate((8, 24, 200)):
        sizes = Sizes(first_slots=16, most_slots=64, block=block, pieces=40, texts=2, window=6, overlap=2)
        compiled = CompiledEncoder(ranks, pattern, sizes=sizes)
        texts = [text.encode("utf-8", "replace").decode()[:90] for text in islice(fuzz_texts(seed), 60)]
        expected = [textbook.encode_ordinary(text, pattern, ranks) for text in texts]
        assert compiled.encode_batch(texts) == expected
        for text, ids in zip(texts, expected):
            assert compiled.encode(text).tolist() == ids
            assert compiled.decode_bytes(ids) == text.encode()
print("equal")
"""


def test_interpreted_loops_give_the_ids_of_the_textbook(interpreted: Callable[[str], str]) -> None:
    assert interpreted(PROGRAM) == "equal\n"
