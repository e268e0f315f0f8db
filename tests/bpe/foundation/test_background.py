"""A thread computes one item ahead of the caller, in order, and ends when nobody wants any more."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from bpelab.bpe.foundation.background import map_ahead


def test_what_computing_raises_comes_after_the_results_before_it() -> None:
    def inverse(number: int) -> float:
        return 1 / number

    seen = []
    with pytest.raises(ZeroDivisionError):
        for result in map_ahead(inverse, [1, 2, 4, 0, 5]):
            seen.append(result)
    assert seen == [1, 0.5, 0.25]


def test_what_the_items_raise_is_raised_and_the_thread_ends() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the second")

    threads = []

    def note(item: int) -> int:
        threads.append(threading.current_thread())
        return item

    with pytest.raises(OSError, match="the second"):
        list(map_ahead(note, items()))
    assert [thread.is_alive() for thread in threads] == [False]


def test_one_item_is_computed_while_the_caller_has_the_last_and_no_more_is_taken() -> None:
    taken: list[int] = []
    computed = {number: threading.Event() for number in range(100)}
    threads = set()

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    def compute(number: int) -> int:
        threads.add(threading.current_thread())
        computed[number].set()
        return number

    with closing(map_ahead(compute, items())) as found:
        for number in range(5):
            assert next(found) == number
            assert computed[number + 1].wait(60)
            assert taken == list(range(number + 2))
    (thread,) = threads
    assert thread is not threading.current_thread() and not thread.is_alive()
    assert not computed[6].is_set()


class Turn:
    """Says when somebody has it."""

    is_held = False

    def __enter__(self) -> None:
        self.is_held = True

    def __exit__(self, *_: object) -> None:
        self.is_held = False


@pytest.mark.parametrize("n_items", [0, 1, 3])
def test_the_turn_is_held_from_the_first_item_that_is_there_to_the_last_that_is_computed(
    n_items: int,
) -> None:
    turn = Turn()
    taken_in_turn = []

    def items() -> Iterator[int]:
        for number in range(n_items):
            taken_in_turn.append(turn.is_held)
            yield number

    def compute(number: int) -> tuple[int, bool]:
        return number, turn.is_held

    used_in_turn = []
    for number, was_computed_in_turn in map_ahead(compute, items(), turn):
        assert was_computed_in_turn
        used_in_turn.append((number, turn.is_held))
    assert taken_in_turn == [number > 0 for number in range(n_items)]
    assert used_in_turn == [(number, number < n_items - 1) for number in range(n_items)]
    assert not turn.is_held


def test_the_turn_is_given_back_by_whoever_gives_up() -> None:
    turn = Turn()
    with closing(map_ahead(abs, range(9), turn)) as found:
        next(found)
        assert turn.is_held
    assert not turn.is_held
