"""`bpelab tiktoken-cache`: let tiktoken load gpt2 without a network."""

from pathlib import Path
from typing import Annotated

import typer
from bpelab.cli.text import print_path


def tiktoken_cache(
    directory: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")],
) -> None:
    """Write the files of gpt2 and r50k_base under the names that tiktoken looks for.

    Example: bpelab tiktoken-cache cache && TIKTOKEN_CACHE_DIR=cache python -c 'import tiktoken; print(
    tiktoken.get_encoding("gpt2"))'
    """
    from bpelab.bpe.files.tiktoken_cache import write_tiktoken_cache

    for path in write_tiktoken_cache(directory):
        print_path(path)
