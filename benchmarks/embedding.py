"""What does an embedding cost against one-hot @ Linear?

Varies: the vocabulary, the dimension, the number of tokens, the dtype, forward or forward and backward,
uniform or Zipf-distributed ids, eager or compiled, and whether the one-hot vectors are made inside the clock.
Fixed: one layer alone, weights and ids already on the device. The look-up copies rows, n_tokens * dim
numbers; the product reads the whole table and multiplies: 2 * n_tokens * vocab_size * dim operations.
`bytes_moved` and `operations` are that model's, to be held against the bandwidth and the FLOP/s measured in
the same run. What does not fit into a quarter of the memory is not measured, and says so. On CUDA the time is
that of events, after a warm-up, with the second-level cache flushed before every round.
"""

from collections.abc import Callable
from typing import Any

import pytest
from bpelab.benchmarks.environment import machine
from bpelab.benchmarks.measure import QUICK, describe, give, measure

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
# Operations of the largest product that is timed: a second or two on a laptop.
MOST_OPERATIONS = {"cpu": 1e10 if QUICK else 1e11, "cuda": 1e14}


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


def time_it(benchmark: Any, call: Callable[[], object], device: str, about: dict[str, Any]) -> None:
    if device == "cpu":
        extra = {name: about.pop(name) for name in ("bytes_moved", "operations", "peak_bytes")}
        measure(benchmark, call, rounds=5 if QUICK else None, **about)
        benchmark.extra_info.update(extra)
        return
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
    give(benchmark, values)


def one_cell(
    benchmark: Any,
    contender: str,
    device: str,
    cell: tuple[int, int, int],
    *,
    dtype: str = "float32",
    direction: str = "forward",
    distribution: str = "uniform",
    compiled: bool = False,
) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    vocab_size, dim, n_tokens = cell
    size = 2 if dtype == "bfloat16" else 4
    is_product = contender != "look-up"
    factor = 3 if direction == "forward and backward" else 1
    operations = 2 * n_tokens * vocab_size * dim * factor if is_product else 0
    needed = size * (vocab_size * dim * 2 + n_tokens * dim * 2 + (n_tokens * vocab_size if is_product else 0))
    if needed * factor > memory_of(device) / 4:
        pytest.skip(f"{needed * factor / 1e9:.1f} GB do not fit into a quarter of the memory")
    if operations > MOST_OPERATIONS[device]:
        pytest.skip(f"{operations:.1e} operations: it would take too long")
    torch.manual_seed(1)
    table = TokenEmbedding(vocab_size, dim).to(device, getattr(torch, dtype))
    product = OneHotLinear.sharing(table)
    ids = ids_of(distribution, vocab_size, n_tokens, device)
    with torch.no_grad():
        assert torch.equal(product(ids), table(ids))
    layer: Any = product if is_product else table
    one_hot = product.one_hot(ids) if contender.endswith("before") else None
    forward: Callable[[], Any] = (
        (lambda: product.linear(one_hot)) if one_hot is not None else (lambda: layer(ids))
    )
    if compiled:
        forward = torch.compile(forward)
        forward()
    upstream = torch.ones(n_tokens, dim, dtype=getattr(torch, dtype), device=device)

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
        "group": f"{device}, {dtype}, {direction}, {vocab_size:,} x {dim:,}, {n_tokens:,} tokens"
        + (f", {distribution} ids" if distribution != "uniform" else "")
        + (", compiled" if compiled else ""),
        "axis": {
            "vocab_size": vocab_size,
            "dim": dim,
            "n_tokens": n_tokens,
            "device": device,
            "dtype": dtype,
            "direction": direction,
            "distribution": distribution,
            "compiled": compiled,
        },
        "baseline": "one-hot @ Linear",
        "amount": n_tokens,
        "amount_of": "tokens",
        "bytes_moved": moved * factor,
        "operations": operations,
        "peak_bytes": needed * factor,
    }
    time_it(benchmark, forward_alone if direction == "forward" else both_ways, device, about)


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def forward_seconds(benchmark: Any, contender: str, device: str, cell: tuple[int, int, int]) -> None:
    one_cell(benchmark, contender, device, cell)


@pytest.mark.parametrize("contender", CONTENDERS[:2])
@pytest.mark.parametrize("cell", [(1024, 256, 256), (GPT2, 64, 256)] if QUICK else CELLS, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def backward_seconds(benchmark: Any, contender: str, device: str, cell: tuple[int, int, int]) -> None:
    one_cell(benchmark, contender, device, cell, direction="forward and backward")


@pytest.mark.parametrize("contender", CONTENDERS[:2])
@pytest.mark.parametrize("change", ["bfloat16", "zipf", "compiled"])
@pytest.mark.parametrize("device", DEVICES)
def changed_seconds(benchmark: Any, contender: str, device: str, change: str) -> None:
    if QUICK and change == "compiled":
        pytest.skip("the quick preset compiles nothing")
    one_cell(
        benchmark,
        contender,
        device,
        (1024, 256, 256),
        dtype="bfloat16" if change == "bfloat16" else "float32",
        distribution="zipf" if change == "zipf" else "uniform",
        compiled=change == "compiled",
    )
