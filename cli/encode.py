"""`bpelab encode`: text to ids."""

import json
from typing import Annotated

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import (
    EncodingOption,
    EngineOption,
    FileOption,
    JsonOption,
    ModelOption,
    PathOption,
    TextArgument,
)
from bpelab.cli.text import given_text


def encode(
    text: TextArgument = None,
    file: FileOption = None,
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    special: Annotated[
        bool, typer.Option("--special", help="Take the texts of special tokens as special tokens.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the ids of a text, separated by spaces.

    Example: bpelab encode "Hello, world"

    Example: bpelab encode --file README.md --model gpt-4o
    """
    enc = chosen_encoding(encoding, path=path, model=model, engine=engine)
    content = given_text(text, file, example='bpelab encode "Hello"')
    ids = enc.encode(content, allowed_special="all") if special else enc.encode_ordinary(content)
    print(json.dumps(ids) if as_json else " ".join(map(str, ids)))
