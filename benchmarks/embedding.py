"""What does an embedding cost, as a look-up and as one-hot @ Linear?

Varies: the vocabulary, the dimension, the number of tokens, the dtype, forward or forward and backward,
uniform or Zipf-distributed ids, eager or compiled, whether the one-hot vectors are made while the clock
runs, and on CUDA TF32 and deterministic algorithms. Fixed: one layer alone, weights and ids already on the
device.

How the number could mislead: the two ways do different amounts of work. The look-up copies rows, n_tokens *
dim numbers; the product reads the whole table and makes 2 * n_tokens * vocab_size * dim operations. Each
cell is compared with that model, at the bandwidth and the FLOP/s measured in the same run. The two give the
same numbers to the bit, except with TF32, which rounds those of the product. What does not fit into a
quarter of the memory is not measured, and listed as such. On CUDA the time is that of events, after a
warm-up, with the second-level cache flushed before every round, and `peak_bytes` is the most that was
allocated; on the CPU it is the model's.

The answer (records/quick.json): the look-up is faster, by little or nothing for a vocabulary of 64 and by
three orders of magnitude for GPT-2's, since its time does not depend on the vocabulary and the product's is
proportional to it.
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

# cuBLAS can be deterministic only if this is set before it starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import pytest
from bpelab.benchmarks.harness.environment import machine
from bpelab.benchmarks.harness.measure import QUICK, describe, measure, record_times

torch = pytest.importorskip("torch", reason="not installed: pip install 'bpelab[torch]'")
from bpelab.embeddings import OneHotLinear, TokenEmbedding  # noqa: E402

GPT2 = 50_257
if QUICK:
    CELLS = [(vocab_size, dim, 256) for vocab_size in (64, 1024, GPT2) for dim in (64, 256)]
    CELLS += [(1024, 64, 4096)]
else:
    VOCABULARIES = [2**6, 2**8, 2**10, 2**12, 2**14, GPT2, 2**17]
    CELLS = [
        (vocab_size, dim, n_tokens)
        for vocab_size in VOCABULARIES
        for dim in (64, 256, 1024, 4096)
        for n_tokens in (2**8, 2**12, 2**16)
    ]
DEVICES = ["cpu", "cuda"]
CONTENDERS = ["look-up", "one-hot @ Linear", "one-hot @ Linear, one-hot made before"]
# Operations in the largest product that is timed: a second or two on a laptop.
MOST_OPERATIONS = {"cpu": 1e10 if QUICK else 1e11, "cuda": 1e14}
# How many times slower than float32 it is on a processor without instructions for it.
BFLOAT16_IS_SLOWER = 50


def ids_of(distribution: str, vocab_size: int, n_tokens: int, device: str) -> Any:
    generator = torch.Generator().manual_seed(1)
    if distribution == "uniform":
        return torch.randint(vocab_size, (n_tokens,), generator=generator).to(device)
    weights = 1.0 / torch.arange(1, vocab_size + 1)
    return torch.multinomial(weights, n_tokens, replacement=True, generator=generator).to(device)


def memory_of(device: str) -> int:
    if device == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    return machine()["memory_bytes"] or 8 << 30


class Setting(NamedTuple):
    """How one cell is measured."""

    dtype: str = "float32"
    direction: str = "forward"
    distribution: str = "uniform"
    compiled: bool = False
    tf32: bool = False
    deterministic: bool = False

    @property
    def changes(self) -> str:
        """How it differs from the usual setting, for the name of the group."""
        shown = [f", {self.distribution} ids"] if self.distribution != "uniform" else []
        return "".join([*shown, *(f", {name}" for name in self._fields[3:] if getattr(self, name))])


USUAL = Setting()


def time_it(benchmark: Any, call: Callable[[], object], device: str, about: dict[str, Any]) -> None:
    if device == "cpu":
        extra = {name: about.pop(name) for name in ("bytes_moved", "operations", "peak_bytes")}
        measure(benchmark, call, rounds=5 if QUICK else None, **about)
        benchmark.extra_info.update(extra)
        return
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    call()
    about["peak_bytes"] = torch.cuda.max_memory_allocated() - before
    describe(benchmark, **about)
    flush = torch.empty(1 << 26, dtype=torch.int32, device="cuda")
    values = []
    for round_number in range(13):
        flush.zero_()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        if round_number >= 3:
            values.append(start.elapsed_time(end) / 1000)
    record_times(benchmark, values)


def one_cell(
    benchmark: Any, contender: str, device: str, cell: tuple[int, int, int], setting: Setting = USUAL
) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    vocab_size, dim, n_tokens = cell
    dtype = getattr(torch, setting.dtype)
    size = dtype.itemsize
    is_product = contender != "look-up"
    factor = 3 if setting.direction == "forward and backward" else 1
    operations = 2 * n_tokens * vocab_size * dim * factor if is_product else 0
    needed = size * (vocab_size * dim * 2 + n_tokens * dim * 2 + (n_tokens * vocab_size if is_product else 0))
    if needed * factor > memory_of(device) / 4:
        pytest.skip(f"{needed * factor / 1e9:.1f} GB do not fit into a quarter of the memory")
    if operations > MOST_OPERATIONS[device] / (BFLOAT16_IS_SLOWER if setting.dtype == "bfloat16" else 1):
        pytest.skip(f"{operations:.1e} operations: it would take too long")
    torch.manual_seed(1)
    table = TokenEmbedding(vocab_size, dim).to(device, dtype)
    product = OneHotLinear.sharing(table)
    ids = ids_of(setting.distribution, vocab_size, n_tokens, device)
    with torch.no_grad():
        # TF32 keeps ten bits of a number's fraction.
        assert torch.allclose(product(ids), table(ids), rtol=1e-3 if setting.tf32 else 0, atol=0)
    layer: Any = product if is_product else table
    one_hot = product.one_hot(ids) if contender.endswith("before") else None
    forward: Callable[[], Any] = (
        (lambda: product.linear(one_hot)) if one_hot is not None else (lambda: layer(ids))
    )
    if setting.compiled:
        forward = torch.compile(forward)
        forward()
    upstream = torch.ones(n_tokens, dim, dtype=dtype, device=device)

    def both_ways() -> None:
        for parameter in layer.parameters():
            parameter.grad = None  # `zero_grad` would import ten seconds of compiler first
        forward().backward(upstream)

    def forward_alone() -> None:
        with torch.no_grad():
            forward()

    moved = (
        size * (vocab_size * dim + n_tokens * (dim + vocab_size)) if is_product else 2 * size * n_tokens * dim
    )
    about = {
        "group": f"{device}, {setting.dtype}, {setting.direction},"
        f" {vocab_size:,} x {dim:,}, {n_tokens:,} tokens{setting.changes}",
        "axis": {"vocab_size": vocab_size, "dim": dim, "n_tokens": n_tokens, "device": device}
        | setting._asdict(),
        "baseline": "one-hot @ Linear",
        "amount": n_tokens,
        "amount_of": "tokens",
        "bytes_moved": moved * factor,
        "operations": operations,
        "peak_bytes": needed * factor,
    }
    time_it(benchmark, forward_alone if setting.direction == "forward" else both_ways, device, about)


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def forward_seconds(benchmark: Any, contender: str, device: str, cell: tuple[int, int, int]) -> None:
    one_cell(benchmark, contender, device, cell)


@pytest.mark.parametrize("contender", CONTENDERS[:2])
@pytest.mark.parametrize("cell", [(1024, 256, 256), (GPT2, 64, 256)] if QUICK else CELLS, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def backward_seconds(benchmark: Any, contender: str, device: str, cell: tuple[int, int, int]) -> None:
    one_cell(benchmark, contender, device, cell, Setting(direction="forward and backward"))


CHANGES = {
    "bfloat16": Setting(dtype="bfloat16"),
    "zipf": Setting(distribution="zipf"),
    "zipf, backward": Setting(distribution="zipf", direction="forward and backward"),
    "compiled": Setting(compiled=True),
    "compiled, backward": Setting(compiled=True, direction="forward and backward"),
    "tf32": Setting(tf32=True),
    "deterministic": Setting(deterministic=True, direction="forward and backward"),
}


@pytest.mark.parametrize("contender", CONTENDERS[:2])
@pytest.mark.parametrize("change", list(CHANGES)[:2] if QUICK else CHANGES)
@pytest.mark.parametrize(
    "cell", [(1024, 256, 256)] if QUICK else [(1024, 256, 256), (GPT2, 256, 1024)], ids=str
)
@pytest.mark.parametrize("device", DEVICES)
def changed_seconds(
    benchmark: Any, contender: str, device: str, cell: tuple[int, int, int], change: str
) -> None:
    setting = CHANGES[change]
    if device == "cpu" and (setting.tf32 or setting.deterministic):
        pytest.skip(f"{change} is a matter of CUDA alone")
    before = torch.backends.cuda.matmul.allow_tf32
    try:
        torch.backends.cuda.matmul.allow_tf32 = setting.tf32
        torch.use_deterministic_algorithms(setting.deterministic)
        one_cell(benchmark, contender, device, cell, setting)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
        torch.use_deterministic_algorithms(False)
