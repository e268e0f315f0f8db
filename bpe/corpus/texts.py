"""How do bytes become texts, and what is said of those that do not?"""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.splitting.cuts import last_cut

STRETCH_BYTES = 4 << 20
_BLOCK_BYTES = 1 << 16  # looked at a time, which the processor's cache holds
_BOM = b"\xef\xbb\xbf"
_N_NAMED = 8
_REPLACE = "errors='replace' puts U+FFFD there"


class UnreadableError(ValueError):
    """Bytes hold no text: what is wrong with them, at which byte, for which reason, and what would help."""

    def __init__(self, what: str, at: int | None, reason: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.what, self.at, self.reason, self.advice = what, at, reason, advice


def as_utf8(data: bytes, errors: Errors) -> bytes:
    """Return UTF-8 as it is; `UnreadableError` for other bytes, unless `errors` is "replace".

    >>> as_utf8(b"caf\\xe9", "replace").decode()
    'caf�'
    """
    return data if _is_utf8(data) else _decode(data, errors).encode()


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8, block by block: most are ASCII, and none becomes a long string."""
    if len(data) < _BLOCK_BYTES and data.isascii():
        return True
    numbers, view, start = np.frombuffer(data, np.uint8), memoryview(data), 0
    try:
        while start < len(data):
            end = min(len(data), start + _BLOCK_BYTES)
            if numbers[start:end].max() < 128:
                start = end
            else:
                start += codecs.utf_8_decode(view[start:end], "strict", end == len(data))[1]
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes, errors: Errors) -> str:
    try:
        return data.decode("utf-8", "replace" if errors == "replace" else "strict")
    except UnicodeDecodeError as error:
        raise _not_utf8(error, error.start) from None


def stretches(file: BinaryIO, *, cuttable: bool, errors: Errors) -> Iterator[str]:
    """Yield a long text in stretches of about 4 MB if it can be cut (`last_cut`), and else as a whole.

    Raises what `as_utf8` raises.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace" if errors == "replace" else "strict")
    n_read, waiting = 0, ""
    while True:
        data = file.read(STRETCH_BYTES if cuttable else -1)
        n_pending = len(decoder.getstate()[0])  # the first bytes of a character that goes on in `data`
        try:
            waiting += decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise _not_utf8(error, n_read - n_pending + error.start) from None
        if not data:
            break
        n_read += len(data)
        if cuttable and len(data) == STRETCH_BYTES and (end := last_cut(waiting)):
            yield waiting[:end]
            waiting = waiting[end:]
    if waiting:
        yield waiting


def utf8_of_line(line: bytes, errors: Errors) -> bytes:
    r"""Return the text of a line, without its end; raises what `as_utf8` raises.

    >>> utf8_of_line(b"one\r\n", "strict")
    b'one'
    """
    return as_utf8(line.removesuffix(b"\n").removesuffix(b"\r"), errors)


def utf8_of_record(line: bytes, column: str, errors: Errors) -> bytes:
    r"""Return the text in a record of JSON lines; nothing for an empty line.

    Raises `UnreadableError` for a line that is not a JSON object with text in that field.

    >>> utf8_of_record(b'{"id": 1, "meta": {"text": "one"}}', "meta.text", "strict")
    b'one'
    """
    text = _decode(line.removeprefix(_BOM).removesuffix(b"\n").removesuffix(b"\r"), errors)
    if not text.strip():
        return b""
    try:
        record = json.loads(text)
    except RecursionError:
        raise UnreadableError("JSON nested too deeply", 0) from None
    except json.JSONDecodeError as error:
        raise UnreadableError("not JSON", len(text[: error.pos].encode()), error.msg) from None
    except ValueError:  # Python turns no more than 4,300 digits into an int
        raise UnreadableError("a number of thousands of digits", 0) from None
    if not isinstance(record, dict):
        raise UnreadableError(f"{_kind(record)}, and not a JSON object,", 0)
    value = _field(record, column)
    if not isinstance(value, str):
        raise UnreadableError(f'"{column}" is {_kind(value)}, not text, in the record', 0)
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        return _without_surrogates(value, value[error.start], errors).encode()


def _without_surrogates(text: str, first: str, errors: Errors) -> str:
    r"""Join surrogate pairs; raises `UnreadableError` for halves of pairs, unless `errors` is "replace".

    JSON can spell them: "\ud83d".
    """
    try:
        return text.encode("utf-16", "surrogatepass").decode(
            "utf-16", "replace" if errors == "replace" else "strict"
        )
    except UnicodeDecodeError:
        half = f"half of a surrogate pair (\\u{ord(first):x})"
        raise UnreadableError(half, 0, advice=_REPLACE) from None


def _field(record: dict[str, Any], column: str) -> object:
    if column in record:
        return record[column]
    found: Any = record
    for name in column.split("."):
        if not isinstance(found, dict) or name not in found:
            names = ", ".join(map(json.dumps, list(record)[:_N_NAMED])) or "no fields"
            more = ", ..." if len(record) > _N_NAMED else ""
            raise UnreadableError(
                f'no "{column}" in the record', 0, f"it has {names}{more}", "column= names another field"
            )
        found = found[name]
    return found


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _not_utf8(error: UnicodeDecodeError, at: int) -> UnreadableError:
    byte = error.object[error.start]
    return UnreadableError("not UTF-8", at, f"{error.reason} (0x{byte:02x})", _REPLACE)
