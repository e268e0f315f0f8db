"""How are all questions asked so that the answers hold? Shuffled, pass after pass, in fresh processes.

Each pass runs every question's file in a new process, in an order of its own; questions that ask the same
encoders share one. The answers of a process are in the record as soon as it ends, so an interrupted run is a
record too, and can be resumed.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bpelab.benchmarks.harness import environment, guarded
from bpelab.benchmarks.harness.conformance import conformance
from bpelab.benchmarks.harness.questions import FOLDER, FULL_ONLY, MOST_PASSES, QUESTIONS, processes
from bpelab.benchmarks.harness.record import RECORDS, SCHEMA, SECONDS, load, write
from bpelab.bpe.foundation.writing import check_writable, is_stream

# An interval over three passes reaches 2.48 standard deviations of a pass, over five 1.24, over eight 0.84:
# passes more are worth more than rounds more in each, as long as loading does not take most of a pass.
PASSES = {"quick": 8, "full": 5}
# A record keeps at most this many samples of a cell from each pass.
MAX_SAMPLES = 20

Watch = Callable[[int, int, str], None]  # called with the steps done, all steps, and the question under way


def run(
    path: Path,
    *,
    preset: str = "quick",
    n_passes: int | None = None,
    seed: int = 1,
    questions: Sequence[str] | None = None,
    resume: bool = False,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Ask the questions (by default all of the preset), and write the record to `path` after every answer.

    With `resume`, an existing record of the same preset, seed and commit is continued: what it holds is not
    measured again. Raises `ValueError` for a record of another preset, seed or commit, for a `path` that
    exists without `resume`, and for one among the committed records while tracked files have changes;
    `ChildProcessError` if the process of a question fails.
    """
    if find_spec("pytest_benchmark") is None:
        raise ImportError("measuring needs pytest-benchmark and tiktoken: pip install 'bpelab[bench]'")
    if is_stream(path):
        raise ValueError(
            f"{path} is not a regular file, so a record could not be kept and resumed there: name another"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    check_writable(path)
    start = time.perf_counter()
    n_passes = n_passes or PASSES[preset]
    left_out = FULL_ONLY if preset == "quick" and questions is None else ()
    asked = [name for name in (QUESTIONS if questions is None else questions) if name not in left_out]
    steps = list(_steps(asked, n_passes, seed))
    if watch:
        watch(0, len(steps), "this machine, and every encoder's ids")
    record = _begun(path, preset, n_passes, seed, resume)
    if questions is None:
        _note(record, [_left_to_full(question) for question in left_out])
        if "conformance" not in record:
            record["conformance"] = conformance()
    before = record["seconds"]
    for n_done, (number, together) in enumerate(steps):
        if watch:
            watch(n_done, len(steps), ", ".join(together))
        left = [question for question in together if [number, question] not in record["done"]]
        if not left:
            continue
        _add(record, number, *_ask(left, preset, f"{seed} {number}"))
        record["done"] += [[number, question] for question in left]
        record["seconds"] = before + time.perf_counter() - start
        write(path, record)
    if watch:
        watch(len(steps), len(steps), "")
    record["finished"] = _now()
    record["load"]["after"] = environment.load()
    write(path, record)
    return record


def _steps(questions: Sequence[str], n_passes: int, seed: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the pass and the questions of each process, in an order that the seed decides."""
    for number in range(n_passes):
        asked = [question for question in questions if number < MOST_PASSES.get(question, n_passes)]
        together = processes(asked)
        for step in random.Random(f"{seed} {number}").sample(together, len(together)):
            yield number, step


def _begun(path: Path, preset: str, n_passes: int, seed: int, resume: bool) -> dict[str, Any]:
    """Return a new record, or the one to resume."""
    identifier, modified = environment.commit()
    if modified and path.resolve().parent == RECORDS.resolve():
        raise ValueError(
            f"{path} would be a committed record, and tracked files have changes: commit them first, so that"
            " its commit says what was measured, or write the record elsewhere"
        )
    if path.exists():
        if not resume:
            raise ValueError(f"{path} exists: pass resume=True to continue it, or name another file")
        record = load(path)
        wanted = {"preset": preset, "seed": seed, "commit": identifier}
        for name, value in wanted.items():
            if record.get(name) != value:
                raise ValueError(
                    f"{path} has {name} {record.get(name)!r}, and this run {value!r}: begin another record"
                )
        record["n_passes"] = n_passes
        record["modified"] = bool(record.get("modified")) or modified
        record.setdefault("load", {"before": None})
        return record
    load_before = environment.load()  # of whatever else runs here
    limits = environment.limits()
    cuda = (limits.get("cuda") or {}).get("version")
    return {
        "schema": SCHEMA,
        "started": _now(),
        "finished": None,
        "preset": preset,
        "seed": seed,
        "n_passes": n_passes,
        "seconds": 0.0,
        "commit": identifier,
        "modified": modified,
        "machine": environment.machine(),
        "versions": environment.versions() | ({"cuda": cuda} if cuda else {}),
        "load": {"before": load_before, "after": None},
        "parity": _parity(preset),
        "limits": limits,
        "cells": [],
        "missing": [],
        "done": [],
    }


def _parity(preset: str) -> list[dict[str, Any]]:
    """Compare with tiktoken, an encoding per process: gpt2, with the full preset all that are here."""
    names = ["gpt2"]
    if preset == "full":
        names += [name for name in ("cl100k_base", "o200k_base") if environment.encoding_file(name).is_file()]
    found = []
    for name in names:
        done = guarded.run([sys.executable, "-m", "bpelab.benchmarks.harness.parity", name], os.environ)
        if done["returncode"] != 0:
            raise ChildProcessError(
                f"comparing {name} with tiktoken failed: {done['errors'].strip()[-2000:]}"
            )
        found.append(json.loads(done["output"]))
    return found


def _ask(
    questions: Sequence[str], preset: str, seed: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run the files of questions in a fresh process; return what it measured, and what it could not."""
    # No other plugins: their imports take longer than some of the questions.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
    command += ["-p", "pytest_benchmark.plugin", "-p", "bpelab.benchmarks.harness.plugin"]
    command += [f"--basetemp={guarded.FOLDER}/pytest"]
    command += [f"--benchmark-storage=file://{guarded.FOLDER}/benchmarks"]
    # `python_files` must match none of our files: pytest rewrites every module that it matches, which takes
    # ten seconds of PyTorch and would time another program than people use. A named file runs anyway.
    command += ["--import-mode=importlib", "-o", "python_functions=*_seconds *_bytes"]
    command += [f"--benchmark-json={guarded.FOLDER}/{guarded.ANSWERS}"]
    command += [str(FOLDER / f"{question}.py") for question in questions]
    setting = {"BPELAB_PRESET": preset, "BPELAB_SEED": seed, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    setting["BPELAB_MISSING"] = f"{guarded.FOLDER}/{guarded.MISSING}"
    # The settings of a pytest that runs this one must not reach it.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = guarded.run(command, kept | setting)
    answers, missing = done[guarded.ANSWERS], done[guarded.MISSING]
    if missing is None or done["returncode"] not in (0, 1, 5):
        raise ChildProcessError(
            f"{', '.join(questions)}: {(done['output'] + done['errors']).strip()[-2000:]}"
        )
    return json.loads(answers)["benchmarks"] if answers else [], json.loads(missing)


def _add(
    record: dict[str, Any],
    number: int,
    measured: Sequence[dict[str, Any]],
    missing: Sequence[dict[str, Any]],
) -> None:
    """Add the samples of a pass to the record's cells, and the reasons for what is missing."""
    cells = {(cell["question"], cell["group"], cell["contender"]): cell for cell in record["cells"]}
    for entry in measured:
        about = dict(entry["extra_info"])
        if "values" not in about:
            continue  # it failed in one of its rounds, which is among the missing
        values = about.pop("values")
        question = Path(entry["fullname"].partition("::")[0]).stem
        key = (question, entry["group"], entry["params"]["contender"])
        if key not in cells:
            names = dict(zip(("question", "group", "contender"), key, strict=True))
            cells[key] = (
                names | {"unit": SECONDS} | about | {"passes": [[] for _ in range(record["n_passes"])]}
            )
            record["cells"].append(cells[key])
        passes = cells[key]["passes"]
        passes += [[] for _ in range(record["n_passes"] - len(passes))]
        passes[number] = _thinned(values)
    _note(record, missing)


def _note(record: dict[str, Any], missing: Sequence[dict[str, Any]]) -> None:
    """Add the reasons that the record does not have yet."""
    record["missing"] += [entry for entry in missing if entry not in record["missing"]]


def _left_to_full(question: str) -> dict[str, Any]:
    reason = f"asked only by --preset full or --only {question}"
    return {"question": question, "group": "all", "contender": "everything", "reason": reason}


def _thinned(values: Sequence[float]) -> list[float]:
    """Return at most `MAX_SAMPLES` values, at even steps, to four digits, in their order.

    >>> _thinned([3.00001, 1, 2])
    [3.0, 1.0, 2.0]
    """
    n = min(len(values), MAX_SAMPLES)
    places = [round(i * (len(values) - 1) / max(n - 1, 1)) for i in range(n)]
    return [float(f"{values[place]:.4g}") for place in places]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
