"""Looking up and multiplying give the same vectors, and differ only where the module says so."""

import copy
import io
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
from bpelab.embeddings import OneHotLinear, TokenEmbedding  # noqa: E402  (torch may be missing)

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")),
]


def gradients(layer: torch.nn.Module, ids: torch.Tensor, upstream: torch.Tensor) -> torch.Tensor:
    """(vocab_size, dim): the gradient of the table."""
    (table,) = layer.parameters()
    table.grad = None
    layer(ids).backward(upstream)
    gradient = table.grad
    assert gradient is not None
    return gradient


def test_the_chapter_s_table_of_six_tokens() -> None:
    torch.manual_seed(123)
    table = TokenEmbedding(6, 3)
    expected = [
        [0.3374, -0.1778, -0.1690],
        [0.9178, 1.5810, 1.3010],
        [1.2753, -0.2010, -0.1606],
        [-0.4015, 0.9666, -1.1481],
        [-1.1589, 0.3255, -0.6315],
        [-2.8400, -0.7849, -1.4096],
    ]
    torch.testing.assert_close(table.weight.detach(), torch.tensor(expected), atol=5e-5, rtol=0)
    ids = torch.tensor([2, 3, 5, 1])
    assert torch.equal(table(ids), table.weight[ids])


def test_the_chapter_s_comparison_with_a_linear_layer() -> None:
    torch.manual_seed(123)
    table = TokenEmbedding(4, 5)
    torch.manual_seed(123)
    linear = OneHotLinear(4, 5)
    first_rows = torch.stack((table.weight[0], torch.cat((linear.linear.weight[0], torch.zeros(1)))))
    expected = [[0.3374, -0.1778, -0.3035, -0.5880, 1.5810], [-0.2039, 0.0166, -0.2483, 0.1886, 0]]
    torch.testing.assert_close(first_rows.detach(), torch.tensor(expected), atol=5e-5, rtol=0)
    ids = torch.tensor([2, 3, 1])
    assert torch.equal(OneHotLinear.sharing(table)(ids), table(ids))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    ("vocab_size", "dim", "shape"), [(4, 5, (3,)), (1000, 64, (8, 50)), (50257, 8, (2, 3))]
)
def test_the_product_has_the_bits_of_the_look_up(
    device: str, dtype: torch.dtype, vocab_size: int, dim: int, shape: tuple[int, ...]
) -> None:
    generator = torch.Generator().manual_seed(1)
    table = TokenEmbedding(vocab_size, dim).to(device, dtype)
    ids = torch.randint(vocab_size, shape, generator=generator).to(device)
    assert torch.equal(OneHotLinear.sharing(table)(ids), table(ids))


@pytest.mark.parametrize("device", DEVICES)
def test_gradients_are_equal_and_add_up_for_an_id_that_occurs_often(device: str) -> None:
    table = TokenEmbedding(5, 3).to(device)
    ids = torch.tensor([[1, 1, 4], [1, 0, 4]], device=device)
    # Whole numbers, whose sums are exact in any order.
    upstream = torch.arange(18, dtype=torch.float32, device=device).reshape(2, 3, 3)
    looked_up = gradients(table, ids, upstream)
    assert torch.equal(gradients(OneHotLinear.sharing(table), ids, upstream), looked_up)
    assert looked_up[1].tolist() == [0 + 3 + 9, 1 + 4 + 10, 2 + 5 + 11]
    assert looked_up[2].tolist() == [0, 0, 0]


def test_gradients_of_any_numbers_are_equal_but_for_the_order_of_sums() -> None:
    torch.manual_seed(2)
    table, ids, upstream = TokenEmbedding(50, 16), torch.randint(50, (4000,)), torch.randn(4000, 16)
    looked_up = gradients(table, ids, upstream)
    torch.testing.assert_close(gradients(OneHotLinear.sharing(table), ids, upstream), looked_up)


def test_shared_memory_is_one_table() -> None:
    table = TokenEmbedding(4, 2)
    product = OneHotLinear.sharing(table)
    with torch.no_grad():
        table.weight[3] = 7
    assert product(torch.tensor([3])).tolist() == [[7, 7]]
    assert product.linear.weight.data_ptr() == table.weight.data_ptr()


def as_in_a_model(table: TokenEmbedding) -> Any:
    return torch.nn.ModuleDict({"table": table, "product": OneHotLinear.sharing(table)})


def saved_and_loaded(model: Any) -> Any:
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize(
    "moved",
    [
        copy.deepcopy,
        saved_and_loaded,
        lambda model: model.to(torch.float64),
        lambda model: model.to("meta").to_empty(device="cpu"),
        lambda model: model.half().float(),
    ],
    ids=["deepcopy", "save", "dtype", "to_empty", "twice"],
)
def test_a_shared_pair_stays_shared_wherever_it_goes(moved: Any) -> None:
    model = moved(as_in_a_model(TokenEmbedding(4, 2)))
    assert len(list(model.parameters())) == 1
    with torch.no_grad():
        model["table"].weight[3] = 7
    assert model["product"](torch.tensor([3])).tolist() == [[7, 7]]
    assert model["product"].linear.weight.data_ptr() == model["table"].weight.data_ptr()


def test_a_deep_copy_shares_nothing_with_what_it_was_made_from() -> None:
    model = as_in_a_model(TokenEmbedding(4, 2))
    copied = copy.deepcopy(model)
    with torch.no_grad():
        copied["table"].weight[3] = 7
    assert model["product"](torch.tensor([3])).tolist() != [[7, 7]]


def test_a_shared_pair_has_one_gradient_and_is_stepped_once() -> None:
    table = TokenEmbedding(4, 2)
    model = as_in_a_model(table)
    before = table.weight.detach().clone()
    ids = torch.tensor([1, 1, 2])
    (model["table"](ids).sum() + model["product"](ids).sum()).backward()
    assert table.weight.grad is not None
    assert table.weight.grad.tolist() == [[0, 0], [4, 4], [2, 2], [0, 0]]
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    torch.testing.assert_close(before - table.weight.detach(), table.weight.grad)


LAYERS = [
    pytest.param(lambda **options: TokenEmbedding(6, 4, **options), id="look-up"),
    pytest.param(lambda **options: OneHotLinear(6, 4, **options), id="product"),
    pytest.param(
        lambda **options: OneHotLinear.sharing(TokenEmbedding(6, 4), **options), id="shared product"
    ),
]


@pytest.mark.parametrize("make", LAYERS)
def test_both_ways_give_the_same_dtype_and_bits_under_autocast(make: Any) -> None:
    layer, ids = make(), torch.tensor([[2, 3], [5, 0]])
    expected = layer(ids)
    with torch.autocast("cpu", torch.bfloat16):
        vectors = layer(ids)
        assert torch.nn.Linear(4, 1)(vectors).dtype == torch.bfloat16  # autocast is on again
    assert vectors.dtype == torch.float32
    assert torch.equal(vectors, expected)


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.filterwarnings("ignore:There is a performance drop")  # of PyTorch's scatter under vmap
def test_without_the_check_vectors_are_the_same_under_vmap(make: Any) -> None:
    layer, ids = make(check=False), torch.tensor([[2, 3], [5, 0]])
    assert torch.equal(torch.vmap(layer)(ids), layer(ids))
    with pytest.raises(RuntimeError, match=r"token ids cannot be read .*: under torch\.vmap .* check=False"):
        torch.vmap(make())(ids)


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_layers_are_scripted_traced_exported_and_compiled(make: Any, check: bool) -> None:
    layer, ids = make(check=check), torch.tensor([[2, 3], [5, 0]])
    expected = layer(ids)
    programs = [
        torch.jit.script(layer),
        torch.jit.trace(layer, torch.zeros_like(ids)),
        torch.export.export(layer, (ids,)).module(),
        torch.compile(layer, backend="eager", fullgraph=True),
    ]
    for program in programs:
        assert torch.equal(program(ids), expected)


@pytest.mark.parametrize("make", LAYERS)
def test_on_a_meta_device_shapes_can_be_asked_for(make: Any) -> None:
    layer = make().to("meta")
    assert layer(torch.zeros(2, 3, dtype=torch.long, device="meta")).shape == (2, 3, 4)


def test_without_the_check_no_id_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("the lowest and the highest id were asked for")

    monkeypatch.setattr(torch.Tensor, "aminmax", read)
    ids = torch.tensor([[2, 3]])
    for make in (param.values[0] for param in LAYERS):
        assert make(check=False)(ids).shape == (1, 2, 4)  # type: ignore[operator]
        with pytest.raises(AssertionError, match="were asked for"):
            make()(ids)  # type: ignore[operator]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("make", LAYERS)
def test_layers_are_captured_in_a_cuda_graph(make: Any) -> None:
    layer = make().to("cuda")
    ids = torch.tensor([[2, 3], [5, 0]], device="cuda")
    with torch.no_grad():
        expected = layer(ids)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            vectors = layer(ids)
        graph.replay()
    assert torch.equal(vectors, expected)


def test_a_nan_in_an_unused_row_reaches_the_product_only() -> None:
    table = TokenEmbedding(3, 2)
    with torch.no_grad():
        table.weight[2, 0] = float("nan")
    ids = torch.tensor([0])
    assert not table(ids).isnan().any()
    assert OneHotLinear.sharing(table)(ids).isnan().tolist() == [[True, False]]


def test_minus_zero_becomes_zero_in_the_product() -> None:
    table = TokenEmbedding(2, 1)
    with torch.no_grad():
        table.weight[0] = -0.0
    ids = torch.tensor([0])
    assert table(ids).signbit().item()
    assert not OneHotLinear.sharing(table)(ids).signbit().item()


def test_in_bfloat16_on_a_cpu_the_look_up_s_sum_of_ones_stays_at_256() -> None:
    table = TokenEmbedding(2, 1).to(torch.bfloat16)
    ids, ones = torch.zeros(1000, dtype=torch.long), torch.ones(1000, 1, dtype=torch.bfloat16)
    assert gradients(table, ids, ones)[0].item() == 256
    assert gradients(OneHotLinear.sharing(table), ids, ones)[0].item() == 1000


def test_padding_and_sparse_gradients_are_the_look_up_s_alone() -> None:
    ids = torch.tensor([0, 1, 1])
    padded = TokenEmbedding(3, 2, padding_idx=1)
    assert gradients(padded, ids, torch.ones(3, 2)).tolist() == [[1, 1], [0, 0], [0, 0]]
    assert gradients(OneHotLinear.sharing(padded), ids, torch.ones(3, 2)).tolist() == [[1, 1], [2, 2], [0, 0]]
    sparse = TokenEmbedding(3, 2, sparse=True)
    gradient = gradients(sparse, ids, torch.ones(3, 2))
    assert gradient.is_sparse
    assert gradient.to_dense().tolist() == [[1, 1], [2, 2], [0, 0]]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("layer", [TokenEmbedding, OneHotLinear])
@pytest.mark.parametrize("wrong", [6, -1, 2**31 - 1])
def test_an_id_out_of_range_is_named_with_its_place(device: str, layer: type, wrong: int) -> None:
    ids = torch.tensor([[0, 5], [wrong, 1]], device=device)
    with pytest.raises(
        IndexError, match=rf"token ids must be from 0 to 5, but the one at \[1, 0\] is {wrong:,}"
    ):
        layer(6, 3).to(device)(ids)
    assert layer(6, 3).to(device)(ids.clamp(0, 5)).shape == (2, 2, 3)  # the device still works


@pytest.mark.parametrize("layer", [TokenEmbedding, OneHotLinear])
@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.bool, torch.int16])
def test_a_dtype_that_cannot_be_an_index_is_refused(layer: type, dtype: torch.dtype) -> None:
    with pytest.raises(TypeError, match=rf"token ids have the dtype {dtype}, not torch.int64 or torch.int32"):
        layer(6, 3)(torch.tensor([1]).to(dtype))


@pytest.mark.parametrize("layer", [TokenEmbedding, OneHotLinear])
def test_ids_may_be_empty_or_int32(layer: type) -> None:
    assert layer(6, 3)(torch.zeros((2, 0), dtype=torch.long)).shape == (2, 0, 3)
    assert layer(6, 3)(torch.tensor([1], dtype=torch.int32)).shape == (1, 3)
