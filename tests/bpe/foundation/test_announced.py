"""At a terminal a person reads what is being done, and how it ended."""

import io
import sys

import pytest
from bpelab.bpe.foundation import announced as announced_module
from bpelab.bpe.foundation.announced import announced


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal, seconds = Terminal(), iter([10.0, 12.5])
    monkeypatch.setattr(announced_module.time, "perf_counter", lambda: next(seconds))
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_the_work_is_named_before_it_and_its_time_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with announced("compiling"):
        assert terminal.getvalue() == "bpelab: compiling ..."
    assert terminal.getvalue() == "bpelab: compiling ... done in 2.5 s\n"


def test_work_that_was_interrupted_was_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with pytest.raises(KeyboardInterrupt), announced("compiling"):
        raise KeyboardInterrupt
    assert terminal.getvalue() == "bpelab: compiling ... interrupted after 2.5 s\n"


@pytest.mark.parametrize("stderr", [None, io.StringIO()], ids=["none", "a file"])
def test_nobody_reads_it_elsewhere(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO | None) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    with announced("compiling"):
        pass
    assert stderr is None or stderr.getvalue() == ""
