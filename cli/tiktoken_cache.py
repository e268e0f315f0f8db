"""`bpelab tiktoken-cache`: let tiktoken load gpt2 without a network."""

from pathlib import Path
from typing import Annotated

import typer
from bpelab.cli.text import print_path


def tiktoken_cache(
    directory: Annotated[
        Path, typer.Argument(metavar="DIRECTORY", help="Where to write; it is made if it is not there.")
    ],
) -> None:
    """Write the files of gpt2 and r50k_base under the names that tiktoken looks for.

    With TIKTOKEN_CACHE_DIR set to the directory, tiktoken.get_encoding("gpt2") works offline.

    Example: bpelab tiktoken-cache cache
    """
    from bpelab.bpe.files.tiktoken_cache import write_tiktoken_cache

    for path in write_tiktoken_cache(directory):
        print_path(path)
