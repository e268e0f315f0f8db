"""`bpelab count`: how many tokens are in a text?"""

import json
from typing import Annotated

import typer
from bpelab.cli.text import AsJson, EncodingName, VocabularyPath, read_text


def count(
    sources: Annotated[list[str] | None, typer.Argument(help="Files, or - for standard input.")] = None,
    encoding: EncodingName = "gpt2",
    path: VocabularyPath = None,
    as_json: AsJson = False,
) -> None:
    """Print how many tokens each text has, and all together; special tokens count as plain text.

    Example: bpelab count README.md CHANGELOG.md
    """
    from bpelab.bpe import get_encoding

    enc = get_encoding(encoding, path=path)
    names = sources or ["-"]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{min(twice)} is there twice; each text is counted once")
    counts = [enc.count(read_text(name)) for name in names]
    if as_json:
        print(json.dumps(dict(zip(names, counts, strict=True))))
    elif len(names) == 1:
        print(counts[0])
    else:
        for name, n_tokens in zip([*names, "total"], [*counts, sum(counts)], strict=True):
            print(f"{n_tokens:>12,} {name}")
