"""`bpelab convert`: an encoding from one form of file to another."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from bpelab.cli.encodings import names_a_file, require_pattern
from bpelab.cli.options import ENCODING_OUTPUT, MAX_DIGITS
from bpelab.cli.text import counted


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="An encoding's name, NAME.tiktoken, NAME.json, vocab.bpe, merges.txt, or NAME.model.",
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help=ENCODING_OUTPUT)],
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|REGEX", help="What splits text, where the source does not say: a name or a regex."
        ),
    ] = None,
    special: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT=ID", help="A special token that the source lacks; may be repeated."),
    ] = None,
) -> None:
    """Write an encoding in another form, with the same ids.

    Example: bpelab convert my.tiktoken my.json --pattern gpt2 --special '<|endoftext|>=8191'
    """
    from bpelab.bpe import get_encoding
    from bpelab.bpe.files.save_load import check_name, files_of_encoding, load_encoding, save_encoding
    from bpelab.cli.outputs import check_encoding_output

    if not names_a_file(source):
        get_encoding(source)  # whose error lists the names
    if pattern is not None:
        require_pattern(pattern)
    check_name(target)
    check_encoding_output(target, files_of_encoding(source))
    encoding = load_encoding(source, pattern=pattern, special_tokens=dict(map(_parse_special, special or [])))
    written = save_encoding(target, encoding)
    if target.suffix == ".tiktoken":
        kept = "".join(f" --special '{text}={token}'" for text, token in encoding.special_tokens.items())
        print(
            f"bpelab: the file holds neither the pattern nor special tokens:{kept or ' there are none'}",
            file=sys.stderr,
        )
    print(f"{counted(encoding.n_vocab, 'token')}: {' and '.join(map(str, written))}")


def _parse_special(option: str) -> tuple[str, int]:
    text, _, token = option.rpartition("=")
    if not text or not token.isdecimal() or len(token) > MAX_DIGITS:
        raise ValueError(f"--special {option!r}: it must be TEXT=ID, as in '<|endoftext|>=50256'")
    return text, int(token)
