"""A thread computes items a little ahead, in their order, and ends when nobody wants any more."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from bpelab.bpe.foundation.background import in_background


def test_what_computing_raises_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise ValueError("the sixth")

    seen = []
    with pytest.raises(ValueError, match="the sixth"):
        for item in in_background(items()):
            seen.append(item)
    assert seen == list(range(5))


def test_no_more_is_computed_than_one_may_wait_and_the_rest_is_closed() -> None:
    """The generator by the thread that runs it, which ends: no other may close it."""
    computed: list[int] = []
    closed_by: list[threading.Thread] = []

    def items() -> Iterator[int]:
        try:
            for number in range(100):
                computed.append(number)
                yield number
        finally:
            closed_by.append(threading.current_thread())

    with closing(in_background(items())) as found:
        assert [next(found), next(found)] == [0, 1]
    # Two were taken, one waits, and one more is in the thread's hands.
    assert len(computed) <= 4
    (thread,) = closed_by
    assert thread is not threading.current_thread() and not thread.is_alive()


def test_it_does_compute_ahead() -> None:
    far_enough = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        yield 1
        far_enough.set()
        yield 2

    with closing(in_background(items())) as found:
        next(found)
        assert far_enough.wait(60)
