"""Which arguments are accepted? The checks and the error messages that all methods share."""

from operator import index

import numpy as np


def require_text(text: object) -> None:
    """Raise `TypeError` for a text that is not a `str`."""
    if not isinstance(text, str):
        advice = "; decode them first, as data.decode('utf-8')" if isinstance(text, bytes | bytearray) else ""
        raise TypeError(f"the text must be a str, not {type(text).__name__}{advice}")


def as_bytes(text_or_bytes: str | bytes) -> bytes:
    r"""Return the UTF-8 of a text, or bytes as they are; `TypeError` for anything else.

    >>> as_bytes("é"), as_bytes(bytearray(b"a"))
    (b'\xc3\xa9', b'a')
    """
    if isinstance(text_or_bytes, str):
        return text_or_bytes.encode("utf-8")
    return bytes(memoryview(text_or_bytes))  # `bytes` alone would take a number for a length


def as_whole(value: object) -> int | None:
    """Return an integer of Python, NumPy or PyTorch as an `int`; None for anything else, as `True` or `4.0`.

    >>> as_whole(np.uint16(4)), as_whole(True), as_whole("4")
    (4, None, None)
    """
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return index(value)  # type: ignore[arg-type]  # raises for anything but an integer
    except TypeError:
        return None


def require_whole(name: str, value: object, lowest: int | None = None) -> int:
    """Return a whole number as an int.

    Raises `TypeError` for anything else, and `ValueError` for a number below the lowest.

    >>> require_whole("max_tokens", 5, 0)
    5
    >>> require_whole("max_tokens", "a", 0)
    Traceback (most recent call last):
    TypeError: max_tokens must be a whole number, not 'a'
    >>> require_whole("max_tokens", -1, 0)
    Traceback (most recent call last):
    ValueError: max_tokens is -1; it must be 0 or more
    """
    number = as_whole(value)
    if number is None:
        raise TypeError(f"{name} must be a whole number, not {value!r:.40}")
    if lowest is not None and number < lowest:
        raise ValueError(f"{name} is {number}; it must be {lowest} or more")
    return number
