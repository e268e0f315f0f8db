"""How is a call timed on a CUDA device, where a call returns before its work is done?

Events on the device's own clock stand before and after every call. Before each, a buffer larger than the
second-level cache is filled, so that no call finds its data there; while the device fills it, the program has
the time to launch the next call, so that what lies between two events is the kernels' time and not the
launch's. `triton.testing.do_bench` measures in the same way, with a buffer of the same size. A call must not
wait for the device: it would be launched too late.

The functions take `torch` as an argument, and need no more of it than a test can imitate.
"""

import time
from collections.abc import Callable
from typing import Any

FLUSHED = 256 << 20  # bytes; the second-level cache of an H100 holds 50 MB
WARM_UP = 3  # calls before anything is measured: libraries choose their kernels in the first
CALLS = 10  # in a round


def why_not(torch: Any) -> str | None:
    """Return why nothing can be measured on CUDA here, and what would help; None where it can."""
    if torch.version.cuda is None:
        return "PyTorch was built without CUDA: install a build with it on a machine with an NVIDIA GPU"
    if not torch.cuda.is_available():
        return "PyTorch finds no CUDA device: run on a machine with an NVIDIA GPU and its driver"
    return None


def kernel_timer(torch: Any) -> Callable[[Callable[[], object], int], float]:
    """Return what times calls by their kernels alone; it keeps a buffer on the device."""
    flushed = torch.empty(FLUSHED, dtype=torch.int8, device="cuda")

    def seconds_of(call: Callable[[], object], n_calls: int) -> float:
        pairs = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(n_calls)]
        for start, end in pairs:
            flushed.zero_()
            start.record()
            call()
            end.record()
        torch.cuda.synchronize()
        return float(sum(start.elapsed_time(end) for start, end in pairs)) / n_calls / 1000

    return seconds_of


def launch_timer(torch: Any) -> Callable[[Callable[[], object], int], float]:
    """Return what times calls by the program's clock, until the device has done them all."""

    def seconds_of(call: Callable[[], object], n_calls: int) -> float:
        torch.cuda.synchronize()
        begun = time.perf_counter()
        for _ in range(n_calls):
            call()
        torch.cuda.synchronize()
        return (time.perf_counter() - begun) / n_calls

    return seconds_of


def peak_bytes(torch: Any, call: Callable[[], object]) -> int:
    """Return the most memory that a call allocates at a time, beyond what was allocated before it.

    Earlier calls have warmed up the libraries, which allocate memory of their own in the first.
    """
    for _ in range(WARM_UP):
        call()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    torch.cuda.synchronize()
    return int(torch.cuda.max_memory_allocated() - before)
