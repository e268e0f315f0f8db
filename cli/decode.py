"""`bpelab decode`: ids to text."""

import json
import sys

from bpelab.cli.text import MAX_DIGITS, AsJson, EncodingName, Source, VocabularyPath, read_text


def decode(
    source: Source = "-",
    encoding: EncodingName = "gpt2",
    path: VocabularyPath = None,
    as_json: AsJson = False,
) -> None:
    """Write the bytes of ids, as `bpelab encode` prints them (with --json: as it prints them with --json).

    Example: echo 15496 11 995 | bpelab decode
    """
    from bpelab.bpe import get_encoding

    enc = get_encoding(encoding, path=path)
    text = read_text(source)
    data = enc.decode_bytes(_ids_of_json(text) if as_json else map(_id_of_word, text.split()))
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


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
