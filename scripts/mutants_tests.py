"""Which tests are nearest to a file, and how are they run until one fails?

The tests mirror the folders: those of `bpe/files/names.py` are the examples in its docstrings, and
`tests/bpe/files`. Each test is run once on the unchanged source; it must pass there, interpreted and in a
copy, and within `LONGEST` seconds, or it is left out. Quick tests run first. A test that takes ten times as
long as it did has noticed an endless loop.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

Times = dict[str, dict[str, float]]  # seconds of each test, by the folder of tests
LONGEST = 20.0
PRELOADED = ("hypothesis", "numba", "numpy", "regex", "tiktoken", "torch", "torch.utils.data")


def preload() -> None:
    """Import what tests import, so that each fork has it already."""
    for name in PRELOADED:
        importlib.import_module(name)


def _folder(path: Path) -> Path:
    """Return the folder of tests nearest to a source file that has any."""
    return next(Path("tests") / f for f in path.parents if any((Path("tests") / f).glob("test_*.py")))


def nearest(path: Path, times: Times) -> dict[str, float]:
    """Return the tests of a source file with their seconds, nearest first and quick ones first."""
    module = ".".join(("bpelab", *path.with_suffix("").parts))
    examples = f"tests/test_doctests.py::test_examples_run[{module}]"
    found = {examples: times["tests"][examples]} if examples in times["tests"] else {}
    return found | dict(sorted(times[str(_folder(path))].items(), key=lambda item: item[1]))


class _Chosen:
    """A pytest plugin: these tests in this order, each with a limit of time that ends the process."""

    def __init__(self, tests: dict[str, float]) -> None:
        self.tests = tests
        self.order = {name: place for place, name in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid]
        )

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 10 + 10 * self.tests[item.nodeid])


class _Timed:
    """A pytest plugin: how long every test that passes takes; one that takes too long fails."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.left_out: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # No page in a browser is tried for a change of Python.
        items[:] = [item for item in items if "chromium" not in getattr(item, "fixturenames", ())]

    def pytest_runtest_setup(self) -> None:
        def too_long(*_: object) -> None:
            raise TimeoutError

        signal.signal(signal.SIGALRM, too_long)
        signal.setitimer(signal.ITIMER_REAL, LONGEST)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if not report.passed:
            self.left_out.add(report.nodeid)


OPTIONS = ["--import-mode=importlib", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts="]


def _main(arguments: list[str], plugin: object) -> int:
    from hypothesis import Phase, settings

    # A failure is enough: the smallest one is not looked for. The same texts every time.
    settings.register_profile(
        "mutants", phases=(Phase.explicit, Phase.generate), database=None, derandomize=True, deadline=None
    )
    settings.load_profile("mutants")
    return int(pytest.main([*OPTIONS, *arguments], plugins=[plugin]))


def run(tests: dict[str, float]) -> int:
    """Run these tests until one fails; 0 says that all passed."""
    if not tests:
        return 0
    files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
    return _main(["-x", "--tb=line", *files], _Chosen(tests))


def _time(files: list[str], result: Path) -> int:
    timed = _Timed()
    _main(["--tb=short", *files], timed)
    passed = {name: seconds for name, seconds in timed.seconds.items() if name not in timed.left_out}
    result.write_text(json.dumps(passed), encoding="utf-8")
    return 0


def measure(sources: Iterable[Path], copies: list[Path], fork: Callable[..., int], kept: Path) -> Times:
    """Run every test once on the unchanged source, and keep how long each took."""
    times: Times = json.loads(kept.read_text()) if kept.exists() else {}
    folders = sorted({_folder(path) for path in sources})
    wanted = {str(folder): sorted(str(path) for path in folder.glob("test_*.py")) for folder in folders}
    wanted["tests"] = ["tests/test_doctests.py"]
    waiting = [(name, files) for name, files in wanted.items() if files and name not in times]
    running: dict[int, tuple[Path, str]] = {}
    free = list(copies)
    while waiting or running:
        if free and waiting:
            folder, (name, files) = free.pop(), waiting.pop()
            result = folder / "times.json"
            running[fork(folder, "times", lambda f=files, r=result: _time(f, r))] = folder, name
            continue
        process, _ = os.wait()
        folder, name = running.pop(process)
        free.append(folder)
        times[name] = json.loads((folder / "times.json").read_text())
        shown = (folder / "times.output").read_text(errors="replace")[-2000:]
        seconds = sum(times[name].values())
        print(f"{name}: {len(times[name])} tests, {seconds:.0f} s\n{shown}", file=sys.stderr)
        kept.write_text(json.dumps(times), encoding="utf-8")
    return times
