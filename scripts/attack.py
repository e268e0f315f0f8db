"""Does what docs/reliability.md promises hold against someone who tries to break it?

Each attack is a function of scripts/attacks/: its docstring is the promise, its parameters are how often it
is tried. What takes minutes or gigabytes is here; what takes seconds is in the tests.

python scripts/attack.py --list                      # the promises
python scripts/attack.py                             # all of them, some tens of minutes
python scripts/attack.py loader.resume_storm         # one
python scripts/attack.py --share 0.1 loader files    # two files, a tenth as often
"""

import argparse
import inspect
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

FOLDER = Path(__file__).parent / "attacks"
Attack = Callable[..., str]


def attacks() -> Iterator[tuple[str, Attack]]:
    """Yield the name and the function of each attack: those that promise something and return a line."""
    for path in sorted(FOLDER.glob("*.py")):
        # By its path: a file called `patterns` or `files` must not be found in place of another module.
        spec = spec_from_file_location(f"attacks_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            is_own = inspect.isfunction(function) and function.__module__ == spec.name
            if is_own and function.__doc__ and function.__annotations__.get("return") is str:
                yield f"{path.stem}.{name}", function


def amounts(function: Attack, share: float) -> dict[str, int]:
    """Return the counts that an attack takes (`n`, `n_...`), each so much smaller, but at least 1."""
    parameters = inspect.signature(function).parameters.values()
    return {
        parameter.name: max(1, int(parameter.default * share))
        for parameter in parameters
        if parameter.name.partition("_")[0] == "n" and isinstance(parameter.default, int)
    }


def run(name: str, attack: Attack, share: float) -> int:
    """Run one attack in this process, print what it says, and return 1 where it got through."""
    try:
        print(" ".join(attack(**amounts(attack, share)).split()))
    except Exception as error:
        print(f"**got through**: {type(error).__name__}: {' '.join(str(error).split())}")
        return 1
    return 0


def main() -> int:
    """Run the attacks asked for, a row of a table each, and return 1 where one got through."""
    parser = argparse.ArgumentParser(description="Attack what docs/reliability.md promises.")
    parser.add_argument("names", nargs="*", help="files, or attacks as FILE.NAME; all if left out")
    parser.add_argument("--list", action="store_true", help="show the promises and run nothing")
    parser.add_argument(
        "--share", type=float, default=1.0, help="how much of each amount to try (default: 1)"
    )
    parser.add_argument("--here", action="store_true", help="run one attack in this process, without a table")
    arguments = parser.parse_args()
    # A shell lets its background jobs ignore Ctrl-C, and what they start would ignore it, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chosen = [
        (name, attack)
        for name, attack in attacks()
        if not arguments.names or {name, name.partition(".")[0]} & set(arguments.names)
    ]
    if not chosen:
        parser.error(f"no attack is called {' or '.join(arguments.names)}; --list shows them")
    if arguments.list:
        for name, attack in chosen:
            print(f"{name}: {inspect.getdoc(attack)}")
        return 0
    if arguments.here:
        return run(*chosen[0], arguments.share)
    n_through = 0
    print("| attack | result | seconds |\n|---|---|--:|")
    for name, _ in chosen:
        # In a process of its own, so that neither its memory nor its patches are the next one's.
        command = [sys.executable, "-P", __file__, "--here", name, "--share", str(arguments.share)]
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        n_through += done.returncode != 0
        said = done.stdout.strip().splitlines()
        result = said[-1] if said else f"**ended** with exit code {done.returncode}"
        shown = result.replace("|", "\\|")
        print(f"| {name} | {shown} | {time.perf_counter() - start:.0f} |", flush=True)
    return 1 if n_through else 0


if __name__ == "__main__":
    sys.exit(main())
