"""The command line: each verb parses, calls the library, prints. One file a verb."""

import os
import sys

import typer
from bpelab.cli.bench import bench
from bpelab.cli.convert import convert
from bpelab.cli.count import count
from bpelab.cli.decode import decode
from bpelab.cli.encode import encode
from bpelab.cli.explain import explain
from bpelab.cli.fetch import fetch
from bpelab.cli.parity import parity
from bpelab.cli.report import report
from bpelab.cli.tiktoken_cache import tiktoken_cache
from bpelab.cli.tokenize import tokenize
from bpelab.cli.train import train
from bpelab.cli.vocab import vocab

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="GPT-2's byte-level BPE from scratch, with tiktoken's ids.",
)
for verb in (
    encode,
    decode,
    count,
    train,
    explain,
    vocab,
    convert,
    tokenize,
    parity,
    bench,
    report,
    fetch,
    tiktoken_cache,
):
    app.command()(verb)


def main() -> None:
    """Run the command line; what the user got wrong ends in one line and exit code 2."""
    if sys.stderr is None:  # who starts the program closed it: then there is nobody to tell
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the program
    try:
        if sys.stdout is None:  # as after >&-, where `print` would lose everything in silence
            raise OSError("standard output is closed: there is nowhere to write")
        status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        print("bpelab: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # who reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        message = _message(error)
        if message is None:
            raise
        print(f"bpelab: {message}", file=sys.stderr)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _message(error: Exception) -> str | None:
    """Say what the user can do something about; None for an error of ours."""
    # Typer's usage errors have a class of different names in its different versions.
    if (format_message := getattr(error, "format_message", None)) is not None:
        context = getattr(error, "ctx", None)
        return f"{format_message()} See '{context.command_path if context else 'bpelab'} --help'."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, KeyError):
        return str(error.args[0])
    return str(error) if isinstance(error, OverflowError | ValueError | OSError | ImportError) else None
