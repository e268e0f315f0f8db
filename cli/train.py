"""`bpelab train`: a corpus to an encoding in a file."""

import sys
import warnings
from pathlib import Path
from signal import SIGINT
from typing import Annotated, Literal

import typer
from bpelab.cli.cluster import connected_to
from bpelab.cli.encodings import chosen_encoding, require_pattern
from bpelab.cli.options import (
    CORPUS_HELP,
    ENCODING_OUTPUT,
    ColumnOption,
    DocumentsOption,
    ErrorsOption,
    FormatOption,
    JobsOption,
    QuietOption,
    SchedulerOption,
)
from bpelab.cli.progress import progress_shown
from bpelab.cli.signals import Ended
from bpelab.cli.text import counted


def train(
    corpus: Annotated[list[str], typer.Argument(metavar="FILES", help=CORPUS_HELP)],
    vocab_size: Annotated[int, typer.Option(metavar="N", help="How many tokens, special ones included.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help=ENCODING_OUTPUT)],
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|REGEX", help="What splits text: an encoding's name or a regex. [default: gpt2]"
        ),
    ] = None,
    special: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="A special token; may be repeated.")
    ] = None,
    min_frequency: Annotated[
        int, typer.Option(metavar="N", help="How often a pair must occur to merge.")
    ] = 1,
    max_token_length: Annotated[
        int | None, typer.Option(metavar="N", help="The most bytes a token may have. [default: any number]")
    ] = None,
    byte_order: Annotated[
        Literal["gpt2", "raw"], typer.Option(help="How the single bytes are numbered.")
    ] = "gpt2",
    extend: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="An encoding whose tokens are kept.")
    ] = None,
    format: FormatOption = "auto",
    documents: DocumentsOption = "file",
    column: ColumnOption = "text",
    errors: ErrorsOption = "strict",
    jobs: JobsOption = 1,
    engine: Annotated[
        Literal["auto", "arrays", "compiled"],
        typer.Option(
            help="What counts and learns; auto compiles loops where Numba is installed and it pays."
        ),
    ] = "auto",
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="A file to write now and then, and to resume from after a kill. With --scheduler a"
            " directory, or a URL, which all workers share.",
        ),
    ] = None,
    scheduler: SchedulerOption = None,
    quiet: QuietOption = False,
) -> None:
    """Learn an encoding from text and write it to a file.

    In directories, hidden and binary files are left out.

    Example: bpelab train corpus/ --vocab-size 8192 --special '<|endoftext|>' -o my.json

    Example: bpelab train 'data/*.jsonl.gz' --column content --vocab-size 8192 -o my.json

    Example: bpelab train text/ --vocab-size 999 -o my.json --scheduler tcp://10.0.0.1:8786 --checkpoint kept/
    """
    from bpelab.bpe import TrainSettings
    from bpelab.bpe import train as learn
    from bpelab.bpe.corpus.blocks import Corpus
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.corpus.reading import Reading
    from bpelab.bpe.files.save_load import check_can_save, check_name, files_of_encoding, save_encoding
    from bpelab.cli.corpora import found_in, print_left_out
    from bpelab.cli.outputs import check_encoding_output, check_outputs

    if pattern is not None:
        require_pattern(pattern)
    reading = Reading(format=format, documents=documents, column=column, errors=errors)
    found = sum((found_in(name, reading) for name in corpus), Found())
    check_name(output)
    kept = [] if extend is None else files_of_encoding(extend)
    check_encoding_output(output, [*corpus, *kept])
    if checkpoint is not None and scheduler is None:
        check_outputs([*files_of_encoding(output), Path(checkpoint)], [*corpus, *kept])
    settings = TrainSettings(
        vocab_size=vocab_size,
        pattern=pattern,
        special_tokens=special or [],
        min_frequency=min_frequency,
        max_token_length=max_token_length,
        byte_order=byte_order,
        extend=None if extend is None else chosen_encoding(extend, quiet=quiet),
        name=output.stem,
        errors=errors,
        jobs=jobs,
        engine=engine,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        untrained = learn([], settings)
    check_can_save(output, untrained)  # before hours of work, not after
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with connected_to(scheduler, quiet=quiet) as client, progress_shown(quiet=quiet) as watch:
            try:
                encoding = learn(
                    Corpus(found.files, reading),
                    settings,
                    progress=watch,
                    checkpoint=checkpoint,
                    scheduler=client,
                )
            except (KeyboardInterrupt, Ended) as ended:
                number = ended.number if isinstance(ended, Ended) else SIGINT
                raise Ended(number, _kept(checkpoint, scheduler)) from None
    for warning in caught:
        print(f"bpelab: {warning.message}", file=sys.stderr)
    written = save_encoding(output, encoding)
    print(f"{counted(encoding.n_vocab, 'token')}: {' and '.join(map(str, written))}")
    print_left_out(found)


def _kept(checkpoint: str | None, scheduler: str | None) -> str:
    """Say what a training that was ended leaves, and how it goes on."""
    if checkpoint is None or (scheduler is None and not Path(checkpoint).exists()):
        return ""
    what = "what is done is" if scheduler is None else "the counts that are finished are"
    return f"{what} in {checkpoint}, and the same command goes on from there"
