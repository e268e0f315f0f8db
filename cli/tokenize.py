"""`bpelab tokenize`: a corpus to token files."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from bpelab.cli.progress import Lines, warnings_as_lines
from bpelab.cli.text import check_jobs

# What the directory is filled with.
FILES = ("tokens-*.bin", "sources-*.jsonl", "manifest.json")


def tokenize(
    corpus: Annotated[list[Path], typer.Argument(help="Files of UTF-8 text, directories of them, pipes.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory to write, or to go on with.")],
    encoding: Annotated[
        str, typer.Option(help="An encoding, by its name or in a file that bpelab train wrote.")
    ] = "gpt2",
    documents: Annotated[
        Literal["file", "line", "jsonl"],
        typer.Option(help="What a document is: a file, a line, or the 'text' of a line of JSON."),
    ] = "file",
    end_of_text: Annotated[bool, typer.Option(help="Put <|endoftext|> after each document.")] = True,
    errors: Annotated[
        Literal["strict", "replace"], typer.Option(help="What to do about text that is not UTF-8.")
    ] = "strict",
    shard_tokens: Annotated[int, typer.Option(help="How many tokens fill a file.")] = 1 << 25,
    jobs: Annotated[int, typer.Option(help="How many processes encode.", callback=check_jobs)] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Write the ids of a corpus to files that are mapped into memory; again, to go on after a kill.

    A run that goes on reads once more what is finished, to see that the corpus is the same.

    Example: bpelab tokenize corpus/ -o tokens/ --jobs 2
    """
    from bpelab.bpe.files.save_load import files_of_encoding, load_encoding
    from bpelab.cli.outputs import check_folder
    from bpelab.dataset.tokenize_corpus import tokenize_corpus

    check_folder(output, FILES, [*corpus, *files_of_encoding(encoding)])
    lines = None if quiet else Lines()
    with warnings_as_lines():
        manifest = tokenize_corpus(
            corpus,
            output,
            load_encoding(encoding),
            documents=documents,
            end_of_text=end_of_text,
            errors=errors,
            shard_tokens=shard_tokens,
            jobs=jobs,
            progress=lines,
        )
    if lines is not None:
        lines.end()
    n_documents = sum(shard.n_documents for shard in manifest.shards)
    print(f"{manifest.n_tokens:,} tokens, {n_documents:,} documents, {len(manifest.shards)} shards: {output}")
