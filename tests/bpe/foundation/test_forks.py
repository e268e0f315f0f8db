"""A fork waits for what it must not interrupt."""

import os
import threading
import time

import pytest
from bpelab.bpe.foundation.forks import forks_wait

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks on this system")


def test_a_fork_begins_when_the_work_of_another_thread_is_done() -> None:
    has_begun, done = threading.Event(), []

    def work() -> None:
        with forks_wait():
            has_begun.set()
            time.sleep(0.3)
            done.append("work")

    thread = threading.Thread(target=work)
    thread.start()
    has_begun.wait()
    if not (child := os.fork()):
        with forks_wait():  # the lock is free in the child, too
            os._exit(0 if done == ["work"] else 1)
    assert done == ["work"]
    assert os.waitpid(child, 0)[1] == 0
    thread.join()


def test_a_thread_may_fork_during_its_own_work() -> None:
    with forks_wait(), forks_wait():
        if not (child := os.fork()):
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
