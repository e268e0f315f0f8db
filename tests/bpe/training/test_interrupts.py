"""Signals wait while a state is not whole, and none is lost."""

import signal
import threading
from collections.abc import Iterator

import pytest
from bpelab.bpe.training.interrupts import signals_held


@pytest.fixture(autouse=True)
def python_handlers() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_waits_until_it_is_delivered() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), signals_held() as deliver:
        deliver()
        signal.raise_signal(signal.SIGINT)
        steps.append("goes on")
        deliver()
        steps.append("never")
    assert steps == ["goes on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_still_held_at_the_end_is_delivered_then() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt):
        with signals_held():
            signal.raise_signal(signal.SIGINT)
            steps.append("goes on")
        steps.append("never")
    assert steps == ["goes on"]


def test_a_second_ctrl_c_does_not_wait() -> None:
    with pytest.raises(KeyboardInterrupt), signals_held():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the second signal was held back too")


def test_a_handler_of_the_caller_is_called_and_put_back() -> None:
    calls = []

    def handler(number: int, frame: object) -> None:
        calls.append(number)

    signal.signal(signal.SIGINT, handler)
    with signals_held() as deliver:
        signal.raise_signal(signal.SIGINT)
        assert calls == []
        deliver()
        assert calls == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is handler


def test_signals_without_a_handler_in_python_are_left_alone() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals_held():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_hold_nothing() -> None:
    errors = []

    def work() -> None:
        try:
            with signals_held() as deliver:
                deliver()
        except ValueError as error:  # what `signal.signal` raises there
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []
