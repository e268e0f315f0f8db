"""A search that tries too many ways ends in time: by the limit, or by Ctrl-C."""

import signal
import threading
from typing import Any

import pytest
from bpelab.bpe.splitting import regex_splitter
from bpelab.bpe.splitting.regex_splitter import Splitter


@pytest.mark.parametrize("pattern", ["(a|aa)+c", "(?:a|a)+$", "a*a*a*a*a*[cd]"])
def test_a_pattern_that_tries_too_many_ways_ends_in_an_error_that_says_where(
    monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setattr(regex_splitter, "SECONDS", 0.02)
    monkeypatch.setattr(regex_splitter, "SECONDS_A_CHAR", 0)
    text = "aac " * 2 + "a" * 400 + "b"
    with pytest.raises(TimeoutError, match=r"found no piece from character \d+ on in .* make repeats posses"):
        Splitter(pattern).split(text)


def test_other_threads_do_not_use_up_the_time_of_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    text, is_done = "a" * 22 + "b", threading.Event()
    monkeypatch.setattr(regex_splitter, "SECONDS", 5)

    def work() -> None:
        while not is_done.is_set():
            sum(range(1000))

    others = [threading.Thread(target=work) for _ in range(4)]
    for other in others:
        other.start()
    try:
        assert Splitter("(?:a|aa)+c|b").split(text) == ["b"]
    finally:
        is_done.set()
        for other in others:
            other.join()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends a signal")
def test_ctrl_c_ends_a_search() -> None:
    before: Any = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            Splitter("(a|aa)+c").split("a" * 60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
