"""`bpelab explain`: how a text becomes tokens, or a corpus an encoding, step by step."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from bpelab.cli.text import EncodingName, VocabularyPath, read_text

if TYPE_CHECKING:
    from bpelab.bpe import Encoding

FIRST_MERGES = 256 + 20


def explain(
    text: Annotated[str, typer.Argument(help="The text itself, or - for standard input.")] = "",
    encoding: EncodingName = "gpt2",
    path: VocabularyPath = None,
    train: Annotated[
        list[Path] | None,
        typer.Option("--train", help="Show what is learned from this file; may be repeated."),
    ] = None,
    vocab_size: Annotated[int, typer.Option(help="With --train: how many tokens, 256 of them bytes.")] = (
        FIRST_MERGES
    ),
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page on which any text can be tried, offline.")
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option("--beside", help="With --html: a second encoding, by name or in a .json file."),
    ] = None,
    beside_path: Annotated[
        Path | None, typer.Option("--beside-path", help="The .tiktoken file of the second encoding.")
    ] = None,
) -> None:
    """Show how a text becomes tokens: the pieces, and each merge with the reason for it.

    Example: bpelab explain "Hello, 안녕"

    Example: bpelab explain --train README.md --vocab-size 280

    Example: bpelab explain --html page.html --beside cl100k_base --beside-path cl100k_base.tiktoken
    """
    from bpelab.bpe import get_encoding
    from bpelab.bpe.files.save_load import files_of_encoding
    from bpelab.bpe.study.trace import trace_encode
    from bpelab.bpe.study.train_trace import trace_train
    from bpelab.cli.drawing import print_encode_trace, print_train_trace
    from bpelab.cli.outputs import check_outputs

    if train:
        if text or html:
            raise ValueError("--train shows a training: leave out the text and --html")
        print_train_trace(trace_train(train, vocab_size))
        return
    if html is not None:
        named = [] if beside is None or beside_path is not None else files_of_encoding(beside)
        check_outputs([html], [path, beside_path, *named])
    text = read_text("-") if text == "-" else text
    enc = get_encoding(encoding, path=path)
    if html is not None:
        from bpelab.bpe.study.page import write_page

        encodings = [enc] if beside is None else [enc, _named(beside, beside_path)]
        n_bytes = write_page(html, encodings, text)
        print(f"{html}: {n_bytes:,} bytes; open it in a browser", file=sys.stderr)
        return
    if not text:
        raise ValueError('there is no text: type it, as in bpelab explain "Hello", or - for standard input')
    print_encode_trace(trace_encode(text, enc))


def _named(name: str, path: Path | None) -> "Encoding":
    from bpelab.bpe import get_encoding
    from bpelab.bpe.files.save_load import load_encoding

    return load_encoding(name) if path is None else get_encoding(name, path=path)
