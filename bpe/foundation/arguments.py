"""What is passed must be of the right kind: the errors that say so, for every method."""

from operator import index


def require_text(text: object) -> None:
    """Raise the `TypeError` that says what a text must be."""
    if not isinstance(text, str):
        advice = "; decode them first, as data.decode('utf-8')" if isinstance(text, bytes | bytearray) else ""
        raise TypeError(f"the text must be a str, not {type(text).__name__}{advice}")


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
    try:
        number = index(value)  # type: ignore[arg-type]  # which is what is found out
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {value!r:.40}")
    if lowest is not None and number < lowest:
        raise ValueError(f"{name} is {number}; it must be {lowest} or more")
    return number
