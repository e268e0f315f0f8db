"""What does an embedding cost, as a look-up and as one-hot @ Linear?

Varies: the vocabulary, the dimension, the number of tokens, the dtype, forward or forward and backward,
uniform or Zipf-distributed ids, eager or compiled, whether the one-hot vectors are made while the clock
runs, and on CUDA TF32 and deterministic algorithms. Fixed: one layer alone, weights and ids already on the
device. The range of the ids is checked by "look-up, ids checked" alone, which is `TokenEmbedding` as people
call it; the others do the arithmetic and nothing else.

How the number could mislead: the two ways do different amounts of work. The look-up copies rows, n_tokens *
dim numbers; the product reads the whole table and makes 2 * n_tokens * vocab_size * dim operations. Each
cell is compared with that model, at the bandwidth and the FLOP/s measured in the same run. The two give the
same numbers to the bit, except with TF32, which rounds those of the product. What does not fit into a
quarter of the memory is not measured, and listed as such. On CUDA the time is that of the kernels; what it
takes to launch one is a row of its own. `peak_bytes` is the most that a call allocates; on the CPU it is the
model's.

The answer (records/quick.json): the look-up is faster everywhere, and the more so the larger the vocabulary:
by three orders of magnitude for GPT-2's, since its time does not depend on the vocabulary and the product's
is proportional to it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

# cuBLAS can be deterministic only if this is set before it starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import pytest
from bpelab.benchmarks.harness import cuda
from bpelab.benchmarks.harness.environment import machine
from bpelab.benchmarks.harness.measure import QUICK, measure
from bpelab.benchmarks.harness.record import CONTROL

torch = pytest.importorskip("torch", reason="not installed: pip install 'bpelab[torch]'")
from bpelab.embeddings import OneHotLinear, TokenEmbedding  # noqa: E402

GPT2 = 50_257
DEVICES = ["cpu", "cuda"]


def cells_of(device: str) -> list[tuple[int, int, int]]:
    """Return the vocabularies, dimensions and numbers of tokens to measure; a GPU has time for more."""
    vocabularies, dims, tokens = [2**6, 2**10, 2**14, GPT2, 2**17], [64, 256, 1024], [2**8, 2**12]
    if QUICK:
        vocabularies, dims, tokens = [64, 1024, GPT2], [64, 256], [256]
    elif device == "cuda":
        vocabularies, dims, tokens = [*vocabularies, 2**8, 2**12], [*dims, 4096], [*tokens, 2**16]
    cells = list(product(sorted(vocabularies), dims, tokens))
    return [*cells, (1024, 64, 4096)] if QUICK else cells


PLACES = [(device, cell) for device in DEVICES for cell in cells_of(device)]
FEW = [(device, cell) for device in DEVICES for cell in ((1024, 256, 256), (GPT2, 64, 256))]
LOOK_UP, CHECKED = "look-up", "look-up, ids checked"
PRODUCT, PREPARED = "one-hot @ Linear", "one-hot @ Linear, one-hot made before"
LOOK_UPS = (LOOK_UP, CHECKED, CONTROL)
# Operations in the largest product that is timed: one or two seconds at the 50 to 100 GFLOP/s of a laptop,
# and some three seconds at the 30 to 60 TFLOP/s that GPUs for data centres are specified with in float32.
MOST_OPERATIONS = {"cpu": 1e10 if QUICK else 2e10, "cuda": 1e14}
# How many times slower than float32 it may be: on a processor without instructions for it the product of
# 1,024 x 256 by 256 tokens took 143 ms instead of 1.2 ms (records/quick.json).
BFLOAT16_IS_SLOWER = 50
# A look-up is compared with the product of so many tokens; of all of them, the one-hot vectors might not fit.
MULTIPLIED = 64


def ids_of(distribution: str, vocab_size: int, n_tokens: int, device: str) -> Any:
    generator = torch.Generator().manual_seed(1)
    if distribution == "uniform":
        return torch.randint(vocab_size, (n_tokens,), generator=generator).to(device)
    weights = 1.0 / torch.arange(1, vocab_size + 1)
    return torch.multinomial(weights, n_tokens, replacement=True, generator=generator).to(device)


def skip_without(device: str) -> None:
    """Skip what needs a device that is not here."""
    if device == "cuda" and (reason := cuda.why_not(torch)):
        pytest.skip(reason)


@cache
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

    @property
    def has_backward(self) -> bool:
        """Tell whether the gradient is computed, too."""
        return self.direction == "forward and backward"

    @contextmanager
    def switched(self) -> Iterator[None]:
        """Switch PyTorch to this setting, whatever an image or an environment has chosen, and back."""
        matmul, filling = torch.backends.cuda.matmul, torch.utils.deterministic
        before = matmul.allow_tf32, filling.fill_uninitialized_memory
        try:
            matmul.allow_tf32 = self.tf32
            # Deterministic algorithms are measured, not the filling of new memory that comes with them.
            filling.fill_uninitialized_memory = False
            _be_deterministic(wanted=self.deterministic)
            yield
        finally:
            matmul.allow_tf32, filling.fill_uninitialized_memory = before
            _be_deterministic(wanted=False)


def _be_deterministic(*, wanted: bool) -> None:
    # The switch imports PyTorch's compiler, which takes more than a second.
    if wanted != torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(wanted)


USUAL = Setting()


class Work(NamedTuple):
    """What a contender has to do at least, and the memory that it takes, with what it is checked against."""

    operations: int
    bytes_moved: int
    peak_bytes: int
    bytes_to_check: int


def work_of(contender: str, cell: tuple[int, int, int], setting: Setting, size: int) -> Work:
    """Return the model: numbers are of `size` bytes.

    The forward product multiplies the one-hot vectors by the table, and the backward one their transpose by
    the gradient from above. That makes two products: nobody asks for the gradient of the one-hot vectors. The
    look-up's backward fills a gradient as large as the table with zeros, then adds a row for each token.
    """
    vocab_size, dim, n_tokens = cell
    table, vectors, one_hot = vocab_size * dim, n_tokens * dim, n_tokens * vocab_size
    is_look_up, backward = contender in LOOK_UPS, setting.has_backward
    if is_look_up:
        operations = 0
        moved = 2 * vectors + backward * (
            table + 3 * vectors
        )  # a row is read and written, what is added read
        needed = table * (1 + backward) + 2 * vectors
    else:
        operations = 2 * n_tokens * table * (1 + backward)
        moved = table + vectors + one_hot * (1 if contender == PREPARED else 2)  # made by writing it
        moved += backward * (one_hot + vectors + table)
        needed = table * (1 + backward) + 2 * vectors + one_hot
    # The rows that it should give; of a look-up also some one-hot vectors, and for a gradient a comparison.
    to_check = vectors + is_look_up * min(n_tokens, MULTIPLIED) * (vocab_size + dim) + backward * table
    return Work(operations, size * moved, size * needed, size * to_check)


def skip_what_is_too_large(work: Work, setting: Setting, device: str) -> None:
    needed = work.peak_bytes + work.bytes_to_check
    if needed > memory_of(device) / 4:
        pytest.skip(f"{needed / 1e9:.1f} GB do not fit into a quarter of the memory")
    if work.operations > MOST_OPERATIONS[device] / (
        BFLOAT16_IS_SLOWER if (setting.dtype, device) == ("bfloat16", "cpu") else 1
    ):
        pytest.skip(f"{work.operations:.1e} operations: it would take too long")


class Layers(NamedTuple):
    """What the contenders of a group share."""

    table: Any
    product: Any
    ids: Any
    upstream: Any


@lru_cache(maxsize=1)
def layers_of(device: str, cell: tuple[int, int, int], setting: Setting) -> Layers:
    """Return the two layers on one table, their ids and the gradient that comes from above."""
    vocab_size, dim, n_tokens = cell
    dtype = getattr(torch, setting.dtype)
    if setting.compiled:
        # Dynamo keeps at most eight versions of a function, and runs it uncompiled from then on.
        torch.compiler.reset()
    torch.manual_seed(1)
    table = TokenEmbedding(vocab_size, dim).to(device, dtype)
    ids = ids_of(setting.distribution, vocab_size, n_tokens, device)
    return Layers(
        table, OneHotLinear.sharing(table), ids, torch.ones(n_tokens, dim, dtype=dtype, device=device)
    )


def forward_of(contender: str, layers: Layers, setting: Setting) -> tuple[Callable[[], Any], Any]:
    """Return a call that makes the vectors, and the layer whose gradient it has."""
    table, product, ids, _ = layers
    weight, linear = table.weight, product.linear
    column = ids.unsqueeze(-1)

    def one_hot() -> Any:
        return linear.weight.new_zeros((len(ids), weight.shape[0])).scatter_(-1, column, 1)

    made = one_hot() if contender == PREPARED else None
    # Unlike the layers themselves, these do not check the ids, for which CUDA would have to be waited for.
    forward: Callable[[], Any] = {
        LOOK_UP: lambda: torch.nn.functional.embedding(ids, weight),
        CONTROL: lambda: torch.nn.functional.embedding(ids, weight),
        CHECKED: lambda: table(ids),
        PRODUCT: lambda: linear(one_hot()),
        PREPARED: lambda: linear(made),
    }[contender]
    if setting.compiled:
        # In one graph: parts that run uncompiled would be an error.
        forward = torch.compile(forward, fullgraph=True)
    return forward, table if contender in LOOK_UPS else product


def check(forward: Callable[[], Any], layers: Layers, contender: str, setting: Setting) -> None:
    """Raise `AssertionError` unless the vectors are the rows of the table; compiled code is checked, too."""
    table, product, ids, _ = layers
    # TF32 keeps ten bits of a number's fraction.
    rtol = 1e-3 if setting.tf32 else 0
    with torch.no_grad():
        vectors = forward()
        assert torch.allclose(vectors, table.weight[ids], rtol=rtol, atol=0)
        if contender in LOOK_UPS:
            few = ids[:MULTIPLIED]
            assert torch.allclose(product(few), vectors[:MULTIPLIED], rtol=rtol, atol=0)


def check_gradient(layer: Any, layers: Layers) -> None:
    """Raise `AssertionError` unless each row's gradient is how often its id occurs: ones come from above."""
    (parameter,) = layer.parameters()
    counts = torch.bincount(layers.ids, minlength=layers.table.weight.shape[0]).to(parameter.dtype)
    assert (parameter.grad == counts[:, None]).all()


def one_cell(
    benchmark: Any, contender: str, device: str, cell: tuple[int, int, int], setting: Setting = USUAL
) -> None:
    skip_without(device)
    if device == "cuda" and contender == CHECKED:
        pytest.skip("on CUDA checking the ids waits for the device")
    vocab_size, dim, n_tokens = cell
    work = work_of(contender, cell, setting, getattr(torch, setting.dtype).itemsize)
    skip_what_is_too_large(work, setting, device)
    layers = layers_of(device, cell, setting)
    forward, layer = forward_of(contender, layers, setting)

    def both_ways() -> None:
        for parameter in layer.parameters():
            parameter.grad = None  # `zero_grad` would import ten seconds of compiler first
        forward().backward(layers.upstream)

    def forward_alone() -> None:
        with torch.no_grad():
            forward()

    call = both_ways if setting.has_backward else forward_alone
    with setting.switched():
        check(forward, layers, contender, setting)
        if setting.has_backward:
            both_ways()
            check_gradient(layer, layers)
        peak = cuda.peak_bytes(torch, call) if device == "cuda" else work.peak_bytes
    measure(
        benchmark,
        call,
        group=f"{device}, {setting.dtype}, {setting.direction},"
        f" {vocab_size:,} x {dim:,}, {n_tokens:,} tokens{setting.changes}",
        axis={"vocab_size": vocab_size, "dim": dim, "n_tokens": n_tokens, "device": device}
        | setting._asdict(),
        baseline=LOOK_UP if contender == CONTROL else PRODUCT,
        amount=n_tokens,
        amount_of="tokens",
        context=setting.switched,
        bytes_moved=work.bytes_moved,
        operations=work.operations,
        peak_bytes=peak,
        **timing(device),
    )


def timing(device: str) -> dict[str, Any]:
    """Return how often and by which clock calls are timed on a device."""
    if device == "cpu":
        return {}
    return {"rounds": 10, "iterations": cuda.CALLS, "timer": _kernel_timer()}


@cache
def _kernel_timer() -> Any:
    return cuda.kernel_timer(torch)


# What checking costs, and what making the one-hot vectors costs, the quick preset asks of few cells.
FORWARD = [(*place, contender) for place in PLACES for contender in (LOOK_UP, PRODUCT)]
FORWARD += [
    (*place, contender) for place in (FEW if QUICK else PLACES) for contender in (CHECKED, PREPARED, CONTROL)
]


@pytest.mark.parametrize(("device", "cell", "contender"), FORWARD, ids=str)
def forward_seconds(benchmark: Any, contender: str, device: str, cell: tuple[int, int, int]) -> None:
    one_cell(benchmark, contender, device, cell)


@pytest.mark.parametrize("contender", [LOOK_UP, PRODUCT])
@pytest.mark.parametrize(("device", "cell"), FEW if QUICK else PLACES, ids=str)
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


@pytest.mark.parametrize("contender", [LOOK_UP, PRODUCT])
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
    one_cell(benchmark, contender, device, cell, setting)


@pytest.mark.parametrize("contender", ["one kernel"])
def launch_seconds(benchmark: Any, contender: str) -> None:
    skip_without("cuda")
    number = torch.zeros(1, device="cuda")
    number.add_(1)
    assert number.item() == 1
    measure(
        benchmark,
        lambda: number.add_(1),
        group="cuda, launching a kernel that adds one number",
        axis={"vocab_size": 1, "dim": 1, "n_tokens": 1, "device": "cuda"} | USUAL._asdict(),
        baseline=contender,
        amount=None,
        amount_of=None,
        rounds=10,
        iterations=1000,
        timer=cuda.launch_timer(torch),
    )
