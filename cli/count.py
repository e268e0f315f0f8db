"""`bpelab count`: how many tokens are in a text?"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import (
    CORPUS_HELP,
    ColumnOption,
    DocumentsOption,
    EncodingOption,
    EngineOption,
    ErrorsOption,
    FormatOption,
    JsonOption,
    ModelOption,
    PathOption,
    QuietOption,
)
from bpelab.cli.progress import progress_shown
from bpelab.cli.text import on_one_line, require_piped

if TYPE_CHECKING:
    from bpelab.bpe import Encoding


def count(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help=f"{CORPUS_HELP} Or - for standard input, which a pipe is, too.",
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
    format: FormatOption = "auto",
    documents: DocumentsOption = "file",
    column: ColumnOption = "text",
    errors: ErrorsOption = "strict",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print how many tokens each file has, and all files together.

    Special tokens in a file count as plain text, and only documents are counted: of a record, its text. In
    directories, hidden and binary files are left out.

    Example: bpelab count README.md docs/

    Example: bpelab count --limit 8192 --model gpt-4o prompt.txt
    """
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.corpus.reading import Reading
    from bpelab.bpe.foundation.progress import Reporter
    from bpelab.cli.corpora import Skips, found_in, print_left_out, sources_in, texts_of

    if not sources:
        require_piped("bpelab count README.md")
    names = sources or ["-"]
    _require_once(names)
    reading, skips = Reading(format=format, documents=documents, column=column, errors=errors), Skips()
    found = {name: found_in(name, reading) for name in names}
    files = [str(file) for what in found.values() for file in what.files]
    _require_once(files)
    enc = chosen_encoding(encoding, path=path, model=model, engine=engine, quiet=quiet)
    counts: dict[str, int | None] = {}
    with progress_shown(quiet=quiet) as watch:
        report = Reporter(watch, "counting", len(files), unit="files")
        for name, what in found.items():
            with sources_in(name, what, reading) as listed:
                for shown, source in listed:
                    counts[shown] = _count(enc, texts_of(source, reading, skips, enc.pattern), limit)
                    report(len(counts))
    if as_json:
        print(json.dumps(counts))
    elif list(counts) == names[:1]:
        print(_said(counts[names[0]], limit, separator=""))
    else:
        _print_counts(counts, limit)
    print_left_out(sum(found.values(), Found()), skips)
    if None in counts.values():
        raise typer.Exit(1)


def _count(enc: "Encoding", texts: Iterator[str], limit: int | None) -> int | None:
    """Count the tokens of all texts; None as soon as there are more than the limit."""
    total = 0
    for text in texts:
        n_tokens = enc.count(text) if limit is None else enc.count(text, limit=limit - total)
        if n_tokens is None:
            return None
        total += n_tokens
    return total


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
