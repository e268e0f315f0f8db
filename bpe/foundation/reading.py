"""What does every reader of a file refuse, and with which message?

An error names the file, and the line or byte if there is one. JSON is read more strictly than by Python's
`json`, which keeps the last of two equal keys, takes NaN for a number, and half a surrogate pair for text.
"""

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import regex

Source = str | os.PathLike[str]
_SURROGATE_ESCAPE = regex.compile(r"\\u[dD][89a-fA-F]")


def refuse(source: Source, line: int | None, reason: str) -> NoReturn:
    """Raise `ValueError` with the name of a file, a line of it and the reason.

    >>> refuse("x.tiktoken", 3, "the token is empty")
    Traceback (most recent call last):
    ValueError: x.tiktoken, line 3: the token is empty
    """
    place = "" if line is None else f", line {line}"
    raise ValueError(f"{os.fspath(source)}{place}: {reason}")


def require_lines(data: bytes, source: Source) -> None:
    """Raise `ValueError` for bytes that are not lines that end in LF."""
    if not data:
        refuse(source, None, "the file is empty")
    if (place := data.find(b"\r")) >= 0:
        line = data.count(b"\n", 0, place) + 1
        refuse(source, line, "a Windows line end (CRLF); expected LF alone")
    if not data.endswith(b"\n"):
        refuse(source, data.count(b"\n") + 1, "the file ends within a line: it is truncated")


def refuse_gaps(source: Source, ids: Sequence[int]) -> None:
    """Raise `ValueError` unless the sorted ids of a vocabulary are the numbers from 0 up."""
    if ids[-1] != len(ids) - 1:
        missing = next(i for i, token in enumerate(ids) if token != i)
        refuse(source, None, f"there is a gap in the ranks: no token has the rank {missing}")


def decode_utf8(data: bytes, source: Source) -> str:
    """Return the text of a file; `ValueError` if it is not UTF-8 or begins with a byte order mark."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        refuse(source, line, f"not UTF-8 at byte {error.start} of the file ({error.reason})")
    if text.startswith("\ufeff"):
        refuse(source, 1, "the file begins with a byte order mark: save it as UTF-8 without one")
    return text


def read_json(path: Source) -> Any:
    """Read a JSON file as `parse_json` does; `OSError` if it cannot be read."""
    return parse_json(Path(path).read_bytes(), path)


def parse_json(data: bytes, source: Source) -> Any:
    """Return parsed JSON; `ValueError`, which names `source`, for input that is not JSON or would be lost.

    >>> parse_json(b'{"a": [1, 2]}', "x.json")
    {'a': [1, 2]}
    >>> parse_json(b'{"a": 1, "a": 2}', "x.json")
    Traceback (most recent call last):
    ValueError: x.json, line 1: the key 'a' appears twice in an object
    """
    text = decode_utf8(data, source)
    repeated: list[str] = []
    constants: list[str] = []

    def as_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.extend(key for key, n_times in Counter(key for key, _ in pairs).items() if n_times > 1)
        return found

    try:
        value = json.loads(text, object_pairs_hook=as_dict, parse_constant=constants.append)
        # Only an escape can produce a surrogate, and most files have no escapes of that kind.
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        refuse(source, error.lineno, f"not JSON, or cut short, at column {error.colno}: {error.msg}")
    except RecursionError:
        refuse(source, None, "nested too deeply")
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - 20) : error.start + 1]
        refuse(source, None, f"half a surrogate pair, which is not text, at the end of {near!r}")
    except ValueError:  # Python turns no more than 4,300 digits into an int
        refuse(source, None, "a number has thousands of digits")
    if repeated:
        line = text.count("\n", 0, max(0, text.rfind(json.dumps(repeated[0])))) + 1
        refuse(source, line, f"the key {repeated[0]!r:.80} appears twice in an object")
    if constants:
        refuse(source, None, f"{constants[0]} is not JSON")
    return value
