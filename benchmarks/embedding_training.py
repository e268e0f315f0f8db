"""What does a step of training an embedding cost, with dense and with sparse gradients?

Varies: the vocabulary, the way (look-up with dense or sparse gradients, one-hot @ Linear), and the
optimiser. Fixed: float32, 256 dimensions, 1,024 uniform ids. A step is forward, backward and the
optimiser's step.

How the number could mislead: SGD's step is the same for all three. SparseAdam leaves the moments of unused
rows as they are, where Adam lets them decay, so after the first step, which is compared, the two go
different ways.

The answer (records/full.json): with GPT-2's vocabulary sparse gradients win by far, since a dense
gradient is as large as the table and the optimiser goes through all of it. With a vocabulary of 1,024 dense
and sparse are close, and Adam is faster dense, because a sparse gradient has to be sorted and summed first.
One-hot @ Linear is slowest everywhere.
"""

from collections.abc import Callable
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import measure

torch = pytest.importorskip("torch", reason="not installed: pip install 'bpelab[torch]'")
from bpelab.benchmarks.embedding import DEVICES, GPT2, ids_of, skip_without, timing  # noqa: E402
from bpelab.embeddings import OneHotLinear, TokenEmbedding  # noqa: E402

VOCABULARIES = [1024, GPT2]
DIM, N_TOKENS, RATE = 256, 1024, 0.1
CONTENDERS = ["look-up, dense", "look-up, sparse", "one-hot @ Linear"]


def step_of(contender: str, optimiser: str, vocab_size: int, device: str) -> tuple[Callable[[], None], Any]:
    """Return a call that makes one step, and the (vocab_size, DIM) table that it changes."""
    torch.manual_seed(1)
    table = TokenEmbedding(vocab_size, DIM, sparse=contender == "look-up, sparse").to(device)
    layer: Any = OneHotLinear.sharing(table) if contender == "one-hot @ Linear" else table
    ids = ids_of("uniform", vocab_size, N_TOKENS, device)
    upstream = torch.ones(N_TOKENS, DIM, device=device)
    kinds = {"SGD": torch.optim.SGD, "Adam": torch.optim.SparseAdam if table.sparse else torch.optim.Adam}
    chosen = kinds[optimiser](list(layer.parameters()), lr=RATE)

    def step() -> None:
        chosen.zero_grad(set_to_none=True)
        layer(ids).backward(upstream)
        chosen.step()

    return step, table.weight


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("optimiser", ["SGD", "Adam"])
@pytest.mark.parametrize("vocab_size", VOCABULARIES)
@pytest.mark.parametrize("device", DEVICES)
def step_seconds(benchmark: Any, contender: str, optimiser: str, vocab_size: int, device: str) -> None:
    skip_without(device)
    step, weight = step_of(contender, optimiser, vocab_size, device)
    other_step, other_weight = step_of("look-up, dense", optimiser, vocab_size, device)
    step()
    other_step()
    assert torch.allclose(weight, other_weight, rtol=1e-4, atol=1e-5)
    measure(
        benchmark,
        step,
        group=f"{device}, a step of {optimiser}, {vocab_size:,} x {DIM}, {N_TOKENS:,} tokens",
        axis={
            "vocab_size": vocab_size,
            "dim": DIM,
            "n_tokens": N_TOKENS,
            "device": device,
            "optimiser": optimiser,
        },
        baseline="one-hot @ Linear",
        amount=N_TOKENS,
        amount_of="tokens",
        **timing(device),
    )
