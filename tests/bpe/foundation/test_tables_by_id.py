"""Tokens are numbered in the order of their ids, with numbers not much higher than the number of tokens."""

import numpy as np
from bpelab.bpe.foundation.tables_by_id import IdPlaces
from hypothesis import given
from hypothesis import strategies as st


@given(ids=st.sets(st.integers(0, 3000) | st.integers(0, 2**32 - 1), min_size=1), others=st.data())
def test_places_are_few_and_in_order(ids: set[int], others: st.DataObject) -> None:
    places = IdPlaces(ids)
    assert places.n_places <= 3 * len(ids) + 1000
    ordered = np.array(sorted(ids), dtype=np.uint32)
    where = places.of(ordered)
    assert (np.diff(where) > 0).all()
    assert (places.ids()[where] == ordered).all()
    other = others.draw(st.integers(0, max(ids)))
    if other not in ids:
        assert places.of(np.array([other]))[0] not in where
