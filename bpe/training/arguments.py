"""Is a single argument of counting or training of the right kind?"""

from collections.abc import Mapping, Set
from typing import Any

from bpelab.bpe.foundation.arguments import as_whole


def as_integer(name: str, value: object) -> int:
    """Return a whole number of Python or NumPy as an int; a `TypeError` for anything else names the setting.

    >>> as_integer("vocab_size", 8192)
    8192
    >>> as_integer("vocab_size", 1.5)
    Traceback (most recent call last):
    TypeError: vocab_size must be an int, not 1.5 (float)
    """
    number = as_whole(value)
    if number is None:
        raise TypeError(f"{name} must be an int, not {value!r:.60} ({type(value).__name__})")
    return number


def as_special_tokens(value: object) -> list[str]:
    """Return special tokens as a list; `TypeError` if they have no order or are not strings."""
    hint = "special_tokens must be a list of str"
    if isinstance(value, Mapping):
        raise TypeError(
            f"{hint}; their ids are the last of the vocabulary, in this order, not those of a dict"
        )
    try:
        if isinstance(value, str | bytes | Set):
            raise TypeError
        tokens: list[Any] = list(value)  # type: ignore[call-overload]
    except TypeError:
        raise TypeError(f"{hint}, not {value!r:.60}") from None
    for token in tokens:
        if not isinstance(token, str):
            raise TypeError(f"{hint}, not {value!r:.60}: {token!r:.60} is {type(token).__name__}")
        try:
            token.encode("utf-8")
        except UnicodeEncodeError:  # it could neither be found in a text nor be decoded
            raise ValueError(f"special_tokens: {token!r:.60} holds a surrogate, which UTF-8 cannot") from None
    return tokens


def check_pattern(value: object) -> None:
    """Raise `TypeError` for a pattern that is not a string."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"pattern must be a str or None, not {value!r:.60} ({type(value).__name__})")


def check_errors(value: object) -> None:
    """Raise `ValueError` for an unknown way to treat what cannot be read."""
    if value not in ("strict", "replace", "skip"):
        raise ValueError(f"errors is {value!r:.60}: it must be 'strict', 'replace' or 'skip'")


def check_progress(value: object) -> None:
    """Raise `TypeError` for a value that is neither None nor callable."""
    if value is not None and not callable(value):
        raise TypeError(f"progress must be a function that takes a Progress, or None, not {value!r:.60}")
