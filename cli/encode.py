"""`bpelab encode`: text to ids."""

import json
from typing import Annotated

import typer
from bpelab.cli.text import AsJson, EncodingName, Source, VocabularyPath, read_text


def encode(
    source: Source = "-",
    encoding: EncodingName = "gpt2",
    path: VocabularyPath = None,
    special: Annotated[
        bool, typer.Option("--special", help="Take the texts of special tokens as special tokens.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the ids of a text, separated by spaces.

    Example: printf 'Hello, world' | bpelab encode
    """
    from bpelab.bpe import get_encoding

    enc = get_encoding(encoding, path=path)
    text = read_text(source)
    ids = enc.encode(text, allowed_special="all") if special else enc.encode_ordinary(text)
    print(json.dumps(ids) if as_json else " ".join(map(str, ids)))
