"""Which encodings have names, and where do their tables come from?"""

from functools import cache

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.gpt2 import gpt2_ranks
from bpelab.bpe.patterns import GPT2_PATTERN

_NAMES = ("gpt2", "r50k_base")


def list_encoding_names() -> list[str]:
    """List the names that `get_encoding` knows.

    >>> list_encoding_names()
    ['gpt2', 'r50k_base']
    """
    return list(_NAMES)


@cache
def get_encoding(name: str) -> Encoding:
    """Give the encoding of that name, loaded once; `ValueError` for a name that is not known.

    >>> get_encoding("gpt2").n_vocab
    50257
    >>> get_encoding("gpt-two")
    Traceback (most recent call last):
    ValueError: no encoding is named 'gpt-two'; there are: gpt2, r50k_base
    """
    if name not in _NAMES:
        raise ValueError(f"no encoding is named {name!r}; there are: {', '.join(_NAMES)}")
    return Encoding(
        name,
        pat_str=GPT2_PATTERN,
        mergeable_ranks=gpt2_ranks(),
        special_tokens={"<|endoftext|>": 50256},
        explicit_n_vocab=50257,
    )
