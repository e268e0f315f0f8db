"""What came of calling a student's function? A plain value, sent from process to process."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "value",  # it returned
    "raised",  # it raised an exception
    "todo",  # it is not written yet
    "slow",  # it was stopped after the time limit
    "ended",  # the process ended
]
# So many characters of what a function prints are kept.
MAX_PRINTED = 2_000


@dataclass(frozen=True)
class Unknown:
    """An object that the student returned and that is none of those which the exercise speaks of."""

    type_name: str
    shown: str

    def __repr__(self) -> str:
        return self.shown


@dataclass(frozen=True)
class Outcome:
    """What a function returned, or why it did not return."""

    kind: Kind
    value: Any = None
    error: str = ""  # the name of the exception's class, or how the process ended
    message: str = ""
    line: int | None = None  # in the student's file
    source: str = ""  # that line
    printed: str = ""
    while_loading: bool = False  # it happened before any function could be called


def plain(value: Any) -> Any:
    """Return a value made of Python's own types, so that it can be sent and compared.

    A `Counter` becomes a dict, and a NumPy integer an int. Anything else becomes `Unknown`.

    >>> from collections import Counter
    >>> plain([Counter("aab"), True]), plain(iter("")).type_name
    ([{'a': 2, 'b': 1}, True], 'str_ascii_iterator')
    """
    if value is None or type(value) in (bool, int, float, str, bytes):
        return value
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(plain, value))
    if isinstance(value, dict):
        return {plain(key): plain(part) for key, part in value.items()}
    if isinstance(value, str | bytes | bytearray):
        return Unknown(type(value).__name__, repr(value)[:MAX_PRINTED])
    try:
        return int(value.__index__())
    except Exception:
        return Unknown(type(value).__name__, _shown(value))


def _shown(value: Any) -> str:
    try:
        return repr(value)[:MAX_PRINTED]
    except Exception:
        return f"<{type(value).__name__}>"
