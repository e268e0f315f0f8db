"""How are all questions asked so that the answers hold? Shuffled, again and again, in fresh processes.

Every pass runs each file of `QUESTIONS` in a new process, in an order of its own. What a process has answered
is in the record as soon as it ends, so that an interrupted run is a record, too, and can go on.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bpelab.benchmarks.harness import environment, guarded
from bpelab.benchmarks.report.records import SCHEMA, load
from bpelab.bpe.foundation.writing import check_writable, is_stream, write_atomically

FOLDER = Path(__file__).parents[1]
QUESTIONS = (
    "encode_warm",
    "fresh_process",
    "encode_short",
    "encode_growth",
    "encode_long_piece",
    "encode_threads",
    "encode_memory",
    "decode_count",
    "train",
    "train_memory",
    "loader",
    "loader_resume",
    "embedding",
    "embedding_training",
)
# What takes longer than a few minutes have room for.
FULL_ONLY = ("loader_resume", "embedding_training")
PASSES = {"quick": 3, "full": 5}
# Of each pass a record keeps so many samples of a cell: the quantiles of what was measured.
MAX_SAMPLES = 20

Watch = Callable[[int, int, str], None]  # (steps done, steps in all, what is asked now)


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
    """Ask the questions, all of the preset's by default, and write the record to `path` after every answer.

    With `resume` the record that is there goes on, if it is of the same preset, seed and commit: what it has
    is not measured again. Raises `ValueError` where it is of others, or `path` exists without `resume`, and
    `ChildProcessError` where a question's process gives no answer.
    """
    if find_spec("pytest_benchmark") is None:
        raise ImportError("measuring needs pytest-benchmark and tiktoken: pip install 'bpelab[bench]'")
    if is_stream(path):
        raise ValueError(f"{path} is no file that a record could be kept in, and go on in: name another")
    path.parent.mkdir(parents=True, exist_ok=True)
    check_writable(path)
    n_passes = n_passes or PASSES[preset]
    record = _begun(path, preset, n_passes, seed, resume)
    if questions is None:
        left_out = FULL_ONLY if preset == "quick" else ()
        questions = [question for question in QUESTIONS if question not in left_out]
        _note(record, [_left_to_full(question) for question in left_out])
    steps = [
        (number, question)
        for number in range(n_passes)
        for question in random.Random(f"{seed} {number}").sample(list(questions), len(questions))
    ]
    start, before = time.perf_counter(), record["seconds"]
    for n_done, (number, question) in enumerate(steps):
        if watch:
            watch(n_done, len(steps), question)
        if [number, question] in record["done"]:
            continue
        _add(record, number, question, *_ask(question, preset, f"{seed} {number}"))
        record["done"].append([number, question])
        record["seconds"] = before + time.perf_counter() - start
        write(path, record)
    if watch:
        watch(len(steps), len(steps), "")
    record["finished"] = _now()
    write(path, record)
    return record


def _begun(path: Path, preset: str, n_passes: int, seed: int, resume: bool) -> dict[str, Any]:
    """Give a new record, or the one that goes on."""
    identifier, modified = environment.commit()
    if path.exists():
        if not resume:
            raise ValueError(f"{path} is there already: --resume goes on with it, another -o keeps it")
        record = load(path)
        wanted = {"preset": preset, "seed": seed, "commit": identifier}
        for name, value in wanted.items():
            if record.get(name) != value:
                raise ValueError(
                    f"{path} has {name} {record.get(name)!r}, and this run {value!r}: begin another"
                )
        record["n_passes"] = n_passes
        return record
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
        "versions": environment.versions(),
        "parity": _parity(preset),
        "limits": environment.limits(),
        "cells": [],
        "missing": [],
        "done": [],
    }


def write(path: Path, record: dict[str, Any]) -> None:
    """Write a record, whole or not at all."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode("utf-8"))


def _parity(preset: str) -> list[dict[str, Any]]:
    """Compare with tiktoken, in processes of their own; the full preset every encoding that is here."""
    options: list[list[str]] = [[]]
    if preset == "full":
        files = [
            environment.DATA / "encodings" / f"{name}.tiktoken" for name in ("cl100k_base", "o200k_base")
        ]
        options += [["--encoding", file.stem, "--path", str(file)] for file in files if file.is_file()]
    found = []
    for chosen in options:
        program = "from bpelab.cli import main; main()"
        command = [sys.executable, "-c", program, "parity", "--json", *chosen]
        done = guarded.run(command, os.environ)
        if done["returncode"] not in (0, 1):
            raise ChildProcessError(f"bpelab parity failed: {done['errors'].strip()}")
        found.append(json.loads(done["output"]))
    return found


def _ask(question: str, preset: str, seed: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run one file in a fresh process; give what it measured, and what it did not."""
    # Without other plugins, whose imports take longer than some of the questions.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
    command += ["-p", "pytest_benchmark.plugin", f"--basetemp={guarded.FOLDER}/pytest"]
    command += [f"--benchmark-storage=file://{guarded.FOLDER}/benchmarks"]
    # The file is named, so that `python_files` need not match it: pytest rewrites every module that does,
    # which takes ten seconds of PyTorch, and would time another program than the one that is used.
    command += ["--import-mode=importlib", "-o", "python_functions=*_seconds"]
    command += [f"--benchmark-json={guarded.FOLDER}/{guarded.ANSWERS}", str(FOLDER / f"{question}.py")]
    setting = {"BPELAB_PRESET": preset, "BPELAB_SEED": seed, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    setting["BPELAB_MISSING"] = f"{guarded.FOLDER}/{guarded.MISSING}"
    # A pytest that runs this one must not leave it its own settings.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = guarded.run(command, kept | setting)
    answers, missing = done[guarded.ANSWERS], done[guarded.MISSING]
    if missing is None or done["returncode"] not in (0, 1, 5):
        raise ChildProcessError(f"{question}: {(done['output'] + done['errors']).strip()[-2000:]}")
    return json.loads(answers)["benchmarks"] if answers else [], json.loads(missing)


def _add(
    record: dict[str, Any],
    number: int,
    question: str,
    measured: Sequence[dict[str, Any]],
    missing: Sequence[dict[str, Any]],
) -> None:
    """Put the samples of a pass into the record's cells, and the reasons of what is missing beside them."""
    cells = {(cell["question"], cell["group"], cell["contender"]): cell for cell in record["cells"]}
    for entry in measured:
        about = dict(entry["extra_info"])
        values = about.pop("values", None) or entry["stats"]["data"]
        key = (question, entry["group"], entry["params"]["contender"])
        if key not in cells:
            names = dict(zip(("question", "group", "contender"), key, strict=True))
            cells[key] = names | {"unit": "s"} | about | {"passes": [[] for _ in range(record["n_passes"])]}
            record["cells"].append(cells[key])
        passes = cells[key]["passes"]
        passes += [[] for _ in range(record["n_passes"] - len(passes))]
        passes[number] = _thinned(values)
    _note(record, missing)


def _note(record: dict[str, Any], missing: Sequence[dict[str, Any]]) -> None:
    """Put reasons into the record that it does not have yet."""
    record["missing"] += [entry for entry in missing if entry not in record["missing"]]


def _left_to_full(question: str) -> dict[str, Any]:
    reason = f"only --preset full, or --only {question}, asks it"
    return {"question": question, "group": "all", "contender": "everything", "reason": reason}


def _thinned(values: Sequence[float]) -> list[float]:
    """At most `MAX_SAMPLES` values at even steps through the sorted ones, to four digits.

    >>> _thinned([3.00001, 1, 2])
    [1.0, 2.0, 3.0]
    """
    ordered = sorted(values)
    n = min(len(ordered), MAX_SAMPLES)
    places = [round(i * (len(ordered) - 1) / max(n - 1, 1)) for i in range(n)]
    return [float(f"{ordered[place]:.4g}") for place in places]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
