"""What does the first use cost: import, load, the first pass over a text, and memory?

Varies: the library, and the text. Fixed: a new process for every round, one thread, gpt2; tiktoken loads
from cached files. The first pass begins with an encoder that is loaded and has encoded nothing. Memory is
the largest resident size of the process after the pass less that before it, including the array of ids.

How the number could mislead: import times depend on what the operating system still holds in memory, and on
how much of NumPy a program would import anyway. Memory is read from Linux's /proc; other systems skip the
file.

The answer (records/quick.json): bpelab loads faster than tiktoken, whose files have to be parsed. Its lead in
the first pass is far smaller than in a later one, since new pieces have to be merged; the compiled loops keep
more of it. bpelab loses twice: its import takes longer, which includes NumPy's, and the pass needs many times
the memory, for the arrays of a block and the table of pieces.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness import turns
from bpelab.benchmarks.harness.measure import QUICK, describe, record_memory, record_times
from bpelab.benchmarks.harness.memory import NEEDS_LINUX
from bpelab.benchmarks.harness.peers import COMPILED, ENGINES
from bpelab.benchmarks.harness.texts import text_of
from bpelab.bpe.encoders.choice import is_installed
from bpelab.bpe.files.tiktoken_cache import write_tiktoken_cache

LIBRARIES = {"bpelab": "bpelab.bpe", "tiktoken": "tiktoken"}
if is_installed("compiled"):
    LIBRARIES[COMPILED] = "bpelab.bpe"
TEXTS = ["standard library, 1 MB"]
if not QUICK:
    TEXTS += [
        "documentation",
        "the-verdict",
        "tinyshakespeare",
        "udhr-multilingual",
        "standard library, 12 MB",
    ]
MEMORY_TEXT = TEXTS[-1]
ROUNDS = 2
SCRIPT = """
import sys, time, json, hashlib
library, path = sys.argv[1:]
text = open(path, encoding="utf-8", newline="").read()
start = time.perf_counter()
module = __import__(library, fromlist=["get_encoding"])
imported = time.perf_counter()
encoding = module.get_encoding("gpt2")
loaded = time.perf_counter()
from bpelab.benchmarks.harness.memory import peak_resident_size  # not before: it imports what others do
before = peak_resident_size()
encode_start = time.perf_counter()
ids = encoding.encode_to_numpy(text, disallowed_special=())
encoded = time.perf_counter()
memory = peak_resident_size() - before
digest = hashlib.sha256(ids.tobytes()).hexdigest()
print(json.dumps([imported - start, loaded - imported, encoded - encode_start, memory, digest]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where tiktoken finds GPT-2's files, and both find the texts."""
    folder = tmp_path_factory.mktemp("fresh")
    write_tiktoken_cache(folder)
    return folder


@cache
def measured(text_name: str, folder: Path) -> dict[str, dict[str, list[Any]]]:
    """Return, by library and by what is measured, the value of each round, in which all take their turns."""
    if COMPILED in LIBRARIES:
        from bpelab.bpe.encoders.compiled.compile_ahead import compile_ahead

        list(compile_ahead(["gpt2"]))
    path = folder / f"{text_name}.txt"
    path.write_text(text_of(text_name), encoding="utf-8", newline="")
    names = list(LIBRARIES)
    rounds: dict[str, list[list[Any]]] = {name: [] for name in names}
    for order in turns.orders(len(names), ROUNDS, f"{os.environ.get('BPELAB_SEED')} {text_name}"):
        for name in (names[place] for place in order):
            rounds[name].append(one_round(name, path, folder))
    questions = ("import", "load", "first pass", "memory", "digest")
    return {
        name: dict(zip(questions, map(list, zip(*values, strict=True)), strict=True))
        for name, values in rounds.items()
    }


def one_round(contender: str, path: Path, folder: Path) -> list[Any]:
    """Return what a new process of one library measures."""
    engine = ENGINES.get(contender, "auto")
    environment = os.environ | {"TIKTOKEN_CACHE_DIR": str(folder), "BPELAB_ENGINE": engine}
    # Containers set it; without bytecode on disk every process would compile all source anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", SCRIPT, LIBRARIES[contender], str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def record_round(benchmark: Any, contender: str, question: str, text_name: str, folder: Path) -> None:
    answers = measured(text_name, folder)
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
    values = answers[contender][question]
    if question == "memory":
        record_memory(benchmark, values, in_turns=True)
    else:
        record_times(benchmark, values, in_turns=True)


@pytest.mark.skipif(sys.platform != "linux", reason=NEEDS_LINUX)
@pytest.mark.parametrize("contender", LIBRARIES)
@pytest.mark.parametrize("question", ["import", "load"])
def start_seconds(benchmark: Any, folder: Path, contender: str, question: str) -> None:
    record_round(benchmark, contender, question, TEXTS[0], folder)


@pytest.mark.skipif(sys.platform != "linux", reason=NEEDS_LINUX)
@pytest.mark.parametrize("contender", LIBRARIES)
@pytest.mark.parametrize("text_name", TEXTS)
def first_pass_seconds(benchmark: Any, folder: Path, contender: str, text_name: str) -> None:
    record_round(benchmark, contender, "first pass", text_name, folder)


@pytest.mark.skipif(sys.platform != "linux", reason=NEEDS_LINUX)
@pytest.mark.parametrize("contender", LIBRARIES)
def first_pass_memory_bytes(benchmark: Any, folder: Path, contender: str) -> None:
    record_round(benchmark, contender, "memory", MEMORY_TEXT, folder)
