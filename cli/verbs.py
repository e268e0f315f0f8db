"""Which verbs are there, and how is one run?"""

import functools
import inspect
import io
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from bpelab.cli.bench import bench
from bpelab.cli.check import check
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
from bpelab.cli.truncate import truncate
from bpelab.cli.vocab import vocab
from typer.core import TyperArgument, TyperCommand

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
ENVIRONMENT = """\b
Environment variables:
  BPELAB_CACHE_DIR    where downloads are kept, instead of the user's cache
  BPELAB_DATA         a folder with text/*.txt, which parity and bench read
  BPELAB_ENGINE       which way to encode where no --engine is given
  TIKTOKEN_CACHE_DIR  where tiktoken keeps its files, which are used as well
  NUMBA_CACHE_DIR     where the machine code of the compiled engine is kept
  NUMBA_CPU_NAME      the processor it is made for; generic: any
  NUMBA_DISABLE_JIT   1: the compiled engine is not used by itself
  NO_COLOR, COLUMNS   no colours; how wide the output is
"""


class Command(TyperCommand):
    """A command whose help says what an argument is, and not its type in Python."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for parameter in self.params:
            if isinstance(parameter, TyperArgument):
                parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]


def as_command(verb: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a verb's errors name its options, and keep Ctrl-C from Typer, which would print an empty line."""
    names = list(inspect.signature(verb).parameters)

    @functools.wraps(verb)
    def call(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        try:
            return verb(*args, **options)
        except KeyboardInterrupt:
            raise Ended(signal.SIGINT) from None
        except (ValueError, LookupError, OSError) as error:
            if (said := in_options(error, names)) is error:
                raise
            raise said from error

    return call


def _print_version(asked: bool) -> None:
    if asked:
        from bpelab import __version__

        print(f"bpelab {__version__}")
        raise typer.Exit


app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None, context_settings=HELP_OPTIONS)


@app.callback(epilog=ENVIRONMENT)
def bpelab(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """GPT-2's byte-level BPE from scratch, with tiktoken's ids."""


for verb in (
    encode,
    decode,
    count,
    truncate,
    train,
    explain,
    check,
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
    app.command(cls=Command, context_settings=HELP_OPTIONS)(as_command(verb))


def run(arguments: Sequence[str]) -> int:
    """Run a verb and return its exit code; raises what the verb raises."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files and texts can hold what the console has no letters for; data goes out as bytes.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = app(list(arguments), prog_name="bpelab", standalone_mode=False)
    except typer.Abort as abort:  # what some versions of Typer make of Ctrl-C outside of a verb
        raise KeyboardInterrupt from abort
    if status == 128 + signal.SIGINT:  # what others make of it
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0
