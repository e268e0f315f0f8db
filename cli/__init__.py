"""The command line: each verb parses, calls the library, prints."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from bpelab.bpe import get_encoding
from bpelab.cli.parity import parity

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(parity)

EncodingName = Annotated[str, typer.Option("--encoding", help="The encoding's name.")]
TextSource = Annotated[str, typer.Argument(help="A file, or - for standard input.")]


@app.command()
def encode(source: TextSource = "-", encoding: EncodingName = "gpt2") -> None:
    """Print the ids of a text: echo -n hello | bpelab encode."""
    print(*get_encoding(encoding).encode_ordinary(_read_text(source)))


@app.command()
def decode(source: TextSource = "-", encoding: EncodingName = "gpt2") -> None:
    """Print the text of ids: echo 31373 | bpelab decode."""
    tokens = [int(word) for word in _read_text(source).split()]
    sys.stdout.flush()
    sys.stdout.buffer.write(get_encoding(encoding).decode_bytes(tokens))


@app.command()
def count(source: TextSource = "-", encoding: EncodingName = "gpt2") -> None:
    """Print how many tokens a text has: bpelab count README.md."""
    print(get_encoding(encoding).count(_read_text(source)))


@app.command("tiktoken-cache")
def tiktoken_cache(directory: Path) -> None:
    """Let tiktoken load gpt2 offline: bpelab tiktoken-cache DIR, then set TIKTOKEN_CACHE_DIR=DIR."""
    from bpelab.bpe.tiktoken_cache import write_tiktoken_cache

    for path in write_tiktoken_cache(directory):
        print(path)


def _read_text(source: str) -> str:
    data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    return data.decode("utf-8")


def main() -> None:
    """Run the command line; what the user got wrong ends in one line and exit code 2."""
    try:
        app()
    except (KeyError, OverflowError, ValueError, OSError, ImportError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f"bpelab: {message}", file=sys.stderr)
        sys.exit(2)
