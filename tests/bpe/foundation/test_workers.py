"""Work is shared between threads or processes: results in order, failures tried again, the task named."""

import errno
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.foundation import workers as workers_module
from bpelab.bpe.foundation.threads import require_wanted
from bpelab.bpe.foundation.workers import TaskError, Workers, _Shared, map_tasks

LOCAL = [
    Workers(),
    Workers(2),
    Workers(2, threads=True),
    Workers(3, threads=True),
    Workers(1, threads=True, n_spare=1),
]


@pytest.mark.parametrize("workers", LOCAL, ids=str)
@pytest.mark.parametrize("ordered", [True, False])
def test_every_task_has_its_result_once(workers: Workers, ordered: bool) -> None:
    tasks = ["a" * (n * 37 % 50) for n in range(40)]
    results = list(map_tasks(len, tasks, workers, ordered=ordered))
    expected = [(task, len(task)) for task in tasks]
    assert results == expected if ordered else sorted(results) == sorted(expected)


@pytest.mark.parametrize("workers", LOCAL, ids=str)
def test_tasks_are_taken_only_as_they_are_needed(workers: Workers) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with closing(map_tasks(abs, tasks(), workers)) as results:
        next(results)
    assert len(taken) <= 2 * (workers.jobs + workers.n_spare)


@pytest.mark.parametrize("threads", [True, False])
def test_the_first_task_that_fails_is_the_one_that_is_named(threads: bool) -> None:
    with pytest.raises(ValueError, match="'x'") as caught:
        list(map_tasks(int, ["1", "x", "y", "z"], Workers(2, threads), name=lambda task: f"the task {task}"))
    assert "while working on the task x" in caught.value.__notes__


class Failing:
    """Fails so many times with an error, and then answers."""

    def __init__(self, error: BaseException, times: int) -> None:
        self.error, self.times, self.n_calls = error, times, 0

    def __call__(self, task: object) -> str:
        self.n_calls += 1
        if self.n_calls <= self.times:
            raise self.error
        return "done"


@pytest.mark.parametrize(
    "error",
    [ConnectionResetError(), OSError(errno.EIO, "I/O error"), MemoryError(), ChildProcessError("gone")],
    ids=repr,
)
@pytest.mark.parametrize("workers", [Workers(), Workers(2, threads=True)], ids=str)
def test_what_may_pass_is_tried_three_times(error: Exception, workers: Workers) -> None:
    call = Failing(error, 2)
    assert list(map_tasks(call, ["a"], workers)) == [("a", "done")]
    with pytest.raises(TaskError, match=r"^a: it failed 3 times; the last time: .") as caught:
        list(map_tasks(Failing(error, 3), ["a"], workers))
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        FileNotFoundError(errno.ENOENT, "x"),
        OSError(errno.ENOSPC, "x"),
        TimeoutError("a pattern tries too many ways"),
        RuntimeError("x"),
    ],
    ids=repr,
)
def test_what_would_come_again_is_not_tried_again(error: Exception) -> None:
    call = Failing(error, 1)
    with pytest.raises(type(error)) as caught:
        list(map_tasks(call, ["a"]))
    assert caught.value is error
    assert call.n_calls == 1


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
def test_a_task_whose_process_is_killed_goes_to_another(tmp_path: Path) -> None:
    kill = f"__import__('os').kill(__import__('os').getpid(), {int(signal.SIGKILL)})"
    tasks = [
        f"(open({str(tmp_path / str(n))!r}, 'x').close(), {kill})"
        f" if not __import__('os').path.exists({str(tmp_path / str(n))!r}) else {n}"
        for n in range(3)
    ]
    assert [result for _, result in map_tasks(eval, tasks, Workers(2))] == [0, 1, 2]


def test_threads_end_soon_when_the_work_is_given_up() -> None:
    begun = threading.Event()

    def endless(task: int) -> None:
        while task:
            begun.set()
            require_wanted()

    with closing(map_tasks(endless, [0, 1, 1], Workers(2, threads=True))) as results:
        next(results)
        begun.wait()


# ---- a slow worker ----


class SlowPool:
    """Has one worker that never answers, and others that do."""

    n_ahead = 4

    def __init__(self) -> None:
        self.slow: list[Future[Any]] = []
        self.n_copies = 0

    def submit(self, task: int) -> "Future[Any]":
        future: Future[Any] = Future()
        if task == 1:
            self.slow.append(future)
        else:
            future.set_result(task)
        return future

    def submit_elsewhere(self, task: int, slow: "Future[Any]") -> "Future[Any] | None":
        self.n_copies += 1
        future: Future[Any] = Future()
        future.set_result(task)
        return future


def test_what_takes_far_too_long_is_given_to_another_worker_and_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers_module, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(workers_module, "_SECONDS", 0.01)
    pool = SlowPool()
    shared: _Shared[int, int] = _Shared(pool, iter(range(6)), str)
    assert list(shared.results(ordered=True)) == [(n, n) for n in range(6)]
    assert pool.n_copies == 1
    assert pool.slow[0].cancelled()
