"""Contenders of a group take turns, in other orders, and one that breaks does not stop the others."""

from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from bpelab.benchmarks.harness.measure import Group, measure
from bpelab.benchmarks.harness.turns import Contender, run, seconds_of


class Watched:
    """Contenders that write down when they were called; each call takes as many seconds as its letter
    says."""

    def __init__(self, breaks: str = "") -> None:
        self.calls: list[str] = []
        self.entered: list[str] = []
        self._breaks = breaks

    def contender(self, name: str, **settings: Any) -> Contender:
        def call() -> None:
            self.calls.append(name)
            if name == self._breaks:
                raise RuntimeError("broken")

        @contextmanager
        def context() -> Any:
            self.entered.append(name)
            yield

        def timer(call: Any, n_calls: int) -> float:
            for _ in range(n_calls):
                call()
            return float(ord(name))

        about = {"n_calls": 1, "timer": timer, "context": context, "rounds": 6} | settings
        return Contender(name, call, **about)


class Benchmark:
    """pytest-benchmark's fixture, which measures that the first call takes so many seconds."""

    name = "x"
    group = None

    def __init__(self, seconds: float) -> None:
        self.extra_info: dict[str, Any] = {}
        self.stats = SimpleNamespace(stats=SimpleNamespace(total=seconds))

    def pedantic(self, call: Any, rounds: int) -> None:
        assert rounds == 1
        call()


def test_every_round_has_every_contender_once_and_orders_differ() -> None:
    watched = Watched()
    outcomes = run([watched.contender(name) for name in "abc"], seed="s", seconds_each=1)
    rounds = ["".join(watched.calls[start : start + 3]) for start in range(0, 18, 3)]
    assert all(sorted(order) == ["a", "b", "c"] for order in rounds)
    assert len(set(rounds)) > 2
    assert [outcome.seconds for outcome in outcomes] == [[float(ord(name))] * 6 for name in "abc"]
    assert watched.entered == watched.calls
    again = Watched()
    run([again.contender(name) for name in "abc"], seed="s", seconds_each=1)
    assert again.calls == watched.calls


@pytest.mark.parametrize(("seconds", "n_rounds"), [(1.0, 3), (0.1, 10), (0.01, 20)])
def test_all_get_as_many_rounds_and_as_many_as_fit(
    monkeypatch: pytest.MonkeyPatch, seconds: float, n_rounds: int
) -> None:
    watched = Watched()
    monkeypatch.setattr("time.monotonic", lambda: seconds * len(watched.calls))
    contenders = [watched.contender(name, rounds=None) for name in "ab"]
    run(contenders, seed="s", seconds_each=1.001)
    assert Counter(watched.calls) == {"a": n_rounds, "b": n_rounds}


def test_one_that_breaks_is_left_out_and_the_others_go_on() -> None:
    watched = Watched(breaks="b")
    first, second = run([watched.contender(name) for name in "ab"], seed="s", seconds_each=1)
    assert (len(first.seconds), first.errors) == (6, [])
    assert (second.seconds, [str(error) for error in second.errors]) == ([], ["broken"])
    assert Counter(watched.calls) == {"a": 6, "b": 1}


def test_a_round_of_short_calls_is_divided_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 18.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    calls: list[int] = []
    assert seconds_of(lambda: calls.append(1), 4) == 2.0
    assert len(calls) == 5  # one before them does not count


def test_the_first_call_of_a_short_one_does_not_say_how_many_fill_a_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = Group()
    monkeypatch.setattr("bpelab.benchmarks.harness.measure.GROUP", group)
    monkeypatch.setattr("bpelab.benchmarks.harness.measure.ROUND_SECONDS", 1.0)
    monkeypatch.setattr("bpelab.benchmarks.harness.measure.seconds_of", lambda call, n_calls: 0.1)
    told: list[Contender] = []
    monkeypatch.setattr(group, "add", lambda contender, benchmark: told.append(contender))
    measure(Benchmark(0.9), lambda: None, group="g", axis={"n": 1})
    measure(Benchmark(2.0), lambda: None, group="g", axis={"n": 1})
    assert [contender.n_calls for contender in told] == [10, 1]


def test_an_empty_group_measures_nothing() -> None:
    assert Group().run("s") == []


def test_a_call_waits_for_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group()
    monkeypatch.setattr("bpelab.benchmarks.harness.measure.GROUP", group)
    calls: list[str] = []
    benchmark = Benchmark(0.5)
    measure(benchmark, lambda: calls.append("x"), group="g", axis={"n": 1}, rounds=3)
    assert calls == ["x"]
    assert "values" not in benchmark.extra_info
    assert group.run("s") == []
    assert calls == ["x"] * 4
    assert len(benchmark.extra_info["values"]) == 3
    assert benchmark.extra_info["in_turns"]
