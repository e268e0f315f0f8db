"""`bpelab truncate`: the beginning of a text that has at most so many tokens."""

from typing import Annotated

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import EncodingOption, EngineOption, FileOption, ModelOption, PathOption, TextArgument
from bpelab.cli.text import given_text, print_bytes


def truncate(
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=0, metavar="N", help="How many tokens to keep at most.")
    ],
    text: TextArgument = None,
    file: FileOption = None,
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
) -> None:
    """Write the beginning of a text that has at most N tokens, byte for byte.

    It ends with a whole character. Special tokens in the text count as plain text.

    Example: bpelab truncate --max-tokens 2 "Hello, world"

    Example: bpelab truncate --max-tokens 8192 --model gpt-4o --file prompt.txt
    """
    enc = chosen_encoding(encoding, path=path, model=model, engine=engine)
    content = given_text(text, file, example='bpelab truncate --max-tokens 2 "Hello, world"')
    print_bytes(enc.truncate(content, max_tokens).encode())
