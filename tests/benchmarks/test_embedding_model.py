"""What an embedding has to do at least: the model that the measured times are compared with."""

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
from bpelab.benchmarks import embedding  # noqa: E402
from bpelab.benchmarks.embedding import (  # noqa: E402
    CHECKED,
    LOOK_UP,
    PREPARED,
    PRODUCT,
    Setting,
    work_of,
)
from bpelab.benchmarks.harness import limits  # noqa: E402

CELL = (1000, 64, 32)  # vocabulary, dimension, tokens
FORWARD, BOTH = Setting(), Setting(direction="forward and backward")


def test_forward_and_backward_of_the_product_make_two_products() -> None:
    assert work_of(PRODUCT, CELL, FORWARD, 4).operations == 2 * 32 * 1000 * 64
    assert work_of(PRODUCT, CELL, BOTH, 4).operations == 2 * (2 * 32 * 1000 * 64)
    # What PyTorch itself counts.
    from torch.utils.flop_counter import FlopCounterMode

    layers = embedding.layers_of("cpu", CELL, BOTH)
    forward, _ = embedding.forward_of(PRODUCT, layers, BOTH)
    with FlopCounterMode(display=False) as counter:
        forward().backward(layers.upstream)
    assert counter.get_total_flops() == work_of(PRODUCT, CELL, BOTH, 4).operations


def test_the_look_ups_backward_fills_a_gradient_as_large_as_the_table() -> None:
    table, vectors = 4 * 1000 * 64, 4 * 32 * 64
    assert work_of(LOOK_UP, CELL, FORWARD, 4).bytes_moved == 2 * vectors
    assert work_of(LOOK_UP, CELL, BOTH, 4).bytes_moved == 2 * vectors + table + 3 * vectors
    assert work_of(LOOK_UP, CELL, BOTH, 4).peak_bytes - work_of(LOOK_UP, CELL, FORWARD, 4).peak_bytes == table


def test_one_hot_vectors_that_were_made_before_are_only_read() -> None:
    one_hot = 4 * 32 * 1000
    made, ready = (work_of(name, CELL, FORWARD, 4) for name in (PRODUCT, PREPARED))
    assert made.bytes_moved - ready.bytes_moved == one_hot
    assert made.operations == ready.operations


def test_what_a_look_up_is_checked_with_fits_where_the_look_up_does() -> None:
    # The one-hot vectors of all these tokens would take 34 GB.
    largest = work_of(LOOK_UP, (2**17, 64, 2**16), FORWARD, 4)
    assert largest.peak_bytes + largest.bytes_to_check < 150e6


@pytest.mark.parametrize("contender", [LOOK_UP, CHECKED, PRODUCT, PREPARED])
@pytest.mark.parametrize("setting", [FORWARD, BOTH, Setting(dtype="bfloat16")], ids=str)
def test_every_contender_is_checked(contender: str, setting: Setting) -> None:
    layers = embedding.layers_of("cpu", CELL, setting)
    forward, layer = embedding.forward_of(contender, layers, setting)
    embedding.check(forward, layers, contender, setting)
    with pytest.raises(AssertionError):
        embedding.check(lambda: forward() + 1, layers, contender, setting)
    if setting is BOTH:
        forward().backward(layers.upstream)
        embedding.check_gradient(layer, layers)
        (parameter,) = layer.parameters()
        parameter.grad[0, 0] += 1
        with pytest.raises(AssertionError):
            embedding.check_gradient(layer, layers)
        parameter.grad = None


def test_a_setting_is_switched_on_and_back() -> None:
    matmul, filling = torch.backends.cuda.matmul, torch.utils.deterministic
    before = matmul.allow_tf32, filling.fill_uninitialized_memory
    try:
        matmul.allow_tf32 = True  # as some container images have it
        with FORWARD.switched():
            assert (matmul.allow_tf32, filling.fill_uninitialized_memory) == (False, False)
        assert matmul.allow_tf32
        with Setting(tf32=True, deterministic=True).switched():
            assert matmul.allow_tf32
            assert torch.are_deterministic_algorithms_enabled()
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        matmul.allow_tf32, filling.fill_uninitialized_memory = before


def test_limits_are_those_of_memory_and_of_the_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {2**17: 1e-6, 2**30: 1.0}
    monkeypatch.setattr(limits, "COPIES", [*seconds])
    monkeypatch.setattr(limits, "MiB", 2**14)  # one copy in a round
    sizes: list[int] = []

    class Ones:
        itemsize = 1

        def __init__(self, n: int) -> None:
            sizes.append(n)

    def timed(call: Any) -> float:
        call()
        return seconds[sizes[-1]]

    monkeypatch.setattr(limits, "seconds_on_cpu", timed)
    found = limits.bandwidths(Ones, lambda target, source: None)
    assert found == {"copy_bytes_per_second": 2.0**31, "cached_copy_bytes_per_second": 2**18 / 1e-6}
