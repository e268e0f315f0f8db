"""What does the first use cost? Import, load, the first pass over a text, and memory.

Varies: the encoder and the text. Fixed: a new process for every round, one thread, gpt2; tiktoken
loads from cached files. The first pass begins with an encoder that is loaded and has encoded nothing.
Memory is the highest resident size of the process after the pass less that before it, the array of ids
included; it is read from Linux's /proc, and other systems skip the file.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import QUICK, describe, give
from bpelab.benchmarks.harness.texts import text_of
from bpelab.bpe.files.tiktoken_cache import write_tiktoken_cache

LIBRARIES = {"bpelab": "bpelab.bpe", "tiktoken": "tiktoken"}
TEXTS = ["documentation", "standard library, 1 MB"]
if not QUICK:
    TEXTS += ["the-verdict", "tinyshakespeare", "udhr-multilingual", "standard library, 12 MB"]
MEMORY_TEXT = TEXTS[-1]
ROUNDS = 2 if QUICK else 5
SCRIPT = """
import sys, time, json, hashlib, re
library, path = sys.argv[1:]
def highest_memory():
    status = open("/proc/self/status").read()  # of this process alone, unlike getrusage's
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024
text = open(path, encoding="utf-8", newline="").read()
start = time.perf_counter()
module = __import__(library, fromlist=["get_encoding"])
imported = time.perf_counter()
encoding = module.get_encoding("gpt2")
loaded = time.perf_counter()
before = highest_memory()
encode_start = time.perf_counter()
ids = encoding.encode_to_numpy(text, disallowed_special=())
encoded = time.perf_counter()
memory = highest_memory() - before
digest = hashlib.sha256(ids.tobytes()).hexdigest()
print(json.dumps([imported - start, loaded - imported, encoded - encode_start, memory, digest]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tiktoken finds GPT-2's files, and both find the texts."""
    folder = tmp_path_factory.mktemp("fresh")
    write_tiktoken_cache(folder)
    return folder


@cache
def measured(library: str, text_name: str, folder: Path) -> dict[str, list[float]]:
    """Give the values of every round, by question, after the ids of both are found to be the same."""
    path = folder / f"{text_name}.txt"
    path.write_text(text_of(text_name), encoding="utf-8", newline="")
    environment = os.environ | {"TIKTOKEN_CACHE_DIR": str(folder)}
    rounds = []
    for _ in range(ROUNDS):
        command = [sys.executable, "-c", SCRIPT, library, str(path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        rounds.append(json.loads(done.stdout))
    questions = ("import", "load", "first pass", "memory", "digest")
    return dict(zip(questions, map(list, zip(*rounds, strict=True)), strict=True))


def record(benchmark: Any, contender: str, question: str, text_name: str, folder: Path) -> None:
    answers = {library: measured(library, text_name, folder) for library in LIBRARIES.values()}
    assert len({digest for answer in answers.values() for digest in answer["digest"]}) == 1
    n_bytes = len(text_of(text_name).encode("utf-8"))
    describe(
        benchmark,
        group=f"gpt2, fresh process, {question}"
        + (f", {text_name}" if question in ("first pass", "memory") else ""),
        axis={"question": question, "text": text_name},
        amount=n_bytes if question == "first pass" else None,
        amount_of="bytes" if question == "first pass" else None,
    )
    unit = "B" if question == "memory" else "s"
    give(benchmark, answers[LIBRARIES[contender]][question], unit=unit)


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc/self/status")
@pytest.mark.parametrize("contender", LIBRARIES)
@pytest.mark.parametrize("question", ["import", "load"])
def start_seconds(benchmark: Any, folder: Path, contender: str, question: str) -> None:
    record(benchmark, contender, question, TEXTS[0], folder)


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc/self/status")
@pytest.mark.parametrize("contender", LIBRARIES)
@pytest.mark.parametrize("text_name", TEXTS)
def first_pass_seconds(benchmark: Any, folder: Path, contender: str, text_name: str) -> None:
    record(benchmark, contender, "first pass", text_name, folder)


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc/self/status")
@pytest.mark.parametrize("contender", LIBRARIES)
def memory_seconds(benchmark: Any, folder: Path, contender: str) -> None:
    record(benchmark, contender, "memory", MEMORY_TEXT, folder)
