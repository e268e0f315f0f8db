"""`bpelab decode`: ids to text."""

import json
from typing import Annotated

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import MAX_DIGITS, EncodingOption, FileOption, JsonOption, ModelOption, PathOption
from bpelab.cli.text import given_text, print_bytes


def decode(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="IDS", help="Token ids, or - for standard input, which a pipe is, too."),
    ] = None,
    file: FileOption = None,
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the bytes of token ids, as `bpelab encode` prints them.

    With --json they are a JSON list, as with `bpelab encode --json`.

    Example: bpelab decode 15496 11 995

    Example: bpelab encode "Hello, world" | bpelab decode
    """
    enc = chosen_encoding(encoding, path=path, model=model)
    text = given_text(" ".join(ids) if ids else None, file, example="bpelab decode 15496 11 995")
    data = enc.decode_bytes(_ids_of_json(text) if as_json else map(_id_of_word, text.split()))
    print_bytes(data)


def _id_of_word(word: str) -> int:
    if not word.isdecimal() or len(word) > MAX_DIGITS:
        raise ValueError(f"{word[:40]!r} is not a token id: expected numbers with white space between them")
    return int(word)


def _ids_of_json(text: str) -> list[int]:
    try:
        ids = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits; lists in lists in lists
        ids = None
    if not isinstance(ids, list) or not all(type(token) is int for token in ids):
        raise ValueError("expected a JSON list of token ids, such as [15496, 11, 995]")
    return ids
