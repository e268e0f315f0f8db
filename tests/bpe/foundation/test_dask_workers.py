"""A Dask cluster computes what one process computes, also while workers are killed or have other versions."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from bpelab.bpe.foundation.workers import TaskError, Workers, map_tasks

distributed = pytest.importorskip("distributed", reason="pip install 'bpelab[dask]'")
from bpelab.bpe.foundation import dask_workers  # noqa: E402


@pytest.fixture
def workers(cluster: Any) -> Workers:
    return Workers(scheduler=cluster.scheduler_address)


@pytest.mark.parametrize("ordered", [True, False])
def test_a_cluster_computes_every_task_once(workers: Workers, ordered: bool) -> None:
    tasks = ["a" * (n * 37 % 50) for n in range(20)]
    results = list(map_tasks(len, tasks, workers, ordered=ordered))
    expected = [(task, len(task)) for task in tasks]
    assert results == expected if ordered else sorted(results) == sorted(expected)


def test_a_client_is_as_good_as_an_address(cluster: Any) -> None:
    with distributed.Client(cluster, set_as_default=False) as client:
        assert list(map_tasks(len, ["abc"], Workers(scheduler=client))) == [("abc", 3)]
        assert client.status == "running"


def test_an_error_arrives_with_the_name_of_its_task(workers: Workers) -> None:
    with pytest.raises(ValueError, match="'x'") as caught:
        list(map_tasks(int, ["1", "x"], workers, name=lambda task: f"the task {task}"))
    assert "while working on the task x" in caught.value.__notes__


def test_a_task_whose_worker_is_killed_goes_to_another(tmp_path: Path, workers: Workers) -> None:
    kill = f"__import__('os').kill(__import__('os').getpid(), {int(signal.SIGTERM)})"
    path = str(tmp_path / "killed")
    once = f"(open({path!r}, 'x').close(), {kill}) if not __import__('os').path.exists({path!r}) else 7"
    assert [result for _, result in map_tasks(eval, ["1", once, "2", "3"], workers)] == [1, 7, 2, 3]


def test_a_task_that_kills_every_worker_is_named(workers: Workers) -> None:
    with pytest.raises(TaskError, match=r"^the part: 4 workers that had it were lost, the last at tcp://"):
        list(map_tasks(os._exit, [9], workers, name=lambda task: "the part"))


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("bpelab", "0.0.9", r"the worker at tcp://\S+ has bpelab \S+, and the client has bpelab 0\.0\.9"),
        ("python", "2.7", r"has python 3\.\d+, and the client has python 2\.7: install the same on both"),
        ("numpy", "0", r"has numpy \d+, and the client has numpy 0"),
    ],
)
def test_versions_that_differ_are_refused_with_both_named(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, name: str, version: str, message: str
) -> None:
    ours = dask_workers.versions() | {name: version}
    monkeypatch.setattr(dask_workers, "versions", lambda: ours)
    with pytest.raises(ValueError, match=message):
        list(map_tasks(len, ["a"], workers))
    # A worker that joins later is compared when it gets a task.
    monkeypatch.setattr(dask_workers, "require_same_versions", lambda client: None)
    with pytest.raises(ValueError, match=message):
        list(map_tasks(len, ["a"], workers))


@pytest.mark.parametrize(
    ("package", "version", "message"),
    [
        ("python", "3.11.99.final.0", None),
        ("numpy", "2.99.1", None),
        ("bpelab", "1.2.4", "the worker at tcp://b has bpelab 1.2.4, and the client has bpelab 1.2.3: "),
        ("python", "3.12.1.final.0", "has python 3.12, and the client has python 3.11: install the same"),
        ("numpy", "1.26.4", "has numpy 1, and the client has numpy 2"),
        ("numpy", None, "the worker at tcp://b lacks numpy, and the client has numpy 2"),
    ],
)
def test_only_what_changes_how_objects_are_pickled_must_be_the_same(
    monkeypatch: pytest.MonkeyPatch, package: str, version: str | None, message: str | None
) -> None:
    ours = {"bpelab": "1.2.3", "python": "3.11.2.final.0", "numpy": "2.1.0"}
    monkeypatch.setattr(dask_workers, "versions", lambda: dask_workers._compared(ours))
    packages = {"tcp://a": ours, "tcp://b": ours | {package: version}}
    workers = {address: {"packages": found} for address, found in packages.items()}
    client = SimpleNamespace(get_versions=lambda packages: {"workers": workers})
    with pytest.raises(ValueError, match=message) if message else nullcontext():
        dask_workers.require_same_versions(client)


def test_no_scheduler_and_no_address_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_workers, "SECONDS_TO_CONNECT", 0.2)
    with pytest.raises(
        ConnectionError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9: .*run the same again"
    ):
        list(map_tasks(len, ["a"], Workers(scheduler="tcp://127.0.0.1:9")))
    with pytest.raises(
        ValueError, match=r"'localhost' names no Dask scheduler: .*; expected an address such"
    ):
        list(map_tasks(len, ["a"], Workers(scheduler="localhost")))


def test_without_workers_the_work_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_workers, "SECONDS_WITHOUT_WORKERS", 0.1)
    monkeypatch.setattr(dask_workers, "_SECONDS_BETWEEN_COUNTS", 0.0)
    options = {"n_workers": 0, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options, silence_logs=50) as empty:
        start = time.monotonic()
        with pytest.raises(ConnectionError, match=r"no worker for [0-9] s; start workers \(dask worker "):
            list(map_tasks(len, ["a"], Workers(scheduler=empty.scheduler_address)))
        assert time.monotonic() - start < 60


def test_a_scheduler_that_is_lost_is_told_from_a_task_that_fails(tmp_path: Path) -> None:
    options = {"n_workers": 1, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options, silence_logs=50) as cluster:
        address = cluster.scheduler_address
        with distributed.Client(address, set_as_default=False) as client:
            begun, end = tmp_path / "begun", tmp_path / "end"

            def wait(task: str) -> None:
                begun.touch()
                while not end.exists():
                    time.sleep(0.01)

            def lose() -> None:
                while not begun.exists():
                    time.sleep(0.01)
                client.close()

            losing = Thread(target=lose)
            losing.start()
            said = rf"^the Dask scheduler at {address} answers no more; .*, then run the same again: what is"
            with pytest.raises(ConnectionError, match=said):
                list(map_tasks(wait, ["a", "b", "c", "d"], Workers(scheduler=client)))
            losing.join()
            end.touch()


class FakeClient:
    """Answers, or does not, as a client of Dask would."""

    status = "running"

    def __init__(self, *, answers: bool) -> None:
        self.scheduler = SimpleNamespace(address="tcp://10.0.0.1:8786")
        self.answers = answers

    def register_plugin(self, plugin: object, name: str) -> None:
        pass

    def nthreads(self) -> dict[str, int]:
        return {"worker": 3}

    processing = nthreads

    def sync(self, ask: Callable[[], Any], callback_timeout: float) -> Any:
        if not self.answers:
            raise TimeoutError(f"timed out after {callback_timeout} s.")
        return ask()


class FakeFuture:
    """Has its result at the second time it is asked for."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.n_asked = 0

    def result(self, timeout: float) -> str:
        self.n_asked += 1
        if self.n_asked == 1:
            raise TimeoutError("the first time")
        return "done"


@pytest.mark.parametrize(
    ("status", "answers", "error"),
    [
        ("pending", True, None),  # it is computed again
        ("pending", False, "the Dask scheduler at tcp://10.0.0.1:8786 answers no more"),
        ("error", True, "the first time"),  # of the task itself
    ],
)
def test_a_result_that_does_not_come_is_waited_for_while_the_scheduler_answers(
    status: str, answers: bool, error: str | None
) -> None:
    pool = dask_workers.DaskPool(FakeClient(answers=answers), len)
    ours: Future[Any] = Future()
    pool._hand_over(ours, FakeFuture(status))
    if error is None:
        assert ours.result() == "done"
    else:
        with pytest.raises(OSError, match=error):
            ours.result()


def test_a_scheduler_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_workers, "_SECONDS_BETWEEN_COUNTS", -1.0)
    client = FakeClient(answers=True)
    pool = dask_workers.DaskPool(client, len)
    assert pool.n_ahead == 6
    client.answers = False
    assert pool.n_ahead == 6  # it may answer again
    assert pool.submit_elsewhere("a task", Future()) is None
    monkeypatch.setattr(dask_workers, "SECONDS_WITHOUT_WORKERS", -1.0)
    with pytest.raises(dask_workers.SchedulerLostError, match="answers no more"):
        _ = pool.n_ahead
