"""What was this measured on? The machine, the versions, the commit."""

import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from bpelab.benchmarks.harness import guarded
from bpelab.benchmarks.harness.packages import PEERS
from bpelab.bpe.files.public_files import FILES, public_path

PACKAGES = ("bpelab", "numpy", "regex", "numba", "torch", *PEERS)
ROOT = Path(__file__).parents[2]
# Texts and vocabularies that only some machines have.
DATA = Path(os.environ.get("BPELAB_DATA", ROOT.parent / "shared" / "data"))


def machine() -> dict[str, Any]:
    """Describe the machine; what is not known is None."""
    cpu = _first_match(Path("/proc/cpuinfo"), r"model name\s*:\s*(.+)") or platform.processor() or None
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = _first_match(Path("/proc/meminfo"), r"MemTotal:\s*(\d+)")
    gpu, driver = _gpu()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return {
        "name": ", ".join(filter(None, [cpu or platform.machine(), f"{n_cores} cores", gpu])),
        "cpu": cpu,
        "n_cores": n_cores,
        # How many threads PyTorch and others take, unless a question says otherwise.
        "n_threads": int(threads) if threads.isdigit() else n_cores,
        "memory_bytes": int(memory) * 1024 if memory else None,
        "caches": _caches(),
        "governor": _text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "gpu": gpu,
        "driver": driver,
    }


def encoding_file(name: str) -> Path:
    """Return where the published file of an encoding is, or would be."""
    return _own_or_fetched(name, DATA / "encodings" / f"{name}.tiktoken")


def text_file(name: str) -> Path:
    """Return where a text is, or would be."""
    return _own_or_fetched(name, DATA / "text" / f"{name}.txt")


def _own_or_fetched(name: str, own: Path) -> Path:
    return public_path(name) if name in FILES and not own.is_file() else own


def absent(path: Path) -> str:
    """Return the reason why nothing is measured with a file, and what to do."""
    if path.name in {file.file for file in FILES.values()}:
        return f"no {path.name}: bpelab fetch --all"
    return f"no {path.name}: set BPELAB_DATA to a folder with {path.parent.name}/{path.name}"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are compared."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> tuple[str | None, bool]:
    """Return the commit of this checkout, and whether tracked files have changed since.

    Records do not count: they change nothing that is measured, and the old one is removed before the new one.
    """
    git = ["git", "-C", str(ROOT)]
    identifier = _output([*git, "rev-parse", "HEAD"])
    others = [".", ":(exclude)benchmarks/records"]
    return identifier, bool(_output([*git, "status", "--porcelain", "--untracked-files=no", "--", *others]))


def load() -> float | None:
    """Return how many processes wanted to run, on average over the last minute; None where nobody counts."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):  # Windows has no such count
        return None


def limits() -> dict[str, Any]:
    """Measure the limits of this machine in a process of its own, which takes its memory with it.

    Raises `ChildProcessError` if that process fails.
    """
    done = guarded.run([sys.executable, "-m", "bpelab.benchmarks.harness.limits"], os.environ)
    if done["returncode"] != 0:
        raise ChildProcessError(f"measuring the machine's limits failed: {done['errors'].strip()[-2000:]}")
    return dict(json.loads(done["output"]))


def _gpu() -> tuple[str | None, str | None]:
    found = _output(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"])
    if not found:
        return None, None
    name, _, driver = found.splitlines()[0].partition(", ")
    return name, driver or None


def _caches() -> dict[str, int]:
    caches = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (_text(index / name) for name in ("level", "type", "size"))
        if size and size.endswith("K") and kind != "Instruction":
            caches[f"L{level}"] = int(size[:-1]) * 1024
    return caches


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except OSError:
        return None


def _first_match(path: Path, pattern: str) -> str | None:
    found = re.search(pattern, _text(path) or "")
    return found[1].strip() if found else None


def _output(command: list[str]) -> str | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None
