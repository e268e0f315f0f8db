"""`bpelab explain`: how a text becomes tokens, or a corpus an encoding, step by step."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import EncodingOption, FileOption, ModelOption, PathOption, TextArgument
from bpelab.cli.text import given_text

FIRST_MERGES = 256 + 10
FIRST_PIECES = 20
EXAMPLE = 'bpelab explain "Hello"'


def explain(
    text: TextArgument = None,
    file: FileOption = None,
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    train: Annotated[
        list[str] | None,
        typer.Option(
            "--train", metavar="FILE", help="Show what is learned from a file or directory; may be repeated."
        ),
    ] = None,
    pieces: Annotated[
        int, typer.Option(min=1, metavar="N", help="Of a long text: the merges of how many pieces to show.")
    ] = FIRST_PIECES,
    vocab_size: Annotated[
        int, typer.Option(metavar="N", help="With --train: how many tokens, 256 of them bytes.")
    ] = FIRST_MERGES,
    engine: Annotated[
        Literal["cached", "arrays", "compiled"] | None,
        typer.Option(help="Show what this engine makes of the text: its dictionaries or its arrays."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page on which any text can be tried, offline."),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--beside",
            metavar="NAME|FILE",
            help="With --html: another encoding on the page; may be repeated.",
        ),
    ] = None,
) -> None:
    """Show how a text becomes tokens: the pieces, and each merge with the reason for it.

    Example: bpelab explain "Hello, world"

    Example: bpelab explain --train README.md --vocab-size 280

    Example: bpelab explain --engine arrays "so it's newish, it's newish"

    Example: bpelab explain --html page.html --beside cl100k_base
    """
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.files.save_load import files_of_encoding
    from bpelab.bpe.splitting.regex_splitter import splitter_of
    from bpelab.bpe.study.trace import trace_encode
    from bpelab.bpe.study.train_trace import trace_train
    from bpelab.cli.corpora import found_in, print_left_out
    from bpelab.cli.drawing import (
        N_TOKENS,
        print_encode_trace,
        print_engine_picture,
        print_more_pieces,
    )
    from bpelab.cli.outputs import check_outputs
    from bpelab.cli.train_drawing import first_pieces, print_train_trace

    if train:
        if text or file or html or engine:
            raise ValueError("--train shows a training: leave out the text, --file, --engine and --html")
        found = sum(map(found_in, train), Found())
        print_train_trace(trace_train(found.files, vocab_size), vocab_size, first_pieces(found.files))
        print_left_out(found)
        return
    if beside and html is None:
        raise ValueError("--beside puts another encoding on the page: add --html FILE")
    if html is not None:
        named = [
            name for chosen in (encoding, *(beside or [])) if chosen for name in files_of_encoding(chosen)
        ]
        check_outputs([html], [path, file, *named])
        if engine is not None:
            raise ValueError("--html writes a page, on which no engine is shown: leave out --engine")
    enc = chosen_encoding(encoding, path=path, model=model)
    if html is not None:
        from bpelab.bpe.study.page import write_page

        shown = "" if text is None and file is None else given_text(text, file, example=EXAMPLE)
        encodings = [enc, *map(chosen_encoding, beside or [])]
        n_bytes = write_page(html, encodings, shown)
        print(f"{html}: {n_bytes:,} bytes; open it in a browser", file=sys.stderr)
        return
    content = given_text(text, file, example=EXAMPLE)
    if not content:
        raise ValueError(f"the text is empty: there is nothing to explain in it; try {EXAMPLE}")
    splitter = splitter_of(enc.pattern)
    n_pieces = sum(1 for _ in splitter.spans(content))
    if engine is not None:
        end = max((end for _, end in islice(splitter.spans(content), pieces)), default=0)
        print_engine_picture(content[:end], enc, engine)
        print_more_pieces(n_pieces - pieces, n_pieces)
        return
    totals = [(len(content), "character"), (len(content.encode()), "byte"), (n_pieces, "piece")]
    totals.append((enc.count(content), "token"))
    print_encode_trace(trace_encode(content, enc, max(pieces, N_TOKENS)), totals, pieces)
