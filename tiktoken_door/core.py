"""What is tiktoken's `Encoding` here? The one of `bpelab.bpe`, which has its names, results and errors."""

from typing import NoReturn

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.splitting.specials import how_to_allow

__all__ = ["Encoding", "raise_disallowed_special_token"]


def raise_disallowed_special_token(token: str) -> NoReturn:
    """Raise the `ValueError` for a special token that a text must not contain.

    >>> raise_disallowed_special_token("<a>")
    Traceback (most recent call last):
    ValueError: the text contains the special token '<a>'. To encode it as a special token, \
pass allowed_special={'<a>'}; to encode it as plain text, pass disallowed_special=().
    """
    raise ValueError(f"the text contains the special token {token!r}. {how_to_allow(token)}")
