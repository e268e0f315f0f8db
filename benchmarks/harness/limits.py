"""How fast could anything be on this machine? The bandwidth of copies, and operations per second.

python -m bpelab.benchmarks.harness.limits

Nothing should exceed a limit, so each is the best of several rounds, with as many threads as PyTorch takes. A
copy of more than the caches hold is the limit of what streams through memory. What fits into the caches has
another: the fastest copy of any size.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

MiB = 1 << 20
# Bytes of a copy's source: from a part of a second-level cache to more than any cache of a processor holds.
COPIES = [MiB // 8, MiB // 2, 2 * MiB, 8 * MiB, 128 * MiB]
# Side of the square matrices that are multiplied: large enough for the rate to have stopped growing, and
# small enough that a product takes a fraction of a second.
SIDES = {"cpu": 2048, "cuda": 8192}
ROUNDS = 7
FLOPS = ("float32", "bfloat16")
Seconds = Callable[[Callable[[], object]], float]


def main() -> None:
    """Print the limits of this machine as JSON."""
    print(json.dumps(limits()))


def limits() -> dict[str, Any]:
    """Return the bandwidth of copies (bytes read and written) and, with PyTorch, operations per second."""
    try:
        import torch
    except ImportError:
        return bandwidths(np.ones, np.copyto) | {"flops_per_second": dict.fromkeys(FLOPS), "cuda": None}
    of_cpu = bandwidths(torch.ones, lambda target, source: target.copy_(source))
    flops = {name: _flops(torch, "cpu", name, seconds_on_cpu) for name in FLOPS}
    return of_cpu | {"flops_per_second": flops, "cuda": of_cuda(torch) if torch.cuda.is_available() else None}


def bandwidths(ones: Callable[[int], Any], copy: Callable[[Any, Any], object]) -> dict[str, float]:
    """Return the bytes per second that the largest copy moves, and those of the fastest one."""
    found = []
    for n_bytes in COPIES:
        source, target = (ones(n_bytes // ones(1).itemsize) for _ in range(2))
        n_copies = max(1, 8 * MiB // n_bytes)

        def copies(source: Any = source, target: Any = target, n_copies: int = n_copies) -> None:
            for _ in range(n_copies):
                copy(target, source)

        found.append(2 * n_bytes * n_copies / min(seconds_on_cpu(copies) for _ in range(ROUNDS)))
    return {"copy_bytes_per_second": found[-1], "cached_copy_bytes_per_second": max(found)}


def of_cuda(torch: Any) -> dict[str, Any]:
    """Return the same for the CUDA device, and what it is; its memory is freed before this returns."""

    def seconds(call: Callable[[], object]) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        return float(start.elapsed_time(end)) / 1000

    def bandwidth_of_memory() -> float:
        source = torch.ones(1 << 28, device="cuda")  # 1 GiB: more than its second-level cache holds
        target = source.clone()
        fastest = min(seconds(lambda: target.copy_(source)) for _ in range(ROUNDS))
        return float(2 * source.nbytes / fastest)

    copying = bandwidth_of_memory()
    flops = {name: _flops(torch, "cuda", name, seconds) for name in FLOPS}
    before = torch.backends.cuda.matmul.allow_tf32
    try:
        torch.backends.cuda.matmul.allow_tf32 = True
        flops["tf32"] = _flops(torch, "cuda", "float32", seconds)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
    torch.cuda.empty_cache()
    return {
        "copy_bytes_per_second": copying,
        "flops_per_second": flops,
        "version": torch.version.cuda,
        "device": torch.cuda.get_device_name(0),
    }


def _flops(torch: Any, device: str, dtype: str, seconds: Seconds) -> float:
    n = SIDES[device]
    left = torch.ones(n, n, dtype=getattr(torch, dtype), device=device)
    # Some processors need seconds for bfloat16, for which they have no instructions.
    if device == "cpu" and 8**3 * seconds(lambda: left[: n // 8, : n // 8] @ left[: n // 8, : n // 8]) > 1:
        n //= 4
        left = left[:n, :n].contiguous()
    left @ left
    return float(2 * n**3 / min(seconds(lambda: left @ left) for _ in range(5)))


def seconds_on_cpu(call: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def bandwidth(
    limits_of_device: Mapping[str, Any], working_set: float | None, cache: float | None
) -> float | None:
    """Return the bytes per second that a cell cannot exceed: what its working set can reach, in bytes.

    `cache` is the size of the last-level cache. Where that or the working set is not known, or the run did
    not measure copies in the caches, the limit is the one that was measured.

    >>> limits = {"copy_bytes_per_second": 1e10, "cached_copy_bytes_per_second": 5e10}
    >>> bandwidth(limits, 1e6, 8e6), bandwidth(limits, 1e9, 8e6), bandwidth(limits, None, None)
    (50000000000.0, 10000000000.0, 50000000000.0)
    """
    memory = limits_of_device.get("copy_bytes_per_second")
    cached = limits_of_device.get("cached_copy_bytes_per_second") or memory
    fits = working_set is None or cache is None or working_set <= cache
    return cached if fits else memory


if __name__ == "__main__":
    main()
