"""The command line: each verb parses, calls the library and prints. There is one file for each verb."""

import os
import sys

from bpelab.cli.signals import Ended, end_on_signals


def main() -> None:
    """Run the command line; a mistake of the user ends in one line and exit code 2.

    Ctrl-C ends with 130, SIGTERM with 143, and both clean up on their way out.
    """
    if sys.stderr is None:  # it was closed by whoever started the program: nobody can be told
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - open as long as the program runs
    status, message = _run()
    if message:
        print(f"bpelab: {message}", file=sys.stderr)
    sys.exit(status)


def _run() -> tuple[int, str | None]:
    """Run a verb; return the exit code and the message for standard error."""
    found: tuple[int, str | None]
    try:
        end_on_signals()
        if sys.stdout is None:  # as after >&-; `print` would lose everything in silence
            raise OSError("standard output is closed: there is nowhere to write")
        # Here, because it takes a while, in which Ctrl-C may come.
        from bpelab.cli.verbs import run

        status = run(sys.argv[1:] or ["--help"])
        sys.stdout.flush()  # so that output that cannot be written is an error now, and can be reported
        return status, None
    except KeyboardInterrupt:
        found = 130, "interrupted"
    except Ended as signal:
        found = 128 + signal.number, str(signal)
    except Exception as error:
        from bpelab.cli.mistakes import told

        if isinstance(error, BrokenPipeError) and error.filename is None:
            found = 141, None  # the reader has read enough
        elif (message := told(error)) is not None:
            found = 2, message
        else:
            raise
    _give_up_output()
    return found


def _give_up_output() -> None:
    """Empty the buffer of standard output, so that it cannot fail once more at the very end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
