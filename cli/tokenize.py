"""`bpelab tokenize`: a corpus to token files."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from bpelab.cli.encodings import DEFAULT, chosen_encoding
from bpelab.cli.options import (
    EncodingOption,
    EngineOption,
    ErrorsOption,
    JobsOption,
    ModelOption,
    PathOption,
    QuietOption,
)
from bpelab.cli.progress import progress_shown
from bpelab.cli.text import counted

# What the directory is filled with.
FILES = ("tokens-*.bin", "sources-*.jsonl", "manifest.json", "train.bin")


def tokenize(
    corpus: Annotated[
        list[Path],
        typer.Argument(metavar="FILES", help="UTF-8 text: files, directories of files, and pipes."),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIRECTORY", help="The directory to write, or to go on with."),
    ],
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    documents: Annotated[
        Literal["file", "line", "jsonl"],
        typer.Option(help="What a document is: a file, a line, or the 'text' of a line of JSON."),
    ] = "file",
    end_of_text: Annotated[bool, typer.Option(help="Put <|endoftext|> after each document.")] = True,
    errors: ErrorsOption = "strict",
    bin: Annotated[
        bool, typer.Option("--bin", help="Write train.bin, too: all ids in a row, as nanoGPT reads them.")
    ] = False,
    shard_tokens: Annotated[int, typer.Option(metavar="N", help="How many tokens fill a file.")] = 1 << 25,
    jobs: JobsOption = 1,
    quiet: QuietOption = False,
) -> None:
    """Write the ids of a corpus to files that are mapped into memory. After a kill, the same command goes on.

    A run that goes on first reads what is finished once more, to see that the corpus is the same. In
    directories, hidden and binary files are left out.

    Example: bpelab tokenize corpus/ -o tokens/ --jobs 2
    """
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.files.save_load import files_of_encoding
    from bpelab.cli.corpora import found_in, print_left_out
    from bpelab.cli.outputs import check_folder
    from bpelab.dataset.bin_files import check_fits_bin, write_bin
    from bpelab.dataset.shards import open_tokens
    from bpelab.dataset.tokenize_corpus import tokenize_corpus

    found = sum((found_in(str(name)) for name in corpus), Found())
    check_folder(output, FILES, [*corpus, path, *files_of_encoding(encoding or DEFAULT)])
    enc = chosen_encoding(encoding, path=path, model=model, engine=engine, quiet=quiet)
    if bin:
        check_fits_bin(enc.n_vocab)
    with progress_shown(quiet=quiet) as watch:
        manifest = tokenize_corpus(
            found.files,
            output,
            enc,
            documents=documents,
            end_of_text=end_of_text,
            errors=errors,
            shard_tokens=shard_tokens,
            jobs=jobs,
            progress=watch,
        )
    if bin:
        write_bin(open_tokens(output, verify=False), output / "train.bin")
    n_documents = sum(shard.n_documents for shard in manifest.shards)
    said = [(manifest.n_tokens, "token"), (n_documents, "document"), (len(manifest.shards), "shard")]
    print(f"{', '.join(counted(*what) for what in said)}: {output}")
    print_left_out(found)
