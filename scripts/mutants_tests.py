"""Which tests are nearest to a file, and how are they run until one fails?

The tests mirror the folders: those of `bpe/files/names.py` are the examples in its docstrings, and
`tests/bpe/files`, those of `test_names.py` first. Each test is run once on the unchanged source; it must pass
there, interpreted and in a copy, and within `LONGEST`, or it is left out. Quick tests run first, as many as
fit into `LONGEST_TOGETHER`. A test that takes ten times as long as it did, and ten seconds more, has noticed
an endless loop.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

Seconds = dict[str, float]  # by the name of a test
LONGEST = 3.0  # seconds of this processor: the machine may be busy
LONGEST_TOGETHER = 20.0  # seconds: what a survivor costs
MOST_TOO_LONG = 4  # after so many in a file the rest of it is left out
PRELOADED = ("hypothesis", "numba", "numpy", "regex", "tiktoken", "torch", "torch.utils.data")
DOCTESTS = "tests/test_doctests.py"


def preload() -> None:
    """Import what tests import, so that each fork has it already."""
    for name in PRELOADED:
        importlib.import_module(name)


def _files(path: Path, tree: Path) -> list[str]:
    """Return the files of tests nearest to a source file: those of the folder that mirrors its own."""
    folders = (Path("tests") / folder for folder in path.parents)
    found = (sorted((tree / folder).glob("test_*.py")) for folder in folders)
    return [str(file.relative_to(tree)) for file in next(filter(None, found))]


def nearest(path: Path, tree: Path, seconds: Seconds) -> Seconds:
    """Return the tests of a file with their seconds: its examples, its own file, then the quick ones."""
    module = ".".join(("bpelab", *path.with_suffix("").parts))
    examples = f"{DOCTESTS}::test_examples_run[{module}]"
    files = set(_files(path, tree))

    def distance(name: str) -> tuple[bool, bool, float]:
        own = Path(name.partition("::")[0]).name == f"test_{path.name}"
        return name != examples, not own, seconds[name]

    near = [name for name in seconds if name.partition("::")[0] in files or name == examples]
    chosen: Seconds = {}
    for name in sorted(near, key=distance):
        if sum(chosen.values()) + seconds[name] <= LONGEST_TOGETHER:
            chosen[name] = seconds[name]
    return chosen


class _Chosen:
    """A pytest plugin: these tests in this order, each with a limit of time that ends the process."""

    def __init__(self, tests: Seconds) -> None:
        self.tests = tests
        self.order = {name: place for place, name in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = (item for item in items if item.nodeid in self.order)
        items[:] = sorted(chosen, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 10 + 10 * self.tests[item.nodeid])


class _Timed:
    """A pytest plugin: how long every test that passes takes; one that takes too long fails."""

    def __init__(self) -> None:
        self.seconds: Seconds = {}
        self.left_out: set[str] = set()
        self.n_too_long = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # No page is opened in a browser for a change of Python.
        items[:] = [item for item in items if "chromium" not in getattr(item, "fixturenames", ())]

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        def too_long(*_: object) -> None:
            self.n_too_long += 1
            raise TimeoutError

        if self.n_too_long >= MOST_TOO_LONG:
            item.session.shouldstop = f"{MOST_TOO_LONG} tests take too long"

        signal.signal(signal.SIGPROF, too_long)
        signal.setitimer(signal.ITIMER_PROF, LONGEST)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            signal.setitimer(signal.ITIMER_PROF, 0)
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if not report.passed:
            self.left_out.add(report.nodeid)


def _main(arguments: list[str], plugin: object) -> int:
    from hypothesis import Phase, settings

    # A failure is enough: the smallest one is not looked for. The same texts every time.
    settings.register_profile(
        "mutants", phases=(Phase.explicit, Phase.generate), database=None, derandomize=True, deadline=None
    )
    settings.load_profile("mutants")
    options = ["--import-mode=importlib", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return int(pytest.main([*options, *arguments], plugins=[plugin]))


def run(tests: Seconds) -> int:
    """Run these tests until one fails; 0 says that all passed."""
    files = dict.fromkeys(name.partition("::")[0] for name in tests)
    return _main(["-x", "--tb=line", *files], _Chosen(tests)) if tests else 0


def _time(file: str, result: Path) -> int:
    timed = _Timed()
    status = _main(["--tb=short", file], timed)
    passed = {name: seconds for name, seconds in timed.seconds.items() if name not in timed.left_out}
    result.write_text(json.dumps(passed), encoding="utf-8")
    return status


def measure(
    sources: Iterable[Path], tree: Path, copies: list[Path], fork: Callable[..., int], kept: Path
) -> Seconds:
    """Run every test once on the unchanged source, and keep how long each took until its file changes."""
    known: dict[str, tuple[float, Seconds]] = json.loads(kept.read_text()) if kept.exists() else {}
    changed = {file: os.stat(tree / file).st_mtime for path in sources for file in _files(path, tree)}
    if changed:
        changed[DOCTESTS] = os.stat(tree / DOCTESTS).st_mtime
    waiting = [file for file in changed if file not in known or known[file][0] != changed[file]]
    running: dict[int, tuple[Path, str]] = {}
    free = list(copies)
    while waiting or running:
        if free and waiting:
            folder, file = free.pop(), waiting.pop()
            result = folder / "times.json"
            running[fork(folder, "times", lambda f=file, r=result: _time(f, r))] = folder, file
            continue
        process, status = os.wait()
        folder, file = running.pop(process)
        free.append(folder)
        seconds = json.loads((folder / "times.json").read_text()) if status in (0, 256, 512) else {}
        print(f"{file}: {len(seconds)} tests, {sum(seconds.values()):.0f} s", file=sys.stderr)
        if status:
            print((folder / "times.output").read_text(errors="replace")[-1000:], file=sys.stderr)
        known[file] = changed[file], seconds
        kept.write_text(json.dumps(known), encoding="utf-8")
    return {name: taken for file in changed for name, taken in known[file][1].items()}
