"""`bpelab tokenize`: a corpus to token files."""

from pathlib import Path
from signal import SIGINT
from typing import Annotated

import typer
from bpelab.cli.cluster import connected_to
from bpelab.cli.encodings import DEFAULT, chosen_encoding
from bpelab.cli.options import (
    CORPUS_HELP,
    ColumnOption,
    DocumentsOption,
    EncodingOption,
    EngineOption,
    ErrorsOption,
    FormatOption,
    JobsOption,
    ModelOption,
    PathOption,
    QuietOption,
    SchedulerOption,
)
from bpelab.cli.progress import progress_shown
from bpelab.cli.signals import Ended
from bpelab.cli.text import counted

# What the directory is filled with.
FILES = ("tokens-*.bin", "sources-*.jsonl", "manifest.json", "train.bin")


def tokenize(
    corpus: Annotated[list[str], typer.Argument(metavar="FILES", help=CORPUS_HELP)],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="DIRECTORY",
            help="The directory to write, or to go on with; or a URL such as s3://bucket/tokens.",
        ),
    ],
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    format: FormatOption = "auto",
    documents: DocumentsOption = "file",
    column: ColumnOption = "text",
    end_of_text: Annotated[bool, typer.Option(help="Put <|endoftext|> after each document.")] = True,
    errors: ErrorsOption = "strict",
    bin: Annotated[
        bool, typer.Option("--bin", help="Write train.bin, too: all ids in a row, as nanoGPT reads them.")
    ] = False,
    shard_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many bytes of text fill a file. [default: a 256th of all, from 16 to 256 MiB]",
        ),
    ] = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write the ids of a corpus to files that are mapped into memory. After a kill, the same command goes on.

    A run that goes on first reads what is finished once more, to see that the corpus is the same. In
    directories, hidden and binary files are left out.

    Example: bpelab tokenize corpus/ -o tokens/ --jobs 2

    Example: bpelab tokenize corpus/ -o tokens/ --scheduler tcp://10.0.0.1:8786
    """
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.corpus.reading import Reading
    from bpelab.bpe.corpus.remote import is_url, without_scheme
    from bpelab.bpe.files.save_load import files_of_encoding
    from bpelab.cli.corpora import Skips, found_in, print_left_out
    from bpelab.cli.outputs import check_folder
    from bpelab.dataset.bin_files import check_fits_bin, write_bin
    from bpelab.dataset.shards import open_tokens
    from bpelab.dataset.tokenize_corpus import tokenize_corpus

    reading = Reading(format=format, documents=documents, column=column, errors=errors)
    found = sum((found_in(name, reading) for name in corpus), Found())
    if not output:  # `Path` would take it for the directory we are in
        raise ValueError("-o has an empty name: name a directory, or . for the one we are in")
    if output.startswith("memory://"):
        raise ValueError(f"{output} would be lost with this process: name a directory, or a store that stays")
    if not is_url(without_scheme(output)):
        check_folder(
            Path(without_scheme(output)), FILES, [*corpus, path, *files_of_encoding(encoding or DEFAULT)]
        )
    elif bin:
        raise ValueError(f"--bin writes one file on this machine: name a directory instead of {output}")
    enc = chosen_encoding(encoding, path=path, model=model, engine=engine, quiet=quiet)
    if bin:
        check_fits_bin(enc.n_vocab)
    try:
        with connected_to(scheduler, quiet=quiet) as client, progress_shown(quiet=quiet) as watch:
            manifest = tokenize_corpus(
                found.files,
                output,
                enc,
                reading=reading,
                end_of_text=end_of_text,
                shard_bytes=shard_bytes,
                jobs=jobs,
                scheduler=client,
                progress=watch,
            )
    except (KeyboardInterrupt, Ended) as ended:
        kept = f"the shards that are finished are in {output}, and the same command goes on with the others"
        raise Ended(ended.number if isinstance(ended, Ended) else SIGINT, kept) from None
    if bin:
        write_bin(open_tokens(output, verify=False), Path(output) / "train.bin")
    n_documents = sum(shard.n_documents for shard in manifest.shards)
    said = [(manifest.n_tokens, "token"), (n_documents, "document"), (len(manifest.shards), "shard")]
    print(f"{', '.join(counted(*what) for what in said)}: {output}")
    skips = Skips(
        sum(shard.n_skipped for shard in manifest.shards),
        next((shard.first_skipped or "" for shard in manifest.shards if shard.n_skipped), ""),
    )
    print_left_out(found, skips)
