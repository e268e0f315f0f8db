"""Pairs are spread over their table: to be found is one step for most of them, whatever their ids."""

import pytest

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.training.compiled.pairs import pair_of, slot_of, table_for


@pytest.mark.parametrize("step", [1, 2, 64, 4096])
@pytest.mark.parametrize("first", [0, 256, 100_000])
def test_pairs_with_ids_in_a_row_begin_their_search_at_many_slots(first: int, step: int) -> None:
    ids = range(first, first + 32 * step, step)
    table = table_for(32 * 32)
    slots = {slot_of(table, pair_of(left, right)) for left in ids for right in ids}
    # At random 1,024 pairs would begin at 806 of 2,048 slots.
    assert len(table.pairs) == 2048
    assert len(slots) > 600
