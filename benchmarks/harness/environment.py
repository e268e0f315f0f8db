"""What was this measured on, and how fast could anything be on that machine?"""

import os
import platform
import re
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = (
    "bpelab",
    "numpy",
    "regex",
    "tiktoken",
    "tokenizers",
    "rustbpe",
    "torch",
    "gigatoken",
    "fastokens",
    "tokie",
    "bpe-openai",
    "rs-bpe",
    "ffbpe",
)
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
    """Return where the published file of an encoding is on machines that have it."""
    return DATA / "encodings" / f"{name}.tiktoken"


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
    """Return the commit of this checkout, and whether tracked files have changed since."""
    identifier = _output(["git", "-C", str(ROOT), "rev-parse", "HEAD"])
    return identifier, bool(
        _output(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"])
    )


def limits() -> dict[str, Any]:
    """Measure the bandwidth of a copy (bytes read and written) and, with PyTorch, operations per second.

    Takes the best of several rounds, since nothing should exceed a limit, and PyTorch's number of threads.
    """
    source = np.ones(1 << 23)  # 64 MiB: more than the caches hold
    target = np.empty_like(source)
    copying = min(_seconds(lambda: np.copyto(target, source)) for _ in range(7))
    flops: dict[str, float | None] = {"float32": None, "bfloat16": None}
    bandwidth = 2 * source.nbytes / copying
    devices: dict[str, Any] = {}
    try:
        import torch
    except ImportError:
        return {"copy_bytes_per_second": bandwidth, "flops_per_second": flops, "cuda": None}
    for name in flops:
        flops[name] = _flops(torch, "cpu", name, 1024)
    if torch.cuda.is_available():
        devices = {
            "copy_bytes_per_second": _cuda_bandwidth(torch),
            "flops_per_second": {name: _flops(torch, "cuda", name, 8192) for name in flops},
        }
    return {"copy_bytes_per_second": bandwidth, "flops_per_second": flops, "cuda": devices or None}


def _flops(torch: Any, device: str, dtype: str, n: int) -> float:
    left = torch.ones(n, n, dtype=getattr(torch, dtype), device=device)

    def multiply() -> None:
        left @ left
        if device == "cuda":
            torch.cuda.synchronize()

    multiply()
    return float(2 * n**3 / min(_seconds(multiply) for _ in range(5)))


def _cuda_bandwidth(torch: Any) -> float:
    source = torch.ones(1 << 28, device="cuda")

    def copy() -> None:
        source.clone()
        torch.cuda.synchronize()

    copy()
    return float(2 * 4 * (1 << 28) / min(_seconds(copy) for _ in range(5)))


def _seconds(call: Any) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


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
