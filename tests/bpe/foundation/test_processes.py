"""Work is shared between processes that do not outlive their parent, and need no guard in a script."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bpelab.bpe import count_pieces, get_encoding, train
from bpelab.bpe.foundation import processes
from bpelab.bpe.foundation.processes import require_jobs
from bpelab.bpe.foundation.workers import TaskError, Workers, map_tasks
from bpelab.dataset.tokenize_corpus import tokenize_corpus

posix = pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")


def test_an_error_arrives_as_it_was_raised_and_says_where() -> None:
    with pytest.raises(ValueError, match="invalid literal for int") as caught:
        list(map_tasks(int, ["1", "x"], Workers(2)))
    assert "processes.py" in caught.value.__notes__[0]


def test_an_error_that_cannot_be_pickled_arrives_as_text() -> None:
    code = "exec('class E(Exception): pass') or (_ for _ in ()).throw(locals()['E']('what happened'))"
    with pytest.raises(RuntimeError, match="what happened"):
        list(map_tasks(eval, [code], Workers(2)))


def test_printed_output_does_not_get_among_the_results(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(map_tasks(print, ["hello"], Workers(2))) == [("hello", None)]
    assert capfd.readouterr() == ("", "hello\n")


@posix
def test_a_killed_process_is_named_with_its_signal() -> None:
    message = (
        r"^9: it failed 3 times; the last time: process \d+, .* was killed by signal 9; if memory ran out"
    )
    with pytest.raises(TaskError, match=message):
        list(map_tasks(signal.raise_signal, [signal.SIGKILL], Workers(2), name=lambda task: f"{task:d}"))


@pytest.mark.parametrize("jobs", [0, -1, 5000])
def test_a_senseless_number_of_jobs_is_refused_before_any_work(tmp_path: Path, jobs: int) -> None:
    message = (
        rf"jobs is {jobs:,}: it must be from 1 to [\d,]+ on this machine, which has {os.cpu_count()} cores"
    )
    with pytest.raises(ValueError, match=message):
        require_jobs(jobs)
    with pytest.raises(ValueError, match="jobs"):
        count_pieces("a", jobs=jobs)
    with pytest.raises(ValueError, match="jobs"):
        train("a", vocab_size=256, jobs=jobs)
    with pytest.raises(ValueError, match=message):
        tokenize_corpus([tmp_path], tmp_path / "out", get_encoding("gpt2"), jobs=jobs)
    assert not (tmp_path / "out").exists()


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from bpelab.bpe import count_pieces\nprint(len(count_pieces('a b', jobs=2).counts))\n")
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.stderr) == ("2\n", "")


# ---- ends ----

# Each worker says that it is busy by a file, and is then busy for an hour.
BUSY = {
    "sleeping": "__import__('time').sleep(3600)",
    "in a pattern": "__import__('regex').findall('(a|aa)+c', 'a' * 100)",
    "in arrays": "[__import__('numpy').sort(__import__('numpy').arange(10**6)[::-1]) for _ in range(10**6)]",
    "in a loop": "sum(1 for _ in range(10**12))",
}
PARENT = """
import sys
from contextlib import closing
from bpelab.bpe.foundation.workers import Workers, map_tasks
folder, busy = sys.argv[1:]
item = f"(open({folder!r} + '/' + str(__import__('os').getpid()), 'w').close(), {busy})"
with closing(map_tasks(eval, [item] * 4, Workers(2))) as results:
    next(results)
"""


@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", BUSY)
def test_workers_end_with_their_parent_whatever_ends_it(
    tmp_path: Path, how: signal.Signals, busy: str
) -> None:
    command = [sys.executable, "-c", PARENT, tmp_path, BUSY[busy]]
    running = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(running.pid, how)
    # The workers hold standard error, too: its end comes when the last one is gone.
    _, shown = running.communicate(timeout=30)
    assert running.returncode == -how
    assert shown.count("Traceback") == (how == signal.SIGINT)


@posix
def test_an_interrupted_command_leaves_no_worker_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_text("a few words " * 1_000_000)
    program = Path(sys.executable).parent / "bpelab"
    command = [program, "tokenize", tmp_path / "corpus", "-o", tmp_path / "out", "--jobs", "2", "--quiet"]
    running = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / ".lock").exists() and running.poll() is None:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, shown = running.communicate(timeout=30)
    assert running.returncode == 130
    assert shown == "" or (shown.startswith("bpelab: interrupted") and shown.count("\n") == 1)


@pytest.mark.parametrize(
    ("n_cores", "most", "told"),
    [(None, 16, "1 core"), (1, 16, "1 core"), (4, 16, "4 cores"), (5, 20, "5 cores"), (96, 384, "96 cores")],
)
def test_four_processes_a_core_are_allowed_and_sixteen_anywhere(
    monkeypatch: pytest.MonkeyPatch, n_cores: int | None, most: int, told: str
) -> None:
    monkeypatch.setattr(processes.os, "cpu_count", lambda: n_cores)
    assert [require_jobs(jobs) for jobs in (1, most)] == [1, most]
    for jobs in (0, most + 1):
        with pytest.raises(ValueError, match=f"must be from 1 to {most} on this machine, which has {told};"):
            require_jobs(jobs)
