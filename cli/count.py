"""`bpelab count`: how many tokens are in a text?"""

import json
from collections import Counter
from typing import Annotated

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import (
    EncodingOption,
    EngineOption,
    ErrorsOption,
    JsonOption,
    ModelOption,
    PathOption,
    QuietOption,
)
from bpelab.cli.progress import progress_shown
from bpelab.cli.text import on_one_line, require_piped


def count(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Files, directories of files, or - for standard input, which a pipe is, too.",
        ),
    ] = None,
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=0,
            metavar="N",
            help="Stop counting a text that has more than N tokens; the exit code is then 1.",
        ),
    ] = None,
    errors: ErrorsOption = "strict",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print how many tokens each file has, and all files together.

    Special tokens in a file count as plain text. In directories, hidden and binary files are left out.

    Example: bpelab count README.md docs/

    Example: bpelab count --limit 8192 --model gpt-4o prompt.txt
    """
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.foundation.progress import Reporter
    from bpelab.cli.corpora import found_in, print_left_out, texts_of

    if not sources:
        require_piped("bpelab count README.md")
    names = sources or ["-"]
    _require_once(names)
    found = {name: found_in(name) for name in names}
    files = [str(file) for what in found.values() for file in what.files]
    _require_once(files)
    enc = chosen_encoding(encoding, path=path, model=model, engine=engine, quiet=quiet)
    counts: dict[str, int | None] = {}
    with progress_shown(quiet=quiet) as watch:
        report = Reporter(watch, "counting", len(files), unit="files")
        for name, what in found.items():
            for source, text in texts_of(name, what, errors):
                counts[source] = enc.count(text) if limit is None else enc.count(text, limit=limit)
                report(len(counts))
    if as_json:
        print(json.dumps(counts))
    elif list(counts) == names[:1]:
        print(_said(counts[names[0]], limit, separator=""))
    else:
        _print_counts(counts, limit)
    print_left_out(sum(found.values(), Found()))
    if None in counts.values():
        raise typer.Exit(1)


def _require_once(names: list[str]) -> None:
    """Raise `ValueError` for a file that is named twice: counted twice, it would make the total wrong."""
    name, times = Counter(names).most_common(1)[0] if names else ("", 1)
    if times > 1:
        raise ValueError(f"{name} is named twice, but each file is counted once: leave it out once")


def _print_counts(counts: dict[str, int | None], limit: int | None) -> None:
    total = f"{sum(limit or 0 if n_tokens is None else n_tokens for n_tokens in counts.values()):,}"
    rows = [(_said(n_tokens, limit), source) for source, n_tokens in counts.items()]
    rows.append((f"more than {total}" if None in counts.values() else total, "total"))
    width = max(12, *(len(number) for number, _ in rows))
    for number, source in rows:
        print(f"{number:>{width}} {on_one_line(source)}")


def _said(n_tokens: int | None, limit: int | None, separator: str = ",") -> str:
    return f"more than {limit:{separator}}" if n_tokens is None else f"{n_tokens:{separator}}"
