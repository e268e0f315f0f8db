"""Which options do several verbs share? Each is written once, and means the same everywhere."""

from pathlib import Path
from typing import Annotated, Literal

import typer

EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME|FILE",
        help="gpt2, r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base or o200k_harmony, or the file"
        " of an encoding: NAME.json, NAME.tiktoken, vocab.bpe or merges.txt. [default: gpt2]",
    ),
]
PathOption = Annotated[
    Path | None,
    typer.Option(
        "--path",
        metavar="FILE",
        help="The published .tiktoken file of the encoding that --encoding names; its SHA-256 is checked.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="Use the encoding of this model, such as gpt-4o."),
]
EngineOption = Annotated[
    Literal["auto", "textbook", "cached", "arrays", "compiled"] | None,
    typer.Option(
        "--engine",
        help="Which way to encode; the ids are the same. [default: auto, the fastest that is installed]",
    ),
]
TextArgument = Annotated[
    str | None,
    typer.Argument(metavar="TEXT", help="The text itself, or - for standard input, which a pipe is, too."),
]
FileOption = Annotated[
    str | None,
    typer.Option("--file", metavar="FILE", help="Read this file, or URL, also as .gz or .zst."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Read or write JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
CORPUS_HELP = (
    "Text, JSON lines and Parquet, also as .gz or .zst: files, directories, patterns such as"
    " 'data/**/*.jsonl', and URLs such as s3://bucket/data/."
)
FormatOption = Annotated[
    Literal["auto", "text", "jsonl", "parquet"],
    typer.Option("--format", help="What the files hold. auto: told by their names; the rest is text."),
]
DocumentsOption = Annotated[
    Literal["file", "line"],
    typer.Option(
        "--documents",
        help="What a document of text is. Records of JSON lines and rows of Parquet always are documents.",
    ),
]
ColumnOption = Annotated[
    str,
    typer.Option(
        "--column", metavar="NAME", help="Where a record or a row has its text; meta.text is a field in meta."
    ),
]
ErrorsOption = Annotated[
    Literal["strict", "replace", "skip"],
    typer.Option(
        "--errors",
        help="What becomes of text that cannot be read. strict: an error; replace: U+FFFD where it is not"
        " UTF-8; skip: the document is left out and counted.",
    ),
]

ENCODING_OUTPUT = (
    "NAME.tiktoken, NAME.json (Hugging Face), or vocab.bpe or merges.txt, next to which encoder.json or"
    " vocab.json is written."
)
# Longer numbers are not ids, and Python reads none of more than 4,300 digits.
MAX_DIGITS = 40


def check_jobs(jobs: int) -> int:
    """Return a number of processes that is of use; raises `typer.BadParameter` for any other."""
    from bpelab.bpe.foundation.processes import require_jobs

    try:
        return require_jobs(jobs)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


JobsOption = Annotated[
    int,
    typer.Option(metavar="N", help="How many processes, or threads, share the work.", callback=check_jobs),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Let the workers of this Dask cluster share the work instead, such as tcp://10.0.0.1:8786.",
    ),
]
