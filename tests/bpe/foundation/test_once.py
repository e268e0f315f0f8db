"""An attribute is computed once, without a lock, and kept."""

from threading import Event, Thread

from bpelab.bpe.encoders.choice import Engines
from bpelab.bpe.foundation.once import once


def test_nobody_waits_for_a_thread_that_is_computing() -> None:
    is_computing, may_end = Event(), Event()

    class Slow:
        @once
        def value(self) -> str:
            if not is_computing.is_set():
                is_computing.set()
                may_end.wait(60)
            return "computed"

    slow = Slow()
    thread = Thread(target=lambda: slow.value)
    thread.start()
    assert is_computing.wait(60)
    assert slow.value == "computed"  # while the thread is still at it
    may_end.set()
    thread.join()
    assert vars(slow) == {"value": "computed"}


def test_an_engine_is_built_once() -> None:
    engines = Engines({b"a": 0}, ".")
    assert engines.arrays is engines.arrays
    assert isinstance(Engines.arrays, once)
