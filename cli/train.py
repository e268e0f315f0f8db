"""`bpelab train`: a corpus to an encoding in a file."""

import sys
import warnings
from pathlib import Path
from typing import Annotated, Literal

import typer
from bpelab.cli.progress import Lines
from bpelab.cli.text import ENCODING_OUTPUT, check_jobs


def train(
    corpus: Annotated[list[Path], typer.Argument(help="Files, and directories of files, of UTF-8 text.")],
    vocab_size: Annotated[int, typer.Option(help="How many tokens, special ones included.")],
    output: Annotated[Path, typer.Option("-o", "--output", help=ENCODING_OUTPUT)],
    pattern: Annotated[
        str | None, typer.Option(help="What splits text: an encoding's name (gpt2 if left out) or a regex.")
    ] = None,
    special: Annotated[list[str] | None, typer.Option(help="A special token; may be repeated.")] = None,
    min_frequency: Annotated[int, typer.Option(help="How often a pair must occur to merge.")] = 1,
    max_token_length: Annotated[int | None, typer.Option(help="The most bytes a token may have.")] = None,
    byte_order: Annotated[
        Literal["gpt2", "raw"], typer.Option(help="How the single bytes are numbered.")
    ] = "gpt2",
    extend: Annotated[
        str | None, typer.Option(help="An encoding, by its name or in a file, whose tokens are kept.")
    ] = None,
    errors: Annotated[
        Literal["strict", "replace"], typer.Option(help="What to do about text that is not UTF-8.")
    ] = "strict",
    jobs: Annotated[
        int,
        typer.Option(help="How many processes or, with compiled loops, threads count.", callback=check_jobs),
    ] = 1,
    engine: Annotated[
        Literal["auto", "arrays", "compiled"],
        typer.Option(
            help="What counts and learns; auto compiles loops where Numba is installed and it pays."
        ),
    ] = "auto",
    checkpoint: Annotated[
        Path | None, typer.Option(help="A file to write now and then, and to resume from after a kill.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Learn an encoding from text and write it to a file.

    Example: bpelab train corpus/ --vocab-size 8192 --special '<|endoftext|>' -o my.tiktoken
    """
    from bpelab.bpe import TrainSettings
    from bpelab.bpe import train as learn
    from bpelab.bpe.files.save_load import (
        check_can_save,
        check_name,
        files_of_encoding,
        load_encoding,
        save_encoding,
    )
    from bpelab.cli.outputs import check_encoding_output, check_outputs

    check_name(output)
    kept = [] if extend is None else files_of_encoding(extend)
    check_encoding_output(output, [*corpus, *kept])
    if checkpoint is not None:
        check_outputs([*files_of_encoding(output), checkpoint], [*corpus, *kept])
    lines = None if quiet else Lines()
    settings = TrainSettings(
        vocab_size=vocab_size,
        pattern=pattern,
        special_tokens=special or [],
        min_frequency=min_frequency,
        max_token_length=max_token_length,
        byte_order=byte_order,
        extend=None if extend is None else load_encoding(extend),
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
        encoding = learn(corpus, settings, progress=lines, checkpoint=checkpoint)
    if lines is not None:
        lines.end()
    for warning in caught:
        print(f"bpelab: {warning.message}", file=sys.stderr)
    written = save_encoding(output, encoding)
    print(f"{encoding.n_vocab:,} tokens: {' and '.join(map(str, written))}")
