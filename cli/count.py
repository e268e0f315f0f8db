"""`bpelab count`: how many tokens are in a text?"""

import json
from typing import Annotated

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import EncodingOption, EngineOption, JsonOption, ModelOption, PathOption
from bpelab.cli.text import read_text


def count(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="FILES", help="Files, or - for standard input.")
    ] = None,
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print how many tokens each file has, and all files together.

    Special tokens in a file count as plain text.

    Example: bpelab count README.md CHANGELOG.md
    """
    enc = chosen_encoding(encoding, path=path, model=model, engine=engine)
    names = sources or ["-"]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{min(twice)} is named twice, but each file is counted once: leave it out once")
    counts = [enc.count(read_text(name)) for name in names]
    if as_json:
        print(json.dumps(dict(zip(names, counts, strict=True))))
    elif len(names) == 1:
        print(counts[0])
    else:
        for name, n_tokens in zip([*names, "total"], [*counts, sum(counts)], strict=True):
            print(f"{n_tokens:>12,} {name}")
