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
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.tiktoken_cache import write_tiktoken_cache

from benchmarks.conftest import text_of

LIBRARIES = {"bpelab": "bpelab.bpe", "tiktoken": "tiktoken"}
QUESTIONS = ["import", "load", "first pass", "memory"]
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


def measure(library: str, text: Path, cache: Path) -> list[Any]:
    environment = os.environ | {"TIKTOKEN_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", SCRIPT, library, str(text)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    values: list[Any] = json.loads(done.stdout)
    return values


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc/self/status")
@pytest.mark.parametrize("contender", LIBRARIES)
@pytest.mark.parametrize(
    "text_name", ["the-verdict x1", "tinyshakespeare", "standard library, 1 MB", "standard library, 12 MB"]
)
@pytest.mark.parametrize("question", QUESTIONS)
def fresh_seconds(benchmark: Any, tmp_path: Path, contender: str, text_name: str, question: str) -> None:
    if question in ("import", "load") and text_name != "the-verdict x1":
        pytest.skip("does not depend on the text")
    if question == "memory" and text_name != "standard library, 12 MB":
        pytest.skip("too little to measure")
    path = tmp_path / "text"
    path.write_text(text_of(text_name), encoding="utf-8", newline="")
    write_tiktoken_cache(tmp_path / "cache")
    expected = measure("tiktoken", path, tmp_path / "cache")[-1]
    values = []
    for _ in range(5):
        *measured, digest = measure(LIBRARIES[contender], path, tmp_path / "cache")
        assert digest == expected
        values.append(measured[QUESTIONS.index(question)])
    benchmark.group = f"gpt2, fresh process, {question}, {text_name}"
    benchmark.extra_info["n_bytes"] = path.stat().st_size
    benchmark.extra_info["values"] = values
    benchmark.pedantic(lambda: None, rounds=1)  # the clock was in the other process
