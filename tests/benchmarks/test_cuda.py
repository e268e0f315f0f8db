"""Timing on CUDA, on a device that is imitated: two clocks, of which one runs ahead of the other."""

from types import SimpleNamespace
from typing import Any

import pytest
from bpelab.benchmarks.harness import cuda

LAUNCH = 5e-6  # seconds that the program needs to launch a kernel
FLUSH = 100e-6  # seconds that the device needs to fill the buffer
LIBRARY = 1 << 20  # bytes that a library allocates in its first call


class Device:
    """What `cuda` uses of torch, with a program's clock and a device's, in seconds."""

    def __init__(self) -> None:
        self.program = self.device = 0.0
        self.allocated = self.peak = 0
        self.warm = False
        self.log: list[str] = []
        self.cuda = SimpleNamespace(
            Event=self.event,
            synchronize=self.wait,
            is_available=lambda: True,
            memory_allocated=lambda: self.allocated,
            max_memory_allocated=lambda: self.peak,
            reset_peak_memory_stats=self.reset,
        )
        self.int8 = "int8"
        self.version = SimpleNamespace(cuda="12.8")

    def launch(self, seconds: float) -> None:
        """Queue work; the device begins when it is launched and what was queued before is done."""
        self.program += LAUNCH
        self.device = max(self.device, self.program) + seconds

    def wait(self) -> None:
        self.log.append("wait")
        self.program = self.device = max(self.program, self.device)

    def event(self, *, enable_timing: bool) -> Any:
        assert enable_timing
        event = SimpleNamespace(at=None)

        def record() -> None:
            event.at = max(self.device, self.program)

        def elapsed_time(end: Any) -> float:
            return float(end.at - event.at) * 1000

        event.record, event.elapsed_time = record, elapsed_time
        return event

    def empty(self, n: int, dtype: str, device: str) -> Any:
        assert (n, dtype, device) == (cuda.FLUSHED, "int8", "cuda")
        return SimpleNamespace(zero_=lambda: self.launch(FLUSH))

    def reset(self) -> None:
        self.peak = self.allocated

    def allocate(self, n_bytes: int) -> None:
        """Allocate and free, as a call does; the first call's library keeps memory of its own."""
        if not self.warm:
            self.warm = True
            self.peak = self.allocated + n_bytes + 50 * LIBRARY
            self.allocated += LIBRARY
        self.peak = max(self.peak, self.allocated + n_bytes)


@pytest.mark.parametrize("kernel", [1e-6, 20e-6, 3e-3])
def test_the_time_is_that_of_the_kernel_and_not_of_its_launch(kernel: float) -> None:
    device = Device()
    seconds = cuda.kernel_timer(device)(lambda: device.launch(kernel), cuda.CALLS)
    assert seconds == pytest.approx(kernel)
    assert device.log == ["wait"], "the device is waited for once, after all calls"


def test_a_single_pair_of_events_without_a_queue_would_measure_the_launch() -> None:
    device = Device()
    start, end = (device.event(enable_timing=True) for _ in range(2))
    start.record()
    device.launch(1e-6)
    end.record()
    assert start.elapsed_time(end) / 1000 == pytest.approx(1e-6 + LAUNCH)


def test_launches_have_a_time_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device()
    monkeypatch.setattr("time.perf_counter", lambda: device.program)
    device.launch(1.0)  # what was queued before does not count
    seconds = cuda.launch_timer(device)(lambda: device.launch(0.1e-6), 1000)
    assert seconds == pytest.approx(LAUNCH, rel=1e-3)


def test_the_peak_is_that_of_a_warm_call() -> None:
    device = Device()
    device.allocated = 7
    assert cuda.peak_bytes(device, lambda: device.allocate(4000)) == 4000


@pytest.mark.parametrize(
    ("version", "available", "words"),
    [(None, False, "built without CUDA"), ("12.8", False, "finds no CUDA device"), ("12.8", True, None)],
)
def test_a_build_without_cuda_is_told_from_a_machine_without_a_device(
    version: str | None, available: bool, words: str | None
) -> None:
    device = Device()
    device.version.cuda = version
    device.cuda.is_available = lambda: available
    reason = cuda.why_not(device)
    assert reason is None if words is None else words in str(reason)
