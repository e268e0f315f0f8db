"""Is this a number to count with? Arguments are checked where they arrive, and refused by their names."""

import reprlib
from typing import Any

import numpy as np
import numpy.typing as npt
from bpelab.bpe.foundation.arguments import as_whole


def whole_number(value: object, name: str, *, least: int | None = None) -> int:
    """Return an integer of Python, NumPy or PyTorch as an `int`.

    Raises `TypeError` for anything else, `True` and `4.0` too, and `ValueError` for a number below `least`.

    >>> whole_number(np.uint16(4), "the batch size", least=1)
    4
    >>> whole_number(0, "the batch size", least=1)
    Traceback (most recent call last):
    ValueError: the batch size is 0; it must be 1 or more
    """
    number = as_whole(value)
    if number is None:
        raise TypeError(f"{name} is {value!r:.80}, not an integer")
    if least is not None and number < least:
        raise ValueError(f"{name} is {shown(number)}; it must be {least} or more")
    return number


def truth(value: object, name: str) -> bool:
    """Return a bool; `TypeError` for anything else, such as the text `"False"`, which is true to Python."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is {value!r:.80}, not True or False")
    return bool(value)


def whole_numbers(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return integers as an array of the dtype they have; `TypeError` names any other dtype.

    >>> whole_numbers([0.5, 2], "indices")
    Traceback (most recent call last):
    TypeError: indices must be integers of at most 64 bits, not [0.5, 2]
    """
    try:
        numbers = np.asarray(values)
    except ValueError:  # lists of different lengths
        numbers = None
    if numbers is not None and numbers.size == 0 and not isinstance(values, np.ndarray):
        return numbers.astype(np.int64)  # an empty list is float64 to NumPy
    if numbers is None or numbers.dtype.kind not in "iu":
        found = values.dtype if isinstance(values, np.ndarray) else reprlib.repr(values)
        raise TypeError(f"{name} must be integers of at most 64 bits, not {found}")
    return numbers


def shown(number: int) -> str:
    """Write a number with its thousands apart or, where that would be longer than a line, how large it is.

    >>> shown(-1234), shown(-(10**5000))
    ('-1,234', 'about -2**16609')
    """
    bits = number.bit_length()
    return f"{number:,}" if bits <= 128 else f"about {'-' if number < 0 else ''}2**{bits - 1}"
