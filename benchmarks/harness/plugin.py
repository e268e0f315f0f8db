"""What does the suite add to pytest? A shuffled order, rounds in turns, and reasons for what is missing."""

import gc
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import GROUP

_missing: list[dict[str, Any]] = []
_of_group: dict[str, pytest.Item] = {}  # by name, those of the group that is being set up


def pytest_benchmark_generate_machine_info() -> dict[str, Any]:
    """Keep pytest-benchmark from asking about the processor for seconds: the suite does so once."""
    return {}


def pytest_collection_finish() -> None:
    """Let no collection of garbage, while the clock runs, go through all that was imported."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shuffle questions, their groups, and the contenders of these: none always runs first or last."""
    seed = os.environ.get("BPELAB_SEED")
    if seed is None:
        return
    order = random.Random(seed)
    questions: dict[str, dict[str, list[pytest.Item]]] = {}
    for item in items:
        groups = questions.setdefault(item.path.stem, {})
        groups.setdefault(_without_contender(item), []).append(item)
    items[:] = [
        item
        for question in _shuffled(order, questions)
        for group in _shuffled(order, questions[question])
        for item in order.sample(questions[question][group], len(questions[question][group]))
    ]


def _shuffled(order: random.Random, names: Iterable[str]) -> list[str]:
    return order.sample(sorted(names), len(list(names)))


def _without_contender(item: pytest.Item) -> str:
    parameters = _parameters(item)
    parameters.pop("contender", None)
    return f"{item.path.stem} {item.name.partition('[')[0]} {sorted(parameters.items(), key=str)}"


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Remember why a cell is missing: it was skipped, or its answer was wrong."""
    report = yield
    if report.when in ("setup", "call") and report.outcome != "passed":
        assert call.excinfo
        reason = str(call.excinfo.value) or call.excinfo.typename
        failed = "" if report.outcome == "skipped" else "failed: "
        _note(item, failed + reason.removeprefix("Skipped: "))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Run the rounds of a group after its last contender was set up, while their fixtures are still there."""
    _of_group[item.name] = item
    if nextitem is None or _without_contender(nextitem) != _without_contender(item):
        for name, error in GROUP.run(f"{os.environ.get('BPELAB_SEED')} {_without_contender(item)}"):
            _note(_of_group[name], f"failed: {error or type(error).__name__}")
        _of_group.clear()


def _note(item: pytest.Item, reason: str) -> None:
    """Add what a contender lacks to what the suite is told."""
    parameters = {name: str(value) for name, value in _parameters(item).items()}
    contender = parameters.pop("contender", "")
    function = item.name.partition("[")[0].removesuffix("_seconds").removesuffix("_bytes")
    _missing.append(
        {
            "question": item.path.stem,
            "group": ", ".join([function, *parameters.values()]),
            "contender": contender,
            "reason": (reason.splitlines() or [""])[0][:300],
        }
    )


def pytest_sessionfinish() -> None:
    """Write the reasons to the file that the suite names."""
    if path := os.environ.get("BPELAB_MISSING"):
        Path(path).write_text(json.dumps(_missing), encoding="utf-8")
