"""Which verbs are there, and how is one run?"""

import functools
import inspect
import io
import signal
import sys
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

import typer
from bpelab.cli.bench import bench
from bpelab.cli.compile import compile
from bpelab.cli.convert import convert
from bpelab.cli.count import count
from bpelab.cli.decode import decode
from bpelab.cli.encode import encode
from bpelab.cli.explain import explain
from bpelab.cli.fetch import fetch
from bpelab.cli.mistakes import in_options
from bpelab.cli.parity import parity
from bpelab.cli.report import report
from bpelab.cli.signals import Ended
from bpelab.cli.tiktoken_cache import tiktoken_cache
from bpelab.cli.tokenize import tokenize
from bpelab.cli.train import train
from bpelab.cli.vocab import vocab

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def as_command(verb: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a verb's errors name its options, and keep Ctrl-C from Typer, which would print an empty line."""
    names = list(inspect.signature(verb).parameters)

    @functools.wraps(verb)
    def call(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        try:
            return verb(*args, **options)
        except KeyboardInterrupt:
            raise Ended(signal.SIGINT) from None
        except ValueError as error:
            raise ValueError(in_options(str(error), names)) from error

    return call


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
    compile,
    tiktoken_cache,
):
    app.command()(as_command(verb))


def run(arguments: Sequence[str]) -> int:
    """Run a verb and return its exit code; raises what the verb raises."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files and texts can hold what the console has no letters for; data goes out as bytes.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = app(list(arguments), standalone_mode=False)
    except typer.Abort as abort:  # what Typer makes of Ctrl-C outside of a verb, in some of its versions
        raise KeyboardInterrupt from abort
    if status == 128 + signal.SIGINT:  # in others
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0
