"""Token plus position: the chapter's example, other positions, and what does not fit."""

import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
from bpelab.embeddings import (  # noqa: E402
    InputEmbedding,
    Rotary,
    Sinusoidal,
    TokenEmbedding,
    rotate,
    sinusoidal_positions,
)


def test_the_chapter_s_batch_of_eight_times_four_tokens() -> None:
    torch.manual_seed(123)
    embed = InputEmbedding(vocab_size=50257, context_length=4, dim=256)
    torch.manual_seed(123)
    token, position = torch.nn.Embedding(50257, 256), torch.nn.Embedding(4, 256)
    ids = torch.randint(50257, (8, 4))
    expected = token(ids) + position(torch.arange(4))
    assert torch.equal(embed(ids), expected)
    assert expected.shape == (8, 4, 256)


def test_a_shorter_input_gets_the_first_positions() -> None:
    embed = InputEmbedding(10, 6, 4)
    ids = torch.randint(10, (2, 3))
    assert torch.equal(embed(ids), embed.token(ids) + embed.position.weight[:3])


def test_positions_may_restart_within_a_row() -> None:
    embed = InputEmbedding(10, 3, 4)
    ids = torch.randint(10, (2, 5))
    positions = torch.tensor([[0, 1, 2, 0, 1], [0, 0, 1, 2, 0]])
    assert torch.equal(embed(ids, positions), embed.token(ids) + embed.position.weight[positions])
    assert torch.equal(embed(ids, positions[0])[1], embed.token(ids[1]) + embed.position.weight[positions[0]])


@pytest.mark.parametrize(
    ("ids", "positions", "error", "message"),
    [
        pytest.param([[0] * 5], None, ValueError, "5 tokens do not fit in a context of 4", id="too long"),
        pytest.param([0], None, ValueError, r"the shape \(1,\), not \(batch, length\)", id="no batch"),
        pytest.param(
            [[0, 9]],
            None,
            IndexError,
            r"token ids must be from 0 to 8, but the one at \[0, 1\] is 9",
            id="id",
        ),
        pytest.param(
            [[0, 1]],
            [[0, 4]],
            IndexError,
            r"positions must be from 0 to 3, but the one at \[0, 1\] is 4",
            id="position",
        ),
        pytest.param([[0, 1]], [0], ValueError, r"positions have the shape \(1,\)", id="positions' shape"),
        pytest.param([[0.5]], None, TypeError, "torch.float32", id="dtype"),
    ],
)
def test_ids_and_positions_that_do_not_fit_are_refused(
    ids: list[list[float]], positions: list[int] | None, error: type[Exception], message: str
) -> None:
    embed = InputEmbedding(9, 4, 2)
    with pytest.raises(error, match=message):
        embed(torch.tensor(ids), None if positions is None else torch.tensor(positions))


def test_sinusoids_are_those_of_the_paper() -> None:
    table = sinusoidal_positions(50, 6)
    for position in (0, 1, 49):
        for i in range(3):
            angle = position / 10_000 ** (2 * i / 6)
            assert table[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


@pytest.mark.parametrize("pairing", ["interleaved", "half"])
def test_rotated_products_depend_on_the_distance_alone(pairing: str) -> None:
    torch.manual_seed(3)
    query, key = torch.randn(2, 8, dtype=torch.float64).float()

    def product(at: int, other: int) -> float:
        turned = [
            rotate(x, torch.tensor(p), pairing=pairing)
            for x, p in ((query, at), (key, other))  # type: ignore[arg-type]
        ]
        return float(turned[0] @ turned[1])

    assert product(5, 2) == pytest.approx(product(1003, 1000), abs=1e-4)
    assert product(5, 2) != pytest.approx(product(5, 3), abs=1e-2)
    assert product(7, 7) == pytest.approx(float(query @ key), abs=1e-4)


@pytest.mark.parametrize("pairing", ["interleaved", "half"])
def test_a_rotation_is_that_of_complex_numbers(pairing: str) -> None:
    x, positions = torch.randn(2, 7, 6), torch.arange(7)
    turned = rotate(x, positions, pairing=pairing)  # type: ignore[arg-type]
    for i in range(3):
        a, b = (2 * i, 2 * i + 1) if pairing == "interleaved" else (i, i + 3)
        angle = positions / 10_000 ** (2 * i / 6)
        expected = torch.complex(x[..., a], x[..., b]) * torch.polar(torch.ones(7), angle)
        torch.testing.assert_close(torch.complex(turned[..., a], turned[..., b]), expected)


def test_the_two_pairings_are_one_rotation_of_reordered_vectors() -> None:
    x, positions = torch.randn(5, 8), torch.arange(5)
    order = torch.tensor([0, 2, 4, 6, 1, 3, 5, 7])
    interleaved = rotate(x, positions, pairing="interleaved")
    assert torch.equal(rotate(x[:, order], positions, pairing="half"), interleaved[:, order])


def test_rotary_starts_at_the_position_that_is_asked_for() -> None:
    rotary, x = Rotary(10, 4, pairing="half"), torch.randn(2, 10, 4)
    assert torch.equal(rotary(x[:, 6:], start=6), rotary(x)[:, 6:])
    assert rotary(x.to(torch.bfloat16)).dtype == torch.bfloat16
    for start in (1, -1):
        with pytest.raises(ValueError, match=r"do not fit in a context of 10: use a shorter input"):
            rotary(x, start=start)


def test_odd_dimensions_and_other_pairings_are_refused() -> None:
    with pytest.raises(ValueError, match="dim is 3: positions need pairs"):
        sinusoidal_positions(2, 3)
    with pytest.raises(ValueError, match="dim is 3: positions need pairs"):
        Rotary(4, 3, pairing="half")
    with pytest.raises(ValueError, match="pairing is 'neox': it must be 'interleaved' or 'half'"):
        Rotary(4, 4, pairing="neox")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "positions"), [((2, 4), 3), ((1, 4), 3), ((5, 2, 4), (2, 2)), ((4,), 1), ((2, 3, 4), (2, 2, 3))]
)
def test_positions_of_another_shape_than_the_vectors_are_refused(
    shape: tuple[int, ...], positions: Any
) -> None:
    with pytest.raises(ValueError, match=r"positions have the shape \(.*\), and x \(.*\): they must be"):
        rotate(torch.ones(shape), torch.zeros(positions, dtype=torch.long), pairing="half")


def test_positions_may_be_one_for_each_row_or_for_all() -> None:
    x = torch.randn(2, 3, 4)
    each = torch.tensor([[0, 1, 2], [5, 6, 7]])
    assert rotate(x, each, pairing="half").shape == x.shape
    same = rotate(x, torch.tensor(2), pairing="half")
    assert torch.equal(same, rotate(x, torch.full((2, 3), 2), pairing="half"))


@pytest.mark.parametrize("dim", [2, 6])
def test_vectors_of_another_dim_than_rotary_was_built_for_are_refused(dim: int) -> None:
    message = rf"x has the shape \(2, {dim}\), not \(\.\.\., length, 4\)"
    with pytest.raises(ValueError, match=message):
        Rotary(4, 4, pairing="half")(torch.ones(2, dim))


def test_integers_are_refused_because_a_rotation_would_truncate_them() -> None:
    x = torch.ones(2, 4, dtype=torch.long)
    with pytest.raises(TypeError, match=r"x has the dtype torch\.int64, which would cut off"):
        rotate(x, torch.arange(2), pairing="half")
    with pytest.raises(TypeError, match="would cut off"):
        Rotary(4, 4, pairing="half")(x)


@pytest.mark.parametrize("base", [0, -1, float("nan")])
def test_a_base_that_has_no_powers_is_refused(base: float) -> None:
    with pytest.raises(ValueError, match=r"base is .*: angles are divided by its powers"):
        sinusoidal_positions(2, 4, base=base)


@pytest.mark.parametrize("ids", [[[1, 2]], 5, np.array([[1]])])
def test_ids_that_are_not_a_tensor_are_refused(ids: Any) -> None:
    with pytest.raises(TypeError, match=r"token ids are a .*, not a tensor: convert by torch\.tensor"):
        InputEmbedding(9, 4, 2)(ids)
    with pytest.raises(TypeError, match="not a tensor"):
        TokenEmbedding(9, 2)(ids)
    with pytest.raises(TypeError, match="positions are a list, not a tensor"):
        InputEmbedding(9, 4, 2)(torch.zeros(1, 2, dtype=torch.long), [0, 1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rotary(6, 4, pairing="half"),
        lambda: Rotary(6, 4, pairing="interleaved", base=500.0),
        lambda: Sinusoidal(6, 4),
        lambda: Sinusoidal(6, 4, base=500.0),
    ],
)
def test_what_is_computed_survives_a_meta_device(make: Any) -> None:
    expected, x = make(), torch.randn(2, 6, 4)
    with torch.device("meta"):
        module = make()
    module.to_empty(device="cpu")
    for buffer in module.buffers():
        buffer.fill_(float("nan"))  # the worst that memory can hold
    module.reset_parameters()
    assert torch.equal(module(x), expected(x))
    assert not list(module.parameters())
    assert not module.state_dict()


def test_sinusoids_are_added_in_the_dtype_of_the_vectors() -> None:
    module, x = Sinusoidal(6, 4), torch.randn(2, 5, 4)
    assert torch.equal(module(x), x + sinusoidal_positions(5, 4))
    assert torch.equal(module(x[0]), module(x)[0])  # a text alone, without a batch
    assert module(x.to(torch.bfloat16)).dtype == torch.bfloat16
    with pytest.raises(ValueError, match="5 positions do not fit in a context of 3"):
        Sinusoidal(3, 4)(x)
    with pytest.raises(ValueError, match=r"x has the shape \(2, 5, 4\), not \(\.\.\., length, 2\)"):
        Sinusoidal(6, 2)(x)


def test_without_the_check_an_input_embedding_is_mapped_and_scripted() -> None:
    embed = InputEmbedding(9, 4, 2, check=False)
    ids, positions = torch.tensor([[0, 3, 8], [1, 1, 2]]), torch.tensor([[0, 1, 0], [0, 1, 2]])
    mapped = torch.vmap(lambda row, place: embed(row[None], place[None])[0])(ids, positions)
    assert torch.equal(mapped, embed(ids, positions))
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(InputEmbedding(9, 4, 2))
    scripted.load_state_dict(embed.state_dict())
    assert torch.equal(scripted(ids, positions), embed(ids, positions))
    assert torch.equal(scripted(ids), embed(ids))
